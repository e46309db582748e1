package atomicfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

type writer func(path string, content []byte, perm fs.FileMode) error

func eachWriter(t *testing.T, test func(t *testing.T, write writer)) {
	t.Run("Write", func(t *testing.T) { test(t, atomicfile.Write) })
	t.Run("WriteDurable", func(t *testing.T) { test(t, atomicfile.WriteDurable) })
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestCreatesAndReplaces(t *testing.T) {
	eachWriter(t, func(t *testing.T, write writer) {
		dir := t.TempDir()
		path := filepath.Join(dir, "5000001.evt")
		for _, content := range []string{"first", "", "a longer second\r\n", "3"} {
			if err := write(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != content {
				t.Fatalf("read %q, %v; want %q", got, err, content)
			}
		}
		if got := names(t, dir); !slices.Equal(got, []string{"5000001.evt"}) {
			t.Errorf("the folder holds %q", got)
		}
	})
}

// A folder in the target's place makes the rename fail on every system.
func TestFailureLeavesAllAsItWas(t *testing.T) {
	eachWriter(t, func(t *testing.T, write writer) {
		dir := t.TempDir()
		path := filepath.Join(dir, "5000001.evt")
		inside := filepath.Join(path, "kept")
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(inside, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
		err := write(path, []byte("new"), 0o644)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v does not name %s", err, path)
		}
		if got, _ := os.ReadFile(inside); string(got) != "old" {
			t.Errorf("what was there reads %q now", got)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"5000001.evt"}) {
			t.Errorf("the folder holds %q", got)
		}
	})
}

func TestMissingFolderIsAnError(t *testing.T) {
	eachWriter(t, func(t *testing.T, write writer) {
		dir := filepath.Join(t.TempDir(), "gone")
		if err := write(filepath.Join(dir, "1.evt"), nil, 0o644); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("error %v does not name the folder", err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Error("the folder was created")
		}
	})
}

// Readers and writers at once: every read is one of the contents, whole. On Windows both sides meet refusals, which
// leave the content whole too.
func TestReadersSeeWholeContents(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "5000001.evt")
	content := func(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%04d", n), 1+n%3*2000) }
	if err := atomicfile.Write(path, content(0), 0o644); err != nil {
		t.Fatal(err)
	}
	const writers, writes = 3, 200
	var writing, reading sync.WaitGroup
	stop := make(chan struct{})
	reading.Go(func() {
		for reads := 0; ; reads++ {
			select {
			case <-stop:
				if reads == 0 {
					t.Error("nothing was read while files were written")
				}
				return
			default:
			}
			got, err := os.ReadFile(path)
			if atomicfile.Busy(err) {
				continue
			}
			if err != nil {
				t.Errorf("the file is not there: %v", err)
				return
			}
			var n int
			if _, err := fmt.Sscanf(string(got[:min(4, len(got))]), "%d", &n); err != nil ||
				!bytes.Equal(got, content(n)) {
				t.Errorf("read %d bytes that nobody wrote", len(got))
				return
			}
		}
	})
	for w := range writers {
		writing.Go(func() {
			for i := range writes {
				if err := atomicfile.Write(path, content(w*writes+i), 0o644); err != nil && !atomicfile.Busy(err) {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	if got := names(t, dir); !slices.Equal(got, []string{"5000001.evt"}) {
		t.Errorf("the folder holds %q", got)
	}
}

func TestSweepRemovesOnlyItsOwn(t *testing.T) {
	dir := t.TempDir()
	kept := []string{
		"-7.evt", "5000001.evt", "5000001.evt.tmp", "5000001.evt.0badcafe", "5000001.evt.jobmon-tmp",
		"5000001.evt.0badcafX.jobmon-tmp", ".0badcafe.jobmon-tmp",
	}
	for _, name := range slices.Concat(kept, []string{
		"5000001.evt.0badcafe.jobmon-tmp", "-7.evt.00000000.jobmon-tmp",
	}) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	folder := "requests.0badcafe.jobmon-tmp"
	if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
		t.Fatal(err)
	}
	if removed, err := atomicfile.Sweep(dir); removed != 2 || err != nil {
		t.Errorf("Sweep = %d, %v; want 2", removed, err)
	}
	want := append(kept, folder)
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("kept %q\nwant %q", got, want)
	}
	if _, err := atomicfile.Sweep(filepath.Join(dir, "gone")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}

// The names that Write uses are those that Sweep removes, and a writer whose file is swept away loses nothing.
func TestWriteSurvivesSweep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "5000001.evt")
	stop, swept := make(chan struct{}), make(chan int)
	go func() {
		total := 0
		for {
			select {
			case <-stop:
				swept <- total
				return
			default:
				n, _ := atomicfile.Sweep(dir)
				total += n
			}
		}
	}()
	lost := 0
	for i := range 500 {
		content := fmt.Append(nil, i)
		if err := atomicfile.Write(path, content, 0o644); err != nil {
			lost++ // both attempts met a sweep, or Windows had the file open: an error, and never a torn file
			continue
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
			t.Fatalf("read %q, %v; want %q", got, err, content)
		}
	}
	close(stop)
	t.Logf("%d temporary files were swept away, %d of 500 writes failed", <-swept, lost)
	if lost == 500 {
		t.Error("no write survived")
	}
}

// The target has the rights of the file that was made for it, and a name that is taken is not the end.
func TestFilesMadeByTheCaller(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	tried := 0
	create := func(name string) (*os.File, error) {
		if tried++; tried == 1 {
			return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
		}
		return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	}
	if err := atomicfile.WriteDurableWith(path, []byte("content"), create); err != nil || tried != 2 {
		t.Fatalf("after %d tries: %v", tried, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o222 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	refuse := func(string) (*os.File, error) { return nil, fs.ErrPermission }
	if err := atomicfile.WriteDurableWith(path, []byte("other"), refuse); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("refused: %v", err)
	}
	if got, err := os.ReadFile(path); string(got) != "content" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

// asNobody does work as an account without rights: permissions do not bind root, so the thread becomes somebody else
// for files, and ends with the goroutine.
func asNobody(t *testing.T, work func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		var err error
		if os.Geteuid() == 0 {
			err = syscall.Setfsuid(65534)
		}
		if err == nil {
			work()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestAFolderThatMayNotBeWritten(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "evt")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{filepath.Dir(above): 0o755, above: 0o555, dir: 0o555} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(above, 0o755) })
	asNobody(t, func() {
		line, there := folder(dir, "evt.dir")
		if line.State != Fail || !there || line.Next == "" ||
			!strings.Contains(line.Found, dir+" is not writable: permission denied") {
			t.Errorf("%+v, %v", line, there)
		}
		line, there = folder(filepath.Join(above, "a", "b"), "evt.dir")
		if line.State != Fail || there ||
			!strings.Contains(line.Found, "cannot be made") || !strings.Contains(line.Next, "evt.dir") {
			t.Errorf("%+v, %v", line, there)
		}
	})
	opened := func(do func() error) {
		t.Helper()
		if err := errors.Join(os.Chmod(dir, 0o755), do(), os.Chmod(dir, 0o555)); err != nil {
			t.Fatal(err)
		}
	}
	planted := filepath.Join(dir, "5000001.evt")
	opened(func() error { return os.WriteFile(planted, []byte("foreign"), 0o644) })
	asNobody(t, func() {
		c := checker{Options: Options{Config: &configs.Config{Evt: configs.Evt{Dir: dir}}}}
		line := c.evtFolder(t.Context())
		if line.State != Fail ||
			!strings.Contains(line.Found, "5000001.evt") || !strings.Contains(line.Next, "right to create") {
			t.Errorf("a second finding hides the first: %+v", line)
		}
	})
	opened(func() error { return os.Remove(planted) })
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestWhatIsPlantedInTheFolders(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "5000001.evt"), 0o600); err != nil { // opening it would wait for ever
		t.Fatal(err)
	}
	requests := filepath.Join(dir, "requests")
	for link, target := range map[string]string{filepath.Join(dir, "5000002.evt"): "/dev/zero", requests: t.TempDir()} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	f, err := foreignFiles(t.Context(), dir, "")
	if err != nil || len(f.inTheWay) != 2 || f.unseen != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if f, err := foreignFiles(late, dir, ""); err != nil || len(f.inTheWay) != 0 || f.unseen != 3 {
		t.Errorf("when there is no time left: %+v, %v", f, err)
	}
	c := checker{Options: Options{Requests: requests}}
	if line := c.requestFolder(t.Context()); line.State != Fail || !strings.Contains(line.Found, "is not a folder") {
		t.Errorf("a link in place of the request folder, which could lead anywhere: %+v", line)
	}
}

// TestAFullDiskIsNoMatterOfRights: the advice is room.
func TestAFullDiskIsNoMatterOfRights(t *testing.T) {
	t.Parallel()
	full := fmt.Errorf("/data is not writable: %w", root(&fs.PathError{Op: "write", Err: syscall.ENOSPC}))
	if next := makeWritable(full, "data_dir", "rights"); !strings.Contains(next, "make room") ||
		!strings.Contains(next, "data_dir") {
		t.Error(next)
	}
	if next := makeWritable(fs.ErrPermission, "data_dir", "rights"); next != "rights" {
		t.Error(next)
	}
}

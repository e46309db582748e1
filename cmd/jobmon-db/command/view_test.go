package command

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
)

// printed is what was printed since it was last taken.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(text)
}

func (p *printed) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.text.Reset()
	return p.text.String()
}

// deliver copies an example into place, by a rename as an atomic copy does or by writing over it.
func deliver(t *testing.T, path, example string, change func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../../../client/evt/testdata/v1", example+".evt"))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		if err := os.WriteFile(path, change(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(path+".new", content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestClientView(t *testing.T) {
	dir := t.TempDir()
	view := func(args ...string) outcome { return jobmondb(t, append([]string{"client", "view"}, args...)...) }
	if got := view(dir); got.code != exitFile || !strings.Contains(got.stderr, "neither JobMon.txt nor an .evt file") {
		t.Errorf("%+v", got)
	}
	older, newer := filepath.Join(dir, "5000001.evt"), filepath.Join(dir, "5000002.EVT")
	deliver(t, older, "ready", nil)
	deliver(t, newer, "failed-late", nil)
	if err := os.Chtimes(older, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := view(dir); got.code != exitOK || got.stderr != newer+"\n" ||
		!strings.Contains(got.stdout, "Java plug-in, in Install Plugins") {
		t.Errorf("%+v", got)
	}
	if got := view(older); got.code != exitOK || got.stderr != "" || !strings.Contains(got.stdout, "Result: ready") ||
		strings.Contains(got.stdout, "first seen") {
		t.Errorf("%+v", got)
	}
	if got := view(older, "--utc"); !strings.Contains(got.stdout, "13:12:05 UTC") {
		t.Errorf("%+v", got)
	}
	deliver(t, filepath.Join(dir, "JobMon.txt"), "stopped", nil)
	if got := view(dir); got.code != exitOK || !strings.Contains(got.stdout, "server is stopped") {
		t.Errorf("%+v", got)
	}
	deliver(t, filepath.Join(dir, "bad.evt"), "ready", func(b []byte) []byte { return b[:500] })
	got := view("--list", dir)
	for _, want := range []string{"5000001.evt", "5000002.EVT", "bad.evt", "cut off", "2026-11-22 14:12:05 +01:00",
		"1 failed"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%s in %+v", want, got)
		}
	}
	for name, want := range map[string]outcome{
		"bad.evt": {exitFile, "", "cut off"}, "none.evt": {exitFile, "", "no such file"},
		"--list --follow": {exitUsage, "", "do not go together"}, "": {exitUsage, "", "say which file"},
	} {
		args := []string{filepath.Join(dir, name)}
		switch name {
		case "":
			args = nil
		case "--list --follow":
			args = []string{"--list", "--follow", dir}
		}
		if got := view(args...); got.code != want.code || got.stdout != "" ||
			!strings.Contains(got.stderr, want.stderr) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Who follows sees every file that takes another's place, and each change once where the output is kept.
func TestClientViewFollows(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "JobMon.txt")
	synctest.Test(t, func(t *testing.T) {
		var out printed
		a := &app{stdout: &out}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- a.followFile(ctx, path, term.Options{}) }()
		said := func(want ...string) {
			t.Helper()
			time.Sleep(3 * time.Second) // the bubble's clock: no real time passes
			synctest.Wait()
			text := out.take()
			for _, w := range want {
				if strings.Count(text, w) != 1 {
					t.Errorf("%q is not there once:\n%s", w, text)
				}
			}
			if want == nil && text != "" {
				t.Errorf("said again:\n%s", text)
			}
		}
		said("No picture yet: there is no such file")
		said()
		deliver(t, path, "running", nil)
		said("Now: Installing Anti-virus")
		said()
		deliver(t, path, "running", func(b []byte) []byte { return b[:800] })
		said("Now: Installing Anti-virus", "cut off", "last good picture")
		deliver(t, path, "failed-late", nil)
		said("Java plug-in, in Install Plugins")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		said("there is no such file", "Java plug-in, in Install Plugins")
		deliver(t, path, "stopped", nil)
		said("server is stopped")
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

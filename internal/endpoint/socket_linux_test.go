package endpoint_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
)

func TestSocketIsForItsOwnerAlone(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir, stop := serve(t, echo, endpoint.Limits{})
	path := filepath.Join(dir, "endpoint.sock")
	if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket is %v, %v; want 0600", info.Mode(), err)
	}
	must(t, stop())
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket stays: %v", err)
	}
}

// Another user asks. Root could always, so it puts its rights off, for one thread that ends with the test.
func TestDenied(t *testing.T) {
	dir, _ := serve(t, echo, endpoint.Limits{})
	if os.Geteuid() != 0 {
		must(t, os.Chmod(filepath.Join(dir, "endpoint.sock"), 0))
	}
	asked := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := unix.Setfsuid(65534); err != nil {
				asked <- err
				return
			}
		}
		_, err := (&endpoint.Client{DataDir: dir}).Greet(t.Context())
		asked <- err
	}()
	err := <-asked
	if !errors.Is(err, endpoint.ErrDenied) || !strings.Contains(err.Error(), "as the user that the daemon runs as") {
		t.Errorf("%v, want that it is denied, and what to do", err)
	}
}

func TestSocketOfACrashedDaemonIsReplaced(t *testing.T) {
	dir := t.TempDir()
	l := rawListener(t, dir)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	must(t, l.Close())
	if _, _, err := ask(t.Context(), dir, "/", ""); !errors.Is(err, endpoint.ErrNotRunning) {
		t.Errorf("%v, want that no daemon runs", err)
	}
	fresh, err := endpoint.Listen(endpoint.Options{DataDir: dir})
	must(t, err)
	must(t, fresh.Close())
}

// A listener that accepts nobody, because it hangs, is alive all the same.
func TestSocketOfAHangingDaemonStays(t *testing.T) {
	dir := t.TempDir()
	l := rawListener(t, dir)
	defer l.Close()
	if _, err := endpoint.Listen(endpoint.Options{DataDir: dir}); !errors.Is(err, endpoint.ErrTaken) ||
		!strings.Contains(err.Error(), "a program listens on") {
		t.Errorf("Listen = %v, want that another program is there", err)
	}
	must(t, l.Close())
	if _, err := os.Lstat(filepath.Join(dir, "endpoint.sock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want the socket gone with its listener", err)
	}
}

func TestFileInThePlaceOfTheSocketStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "endpoint.sock")
	must(t, os.WriteFile(path, []byte("kept"), 0o644))
	if _, err := endpoint.Listen(endpoint.Options{DataDir: dir}); !errors.Is(err, endpoint.ErrTaken) ||
		!strings.Contains(err.Error(), path) {
		t.Errorf("Listen = %v, want an error that names %s", err, path)
	}
	if _, _, err := ask(t.Context(), dir, "/", ""); !errors.Is(err, endpoint.ErrNotRunning) ||
		!strings.Contains(err.Error(), path+" is in the way") {
		t.Errorf("%v, want that no daemon can be asked, and why", err)
	}
	if text, err := os.ReadFile(path); string(text) != "kept" || err != nil {
		t.Errorf("the file reads %q, %v", text, err)
	}
}

func TestMissingDataFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	if _, err := endpoint.Listen(endpoint.Options{DataDir: dir}); !errors.Is(err, fs.ErrNotExist) ||
		!strings.Contains(err.Error(), dir) {
		t.Errorf("Listen = %v, want a missing folder by name", err)
	}
}

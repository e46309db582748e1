//go:build !windows

package endpoint

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// deep is a data folder whose path is so long that its socket's has the given length.
func deep(t *testing.T, length int) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, strings.Repeat("x", length-len(dir)-len("/")-len("/"+socketName)))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSocketOfADeepFolderIsElsewhere(t *testing.T) {
	dir := deep(t, longestPath)
	if path, folder, err := locate(dir, found(runtimeDir)); path != dir+"/endpoint.sock" || folder != "" || err != nil {
		t.Errorf("%s, %s, %v; want it in the data folder", path, folder, err)
	}

	dir = deep(t, longestPath+1)
	path, folder, err := locate(dir, found(runtimeDir))
	if err != nil || filepath.Dir(path) != folder || !strings.HasPrefix(folder, tempDir+"/jobmon-db-") {
		t.Fatalf("%s, %s, %v; want it in a folder of its own", path, folder, err)
	}
	// By whatever path the folder is named, it is the same one.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(dir))
	for _, name := range []string{link, filepath.Base(dir), dir + "/../" + filepath.Base(dir) + "/"} {
		if other, err := Address(name); other != path || err != nil {
			t.Errorf("%s: %s, %v; want %s", name, other, err, path)
		}
	}

	l, err := Listen(Options{DataDir: dir, Greeting: Greeting{Log: "log"}})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(folder); err != nil || info.Mode() != fs.ModeDir|0o700 {
		t.Errorf("the folder is %v, %v; want 0700", info.Mode(), err)
	}
	greeted := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, _ = conn.Read(make([]byte, 1))
			err = conn.Close()
		}
		greeted <- err
	}()
	if g, err := (&Client{DataDir: link}).Greet(t.Context()); g.Log != "log" || err != nil {
		t.Errorf("greeting %+v, %v", g, err)
	}
	if err := errors.Join(<-greeted, l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder stays: %v", err)
	}
	if _, err := (&Client{DataDir: dir}).Greet(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("%v, want that no daemon runs", err)
	}
}

// Somebody else made the folder first: neither the daemon nor those who ask it believe what is in there.
func TestFolderOfSomebodyElse(t *testing.T) {
	dir := deep(t, longestPath+1)
	_, folder, err := locate(dir, found(runtimeDir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	elsewhere := t.TempDir()
	cases := map[string]func() error{
		"open to others": func() error { return errors.Join(os.Mkdir(folder, 0o700), os.Chmod(folder, 0o711)) },
		"link":           func() error { return errors.Join(os.Chmod(elsewhere, 0o700), os.Symlink(elsewhere, folder)) },
		"file":           func() error { return os.WriteFile(folder, nil, 0o600) },
	}
	if os.Geteuid() == 0 {
		cases["another owner"] = func() error { return errors.Join(os.Mkdir(folder, 0o700), os.Chown(folder, 65534, 65534)) }
	}
	for name, plant := range cases {
		if err := errors.Join(os.RemoveAll(folder), plant()); err != nil {
			t.Fatal(err)
		}
		if l, err := Listen(Options{DataDir: dir}); !errors.Is(err, ErrTaken) ||
			!strings.Contains(err.Error(), folder+" (") ||
			!strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s: Listen = %v, want that the folder is not ours", name, err)
			if l != nil {
				_ = l.Close()
			}
		}
		if _, err := (&Client{DataDir: dir}).Greet(t.Context()); !errors.Is(err, ErrDenied) ||
			!strings.Contains(err.Error(), folder) {
			t.Errorf("%s: %v, want that it is denied", name, err)
		}
	}
}

// The runtime folder is used when it is the daemon's own, and found by those who ask when the socket's folder lies
// there.
func TestRuntimeFolder(t *testing.T) {
	dir, own := deep(t, longestPath+1), filepath.Join(t.TempDir(), "jobmon-db")
	under := func(parent func(string) string) string {
		t.Helper()
		_, folder, err := locate(dir, parent)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Dir(folder)
	}
	if got := under(made(own)); got != tempDir {
		t.Errorf("without one: %s", got)
	}
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := under(made(own)); got != tempDir {
		t.Errorf("open to others: %s", got)
	}
	if err := os.Chmod(own, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := under(made(own)); got != own {
		t.Errorf("the daemon's own: %s", got)
	}
	if got := under(found(own)); got != tempDir {
		t.Errorf("nobody listens there: %s", got)
	}
	_, folder, _ := locate(dir, made(own))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := under(found(own)); got != own {
		t.Errorf("the daemon listens there: %s", got)
	}
}

func TestWhoListensIsCompared(t *testing.T) {
	for _, c := range []struct {
		peer  int
		users []int
		want  bool
	}{{1000, []int{1000, 999}, true}, {999, []int{1000, 999}, true}, {0, []int{1000, 999}, true}, {1001, []int{1000, 999}, false}, {1001, []int{0, 0}, false}} {
		if err := believable(c.peer, c.users...); (err == nil) != c.want || err != nil && !errors.Is(err, ErrImpostor) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if peer := peerOf(conn); runtime.GOOS == "linux" && peer != os.Geteuid() {
		t.Errorf("user %d listens, and the client sees %d", os.Geteuid(), peer)
	}
}

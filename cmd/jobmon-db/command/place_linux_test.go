package command

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestATakenPlaceKeepsNobodyFromWatching: whatever lies where the socket of a new daemon would be, the daemon writes
// its files, the commands say what is in the way, and the daemon takes the place when it is free.
func TestATakenPlaceKeepsNobodyFromWatching(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		take func(path string) (free func() error, err error)
		code int
		says string
	}{
		"a file": {func(path string) (func() error, error) {
			return func() error { return os.Remove(path) }, os.WriteFile(path, nil, 0o600)
		}, exitLocked, "is in the way and not a socket; remove it"},
		"a pipe": {func(path string) (func() error, error) {
			return func() error { return os.Remove(path) }, syscall.Mkfifo(path, 0o600)
		}, exitLocked, "is in the way and not a socket; remove it"},
		"a link to a folder": {func(path string) (func() error, error) {
			return func() error { return os.Remove(path) }, os.Symlink("/", path)
		}, exitLocked, "is in the way and not a socket; remove it"},
		"another program": {func(path string) (func() error, error) {
			l, err := net.Listen("unix", path)
			if err != nil {
				return nil, err
			}
			go chatter(l)
			return l.Close, nil
		}, exitNoDaemon, "another program answers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "place") // a longer path has its socket elsewhere
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			free, err := c.take(filepath.Join(dir, "endpoint.sock"))
			if err != nil {
				t.Fatal(err)
			}
			p := start(t, []string{"JOBMON_SOURCE_KIND=simulator", "JOBMON_SIMULATOR_COMPUTERS=1",
				"JOBMON_SIMULATOR_SPEED=60",
				"JOBMON_SOURCE_POLL_INTERVAL=250ms", "JOBMON_DATA_DIR=" + dir}, "run")
			eventually(t, func() string { return "the daemon has written a file: " + p.stderr.String() }, func() bool {
				_, err := os.Stat(filepath.Join(dir, "evt", "5000001.evt"))
				return err == nil
			})
			for _, args := range [][]string{{"status"}, {"backup", filepath.Join(t.TempDir(), "copy.db")},
				{"compact"}} {
				got := jobmondb(t, append(args, "--data-dir="+dir)...)
				if got.code != c.code || !strings.Contains(got.stderr, c.says) {
					t.Errorf("%q: want %d and %q, got %+v", args, c.code, c.says, got)
				}
			}
			if got := jobmondb(t, "check", "--data-dir="+dir); !strings.Contains(got.stdout, c.says) {
				t.Errorf("check does not say %q: %+v", c.says, got)
			}
			if err := free(); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() string { return "the daemon answers: " + p.stderr.String() }, func() bool {
				return strings.Contains(jobmondb(t, "status", "--data-dir="+dir).stdout, "PC-0001")
			})
			p.stop()
			if said := p.stderr.String(); !strings.Contains(said, "commands cannot reach this daemon") ||
				!strings.Contains(said, "is free") {
				t.Errorf("the daemon says\n%s", said)
			}
		})
	}
}

// chatter says something that no daemon says to each connection.
func chatter(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_, _ = conn.Write([]byte("SSH-2.0-other\r\n"))
			_ = conn.Close()
		}
	}
}

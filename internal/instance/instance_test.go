package instance_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/instance"
)

// holdVariable makes the test binary a process that holds the lock it names.
const holdVariable = "INSTANCE_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdVariable); path != "" {
		os.Exit(hold(path))
	}
	os.Exit(m.Run())
}

// hold takes the lock, says so with a line, and gives it up when its input ends.
func hold(path string) int {
	lock, err := instance.Acquire(path, child())
	if err != nil {
		os.Stdout.WriteString("refused: " + err.Error() + "\n")
		return 1
	}
	os.Stdout.WriteString("held\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := lock.Release(); err != nil {
		return 2
	}
	return 0
}

func child() instance.Info {
	return instance.Info{
		PID: os.Getpid(), Host: "ds01", Started: time.Date(2026, 11, 22, 15, 5, 9, 0, time.FixedZone("", 3600)),
		Command: `C:\Program Files\jobmon-db.exe run`, Purpose: "daemon",
	}
}

// start runs a child that holds the lock; end closes its input.
func start(t *testing.T, path string) (process *exec.Cmd, end io.Closer) {
	t.Helper()
	process = exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), holdVariable+"="+path)
	stdin, err := process.StdinPipe()
	must(t, err)
	stdout, err := process.StdoutPipe()
	must(t, err)
	must(t, process.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "held\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return process, stdin
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func acquire(t *testing.T, path string) *instance.Lock {
	t.Helper()
	lock, err := instance.Acquire(path, instance.Info{PID: 1})
	must(t, err)
	return lock
}

func TestLoserIsToldWhoHoldsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "instance.lock")
	process, end := start(t, path)
	_, err := instance.Acquire(path, instance.Info{PID: 1})
	var held *instance.HeldError
	if !errors.As(err, &held) {
		t.Fatalf("Acquire = %v, want a HeldError", err)
	}
	want := child()
	want.PID, want.Started = process.Process.Pid, want.Started.UTC()
	if held.Path != path || held.Info != want {
		t.Errorf("held by %+v\nwant %+v", held.Info, want)
	}
	for _, part := range []string{path, `"C:\Program Files\jobmon-db.exe run"`,
		"on ds01 (daemon, since 2026-11-22 14:05:09 UTC", "stop it first"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}

	must(t, end.Close())
	must(t, process.Wait())
	if left, err := filepath.Glob(path + "?*"); len(left) > 0 || err != nil {
		t.Errorf("Release left %q, %v", left, err)
	}
	must(t, acquire(t, path).Release())
}

func TestLockOfAKilledProcessIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "instance.lock")
	process, _ := start(t, path)
	must(t, process.Process.Kill())
	if err := process.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	if _, err := os.Stat(path + ".json"); err != nil {
		t.Fatalf("the killed child left no word: %v", err) // or this test shows nothing
	}
	lock := acquire(t, path)
	_, err := instance.Acquire(path, instance.Info{PID: 2})
	var held *instance.HeldError
	if !errors.As(err, &held) || held.Info.PID != 1 {
		t.Errorf("after the take-over: %v, want the new holder", err)
	}
	must(t, lock.Release())
}

// Anyone who loses knows the winner, also when both come at the same time.
func TestRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "instance.lock")
	for range 50 {
		var (
			group sync.WaitGroup
			locks [2]*instance.Lock
			errs  [2]error
			begin = make(chan struct{})
		)
		for i := range 2 {
			group.Go(func() {
				<-begin
				locks[i], errs[i] = instance.Acquire(path, instance.Info{PID: i + 1})
			})
		}
		close(begin)
		group.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		var held *instance.HeldError
		if errs[winner] != nil || !errors.As(errs[1-winner], &held) || held.Info.PID != winner+1 {
			t.Fatalf("errors %v; want one holder, and that the other one knows it", errs)
		}
		must(t, locks[winner].Release())
	}
}

func TestReleaseTwiceLeavesTheNextHolderAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "instance.lock")
	first := acquire(t, path)
	must(t, first.Release())
	second, err := instance.Acquire(path, instance.Info{PID: 2})
	must(t, err)
	must(t, first.Release())
	_, err = instance.Acquire(path, instance.Info{PID: 3})
	var held *instance.HeldError
	if !errors.As(err, &held) || held.Info.PID != 2 {
		t.Errorf("Acquire = %v, want held by 2", err)
	}
	must(t, second.Release())
}

// What stands beside the lock is not believed, and does no harm.
func TestForgedInfo(t *testing.T) {
	forged, err := json.Marshal(instance.Info{PID: 7, Command: "\x1b[2J\u202ejobmon\n" + strings.Repeat("x", 10_000)})
	must(t, err)
	for name, c := range map[string]struct{ text, want string }{
		"empty":      {"", "does not say who it is"},
		"garbage":    {"\x00\xff{", "does not say who it is"},
		"other json": {`{"pid":"7"}`, "does not say who it is"},
		"nobody":     {"{}", "does not say who it is"},
		"huge":       {`{"pid":7,"command":"` + strings.Repeat("x", 1<<20) + `"}`, "does not say who it is"},
		"terminal":   {string(forged), "process 7 on"},
	} {
		path := filepath.Join(t.TempDir(), "instance.lock")
		lock := acquire(t, path)
		must(t, os.WriteFile(path+".json", []byte(c.text), 0o644))
		_, err := instance.Acquire(path, instance.Info{PID: 2})
		var held *instance.HeldError
		if !errors.As(err, &held) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
			continue
		}
		if text := err.Error(); strings.ContainsAny(text, "\x1b\n\u202e") || len(text) > len(path)+500 {
			t.Errorf("%s: %q is not fit for a terminal", name, text)
		}
		must(t, lock.Release())
	}
}

func TestSomethingInThePlaceOfTheWord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "instance.lock")
	must(t, os.Mkdir(path+".json", 0o755))
	if _, err := instance.Acquire(path, instance.Info{PID: 1}); err == nil ||
		!strings.Contains(err.Error(), path+".json") {
		t.Errorf("Acquire = %v, want an error that names the folder in the way", err)
	}
	must(t, os.Remove(path+".json"))
	must(t, acquire(t, path).Release()) // the lock was given up again
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "occupied"), 0o755))
	for _, path := range []string{filepath.Join(dir, "missing", "instance.lock"), filepath.Join(dir, "occupied")} {
		_, err := instance.Acquire(path, instance.Info{PID: 1})
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "must be writable") {
			t.Errorf("Acquire = %v, want an error that names %s and says what to do", err, path)
		}
		var held *instance.HeldError
		if errors.As(err, &held) {
			t.Errorf("%v claims that somebody holds the lock", err)
		}
	}
}

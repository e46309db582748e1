package winsession

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sleeper is a process that lasts until the test ends.
func sleeper(t *testing.T) (Process, *exec.Cmd) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestSleeper$")
	c.Env = append(os.Environ(), "JOBMON_TEST_SLEEPER=1")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		c.Process.Kill()
		c.Wait()
	})
	p, ok := console{}.Find(uint32(c.Process.Pid))
	if !ok {
		t.Fatalf("process %d is not found", c.Process.Pid)
	}
	return p, c
}

// TestSleeper is what a sleeper does: it waits until its standard input is closed.
func TestSleeper(t *testing.T) {
	if os.Getenv("JOBMON_TEST_SLEEPER") != "" {
		os.Stdin.Read(make([]byte, 1))
	}
}

func TestKillEndsTheVeryProcess(t *testing.T) {
	p, c := sleeper(t)
	self, err := console{}.Self()
	if err != nil || self.PID != uint32(os.Getpid()) || !strings.EqualFold(base(self.Image), base(p.Image)) ||
		self.Started > p.Started || self.Started == 0 {
		t.Fatalf("this is %+v, %v; the child %+v", self, err, p)
	}
	for _, other := range []Process{{p.PID, p.Started + 1, p.Image}, {p.PID, p.Started, `C:\other.exe`}} {
		if err := (console{}).Kill(other); err != nil {
			t.Errorf("%+v: %v", other, err)
		}
		if now, ok := (console{}).Find(p.PID); !ok || !now.Same(p) {
			t.Fatalf("%+v was taken for %+v and ended", p, other)
		}
	}
	s := &Show{System: console{}, RecordFile: filepath.Join(t.TempDir(), "record")}
	if err := (Record{Watcher: self, Program: p}).Write(s.RecordFile); err != nil {
		t.Fatal(err)
	}
	if closed, err := s.Stop(); err != nil || len(closed) != 1 || closed[0] != p {
		t.Fatalf("closed %v, %v", closed, err)
	}
	if err := c.Wait(); err == nil || c.ProcessState.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	if now, ok := (console{}).Find(p.PID); ok && now.Same(p) {
		t.Error("it is found still")
	}
	if err := (console{}).Kill(p); err != nil {
		t.Errorf("ending it once more: %v", err)
	}
}

// TestWhatIsMissingIsSaid is true of every account but SYSTEM, under which tests are not run.
func TestWhatIsMissingIsSaid(t *testing.T) {
	if lacks := strings.Join(Missing(), "; "); !strings.Contains(lacks, "run it as SYSTEM") {
		t.Errorf("missing: %q", lacks)
	}
}

// TestStart starts a program, as Wine allows everybody, or gets an error that says what is missing.
func TestStart(t *testing.T) {
	line, err := CommandLine(os.Args[0], "-test.run=^$")
	if err != nil {
		t.Fatal(err)
	}
	session, _ := console{}.Screen()
	running, err := console{}.Start(Target{Session: session.Session, Desktop: UserDesktop}, line)
	if err != nil {
		if !strings.Contains(err.Error(), "SYSTEM") {
			t.Errorf("it does not say what is missing: %v", err)
		}
		return
	}
	defer running.Close()
	for deadline := time.After(time.Minute); ; {
		if code, ended := running.Ended(); ended {
			if code != 0 {
				t.Errorf("it ended with %d", code)
			}
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%v does not end", running.Process())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

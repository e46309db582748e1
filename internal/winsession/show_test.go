package winsession

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// fakeWindows is a computer with one console. Each process that is started has the next number.
type fakeWindows struct {
	t       *testing.T
	mu      sync.Mutex // guards all below, and the processes
	screen  Screen
	refuse  error // of the next Start
	failing bool  // what is started ends at once, with code 1
	running map[uint32]*fakeProcess
	all     []*fakeProcess
	self    Process
}

type fakeProcess struct {
	process Process
	target  Target
	line    string
	mu      *sync.Mutex
	ended   bool
	code    uint32
}

func newFake(t *testing.T) *fakeWindows {
	w := &fakeWindows{t: t, screen: Screen{Session: 1}, running: map[uint32]*fakeProcess{},
		self: Process{900, 9, `C:\Windows\JobMon\jobmon-db.exe`}}
	w.running[900] = &fakeProcess{process: w.self}
	return w
}

func (w *fakeWindows) Screen() (Screen, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.screen, nil
}

// shows puts another session on the console.
func (w *fakeWindows) shows(s Screen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.screen = s
}

// refuses lets the next Start fail.
func (w *fakeWindows) refuses(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuse = err
}

func (w *fakeWindows) Start(t Target, line string) (Running, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil {
		err := w.refuse
		w.refuse = nil
		return nil, err
	}
	pid := uint32(len(w.all) + 1)
	p := &fakeProcess{process: Process{pid, time.Now().UnixNano(), `C:\Windows\System32\mshta.exe`}, target: t,
		line: line, mu: &w.mu}
	w.running[pid] = p
	w.all = append(w.all, p)
	if w.failing {
		w.ends(1)
	}
	return p, nil
}

// end ends the process that was started last.
func (w *fakeWindows) end(code uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends(code)
}

func (w *fakeWindows) ends(code uint32) {
	last := w.all[len(w.all)-1]
	last.ended, last.code = true, code
	delete(w.running, last.process.PID)
}

func (w *fakeWindows) Find(pid uint32) (Process, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.running[pid]; p != nil {
		return p.process, true
	}
	return Process{}, false
}

func (w *fakeWindows) Kill(p Process) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.running[p.PID]; f != nil && f.process.Same(p) {
		f.ended, f.code = true, 1
		delete(w.running, p.PID)
	}
	return nil
}

func (w *fakeWindows) Self() (Process, error) { return w.self, nil }

func (p *fakeProcess) Process() Process { return p.process }
func (p *fakeProcess) Close() error     { return nil }

func (p *fakeProcess) Ended() (uint32, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code, p.ended
}

// shown lists where processes were started, in their order, and which of them still run.
func (w *fakeWindows) shown() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, p := range w.all {
		text := fmt.Sprintf("%d", p.target.Session)
		if p.target.User {
			text += "u"
		}
		if !p.ended {
			text += "*"
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

func showIn(t *testing.T, w *fakeWindows) *Show {
	dir := t.TempDir()
	return &Show{System: w, CommandLine: "the monitor", RecordFile: filepath.Join(dir, "record"),
		StopFile: filepath.Join(dir, "stop")}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		screen Screen
		user   bool
		want   string
	}{
		{Screen{Session: 1}, false, `winsta0\winlogon of session 1, as SYSTEM`},
		{Screen{Session: 1}, true, `winsta0\winlogon of session 1, as SYSTEM`},
		{Screen{Session: 2, User: true}, false, `winsta0\winlogon of session 2, as SYSTEM`},
		{Screen{Session: 2, User: true}, true, `winsta0\default of session 2, as its user`},
		{Screen{Session: NoSession}, true, ""},
		{Screen{Session: 0, User: true}, true, ""},
	} {
		got, ok := Choose(c.screen, c.user)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%+v, user %v: %v, %v", c.screen, c.user, got, ok)
		}
	}
}

func TestCommandLine(t *testing.T) {
	got, err := CommandLine(`C:\Windows\System32\mshta.exe`, `C:\Job Mon\JobMon.hta`, `C:\Job Mon`, "5000001")
	if want := `"C:\Windows\System32\mshta.exe" "C:\Job Mon\JobMon.hta" "C:\Job Mon" "5000001"`; err != nil ||
		got != want {
		t.Errorf("%s, %v", got, err)
	}
	for _, arg := range []string{`C:\a" "b`, `C:\`, "a\nb", "a\x00"} {
		if got, err := CommandLine("x", arg); err == nil {
			t.Errorf("%q is passed on as %s", arg, got)
		}
	}
}

func TestOnlyTheVeryProcessIsTheSame(t *testing.T) {
	p := Process{17, 1000, `C:\Windows\System32\mshta.exe`}
	if !p.Same(Process{17, 1000, `\Device\HarddiskVolume2\Windows\SysWOW64\MSHTA.EXE`}) {
		t.Error("another path of the file makes it another process")
	}
	for _, q := range []Process{{18, 1000, p.Image}, {17, 1001, p.Image}, {17, 1000, `C:\Windows\notepad.exe`}, {}} {
		if p.Same(q) || q.Same(p) {
			t.Errorf("%+v is taken for it", q)
		}
	}
	if (Process{}).Same(Process{}) {
		t.Error("no process is one")
	}
}

func TestNothingElseIsClosed(t *testing.T) {
	w := newFake(t)
	s := showIn(t, w)
	ours, theirs := &fakeProcess{process: Process{50, 5, "mshta.exe"}}, &fakeProcess{process: Process{51, 6,
		"mshta.exe"}}
	w.running[50], w.running[51] = ours, theirs
	// the number of the watcher belongs to somebody else by now
	if err := (Record{Watcher: Process{51, 4, "mshta.exe"}, Program: ours.process}).Write(s.RecordFile); err != nil {
		t.Fatal(err)
	}
	closed, err := s.Stop()
	if err != nil || !slices.Equal(closed, []Process{ours.process}) || !ours.ended || theirs.ended {
		t.Errorf("closed %v, %v", closed, err)
	}
	for _, content := range []string{"", "{", `{"watcher":{"pid":"x"}}`, `[]`, strings.Repeat("x", plainfile.Most+1),
		`{"watcher":{"pid":51}}`, `{"program":{"pid":900,"started":9,"image":"jobmon-db.exe"}}`} {
		if err := os.WriteFile(s.RecordFile, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if closed, err := s.Stop(); err != nil || len(closed) > 0 {
			t.Errorf("by %.40q it closed %v, %v", content, closed, err)
		}
	}
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFake(t)
		s := showIn(t, w)
		if err := os.WriteFile(s.StopFile, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		target, first, err := s.Once(t.Context())
		if _, there := os.Stat(s.StopFile); err != nil || target.Desktop != LogonDesktop ||
			w.all[0].line != "the monitor" || there == nil {
			t.Fatalf("%v %v %v, the stop file: %v", target, first, err, there)
		}
		s.User = true
		w.shows(Screen{Session: 1, User: true})
		if _, second, err := s.Once(t.Context()); err != nil || second == first || w.shown() != "1 1u*" {
			t.Errorf("%v, %s", err, w.shown())
		}
		// between two sessions it waits
		w.shows(Screen{Session: NoSession})
		time.AfterFunc(5*time.Second, func() { w.shows(Screen{Session: 3}) })
		if _, _, err := s.Once(t.Context()); err != nil || w.shown() != "1 1u 3*" {
			t.Errorf("%v, %s", err, w.shown())
		}
		w.shows(Screen{Session: NoSession})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, _, err := s.Once(ctx); err == nil || !strings.Contains(err.Error(), "no session") {
			t.Errorf("%v", err)
		}
		w.shows(Screen{Session: 3})
		w.refuses(errors.New("refused"))
		if _, _, err := s.Once(t.Context()); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%v", err)
		}
	})
}

// follow has the program followed while do happens, and gives what Follow returned, nil for nothing yet.
func follow(t *testing.T, user bool, do func(w *fakeWindows, s *Show)) (w *fakeWindows, returned bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w = newFake(t)
		s := showIn(t, w)
		s.User = user
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Follow(ctx, func(Target, Process) {}) }()
		synctest.Wait()
		do(w, s)
		synctest.Wait()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("it returned %v", err)
			}
			returned = true
		default:
			shown := w.shown()
			cancel()
			if err := <-done; err != nil || strings.Contains(w.shown(), "*") {
				t.Errorf("it ended with %v, and of %s there is left %s", err, shown, w.shown())
			}
			w.all[len(w.all)-1].ended = !strings.HasSuffix(shown, "*") // for the caller to look at
		}
		cancel()
	})
	return w, returned
}

func TestFollow(t *testing.T) {
	pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() }
	for what, c := range map[string]struct {
		user     bool
		do       func(w *fakeWindows, s *Show)
		want     string
		returned bool
	}{
		"nothing happens": {do: func(*fakeWindows, *Show) { pass(time.Hour) }, want: "1*"},
		"a switch of sessions": {do: func(w *fakeWindows, _ *Show) {
			w.shows(Screen{Session: NoSession})
			pass(10 * time.Second)
			w.shows(Screen{Session: 4})
			pass(10 * time.Second)
		}, want: "1 4*"},
		"a logoff that ends it well": {do: func(w *fakeWindows, _ *Show) {
			w.end(0)
			pass(4 * time.Second)
			w.shows(Screen{Session: 2})
			pass(10 * time.Second)
		}, want: "1 2*"},
		"somebody logs on, and off": {user: true, do: func(w *fakeWindows, _ *Show) {
			w.shows(Screen{Session: 1, User: true})
			pass(10 * time.Second)
			w.shows(Screen{Session: 2})
			pass(10 * time.Second)
		}, want: "1 1u 2*"},
		"somebody logs on, and it belongs on the logon screen": {do: func(w *fakeWindows, _ *Show) {
			w.shows(Screen{Session: 1, User: true})
			pass(time.Minute)
		}, want: "1*"},
		"closed": {do: func(w *fakeWindows, _ *Show) { pass(time.Minute); w.end(0); pass(time.Minute) },
			want: "1", returned: true},
		"closed, odd code": {do: func(w *fakeWindows, s *Show) { touch(t, s.StopFile); w.end(3); pass(time.Minute) },
			want: "1", returned: true},
		"killed": {do: func(w *fakeWindows, _ *Show) { w.end(1); pass(10 * time.Second) }, want: "1 1*"},
		"refused once": {do: func(w *fakeWindows, _ *Show) {
			w.refuses(errors.New("gone"))
			w.end(1)
			pass(time.Minute)
		}, want: "1 1*"},
		"another one shows": {do: func(w *fakeWindows, s *Show) { anotherTakesOver(t, s); pass(10 * time.Second) },
			want: "1", returned: true},
		"the record is spoilt": {do: func(w *fakeWindows, s *Show) {
			if err := os.WriteFile(s.RecordFile, []byte("{"), 0o600); err != nil {
				t.Error(err)
			}
			pass(time.Minute)
		}, want: "1*"},
	} {
		t.Run(what, func(t *testing.T) {
			w, returned := follow(t, c.user, c.do)
			if got := w.shown(); got != c.want || returned != c.returned {
				t.Errorf("shown %s, returned %v; want %s, %v", got, returned, c.want, c.returned)
			}
		})
	}
}

func touch(t *testing.T, path string) {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Error(err)
	}
}

func anotherTakesOver(t *testing.T, s *Show) {
	if err := (Record{Watcher: Process{901, 10, "jobmon-db.exe"}}).Write(s.RecordFile); err != nil {
		t.Error(err)
	}
}

// TestFailingProgramIsNotStartedWithoutEnd: the pauses grow, so that a program that cannot run costs nothing.
func TestFailingProgramIsNotStartedWithoutEnd(t *testing.T) {
	w, returned := follow(t, false, func(w *fakeWindows, _ *Show) {
		w.mu.Lock()
		w.failing = true
		w.ends(1)
		w.mu.Unlock()
		time.Sleep(time.Hour)
	})
	if n := len(w.all); returned || n < 10 || n > 80 {
		t.Errorf("returned %v, started %d times in an hour", returned, n)
	}
}

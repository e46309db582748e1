package winsession

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// System is what has to be asked of Windows.
type System interface {
	// Screen says what the console shows now.
	Screen() (Screen, error)
	// Start runs a command line there. The error says what is missing.
	Start(t Target, commandLine string) (Running, error)
	// Find names the process that has this number now; false when there is none.
	Find(pid uint32) (Process, bool)
	// Kill ends p if it still runs and is that very process, and waits for its end.
	Kill(p Process) error
	// Self names this process.
	Self() (Process, error)
}

// Running is a process that was started.
type Running interface {
	Process() Process
	// Ended says whether it has, and with which code.
	Ended() (code uint32, ended bool)
	// Close lets go of it; it runs on.
	Close() error
}

// Show keeps a program on the screen.
type Show struct {
	System      System
	CommandLine string
	User        bool   // on the desktop of the user who is logged on, while somebody is
	RecordFile  string // what runs is noted here
	StopFile    string // the program closes itself when it sees this one
}

// How often Follow looks, and how long it waits: for a session to be attached elsewhere after the program ended well,
// which may be the beginning of a logoff and not somebody's wish; and before a program that fails is started again.
const (
	LookEvery    = 2 * time.Second
	Grace        = 10 * time.Second
	longestPause = time.Minute
)

// Stop closes what an earlier one started, its watcher first, and says what was closed.
func (s *Show) Stop() (closed []Process, err error) {
	r, err := ReadRecord(s.RecordFile)
	if err != nil {
		return nil, err
	}
	self, err := s.System.Self()
	if err != nil {
		return nil, err
	}
	for _, p := range []Process{r.Watcher, r.Program} {
		if now, ok := s.System.Find(p.PID); !ok || !now.Same(p) || p.Same(self) {
			continue
		}
		if err := s.System.Kill(p); err != nil {
			return closed, fmt.Errorf("close %v: %w", p, err)
		}
		closed = append(closed, p)
	}
	return closed, nil
}

// Once closes what an earlier one started and starts the program where it belongs now. The console may have no session
// for a moment; it is waited for until ctx ends.
func (s *Show) Once(ctx context.Context) (Target, Process, error) {
	running, target, err := s.begin(ctx)
	if err != nil {
		return target, Process{}, err
	}
	return target, running.Process(), errors.Join(Record{Program: running.Process()}.Write(s.RecordFile),
		running.Close())
}

func (s *Show) begin(ctx context.Context) (Running, Target, error) {
	if _, err := s.Stop(); err != nil {
		return nil, Target{}, err
	}
	if err := os.Remove(s.StopFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, Target{}, fmt.Errorf("remove the file that would close it at once: %w", err)
	}
	for {
		screen, err := s.System.Screen()
		if err != nil {
			return nil, Target{}, err
		}
		if target, ok := Choose(screen, s.User); ok {
			running, err := s.System.Start(target, s.CommandLine)
			return running, target, err
		}
		select {
		case <-ctx.Done():
			return nil, Target{}, errors.New("no session is attached to this computer's screen: try again when it " +
				"shows its logon screen")
		case <-time.After(LookEvery):
		}
	}
}

// Follow does what Once does, and then keeps the program where the console is: it is started again when a session
// switch leaves it behind or ends it, and when it fails. It returns when the program was closed (it ended with code
// 0, or StopFile is there), when another Show has taken over, and when ctx ends; then it closes the program. started is
// called each time the program runs anew.
func (s *Show) Follow(ctx context.Context, started func(Target, Process)) error {
	self, err := s.System.Self()
	if err != nil {
		return err
	}
	w := &watcher{Show: s, self: self, started: started, pause: LookEvery, restart: time.Now()}
	running, at, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = w.running.Close() }()
	if err := w.show(running, at); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return s.System.Kill(w.running.Process())
		case <-time.After(LookEvery):
		}
		w.look()
		switch w.next() {
		case leave:
			return nil
		case giveWay:
			return s.System.Kill(w.running.Process())
		case begin:
			if err := w.again(); err != nil {
				return err
			}
		}
	}
}

// watcher follows the console.
type watcher struct {
	*Show
	situation
	self    Process
	started func(Target, Process)
	running Running
	began   time.Time     // when it was started
	restart time.Time     // a program that failed is not started before
	pause   time.Duration // after the next failure
}

// show notes what runs now, for the next Show to close it.
func (w *watcher) show(running Running, at Target) error {
	w.running, w.began, w.situation = running, time.Now(), situation{at: at}
	w.started(at, running.Process())
	if err := (Record{Watcher: w.self, Program: running.Process()}).Write(w.RecordFile); err != nil {
		return errors.Join(err, w.System.Kill(running.Process()))
	}
	return nil
}

// look finds out how things are.
func (w *watcher) look() {
	r, err := ReadRecord(w.RecordFile)
	w.taken = err == nil && r.Watcher.PID != 0 && !r.Watcher.Same(w.self)
	_, err = os.Stat(w.StopFile)
	w.stopped = err == nil
	screen, err := w.System.Screen()
	if w.console = err == nil; w.console {
		w.want, w.console = Choose(screen, w.User)
	}
	code, ended := w.running.Ended()
	if w.ended = ended; !ended {
		w.endedFor = 0
		return
	}
	w.code, w.endedFor = code, w.endedFor+LookEvery
}

// again starts the program where it belongs, unless it failed by itself just now.
func (w *watcher) again() error {
	if w.ended && w.at == w.want {
		if time.Since(w.began) > longestPause {
			w.pause = LookEvery
		}
		if time.Now().Before(w.restart) {
			return nil
		}
		w.pause = min(2*w.pause, longestPause)
	}
	if err := w.System.Kill(w.running.Process()); err != nil {
		return fmt.Errorf("close what is shown elsewhere: %w", err)
	}
	fresh, err := w.System.Start(w.want, w.CommandLine)
	w.restart = time.Now().Add(w.pause)
	if err != nil { // a session that is just going away; the next look decides anew
		return nil
	}
	_ = w.running.Close()
	return w.show(fresh, w.want)
}

// situation is what a look has found.
type situation struct {
	at       Target // where the program was started
	want     Target // where it belongs, when console
	console  bool   // a session is attached
	ended    bool   // the program has ended, with code, for so long
	code     uint32
	endedFor time.Duration
	stopped  bool // the file is there at which it closes itself
	taken    bool // the record names another watcher
}

type action int

const (
	wait    action = iota
	begin          // end the program where it is, and start it where it belongs
	leave          // it was closed: nothing more is to be done
	giveWay        // another one watches
)

// next says what is to be done.
func (s situation) next() action {
	switch {
	case s.taken:
		return giveWay
	case s.stopped && s.ended:
		return leave
	case !s.console:
		return wait
	case s.at != s.want:
		return begin
	case !s.ended:
		return wait
	case s.code != 0:
		return begin
	case s.endedFor < Grace:
		return wait
	}
	return leave
}

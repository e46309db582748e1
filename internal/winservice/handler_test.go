package winservice

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// served is a service in a bubble.
type served struct {
	requests chan request
	mu       sync.Mutex // held for what follows
	reports  []report
	code     int
	ended    bool
}

func serving(work Work) *served {
	s := &served{requests: make(chan request)}
	go func() {
		code := serve(s.requests, func(r report) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.reports = append(s.reports, r)
		}, work)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.code, s.ended = code, true
	}()
	synctest.Wait()
	return s
}

// told are the reports so far.
func (s *served) told() []report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reports)
}

func (s *served) last() report {
	told := s.told()
	return told[len(told)-1]
}

// end is the exit code; false before the end.
func (s *served) end() (code int, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code, s.ended
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// patient works until it is stopped, and is ready after a while.
func patient(after, ending time.Duration, code int) Work {
	return func(ctx context.Context, ready func()) int {
		select {
		case <-ctx.Done():
		case <-time.After(after):
			ready()
			ready() // the second call says nothing new
			<-ctx.Done()
		}
		time.Sleep(ending)
		return code
	}
}

func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving(patient(time.Minute, 3*time.Second, 0))
		pass(50 * time.Second)
		if n := len(s.told()); n < 20 || s.last().state != Starting || s.last().hint <= hearEvery {
			t.Fatalf("%d reports while it starts, the last %+v", n, s.last())
		}
		for i, r := range s.told() {
			if r.checkpoint != uint32(i+1) {
				t.Fatalf("checkpoint %d is %d: the manager would take the service for hung", i, r.checkpoint)
			}
		}
		pass(20 * time.Second)
		if s.last() != (report{state: Running}) {
			t.Fatalf("after a minute %+v", s.last())
		}
		n := len(s.told())
		pass(time.Hour)
		if len(s.told()) != n {
			t.Errorf("%d reports in an hour in which nothing happened", len(s.told())-n)
		}
		s.requests <- interrogate
		synctest.Wait()
		if len(s.told()) != n+1 || s.last().state != Running {
			t.Errorf("asked for its state: %+v", s.told()[n:])
		}
		s.requests <- stop
		synctest.Wait()
		if s.last().state != Stopping {
			t.Errorf("told to stop: %+v", s.last())
		}
		pass(2500 * time.Millisecond)
		s.requests <- stop // a shutdown behind a stop
		synctest.Wait()
		if s.last().state != Stopping || s.last().checkpoint < 2 {
			t.Errorf("while it stops: %+v", s.last())
		}
		pass(time.Second)
		if code, ended := s.end(); !ended || code != 0 {
			t.Errorf("ended %v with code %d", ended, code)
		}
	})
}

func TestServeWhatGoesWrong(t *testing.T) {
	for name, c := range map[string]struct {
		work Work
		stop bool
		code int
	}{
		"it ends at its start":          {func(context.Context, func()) int { return 7 }, false, 7},
		"it is stopped while it starts": {patient(time.Hour, 0, 0), true, 0},
		"its end fails":                 {patient(0, 0, 9), true, 9},
		"it does not stop":              {patient(0, time.Hour, 0), true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serving(c.work)
				if c.stop {
					s.requests <- stop
				}
				pass(stopPatience + time.Second)
				if code, ended := s.end(); !ended || code != c.code {
					t.Errorf("ended %v with code %d, want %d", ended, code, c.code)
				}
				for _, r := range s.told() {
					if r.state == Stopped {
						t.Errorf("told %+v: the end of serve says that", r)
					}
				}
				pass(time.Hour)
			})
		})
	}
}

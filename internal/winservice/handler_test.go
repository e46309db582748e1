package winservice

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// served is a service in a bubble.
type served struct {
	requests chan request
	reports  []report
	code     int
	ended    bool
}

func serving(work Work) *served {
	s := &served{requests: make(chan request)}
	go func() {
		s.code = serve(s.requests, func(r report) { s.reports = append(s.reports, r) }, work)
		s.ended = true
	}()
	synctest.Wait()
	return s
}

func (s *served) last() report { return s.reports[len(s.reports)-1] }

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
		if n := len(s.reports); n < 20 || s.last().state != Starting || s.last().hint <= hearEvery {
			t.Fatalf("%d reports while it starts, the last %+v", n, s.last())
		}
		for i, r := range s.reports {
			if r.checkpoint != uint32(i+1) {
				t.Fatalf("checkpoint %d is %d: the manager would take the service for hung", i, r.checkpoint)
			}
		}
		pass(20 * time.Second)
		if s.last() != (report{state: Running}) {
			t.Fatalf("after a minute %+v", s.last())
		}
		n := len(s.reports)
		pass(time.Hour)
		if len(s.reports) != n {
			t.Errorf("%d reports in an hour in which nothing happened", len(s.reports)-n)
		}
		s.requests <- interrogate
		synctest.Wait()
		if len(s.reports) != n+1 || s.last().state != Running {
			t.Errorf("asked for its state: %+v", s.reports[n:])
		}
		s.requests <- stop
		synctest.Wait()
		if s.last().state != Stopping || s.ended {
			t.Errorf("told to stop: %+v", s.last())
		}
		pass(2500 * time.Millisecond)
		s.requests <- stop // a shutdown behind a stop
		if synctest.Wait(); s.last().state != Stopping || s.last().checkpoint < 2 {
			t.Errorf("while it stops: %+v", s.last())
		}
		pass(time.Second)
		if !s.ended || s.code != 0 {
			t.Errorf("ended %v with code %d", s.ended, s.code)
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
				if !s.ended || s.code != c.code {
					t.Errorf("ended %v with code %d, want %d", s.ended, s.code, c.code)
				}
				for _, r := range s.reports {
					if r.state == Stopped {
						t.Errorf("told %+v: the end of serve says that", r)
					}
				}
				pass(time.Hour)
			})
		})
	}
}

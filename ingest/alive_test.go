package ingest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
)

// promises keeps until when the poller has promised its next step.
type promises struct {
	until  time.Time
	broken []time.Duration // how late steps came
}

func (p *promises) alive(within time.Duration) {
	now := time.Now()
	if late := now.Sub(p.until); late > 0 && !p.until.IsZero() {
		p.broken = append(p.broken, late)
	}
	p.until = now.Add(within)
}

func TestAlive(t *testing.T) {
	for name, prepare := range map[string]func(*fakeSource){
		"while all is well":        func(*fakeSource) {},
		"while reads are slow":     func(s *fakeSource) { s.delay, s.pageDelay = 10*time.Second, 10*time.Second },
		"while reads time out":     func(s *fakeSource) { s.delay = time.Hour },
		"while the source is away": func(s *fakeSource) { s.failWith(errors.New("connection refused")) },
		"while pauses grow and shrink": func(s *fakeSource) {
			s.fail = func(read int) error {
				if read%7 < 4 {
					return errors.New("connection refused")
				}
				return nil
			}
		},
	} {
		bubble(t, "every promise is kept "+name, func(t *testing.T) {
			s, p := newSource(), &promises{}
			prepare(s)
			r := start(t, s, newJournal(), func(o *ingest.Options) { o.Alive = p.alive })
			pass(2 * time.Hour)
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			if len(p.broken) > 0 {
				t.Errorf("%d steps came late, for instance by %v", len(p.broken), p.broken[0])
			}
			if ahead := time.Until(p.until); ahead > 3*time.Minute {
				t.Errorf("the last promise is %v ahead: nobody would notice a poller that hangs", ahead)
			}
		})
	}
	bubble(t, "a commit that hangs breaks it", func(t *testing.T) {
		j, p := newJournal(), &promises{}
		hang := make(chan struct{})
		j.hang = hang
		start(t, newSource(), j, func(o *ingest.Options) { o.Alive = p.alive })
		pass(time.Hour)
		if late := time.Since(p.until); late < 50*time.Minute {
			t.Errorf("after an hour the promise is broken since %v only", late)
		}
		close(hang)
	})
}

func TestCycled(t *testing.T) {
	bubble(t, "told when it is on record", func(t *testing.T) {
		var told []string
		s, j := newSource(), newJournal()
		s.failWith(errors.New("connection refused"))
		j.change(func() { j.fail = errors.New("no space left") })
		r := start(t, s, j, func(o *ingest.Options) {
			o.Cycled = func(lost string) { told = append(told, lost) }
		})
		pass(10 * time.Minute)
		if len(told) > 0 {
			t.Errorf("told %q, while the log cannot say so", told)
		}
		j.change(func() { j.fail = nil })
		pass(2 * time.Minute)
		s.heal()
		pass(2 * time.Minute)
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		told = slices.Compact(told)
		if len(told) != 2 || told[0] == "" || told[1] != "" {
			t.Errorf("told %q, want that the source is lost and then that it was read", told)
		}
	})
}

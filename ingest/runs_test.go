package ingest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// previously makes the options of a run that follows another one with the same settings.
func previously(covered jobmon.Instant, tweaks ...func(*ingest.Previous)) func(*ingest.Options) {
	return func(o *ingest.Options) {
		o.Previous = ingest.Previous{Read: true, Settings: o.Settings.Encode(), Covered: covered}
		for _, tweak := range tweaks {
			tweak(&o.Previous)
		}
	}
}

func now() jobmon.Instant { return jobmon.InstantOf(time.Now()) }

func TestFirstBatch(t *testing.T) {
	refused := errors.New("connection refused")
	bubble(t, "of all", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.ahead, s.offset = 42*time.Second, -5*3600
		s.put(row(1, jobmon.StatusOf(1603)), row(2, jobmon.StatusNull))
		s.tables.Jobs[1] = jobmon.Job{ID: 1, Name: "(JM) Office"}
		s.tables.Computers[5000001] = jobmon.Computer{ID: 5000001, Name: "PC-1"}
		j.due = []jobmon.Event{{Kind: jobmon.KindDue, Schedule: 9}}
		start(t, s, j)
		first := j.batches[0]
		if want := now().Add(42 * time.Second); first.At != want {
			t.Errorf("at %v, by the server's clock it was %v", first.At, want)
		}
		settings := jobmon.DefaultSettings()
		started, configured := first.Events[0], first.Events[1]
		if started.Text != "1.2.3" || started.Count != 7 || started.Until != 0 {
			t.Errorf("daemon-started is %+v", started)
		}
		if configured.Text != settings.Encode() {
			t.Errorf("configured holds %q", configured.Text)
		}
		requireTold(
			t, j,
			"daemon-started, configured, clock -18000 0, computer 5000001 baseline, job 1 baseline, scheduled 1 "+
				"baseline, scheduled 2 baseline",
		)
		pass(interval * 11 / 10)
		requireTold(t, j, "due 9")
	})
	bubble(t, "when the source is away", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.failWith(refused)
		s.put(row(1, jobmon.StatusRunning))
		start(t, s, j, func(o *ingest.Options) { o.Previous.Ahead = time.Hour })
		if at, want := j.batches[0].At, now().Add(time.Hour); at != want {
			t.Errorf("at %v, our clock and the last known difference give %v", at, want)
		}
		requireTold(t, j, "daemon-started, source-lost, configured")
		s.heal()
		pass(time.Minute)
		requireTold(t, j, "source-restored, clock 0 0, scheduled 1 baseline")
	})
	bubble(t, "of a run after another", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.put(row(1, jobmon.StatusNull))
		r := start(t, s, j)
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		requireTold(t, j, "daemon-started, configured, clock 0 0, scheduled 1 baseline", "daemon-stopped")
		until := now()
		pass(interval)
		s.put(row(1, jobmon.StatusRunning))
		start(t, s, j, previously(until))
		if got := j.batches[0].Events[0].Until; got != until {
			t.Errorf("daemon-started says that the previous run covered until %v, want %v", got, until)
		}
		requireTold(t, j, "daemon-started, started 1")
	})
	bubble(t, "with other settings and another UTC offset", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.offset = 7200
		start(t, s, j, previously(now(), func(p *ingest.Previous) { p.Offset, p.Settings = 3600, "{}" }))
		requireTold(t, j, "daemon-started, configured")
		pass(2 * time.Minute) // a new offset is confirmed first
		requireTold(t, j, "clock 7200 0")
	})
	bubble(t, "after a run that ended in an outage", func(t *testing.T) {
		s, j := newSource(), newJournal()
		start(t, s, j, previously(now(), func(p *ingest.Previous) { p.SourceLost = true }))
		requireTold(t, j, "daemon-started, source-restored")
	})
	bubble(t, "in the outage in which the previous run ended", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.failWith(refused)
		start(t, s, j, previously(now(), func(p *ingest.Previous) { p.SourceLost = true }))
		pass(5 * time.Minute)
		requireTold(t, j, "daemon-started, source-lost")
		s.heal()
		pass(2 * time.Minute)
		requireTold(t, j, "source-restored")
	})
	bubble(t, "is recorded whole when its commit failed at first", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.put(row(1, jobmon.StatusNull))
		j.fail = errors.New("no space left on device")
		r := start(t, s, j)
		pass(time.Minute)
		j.change(func() { j.fail = nil })
		r.readOnce()
		requireTold(t, j, "daemon-started, configured, clock 0 0, scheduled 1 baseline")
	})
}

func TestBaselineOnlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j) // the tables are empty, and that is what the baseline says
		s.put(row(1, jobmon.StatusNull))
		r.readOnce()
		requireTold(t, j, "daemon-started, configured, clock 0 0", "scheduled 1")
	})
}

func TestStop(t *testing.T) {
	bubble(t, "in the middle of a read", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j)
		s.change(func() { s.delay = 10 * time.Second })
		pass(interval * 11 / 10)
		ahead := make(chan error)
		go func() {
			_, err := r.Refresh(context.Background())
			ahead <- err
		}()
		synctest.Wait()
		began := time.Now()
		go r.cancel()
		if err := <-ahead; !errors.Is(err, ingest.ErrStopped) {
			t.Errorf("who waited for a read was told %v", err)
		}
		if err := r.stop(); err != nil || time.Since(began) != 0 {
			t.Errorf("Run returned %v after %v", err, time.Since(began))
		}
		requireTold(t, j, "daemon-started, configured, clock 0 0", "daemon-stopped")
		if r.log.Len() != 0 {
			t.Errorf("a read that we ended ourselves is no fault of the source:\n%s", r.log)
		}
		if _, err := r.Refresh(t.Context()); !errors.Is(err, ingest.ErrStopped) {
			t.Errorf("Refresh after the end: %v", err)
		}
	})
	bubble(t, "before the first read ended", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.delay = time.Second
		r := start(t, s, j)
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		requireTold(t, j) // a run that never began does not stop
	})
	bubble(t, "while the source is away", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.ahead = time.Hour
		r := start(t, s, j)
		s.failWith(errors.New("gone"))
		pass(time.Minute)
		j.told()
		r.stop()
		if at, want := j.batches[0].At, now().Add(time.Hour); at != want {
			t.Errorf("stopped at %v, by the server's clock it was %v", at, want)
		}
	})
	bubble(t, "when that cannot be recorded", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j)
		full := errors.New("no space left on device")
		j.change(func() { j.fail = full })
		if err := r.stop(); !errors.Is(err, full) {
			t.Errorf("Run returned %v", err)
		}
	})
	bubble(t, "when the log hangs", func(t *testing.T) {
		s, j := newSource(), &hangingJournal{fakeJournal: newJournal()}
		r := ingest.New(s, j, ingest.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		synctest.Wait()
		j.hang = true
		began := time.Now()
		cancel()
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 10*time.Second {
			t.Errorf("Run returned %v after %v", err, time.Since(began))
		}
	})
}

// hangingJournal is a log whose disk does not answer.
type hangingJournal struct {
	*fakeJournal
	hang bool
}

func (j *hangingJournal) Commit(ctx context.Context, at jobmon.Instant, events []jobmon.Event) error {
	if j.hang {
		<-ctx.Done()
	}
	return j.fakeJournal.Commit(ctx, at, events)
}

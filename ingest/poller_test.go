package ingest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// bubble runs a test by a clock of its own (testing/synctest).
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func gaps(times []time.Time) []time.Duration {
	var list []time.Duration
	for i := 1; i < len(times); i++ {
		list = append(list, times[i].Sub(times[i-1]))
	}
	return list
}

func TestInterval(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		bubble(t, fmt.Sprintf("from start to start, jittered, reads of %v", delay), func(t *testing.T) {
			s := newSource()
			s.delay = delay
			start(t, s, newJournal())
			pass(300 * interval)
			list := gaps(s.reads())
			least, most := slices.Min(list), slices.Max(list)
			if least < interval*9/10 || most > interval*11/10 {
				t.Errorf("reads begin %v to %v apart, want %v +-10 %%", least, most, interval)
			}
			if most-least < interval/10 {
				t.Errorf("reads begin %v to %v apart: hardly any jitter", least, most)
			}
			if n := len(list); n < 285 || n > 315 {
				t.Errorf("%d intervals in the time of 300", n)
			}
		})
	}
	bubble(t, "a slow server is left alone between reads", func(t *testing.T) {
		s := newSource()
		s.delay = 7 * time.Second
		start(t, s, newJournal())
		pass(10 * time.Minute)
		for _, gap := range gaps(s.reads()) {
			if rest := gap - s.delay; rest < interval/5 || rest > interval/3 {
				t.Fatalf("%v between a slow read and the next one", rest)
			}
		}
	})
}

func TestBackOff(t *testing.T) {
	requireGrowth := func(t *testing.T, list []time.Duration) {
		t.Helper()
		want := interval
		for i, gap := range list {
			if float64(gap) < 0.75*float64(want) || float64(gap) > math.Min(1.25*float64(want), float64(time.Minute)) {
				t.Errorf("pause %d is %v, want about %v", i+1, gap, want)
			}
			want = min(2*want, 50*time.Second)
		}
	}
	bubble(t, "doubles up to a minute and is reset by a good read", func(t *testing.T) {
		s := newSource()
		s.failWith(errors.New("connection refused"))
		r := start(t, s, newJournal())
		pass(10 * time.Minute)
		list := gaps(s.reads())
		if len(list) < 10 {
			t.Fatalf("only %d tries in ten minutes", len(list))
		}
		requireGrowth(t, list)
		if slices.Max(list) == slices.Min(list[5:]) {
			t.Errorf("no jitter in %v", list)
		}

		s.heal()
		r.readOnce()
		before := len(s.reads())
		pass(interval * 3 / 2)
		if n := len(s.reads()) - before; n != 1 {
			t.Errorf("%d reads in 1.5 intervals after the source came back", n)
		}
		s.failWith(errors.New("gone again"))
		before = len(s.reads())
		pass(3 * time.Minute)
		requireGrowth(t, gaps(s.reads()[before:]))
	})
	bubble(t, "while the log cannot be written", func(t *testing.T) {
		s, j := newSource(), newJournal()
		j.fail = errors.New("no space left on device")
		start(t, s, j)
		pass(5 * time.Minute)
		requireGrowth(t, gaps(s.reads()))
	})
	bubble(t, "those who ask neither hurry nor delay it", func(t *testing.T) {
		s := newSource()
		s.failWith(errors.New("login refused"))
		r := start(t, s, newJournal())
		for range 100 { // 25 s: the pauses so far are 5, 10 and 20 s
			if _, err := r.Refresh(t.Context()); err == nil {
				t.Fatal("Refresh of a lost source succeeds")
			}
		}
		before := len(s.reads())
		pass(30 * time.Second)
		if n := len(s.reads()) - before; n < 1 || n > 2 {
			t.Errorf("%d tries in the 30 s after a burst of requests", n)
		}
	})
}

// TestSaidOnceWhereTheLogCannotSayIt: the source is lost while the log cannot be written. Each is said once, and so is
// its end, whichever comes first.
func TestSaidOnceWhereTheLogCannotSayIt(t *testing.T) {
	const (
		unwritable, writable = "the log cannot be written: trying again until it can", "the log can be written again"
		unsaid, back         = "the source is lost, and the log cannot say so", "the source is back"
		lost                 = "the source is lost: trying again until it answers"
	)
	for name, outage := range map[string]struct {
		ends func(s *fakeSource, j *fakeJournal)
		said []string
	}{
		"the source is back first": {func(s *fakeSource, j *fakeJournal) {
			s.heal()
			pass(10 * time.Minute)
			j.change(func() { j.fail = nil })
		}, []string{unwritable, unsaid, back, writable}},
		"the log is back first": {func(s *fakeSource, j *fakeJournal) {
			j.change(func() { j.fail = nil })
			pass(10 * time.Minute)
			s.heal()
		}, []string{unwritable, unsaid, writable, lost, back}},
		"both are back at once": {func(s *fakeSource, j *fakeJournal) {
			j.change(func() { j.fail = nil })
			s.heal()
		}, []string{unwritable, unsaid, back, writable}},
		"the source is lost twice": {func(s *fakeSource, j *fakeJournal) {
			s.heal()
			pass(10 * time.Minute)
			s.failWith(errors.New("gone again"))
			pass(10 * time.Minute)
			j.change(func() { j.fail = nil })
			s.heal()
		}, []string{unwritable, unsaid, back, unsaid, back, writable}},
	} {
		bubble(t, name, func(t *testing.T) {
			s, j := newSource(), newJournal()
			r := start(t, s, j)
			pass(time.Minute)
			s.failWith(errors.New("connection refused"))
			j.change(func() { j.fail = errors.New("no space left on device") })
			pass(30 * time.Minute)
			outage.ends(s, j)
			pass(10 * time.Minute)
			s.put(row(7, jobmon.StatusRunning)) // something to be written
			pass(time.Minute)
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			var said []string
			for line := range strings.Lines(r.log.String()) {
				var message struct{ Message string }
				if err := json.Unmarshal([]byte(line), &message); err != nil {
					t.Fatal(err)
				}
				said = append(said, message.Message)
			}
			if !slices.Equal(said, outage.said) {
				t.Errorf("it said\n%s", r.log)
			}
		})
	}
}

func TestSourceLostAndRestoredOnceEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j)
		requireTold(t, j, "daemon-started, configured, clock 0 0")

		s.failWith(errors.New("connection refused\r\n\tby db01 " + strings.Repeat("ä", 500)))
		pass(10 * time.Minute)
		j.change(func() {
			text := j.batches[0].Events[0].Text
			if !strings.HasPrefix(text, "read the source: connection refused by db01 ää") {
				t.Errorf("reason %q", text)
			}
			if n := len([]rune(text)); n > 310 {
				t.Errorf("reason of %d characters", n)
			}
		})
		requireTold(t, j, "source-lost")

		s.heal()
		s.put(row(7, jobmon.StatusRunning))
		pass(2 * time.Minute)
		requireTold(t, j, "source-restored, scheduled 7 inexact, started 7 inexact")

		s.failWith(errors.New("once more"))
		pass(time.Minute)
		s.heal()
		pass(2 * time.Minute)
		requireTold(t, j, "source-lost", "source-restored")

		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		log := r.log.String()
		if n := strings.Count(log, `"level":"warn"`); n != 2 {
			t.Errorf("%d warnings for two outages:\n%s", n, log)
		}
		if n := strings.Count(log, `"level":"info"`); n != 2 {
			t.Errorf("%d notes for two recoveries:\n%s", n, log)
		}
	})
}

func TestTransientErrors(t *testing.T) {
	busy := fmt.Errorf("deadlock victim: %w", ingest.ErrTransient)
	bubble(t, "are retried within the cycle", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.fail = func(read int) error {
			if read <= 3 {
				return busy
			}
			return nil
		}
		start(t, s, j)
		pass(3 * time.Second)
		requireTold(t, j, "daemon-started, configured, clock 0 0")
		for i, gap := range gaps(s.reads()) {
			if want := 100 * time.Millisecond << i; gap < want/2 || gap > want*3/2 {
				t.Errorf("pause %d is %v, want about %v", i+1, gap, want)
			}
		}
	})
	bubble(t, "too many of them are a lost source", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.failWith(busy)
		start(t, s, j)
		pass(3 * time.Second)
		requireTold(t, j, "daemon-started, source-lost, configured")
		if n := len(s.reads()); n != 4 {
			t.Errorf("%d tries", n)
		}
	})
	bubble(t, "others are not retried within the cycle", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.failWith(errors.New("login refused"))
		start(t, s, j)
		pass(3 * time.Second)
		if n := len(s.reads()); n != 1 {
			t.Errorf("%d tries", n)
		}
	})
}

func TestHangingRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		start(t, s, j)
		s.change(func() { s.delay = time.Hour })
		requireTold(t, j, "daemon-started, configured, clock 0 0")
		pass(interval*11/10 + 14*time.Second)
		requireTold(t, j)
		pass(2 * time.Second)
		j.change(func() {
			if text := j.batches[0].Events[0].Text; text != "the source did not answer within 15s" {
				t.Errorf("reason %q", text)
			}
		})
		requireTold(t, j, "source-lost")
		s.change(func() { s.delay = 0 })
		pass(time.Minute)
		requireTold(t, j, "source-restored")
	})
}

func TestRemovalIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.put(row(1, jobmon.StatusNull), row(2, jobmon.StatusNull), row(3, jobmon.StatusNull))
		r := start(t, s, j)
		requireTold(
			t, j,
			"daemon-started, configured, clock 0 0, scheduled 1 baseline, scheduled 2 baseline, scheduled 3 baseline",
		)

		s.put(row(2, jobmon.StatusRunning)) // it moved while the read scanned the table
		s.change(func() {
			s.hidden[2] = true
			s.tables.Rows.Delete(3)
		})
		r.readOnce()
		requireTold(t, j, "removed 3, started 2")
		s.change(func() { s.hidden[2] = false })
		r.readOnce()
		requireTold(t, j)
		if len(s.asked) != 2 || !slices.Equal(s.asked[1].Rows, []jobmon.ScheduleID{2, 3}) {
			t.Errorf("looked up %v", s.asked)
		}
	})
}

func TestCommitFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		var covered []jobmon.Instant
		r := start(t, s, j, func(o *ingest.Options) {
			o.Covered = func(until jobmon.Instant, _ time.Duration) { covered = append(covered, until) }
		})
		requireTold(t, j, "daemon-started, configured, clock 0 0")
		before := covered[len(covered)-1]

		full := errors.New("no space left on device")
		j.change(func() { j.fail = full })
		s.put(row(1, jobmon.StatusRunning))
		if _, err := r.Refresh(t.Context()); !errors.Is(err, full) {
			t.Errorf("Refresh without a durable batch: %v", err)
		}
		s.put(row(1, jobmon.StatusOf(0)), row(2, jobmon.StatusNull))
		s.change(func() { s.offset = 3600 })
		pass(time.Minute)
		s.failWith(errors.New("and the source is gone too"))
		pass(time.Minute)
		s.heal()
		pass(time.Minute)
		requireTold(t, j)
		if last := covered[len(covered)-1]; last != before {
			t.Errorf("covered until %v though nothing after %v is durable", last, before)
		}

		j.change(func() { j.fail = nil })
		r.readOnce()
		requireTold(
			t, j,
			"daemon-started inexact, clock 3600 0, scheduled 1 inexact, scheduled 2 inexact, started 1 inexact, "+
				"finished 1 inexact",
		)
		r.readOnce()
		requireTold(t, j)
		r.stop()
		if log := r.log.String(); !strings.Contains(log, full.Error()) {
			t.Errorf("nothing in the log of the full disk:\n%s", log)
		}
	})
}

func TestQuietCycleCommitsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.put(row(1, jobmon.StatusRunning))
		j.watching = []jobmon.ComputerID{5000001}
		s.tables.Agents[5000001] = jobmon.AgentOnline
		var covered []jobmon.Instant
		start(t, s, j, func(o *ingest.Options) {
			o.Covered = func(until jobmon.Instant, _ time.Duration) { covered = append(covered, until) }
		})
		requireTold(t, j, "daemon-started, configured, clock 0 0, scheduled 1 baseline, agent-online 5000001")
		pass(time.Minute)
		requireTold(t, j)
		if n := len(s.reads()); n < 11 || len(covered) != n {
			t.Errorf("%d reads, %d of them covered", n, len(covered))
		}
	})
}

func TestDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.offset = 3600
		s.put(row(1, jobmon.StatusNull), row(2, jobmon.StatusNull))
		r := start(t, s, j)
		j.told()
		due := func(id jobmon.ScheduleID) jobmon.Event {
			return jobmon.Event{Kind: jobmon.KindDue, Schedule: id, Job: 1, Computer: 5000001, Start: 60_000}
		}
		j.change(func() { j.due = []jobmon.Event{due(1), due(2)} })
		moved := row(2, jobmon.StatusNull)
		moved.Start += 3_600_000
		s.put(moved)
		at := r.readOnce()
		// Row 2 was moved in the same read: the journal did not know that when it said so.
		requireTold(t, j, "rescheduled 2, due 1")
		if now := j.dueAsked[len(j.dueAsked)-1]; now != at.Wall(3600) {
			t.Errorf("Judge was asked for %v, the server's wall clock showed %v", now, at.Wall(3600))
		}
	})
}

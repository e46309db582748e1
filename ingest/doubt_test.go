package ingest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// machine is the computer that the poller runs on.
type machine struct{ slept, moved time.Duration }

func (m *machine) clocks(o *ingest.Options) {
	o.Clocks = func() (slept, moved time.Duration) { return m.slept, m.moved }
}

// steady is a machine that never sleeps and whose wall clock is never set.
func steady(o *ingest.Options) { (&machine{}).clocks(o) }

// glitch is a time in which the server's clock is wrong.
type glitch struct {
	from, for_ time.Duration // since the history began
	ahead      time.Duration
	offset     jobmon.Offset
}

const slow = 3 * time.Second // a slow read

// turn is what happens between two reads.
type turn struct {
	after  time.Duration
	change func(*jobmon.Mirror)
	due    jobmon.ScheduleID // becomes due, 0 for none
	then   string
}

// TestAGlitchChangesNothing is a law: the log of a history in which the server's clock was wrong for up to 50 s holds
// the same events, of the same times, as that of the same history without it. Only what the clock itself brings (due)
// may come later, by as long as the clock was wrong.
func TestAGlitchChangesNothing(t *testing.T) {
	lawtest.Check(t, func(rt *rapid.T) {
		var turns []turn
		length := time.Duration(0)
		for range rapid.IntRange(2, 20).Draw(rt, "turns") {
			n := turn{
				after:  time.Duration(rapid.IntRange(300, 15_000).Draw(rt, "after_ms")) * time.Millisecond,
				change: drawChange(rt),
				due:    jobmon.ScheduleID(rapid.SampledFrom([]int{0, 0, 0, 900_001, 900_002, 900_003}).Draw(rt, "due")),
				then: rapid.SampledFrom([]string{
					"read", "read", "read", "lost", "full", "slow", "unasked",
				}).Draw(rt, "then"),
			}
			turns, length = append(turns, n), length+n.after
		}
		within, least := time.Duration(0), int64(2_001)
		if slices.ContainsFunc(turns, func(n turn) bool { return n.then == "slow" }) {
			within, least = slow/2, 10_000 // such a read does not show when the server looked at its clock
		}
		g := glitch{
			from:  time.Duration(rapid.Int64Range(1, length.Milliseconds()).Draw(rt, "from")) * time.Millisecond,
			for_:  time.Duration(rapid.Int64Range(1, 50_000).Draw(rt, "for")) * time.Millisecond,
			ahead: time.Duration(rapid.Int64Range(least, 100*24*3600*1000).Draw(rt, "ahead")) * time.Millisecond,
		}
		if rapid.Bool().Draw(rt, "back") {
			g.ahead = -g.ahead
		}
		switch rapid.IntRange(0, 3).Draw(rt, "what") {
		case 0:
			g.ahead, g.offset = 0, 3600 // of the zone alone
		case 1:
			g.offset = -7200
		}
		var with, without []jobmon.Batch
		synctest.Test(t, func(t *testing.T) { with = glitched(t, turns, &g) })
		synctest.Test(t, func(t *testing.T) { without = glitched(t, turns, nil) })
		if got, want := notDue(with), notDue(without); !slices.EqualFunc(got, want, func(a, b jobmon.Event) bool {
			apart := a.At.Sub(b.At).Abs()
			a.At, b.At = 0, 0
			return a == b && apart <= within
		}) {
			rt.Fatalf("with %+v the log is\n%v\nwithout it\n%v", g, got, want)
		}
		if err := compareDue(with, without, &g); err != nil {
			rt.Fatal(err)
		}
	})
}

// glitched plays a history, with three reads within two minutes behind its end.
func glitched(t *testing.T, turns []turn, g *glitch) []jobmon.Batch {
	s, j := newSource(), newJournal()
	s.tables.Agents[5000001] = jobmon.AgentOnline
	j.watching = []jobmon.ComputerID{5000001}
	r := start(t, s, j, quiet, steady, func(o *ingest.Options) { o.Interval = 2 * time.Hour })
	began := time.Now()
	if g != nil {
		s.change(func() {
			s.glitch = func() (time.Duration, jobmon.Offset) {
				if at := time.Since(began); at < g.from || at >= g.from+g.for_ {
					return 0, 0
				}
				return g.ahead, g.offset
			}
		})
	}
	end := []turn{{after: 30 * time.Second}, {after: 30 * time.Second}, {after: time.Minute}}
	for _, n := range append(slices.Clone(turns), end...) {
		pass(n.after)
		s.change(func() {
			if n.change != nil {
				n.change(s.tables)
			}
			s.delay = 0
		})
		if n.due != 0 {
			j.change(func() { j.due = append(j.due, jobmon.Event{Kind: jobmon.KindDue, Schedule: n.due}) })
		}
		switch n.then {
		case "unasked":
			continue
		case "lost":
			s.failWith(errors.New("gone"))
		case "full":
			j.change(func() { j.fail = errors.New("no space left on device") })
		case "slow":
			s.change(func() { s.delay = slow })
		}
		asked := now()
		at, err := r.Refresh(t.Context())
		took := now().Sub(asked)
		if err == nil && (at < asked.Add(-slow/2) || at > now().Add(slow/2) || took > 4*time.Second) {
			t.Errorf("asked at %v, answered as of %v after %v", asked, at, took)
		}
		synctest.Wait()
		s.heal()
		j.change(func() { j.fail = nil })
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	return j.batches
}

// notDue are the events but for those that the clock brings.
func notDue(batches []jobmon.Batch) (events []jobmon.Event) {
	for _, b := range batches {
		for _, e := range b.Events {
			// may have been about what is due
			unwritten := e.Kind == jobmon.KindDaemonStarted && e.Flags.Has(jobmon.Inexact)
			if e.At = b.At; e.Kind != jobmon.KindDue && !unwritten {
				events = append(events, e)
			}
		}
	}
	return events
}

// compareDue compares when what became due was recorded: at the same time, or, while the clock was wrong, later.
func compareDue(with, without []jobmon.Batch, g *glitch) error {
	times := func(batches []jobmon.Batch) map[jobmon.ScheduleID]jobmon.Instant {
		first := map[jobmon.ScheduleID]jobmon.Instant{}
		for _, b := range batches {
			for _, e := range b.Events {
				if _, ok := first[e.Schedule]; e.Kind == jobmon.KindDue && !ok {
					first[e.Schedule] = b.At
				}
			}
		}
		return first
	}
	got, want := times(with), times(without)
	begin := with[0].At
	for id, at := range want {
		during := at.Sub(begin) >= g.from-slow && at.Sub(begin) < g.from+g.for_+slow
		if is, ok := got[id]; !ok || is < at.Add(-slow/2) || !during && is.Sub(at) > slow/2 {
			return fmt.Errorf("row %d is due at %v, with the glitch at %v (%t)", id, at, is, ok)
		}
	}
	return nil
}

// TestAClockThatIsWrongForGood is believed, and so is its correction.
func TestAClockThatIsWrongForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		start(t, s, j, steady)
		j.told()
		s.change(func() { s.ahead = 55 * 24 * time.Hour })
		pass(2 * time.Hour)
		s.change(func() { s.ahead = 0 })
		pass(2 * time.Hour)
		told := j.told()
		if len(told) != 2 || !strings.HasPrefix(told[0], "clock 0 475") || !strings.HasPrefix(told[1], "clock 0 -475") {
			t.Errorf("recorded: %v", told)
		}
	})
}

func TestSleep(t *testing.T) {
	const night = 8 * time.Hour
	for name, c := range map[string]struct {
		slept, moved, server time.Duration // beyond what our clock counts
		local                bool
		told                 string
	}{
		"a paused machine, and SQL Server elsewhere": {
			0, night, night, false, "daemon-started inexact, started 1 inexact",
		},
		"a machine that counts its sleep": {
			night, 0, night, false, "daemon-started inexact, started 1 inexact",
		},
		"a machine that sleeps with its SQL Server": {
			night, 0, night, true, "daemon-started inexact, started 1 inexact",
		},
		"a machine paused together with its SQL Server": {0, night, night, true, "started 1; clock 0 28800000"},
		"a wall clock that is set, and the server's":    {0, -night, -night, false, "started 1; clock 0 -28800000"},
		"a wall clock that is set":                      {0, night, 0, false, "started 1"},
		"a wall clock set otherwise than the server's": {
			0, night, night - time.Minute, false, "started 1; clock 0 28740000",
		},
	} {
		bubble(t, name, func(t *testing.T) {
			s, j, m := newSource(), newJournal(), &machine{}
			s.put(row(1, jobmon.StatusNull))
			r := start(t, s, j, m.clocks, func(o *ingest.Options) { o.Local = c.local })
			j.told()
			s.put(row(1, jobmon.StatusRunning))
			s.change(func() { s.ahead = c.server })
			m.slept, m.moved = c.slept, c.moved
			r.readOnce()
			pass(5 * time.Minute)
			told := ""
			for _, line := range j.told() {
				told += "; " + line
			}
			if told != "; "+c.told {
				t.Errorf("recorded %q, want %q", told, c.told)
			}
		})
	}
	bubble(t, "the wall clock catches up after the first read", func(t *testing.T) {
		s, j, m := newSource(), newJournal(), &machine{}
		s.put(row(1, jobmon.StatusNull))
		r := start(t, s, j, m.clocks)
		j.told()
		s.change(func() { s.ahead = night })
		r.readOnce()
		pass(20 * time.Second)
		m.moved = night
		s.put(row(1, jobmon.StatusRunning))
		at := r.readOnce()
		pass(5 * time.Minute)
		requireTold(t, j, "daemon-started inexact, started 1 inexact")
		if want := s.ahead; at != now().Add(want-5*time.Minute) {
			t.Errorf("the read is of %v", at)
		}
	})
}

// TestClockOfTheFirstRead: with nothing known but our own clock, the server's is believed when it is about the same.
func TestClockOfTheFirstRead(t *testing.T) {
	for _, ahead := range []time.Duration{0, 59 * time.Minute, -59 * time.Minute, -55 * 24 * time.Hour} {
		bubble(t, fmt.Sprint("believed: ", ahead), func(t *testing.T) {
			s, j := newSource(), newJournal()
			s.ahead = ahead
			start(t, s, j, steady)
			if at := j.begins(); at != now().Add(ahead) {
				t.Errorf("the log begins at %v", at)
			}
			pass(5 * time.Minute)
			requireTold(t, j, "daemon-started, configured, clock 0 0")
		})
	}
	bubble(t, "doubted", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.ahead = 55 * 24 * time.Hour
		s.put(row(1, jobmon.StatusRunning))
		start(t, s, j, steady)
		if at := j.begins(); at != now() {
			t.Errorf("the log begins at %v", at)
		}
		pass(5 * time.Minute)
		requireTold(t, j, "daemon-started, configured, clock 0 0, scheduled 1 baseline", "clock 0 4752000000")
	})
	bubble(t, "a made-up source's clock is its own", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.ahead = 55 * 24 * time.Hour
		start(t, s, j)
		pass(5 * time.Minute)
		requireTold(t, j, "daemon-started, configured, clock 0 0")
	})
}

// TestRestart restarts the daemon while the server's clock is wrong, with and without what the previous run left.
func TestRestartWhileTheClockIsDoubted(t *testing.T) {
	for _, ahead := range []time.Duration{55 * 24 * time.Hour, 2 * time.Hour, -2 * time.Hour, -55 * 24 * time.Hour} {
		for _, hint := range []bool{true, false} {
			for _, back := range []bool{true, false} {
				bubble(t, fmt.Sprint(ahead, " hint kept: ", hint, ", back after: ", back), func(t *testing.T) {
					requireSound(t, ahead, hint, back)
				})
			}
		}
	}
}

func requireSound(t *testing.T, ahead time.Duration, hint, back bool) {
	s, j := newSource(), newJournal()
	s.ahead = time.Minute // rightly
	var kept ingest.Previous
	keep := func(o *ingest.Options) {
		o.Covered = func(until jobmon.Instant, ahead time.Duration) {
			kept.Covered, kept.Ahead, kept.AheadKnown = until, ahead, true
		}
	}
	r := start(t, s, j, steady, keep)
	pass(time.Minute)
	s.change(func() { s.ahead += ahead })
	pass(20 * time.Second)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	s.put(row(1, jobmon.StatusRunning))
	pass(10 * time.Second)
	start(t, s, j, steady, keep, func(o *ingest.Options) {
		asRecorded(j)(o)
		o.Previous.At = o.Previous.Covered
		if o.Previous.Covered = 0; hint {
			o.Previous.Covered, o.Previous.Ahead, o.Previous.AheadKnown = kept.Covered, kept.Ahead, true
		}
	})
	pass(20 * time.Second)
	if back {
		s.change(func() { s.ahead = time.Minute })
	}
	pass(10 * time.Minute)
	s.put(row(2, jobmon.StatusRunning))
	pass(time.Minute)
	stepped := time.Duration(0)
	for n, b := range j.batches {
		for _, e := range b.Events {
			stepped += time.Duration(e.Step) * time.Millisecond
		}
		if n > 0 && stepped == 0 && (b.At < j.batches[n-1].At || b.At > now().Add(time.Minute)) {
			t.Errorf("batch %d is of %v, the one before of %v, and no step is on record", n, b.At, j.batches[n-1].At)
		}
	}
	last, want := j.batches[len(j.batches)-1].At, time.Duration(0)
	if !back {
		want = ahead
	}
	if off := (stepped - want).Abs(); off > time.Minute || last > now().Add(s.ahead) || hint && off > time.Millisecond {
		t.Errorf("steps of %v are on record, want %v; the last batch is of %v", stepped, want, last)
	}
}

package ingest_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// quiet lets a test decide alone when the source is read: by Refresh, after a time that pass lets go by.
func quiet(o *ingest.Options) { o.Interval = 24 * time.Hour }

func TestClock(t *testing.T) {
	begin := func(t *testing.T, tweaks ...func(*ingest.Options)) (*run, *fakeSource, *fakeJournal) {
		s, j := newSource(), newJournal()
		r := start(t, s, j, tweaks...)
		requireTold(t, j, "daemon-started, configured, clock 0 0")
		return r, s, j
	}
	minute := func(r *run) { // of reads, more than a minute
		for range 13 {
			pass(5 * time.Second)
			r.readOnce()
		}
	}
	bubble(t, "daylight saving time", func(t *testing.T) {
		r, s, j := begin(t)
		s.change(func() { s.offset = 3600 })
		s.put(row(1, jobmon.StatusRunning))
		r.readOnce()
		requireTold(t, j, "scheduled 1, started 1")
		minute(r)
		requireTold(t, j, "clock 3600 0")
		s.change(func() { s.offset = 0 })
		r.readOnce()
		s.change(func() { s.offset = 3600 })
		minute(r)
		requireTold(t, j)
	})
	bubble(t, "a step forward and back", func(t *testing.T) {
		r, s, j := begin(t)
		for _, c := range []struct {
			step time.Duration
			want []string
		}{
			{2 * time.Second, nil}, // not more than 2 s
			{2001 * time.Millisecond, []string{"clock 0 2001"}},
			{-2 * time.Second, nil},
			{-time.Hour, []string{"clock 0 -3600000"}},
			{time.Hour, []string{"clock 0 3600000"}},
			{55 * 24 * time.Hour, []string{"clock 0 4752000000"}},
		} {
			s.change(func() { s.ahead += c.step })
			pass(time.Second)
			before := r.Now()
			if at := r.readOnce(); (at.Sub(before)-c.step).Abs() > 0 && at != before {
				t.Errorf("the first read after a step of %v is of %v, want %v", c.step, at, before)
			}
			requireTold(t, j)
			minute(r)
			requireTold(t, j, c.want...)
			if at := r.readOnce(); at != now().Add(s.ahead) {
				t.Errorf("believed, the clock shows %v, want %v", at, now().Add(s.ahead))
			}
		}
	})
	bubble(t, "a step is no gap in coverage, and nothing is judged with it", func(t *testing.T) {
		r, s, j := begin(t, quiet)
		s.change(func() { s.ahead = time.Hour })
		j.change(func() { j.due = []jobmon.Event{{Kind: jobmon.KindDue, Schedule: 7}} })
		minute(r)
		s.put(row(1, jobmon.StatusRunning))
		r.readOnce()
		requireTold(t, j, "clock 0 3600000", "scheduled 1, started 1, due 7")
	})
	bubble(t, "three reads must agree", func(t *testing.T) {
		r, s, j := begin(t, quiet)
		s.change(func() { s.ahead = time.Hour })
		r.readOnce()
		pass(2 * time.Minute)
		r.readOnce()
		requireTold(t, j)
		pass(time.Second)
		r.readOnce()
		requireTold(t, j, "clock 0 3600000")
	})
	bubble(t, "a clock that never agrees is believed after ten minutes", func(t *testing.T) {
		r, s, j := begin(t, quiet)
		for n := range 60 {
			s.change(func() { s.ahead = time.Hour + time.Duration(n%2)*time.Minute })
			r.readOnce()
			pass(10 * time.Second)
		}
		requireTold(t, j)
		r.readOnce()
		requireTold(t, j, "clock 0 3660000")
	})
	bubble(t, "a slow read is no step", func(t *testing.T) {
		r, s, j := begin(t)
		s.change(func() { s.delay = 12 * time.Second })
		r.readOnce()
		s.change(func() { s.delay = 0 })
		r.readOnce()
		requireTold(t, j)
		s.change(func() { s.ahead, s.delay = time.Hour, 10*time.Second })
		minute(r)
		j.change(func() {
			step := time.Duration(j.batches[0].Events[0].Step) * time.Millisecond
			if (step - time.Hour).Abs() > 10*time.Second {
				t.Errorf("a step of %v", step)
			}
		})
	})
	bubble(t, "a step that could not be committed is recorded later", func(t *testing.T) {
		r, s, j := begin(t)
		s.change(func() { s.ahead = time.Minute })
		j.change(func() { j.fail = errors.New("no space left on device") })
		pass(30 * time.Minute) // the first failure comes with the belief; reads are rare from then on
		s.put(row(1, jobmon.StatusNull))
		pass(10 * time.Minute)
		j.change(func() { j.fail = nil })
		r.readOnce()
		const want = "daemon-started inexact, clock 0 60000, scheduled 1 inexact"
		if told := j.told(); len(told) != 1 || !strings.Contains(told[0], want) {
			t.Errorf("recorded: %v", told)
		}
	})
	bubble(t, "a simulator that runs faster", func(t *testing.T) {
		fast := func(o *ingest.Options) { o.Speed = 60 }
		r, s, j := begin(t, fast)
		epoch := time.Now()
		s.change(func() { s.tables.Rows.Put(row(1, jobmon.StatusRunning)) })
		for range 20 {
			pass(time.Second)
			s.change(func() { s.ahead = 59 * time.Since(epoch) })
			r.readOnce()
		}
		requireTold(t, j, "scheduled 1, started 1")
		s.failWith(errors.New("gone"))
		pass(time.Minute)
		if want := jobmon.InstantOf(epoch.Add(60 * time.Since(epoch))); r.Now() != want {
			t.Errorf("the simulated time is %v, want %v", r.Now(), want)
		}
	})
}

func TestNowFollowsTheServersClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.ahead = -90 * time.Second
		var ahead time.Duration
		r := start(t, s, j, func(o *ingest.Options) {
			o.Covered = func(_ jobmon.Instant, by time.Duration) { ahead = by }
		})
		s.failWith(errors.New("gone"))
		pass(time.Hour)
		if want := now().Add(-90 * time.Second); r.Now() != want || ahead != -90*time.Second {
			t.Errorf("now is %v by the server's clock, %v ahead of ours; want %v", r.Now(), ahead, want)
		}
	})
}

func TestInexact(t *testing.T) {
	const fine, inferred, inexact = "exact", "inferred start inexact", "inexact"
	for _, c := range []struct {
		intervals float64 // between the two reads
		want      string
	}{{0.5, fine}, {1.9, fine}, {2.1, inferred}, {2.9, inferred}, {3.1, inexact}, {100, inexact}} {
		gap := time.Duration(c.intervals * float64(interval))
		check := func(t *testing.T, s *fakeSource, j *fakeJournal, read func()) {
			t.Helper()
			s.put(row(1, jobmon.StatusOf(0)), row(2, jobmon.StatusRunning)) // both waited at the last read
			j.told()
			read()
			flags := map[string]bool{}
			for _, e := range j.batches[len(j.batches)-1].Events {
				flags[word(jobmon.Event{Kind: e.Kind, Schedule: e.Schedule})] = e.Flags.Has(jobmon.Inexact)
			}
			wantInferred, wantAll := c.want != fine, c.want == inexact
			if len(flags) < 3 || flags["started 1"] != wantInferred || flags["started 2"] != wantAll ||
				flags["finished 1"] != wantAll {
				t.Errorf("%v after the last read, inexact: %v, want %s", gap, flags, c.want)
			}
		}
		bubble(t, "around an outage of "+gap.String(), func(t *testing.T) {
			s, j := newSource(), newJournal()
			s.put(row(1, jobmon.StatusNull), row(2, jobmon.StatusNull))
			r := start(t, s, j)
			s.failWith(errors.New("gone"))
			pass(gap)
			s.heal()
			check(t, s, j, func() { r.readOnce() })
		})
		bubble(t, "around a restart after "+gap.String(), func(t *testing.T) {
			s, j := newSource(), newJournal()
			s.put(row(1, jobmon.StatusNull), row(2, jobmon.StatusNull))
			r := start(t, s, j)
			until := r.readOnce()
			r.stop()
			pass(gap)
			check(t, s, j, func() { start(t, s, j, previously(until)) })
		})
	}
	for name, covered := range map[string]jobmon.Instant{
		"unknown coverage": 0,
		"a clock set back": now().Add(24 * 365 * 50 * time.Hour),
	} {
		bubble(t, name, func(t *testing.T) {
			s, j := newSource(), newJournal()
			s.put(row(1, jobmon.StatusNull))
			start(t, s, j, previously(covered))
			requireTold(t, j, "daemon-started, scheduled 1 inexact")
		})
	}
}

package ingest_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// inParts makes the batches of a first read hold three rows.
func inParts(o *ingest.Options) { o.Most = 150 }

func TestALargeFirstReadIsSeveralBatches(t *testing.T) {
	bubble(t, "one after the other", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.put(
			row(1, jobmon.StatusNull), row(2, jobmon.StatusNull), row(3, jobmon.StatusOf(0)),
			row(4, jobmon.StatusNull),
		)
		start(t, s, j, inParts)
		requireTold(t, j, "daemon-started, configured, clock 0 0 baseline, scheduled 1 baseline, scheduled 2 "+
			"baseline, scheduled 3 baseline",
			"scheduled 4 baseline, clock 0 0")
		s.put(row(5, jobmon.StatusNull))
		pass(interval * 11 / 10)
		requireTold(t, j, "scheduled 5")
	})
	bubble(t, "when the process dies in between", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.put(
			row(1, jobmon.StatusNull), row(2, jobmon.StatusNull), row(3, jobmon.StatusOf(0)),
			row(4, jobmon.StatusNull),
		)
		j.failFrom = 1
		r := start(t, s, j, inParts)
		r.stop()
		requireTold(
			t, j,
			"daemon-started, configured, clock 0 0 baseline, scheduled 1 baseline, scheduled 2 baseline, scheduled "+
				"3 baseline",
		)
		j.failFrom = 0
		pass(time.Hour)
		s.put(row(1, jobmon.StatusRunning)) // nobody saw it begin
		start(t, s, j, inParts, previously(now(), func(p *ingest.Previous) { p.Read = false }))
		requireTold(t, j, "daemon-started, clock 0 0, scheduled 1 baseline, scheduled 4 baseline")
	})
}

// TestAFirstReadInPartsTellsWhatIsThere: wherever commits fail or the process dies, the log holds in the end what is in
// the tables, each row once for each way in which it was found, and says then, and not before, that all is read.
func TestAFirstReadInPartsTellsWhatIsThere(t *testing.T) {
	lawtest.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) jobmon.Row {
			r := row(jobmon.ScheduleID(rapid.IntRange(1, 30).Draw(t, "id")), rapid.SampledFrom([]jobmon.Status{
				jobmon.StatusNull, jobmon.StatusRunning, jobmon.StatusOf(0)}).Draw(t, "status"))
			r.Start = jobmon.WallTime(rapid.IntRange(0, 3).Draw(t, "start"))
			return r
		}), 0, 30).Draw(rt, "rows")
		most, fails := rapid.IntRange(1, 1500).Draw(rt, "most"), rapid.SliceOfN(rapid.IntRange(1, 6), 0, 4).
			Draw(rt, "fails")
		dies := rapid.Bool().Draw(rt, "dies")
		synctest.Test(t, func(t *testing.T) {
			s, j := newSource(), newJournal()
			s.put(rows...)
			options := func(o *ingest.Options) {
				o.Most = most
				o.Previous.Read = slices.ContainsFunc(j.batches, func(b jobmon.Batch) bool { return whole(&b) })
			}
			r := start(t, s, j, options)
			for _, n := range fails {
				j.change(func() { j.failFrom = n })
				pass(2 * time.Minute)
				if dies {
					r.stop()
					r = start(t, s, j, options)
				}
			}
			j.change(func() { j.failFrom = 0 })
			pass(2 * time.Minute)
			r.stop()
			got, want := slices.Collect(j.mirror.Rows.All()), slices.Collect(s.tables.Rows.All())
			if !slices.Equal(got, want) {
				rt.Fatalf("the log holds %v, the tables %v", got, want)
			}
			read, told := false, map[jobmon.Row]bool{}
			for i := range j.batches {
				for _, e := range j.batches[i].Events {
					switch {
					case !e.Kind.OfRow():
					case read || !e.Flags.Has(jobmon.Baseline) || told[e.Row()]:
						rt.Fatalf(
							"%v %d is recorded although the read is recorded (%t) or the row is", e.Kind, e.Schedule,
							read,
						)
					default:
						told[e.Row()] = true
					}
				}
				read = read || whole(&j.batches[i])
			}
			if !read {
				rt.Fatal("the log does not say that all is read")
			}
		})
	})
}

// whole says whether the batch ends the first read.
func whole(b *jobmon.Batch) bool {
	return slices.ContainsFunc(b.Events, func(e jobmon.Event) bool {
		return e.Kind == jobmon.KindClock && !e.Flags.Has(jobmon.Baseline)
	})
}

// TestAReadBeyondWhatTheLogTakesIsSeveralBatches: any read, not only the first one.
func TestAReadBeyondWhatTheLogTakesIsSeveralBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		start(t, s, j, func(o *ingest.Options) { o.Most = 20 })
		j.told()
		s.put(
			row(1, jobmon.StatusNull), row(2, jobmon.StatusNull), row(3, jobmon.StatusNull),
			row(4, jobmon.StatusNull),
		)
		pass(interval * 11 / 10)
		requireTold(t, j, "scheduled 1, scheduled 2, scheduled 3", "scheduled 4")
	})
}

var errFull = errors.New("no space left on device")

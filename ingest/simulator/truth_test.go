package simulator_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkTruth holds a history against what ds-database.md says of the engine: a row goes from NULL to -1 to a code,
// one job at a time on a computer, none before its start_time. It ends in the rows that are there.
func checkTruth(t failer, ds *simulator.DS, offset jobmon.Offset) {
	t.Helper()
	rows := map[jobmon.ScheduleID]jobmon.Row{}
	runs := map[jobmon.ComputerID]jobmon.ScheduleID{}
	var last jobmon.Instant
	for i, e := range ds.History() {
		if e.At < last {
			t.Errorf("entry %d: %v is before %v", i, e.At, last)
		}
		last = e.At
		r, known := rows[e.Row.ID]
		bad := false
		switch e.Kind {
		case jobmon.KindScheduled:
			bad = known || !e.Row.Status.Waiting()
		case jobmon.KindRescheduled:
			bad = !known || e.Row.Start == r.Start || !e.Row.Status.Waiting()
		case jobmon.KindStarted:
			bad = !known || !r.Status.Waiting() || runs[r.Computer] != 0 || e.At.Wall(offset) < r.Start
			runs[r.Computer] = r.ID
		case jobmon.KindFinished:
			bad = !known || !r.Status.Running() || runs[r.Computer] != r.ID || !e.Row.Status.Finished()
			delete(runs, r.Computer)
		case jobmon.KindRequeued, jobmon.KindRemoved:
			bad = !known || e.Kind == jobmon.KindRequeued && r.Status.Waiting()
			if runs[r.Computer] == r.ID {
				delete(runs, r.Computer)
			}
		default:
			continue // agents
		}
		if bad {
			t.Errorf("entry %d cannot be: %+v after %+v", i, e, r)
		}
		if rows[e.Row.ID] = e.Row; e.Kind == jobmon.KindRemoved {
			delete(rows, e.Row.ID)
		}
	}
	read := ds.Snapshot(nil).Rows
	if len(read) != len(rows) {
		t.Errorf("%d rows are read, the history has %d", len(read), len(rows))
	}
	for _, r := range read {
		if rows[r.ID] != r {
			t.Errorf("read %+v, the history says %+v", r, rows[r.ID])
		}
	}
}

// act is something done to a DS, at a time of its own.
type act struct {
	after time.Duration
	do    func(*simulator.DS)
}

func drawActs(t *rapid.T) []act {
	pc := rapid.Map(rapid.IntRange(0, 3), func(n int) jobmon.ComputerID { return jobmon.ComputerID(5_000_001 + n) })
	row := rapid.Map(rapid.IntRange(1, 30), func(n int) jobmon.ScheduleID { return jobmon.ScheduleID(n) })
	jobs := rapid.SliceOfN(rapid.Map(rapid.IntRange(1, 5), func(n int) jobmon.JobID { return jobmon.JobID(n) }), 1, 5)
	ahead := rapid.Map(rapid.IntRange(-2, 6), func(n int) jobmon.WallTime { return jobmon.WallTime(n) * minute })
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) act {
		a := act{after: time.Duration(rapid.IntRange(0, 240_000).Draw(t, "after")) * time.Millisecond}
		c, r, j, m := pc.Draw(t, "computer"), row.Draw(t, "row"), jobs.Draw(t, "jobs"), ahead.Draw(t, "minutes")
		on := rapid.Bool().Draw(t, "on")
		a.do = rapid.SampledFrom([]func(*simulator.DS){
			func(ds *simulator.DS) { ds.Schedule(c, j, ds.WallNow()+m) },
			func(ds *simulator.DS) { ds.Schedule(c, j, ds.WallNow()) },
			func(ds *simulator.DS) { ds.Requeue(r) },
			func(ds *simulator.DS) { ds.DeleteRow(r) },
			func(ds *simulator.DS) { ds.DeleteRemaining(c) },
			func(ds *simulator.DS) { ds.Purge(ds.Now()) },
			func(ds *simulator.DS) { ds.SetAgent(c, on) },
			func(ds *simulator.DS) { ds.MakeGhost(c) },
			func(ds *simulator.DS) { ds.MoveToGroup(c, "Group") },
			func(ds *simulator.DS) { ds.Redeploy(c) },
			func(ds *simulator.DS) { ds.At(ds.Now().Add(time.Minute), func() { ds.Schedule(c, j, ds.WallNow()) }) },
		}).Draw(t, "act")
		return a
	}), 1, 25).Draw(t, "acts")
}

func TestTruthIsTheSameWhateverTheSteps(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		acts := drawActs(t)
		play := func(step time.Duration) *simulator.DS {
			ds := simulator.NewDS(tenPast(), berlin, 7)
			ds.AddJob("scripted", "", simulator.Behaviour{Script: 20 * time.Second, Min: 10 * time.Second,
				Max: 2 * time.Minute})
			ds.AddJob("instant", "", simulator.Behaviour{})
			ds.AddJob("reboots", "", simulator.Behaviour{Max: time.Minute, Reboots: true, Code: 3010})
			ds.AddJob("marker", "", simulator.Behaviour{Script: 5 * time.Second, Max: 10 * time.Second, Monitor: true})
			ds.AddJob("shortcut", "", simulator.Behaviour{Targets: []jobmon.JobID{1, 2}})
			ds.AddComputer("PC-0001")
			ds.AddComputer("PC-0002")
			walk := func(to jobmon.Instant) {
				for step > 0 && ds.Now().Add(step) < to {
					ds.Advance(step)
				}
				ds.AdvanceTo(to)
			}
			for _, a := range acts {
				walk(ds.Now().Add(a.after))
				a.do(ds)
			}
			walk(ds.Now().Add(20 * time.Minute))
			return ds
		}
		leaps, steps := play(0), play(time.Duration(rapid.IntRange(100, 60_000).Draw(t, "step"))*time.Millisecond)
		if !reflect.DeepEqual(leaps.History(), steps.History()) {
			t.Errorf("in leaps %+v\nin steps %+v", leaps.History(), steps.History())
		}
		checkTruth(t, leaps, berlin)
	})
}

package ingest_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// TestHistories is laws 1 and 3 through the poller, against a model that reads everything: whatever happens to the
// tables, the source, the log and the daemon, what a good read had to see is in the log at once and told as the model
// tells it, and after a pass the fold of the log is the tables.
func TestHistories(t *testing.T) {
	lawtest.Check(t, func(rt *rapid.T) {
		steps := drawSteps(rt)
		var err error
		synctest.Test(t, func(t *testing.T) { err = play(t, steps) })
		if err != nil {
			rt.Fatal(err)
		}
	})
}

// step is a change of the tables and what happens then, until the next good read.
type step struct {
	change func(*jobmon.Mirror)
	then   string
}

func drawSteps(t *rapid.T) []step {
	var steps []step
	for range rapid.IntRange(1, 25).Draw(t, "steps") {
		steps = append(steps, step{
			change: drawChange(t),
			then: rapid.SampledFrom([]string{
				"read", "missed", "lost", "again", "full", "restart", "wait", "pass", "cut pass",
			}).Draw(t, "then"),
		})
	}
	return steps
}

// drawChange draws what happens between two reads: several things, also to one row. Ids come in no order, some of them
// in the window below the highest, others below it.
func drawChange(t *rapid.T) func(*jobmon.Mirror) {
	name := rapid.SampledFrom([]string{"", "(JM) Office"})
	status := rapid.SampledFrom([]jobmon.Status{
		jobmon.StatusNull, jobmon.StatusRunning, jobmon.StatusOf(0), jobmon.StatusOf(1603), jobmon.StatusOf(-7),
	})
	begins := rapid.SampledFrom([]jobmon.WallTime{jobmon.NoStart, 0, 60_000})
	ids := rapid.OneOf(rapid.Int32Range(1, 12), rapid.Int32Range(5000, 5004), rapid.SampledFrom([]int32{
		-2147483648, -5, 1999, 2000, 2001,
	}))
	var changes []func(*jobmon.Mirror)
	for _, id := range rapid.SliceOfN(ids, 0, 6).Draw(t, "ids") {
		row := jobmon.Row{
			ID: jobmon.ScheduleID(id), Job: jobmon.JobID(rapid.Int32Range(0, 3).Draw(t, "job")),
			Computer: jobmon.ComputerID(rapid.Int32Range(5000001, 5000002).Draw(t, "computer")),
			Start:    begins.Draw(t, "start"), Status: status.Draw(t, "status"),
		}
		job := jobmon.Job{ID: row.Job, Name: name.Draw(t, "name")}
		computer := jobmon.Computer{ID: row.Computer, Ghost: rapid.Bool().Draw(t, "ghost")}
		changes = append(changes, rapid.SampledFrom([]func(*jobmon.Mirror){
			func(m *jobmon.Mirror) { m.Rows.Put(row) },
			func(m *jobmon.Mirror) {
				if old, ok := m.Rows.Get(row.ID); ok { // it goes on
					old.Status = row.Status
					m.Rows.Put(old)
				}
			},
			func(m *jobmon.Mirror) { m.Rows.Delete(row.ID) },
			func(m *jobmon.Mirror) { m.Jobs[job.ID] = job },
			func(m *jobmon.Mirror) { delete(m.Jobs, job.ID) },
			func(m *jobmon.Mirror) { m.Computers[computer.ID] = computer },
			func(m *jobmon.Mirror) {
				for _, r := range rowsOf(m) {
					if r.Status.Finished() {
						m.Rows.Delete(r.ID)
					}
				}
			},
		}).Draw(t, "change"))
	}
	return func(m *jobmon.Mirror) {
		for _, change := range changes {
			change(m)
		}
	}
}

const reconcile = 2 * time.Minute

func play(t *testing.T, steps []step) error {
	s, j := newSource(), newJournal()
	options := func(o *ingest.Options) {
		asRecorded(j)(o)
		o.Reconcile = reconcile
	}
	r := start(t, s, j, options)
	unfinished := map[jobmon.ScheduleID]bool{} // at the last good read
	highest := jobmon.ScheduleID(-2147483648)  // that was ever known in this run
	for i, step := range steps {
		whole := false
		s.change(func() { step.change(s.tables) })
		before, told := j.now()
		switch step.then {
		case "missed": // rows that the log takes for unfinished; another one is seen by the next read
			s.change(func() {
				for r := range j.mirror.Rows.All() {
					s.hidden[r.ID] = !r.Status.Finished() && (int(r.ID)+i)%3 == 0
				}
			})
		case "lost":
			s.failWith(errors.New("gone"))
			pass(20 * time.Second)
			s.heal()
			whole = true
		case "again":
			tried := 0
			s.change(func() {
				s.fail = func(int) error {
					if tried++; tried%3 != 0 {
						return fmt.Errorf("deadlock: %w", ingest.ErrTransient)
					}
					return nil
				}
			})
		case "full":
			j.change(func() { j.fail = errors.New("no space left on device") })
			pass(20 * time.Second)
			j.change(func() { j.fail, j.mirror = nil, clone(j.mirror) }) // folded from the log again
		case "restart":
			if err := r.stop(); err != nil {
				return err
			}
			pass(time.Second)
			r = start(t, s, j, options)
			whole = true
		case "wait":
			pass(7 * time.Second)
		case "pass":
			pass(reconcile + time.Minute)
			whole = true
		case "cut pass": // the connection breaks after the first page of one
			pages := s.turnedPages()
			s.change(func() {
				s.failPage = func(page int) error {
					if page == pages+2 {
						return errors.New("connection reset")
					}
					return nil
				}
			})
			pass(reconcile + 30*time.Second) // not so long that another one comes
			s.change(func() { s.failPage = nil })
			whole = true
		}
		if _, err := r.Refresh(t.Context()); err != nil {
			return err
		}
		synctest.Wait()
		s.change(func() { clear(s.hidden) })
		s.heal()
		if whole {
			if got, want := j.mirror, s.tables; !slices.Equal(rowsOf(got), rowsOf(want)) ||
				!maps.Equal(got.Jobs, want.Jobs) || !maps.Equal(got.Computers, want.Computers) {
				return fmt.Errorf(
					"after step %d (%s) the fold of the log is\n %v %v\nthe tables are\n %v %v", i, step.then,
					rowsOf(got), got, rowsOf(want), want,
				)
			}
		}
		atOnce := func(id jobmon.ScheduleID) bool {
			now, there := s.tables.Rows.Get(id)
			return unfinished[id] || there && !now.Status.Finished() || id > highest-500 && highest > -2147483648+1000
		}
		if err := compareWithModel(before, s.tables, j.mirror, j.batches[told:], atOnce); err != nil {
			return fmt.Errorf("step %d (%s): %w", i, step.then, err)
		}
		clear(unfinished)
		for r := range s.tables.Rows.All() {
			unfinished[r.ID] = !r.Status.Finished()
		}
		if step.then == "restart" {
			highest = -2147483648
		}
		for _, m := range []*jobmon.Mirror{before, j.mirror} {
			for r := range m.Rows.All() {
				highest = max(highest, r.ID)
			}
		}
	}
	if err := r.stop(); err != nil {
		return err
	}
	return checkRuns(j.batches)
}

// compareWithModel compares what was told of the rows that had to be told at once with what a model tells that reads
// all the tables.
func compareWithModel(
	before, tables, after *jobmon.Mirror, batches []jobmon.Batch, atOnce func(jobmon.ScheduleID) bool,
) error {
	for want := range tables.Rows.All() {
		if got, ok := after.Rows.Get(want.ID); atOnce(want.ID) && (!ok || got != want) {
			return fmt.Errorf("row %d had to be seen: the log says %+v (%t), the table %+v", want.ID, got, ok, want)
		}
	}
	for r := range after.Rows.All() {
		if _, ok := tables.Rows.Get(r.ID); atOnce(r.ID) && !ok {
			return fmt.Errorf("row %d is gone, and the log does not say so", r.ID)
		}
	}
	all := &jobmon.Snapshot{Rows: rowsOf(tables)}
	for r := range before.Rows.All() {
		if _, ok := tables.Rows.Get(r.ID); !ok {
			all.Gone = append(all.Gone, r.ID)
		}
	}
	all.Normalize()
	var got, want []string
	for _, b := range batches {
		got = append(got, ofRows(b.Events, atOnce)...)
	}
	want = ofRows(jobmon.Diff(before, all, jobmon.DiffOptions{Baseline: len(batches) > 0 &&
		batches[0].Events[0].Flags.Has(jobmon.Baseline)}), atOnce)
	slices.Sort(got) // within a batch the order is Diff's own; a pass may tell in several
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("told %v, a model that reads everything tells %v", got, want)
	}
	return nil
}

// ofRows are the events of some rows, flags left out.
func ofRows(events []jobmon.Event, some func(jobmon.ScheduleID) bool) (lines []string) {
	for _, e := range events {
		if e.Kind.OfRow() && e.Kind != jobmon.KindDue && some(e.Schedule) {
			lines = append(lines, fmt.Sprint(e.Kind, e.Row()))
		}
	}
	return lines
}

func clone(m *jobmon.Mirror) *jobmon.Mirror {
	same := &jobmon.Mirror{Jobs: maps.Clone(m.Jobs), Computers: maps.Clone(m.Computers), Agents: maps.Clone(m.Agents)}
	for r := range m.Rows.All() {
		same.Rows.Put(r)
	}
	return same
}

func rowsOf(m *jobmon.Mirror) []jobmon.Row { return slices.Collect(m.Rows.All()) }

// asRecorded lets a run know what the log knows, as the daemon does.
func asRecorded(j *fakeJournal) func(*ingest.Options) {
	var p ingest.Previous
	for _, b := range j.batches {
		p.Covered = b.At
		for _, e := range b.Events {
			switch e.Kind {
			case jobmon.KindClock:
				p.Read, p.Offset = true, jobmon.Offset(e.Seconds)
			case jobmon.KindConfigured:
				p.Settings = e.Text
			case jobmon.KindSourceLost:
				p.SourceLost = true
			case jobmon.KindSourceRestored:
				p.SourceLost = false
			}
		}
	}
	return func(o *ingest.Options) { o.Previous = p }
}

// checkRuns checks what holds in every log: all happens within runs, outages begin and end in turn, and only the very
// first read is the baseline.
func checkRuns(batches []jobmon.Batch) error {
	running, lost, clocks := false, false, 0
	for n, b := range batches {
		if n > 0 {
			if _, ok := jobmon.Unrecorded(&b, batches[n-1].At); ok {
				return fmt.Errorf(
					"batch %d is inexact, and nothing says since when nothing was recorded: %v", n, b.Events,
				)
			}
		}
		for i, e := range b.Events {
			switch e.Kind {
			case jobmon.KindDaemonStarted:
				if e.Flags.Has(jobmon.Inexact) && running && i == 0 {
					break // it goes on after a time of which nothing is recorded
				}
				if running || i != 0 {
					return fmt.Errorf("batch %d: daemon-started at %d, in a run: %v", n, i, running)
				}
				running = true
			case jobmon.KindSourceLost, jobmon.KindSourceRestored:
				if lost == (e.Kind == jobmon.KindSourceLost) {
					return fmt.Errorf("batch %d: %v twice", n, e.Kind)
				}
				lost = !lost
			case jobmon.KindClock:
				clocks++
			}
			if !running {
				return fmt.Errorf("batch %d: %v outside any run", n, e.Kind)
			}
			if e.Kind == jobmon.KindDaemonStopped {
				running = false
			}
			if e.Flags.Has(jobmon.Baseline) && n != 0 {
				return fmt.Errorf("batch %d: baseline, the first read was in batch 0", n)
			}
		}
	}
	if running || clocks != 1 {
		return fmt.Errorf("%d clock events though the clock never changed; ended in a run: %v", clocks, running)
	}
	return nil
}

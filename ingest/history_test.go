package ingest_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestHistories is Law 1 through the poller: whatever happens to the tables, the source, the log and the daemon, the
// fold of what was committed is what the last good read could see.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
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
			then:   rapid.SampledFrom([]string{"read", "missed", "lost", "full", "restart", "wait"}).Draw(t, "then"),
		})
	}
	return steps
}

func drawChange(t *rapid.T) func(*jobmon.Mirror) {
	name := rapid.SampledFrom([]string{"", "(JM) Office"})
	status := rapid.SampledFrom([]jobmon.Status{jobmon.StatusNull, jobmon.StatusRunning, jobmon.StatusOf(0), jobmon.StatusOf(1603), jobmon.StatusOf(-7)})
	begins := rapid.SampledFrom([]jobmon.WallTime{jobmon.NoStart, 0, 60_000})
	var changes []func(*jobmon.Mirror)
	for _, id := range rapid.SliceOfN(rapid.Int32Range(1, 12), 0, 5).Draw(t, "ids") {
		row := jobmon.Row{
			ID: jobmon.ScheduleID(id), Job: jobmon.JobID(rapid.Int32Range(0, 3).Draw(t, "job")),
			Computer: jobmon.ComputerID(rapid.Int32Range(5000001, 5000002).Draw(t, "computer")),
			Start:    begins.Draw(t, "start"), Status: status.Draw(t, "status"),
		}
		job := jobmon.Job{ID: row.Job, Name: name.Draw(t, "name")}
		computer := jobmon.Computer{ID: row.Computer, Ghost: rapid.Bool().Draw(t, "ghost")}
		changes = append(changes, rapid.SampledFrom([]func(*jobmon.Mirror){
			func(m *jobmon.Mirror) { m.Rows[row.ID] = row },
			func(m *jobmon.Mirror) { delete(m.Rows, row.ID) },
			func(m *jobmon.Mirror) { m.Jobs[job.ID] = job },
			func(m *jobmon.Mirror) { delete(m.Jobs, job.ID) },
			func(m *jobmon.Mirror) { m.Computers[computer.ID] = computer },
		}).Draw(t, "change"))
	}
	return func(m *jobmon.Mirror) {
		for _, change := range changes {
			change(m)
		}
	}
}

func play(t *testing.T, steps []step) error {
	s, j := newSource(), newJournal()
	r := start(t, s, j, asRecorded(j))
	for i, step := range steps {
		s.change(func() { step.change(s.tables) })
		switch step.then {
		case "missed":
			s.change(func() {
				for id := range j.mirror.Rows {
					s.hidden[id] = (int(id)+i)%3 == 0
				}
			})
		case "lost":
			s.failWith(errors.New("gone"))
			pass(20 * time.Second)
			s.heal()
		case "full":
			j.change(func() { j.fail = errors.New("no space left on device") })
			pass(20 * time.Second)
			j.change(func() { j.fail = nil })
		case "restart":
			if err := r.stop(); err != nil {
				return err
			}
			pass(time.Second)
			r = start(t, s, j, asRecorded(j))
		case "wait":
			pass(7 * time.Second)
		}
		if _, err := r.Refresh(t.Context()); err != nil {
			return err
		}
		synctest.Wait()
		s.change(func() { clear(s.hidden) })
		if got, want := j.mirror, s.tables; !maps.Equal(got.Rows, want.Rows) || !maps.Equal(got.Jobs, want.Jobs) || !maps.Equal(got.Computers, want.Computers) {
			return fmt.Errorf("after step %d (%s) the fold of the log is\n %v\nthe tables are\n %v", i, step.then, got, want)
		}
	}
	if err := r.stop(); err != nil {
		return err
	}
	return checkRuns(j.batches)
}

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
		for i, e := range b.Events {
			switch e.Kind {
			case jobmon.KindDaemonStarted:
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

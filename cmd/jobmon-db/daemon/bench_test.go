package daemon_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

// busySite is a read of 1,000 computers with 100 rows each: ten stages of a marker and nine jobs.
func busySite(now jobmon.Instant) *jobmon.Snapshot {
	s := &jobmon.Snapshot{Now: now, AllJobs: true, AllComputers: true}
	for id := range 100 {
		name := fmt.Sprintf("Job %d", id)
		if id%10 == 0 {
			name = fmt.Sprintf("%02d. (JM) Stage %d", id/10, id/10)
		}
		s.Jobs = append(s.Jobs, jobmon.Job{ID: jobmon.JobID(id + 1), Name: name, Folder: `Build\Windows 11`})
	}
	for c := range 1000 {
		computer := jobmon.ComputerID(5000001 + c)
		s.Computers = append(s.Computers, jobmon.Computer{ID: computer, Name: fmt.Sprintf("PC-%04d", c+1),
			Group: "Office"})
		for id := range 100 {
			s.Rows = append(s.Rows, jobmon.Row{
				ID: jobmon.ScheduleID(100*c + id + 1), Job: jobmon.JobID(id + 1), Computer: computer,
				Start: now.Wall(0),
			})
		}
	}
	return s
}

// cycle is one read's way through the program, without SQL, files and a disk to wait for.
type cycle struct {
	log   *store.Log
	state *history.State
}

func (c *cycle) take(s *jobmon.Snapshot) (events int, err error) {
	s.Gone = c.state.Mirror.Missing(s.Rows)
	read := *s
	read.Rows, _ = c.state.Mirror.Compare(s.Rows)
	changes := append(jobmon.Diff(c.state.Mirror, &read, jobmon.DiffOptions{}), c.state.Projection.Judge(s.Now, 0)...)
	if len(changes) == 0 {
		return 0, nil
	}
	batch := c.state.Projection.Extend(s.Now, c.state.Seq+1, changes)
	if _, err := c.log.Append(s.Now, batch.Events); err != nil {
		return 0, err
	}
	c.state.Note(&batch)
	c.state.Projection.Changed()
	return len(batch.Events), nil
}

// BenchmarkCycle measures one cycle over 100,000 active rows: 1 % of them changed, and nothing changed.
func BenchmarkCycle(b *testing.B) {
	now := jobmon.InstantOf(time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC))
	begin := func(b *testing.B) (*cycle, *jobmon.Snapshot) {
		c, s := &cycle{log: storetest.Open(b), state: history.New()}, busySite(now)
		if _, err := c.take(s); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		b.ResetTimer()
		return c, s
	}
	b.Run("1-percent", func(b *testing.B) {
		c, s := begin(b)
		rows := slices.Clone(s.Rows)
		events, step := 0, 0
		for b.Loop() {
			s.Now += 5000
			// every computer's current job ends or starts, in its order; then all begins anew
			for computer := range 1000 {
				r := &rows[100*computer+step/2%100]
				if step%2 == 0 {
					r.Status = jobmon.StatusRunning
				} else {
					r.Status = jobmon.StatusOf(0)
				}
			}
			step++
			s.Rows = rows
			n, err := c.take(s)
			if err != nil {
				b.Fatal(err)
			}
			events += n
		}
		b.ReportMetric(float64(events)/float64(b.N), "events/op")
	})
	b.Run("unchanged", func(b *testing.B) {
		c, s := begin(b)
		for b.Loop() {
			s.Now += 5000
			if n, err := c.take(s); n != 0 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
}

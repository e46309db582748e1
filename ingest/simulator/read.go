package simulator

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"sync/atomic"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Snapshot is what one read of the database sees now, normalized: everything, and the agents of the computers in
// watch.
func (ds *DS) Snapshot(watch []jobmon.ComputerID) *jobmon.Snapshot {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	s := &jobmon.Snapshot{
		Now:          ds.now,
		Offset:       ds.offset,
		Rows:         make([]jobmon.Row, 0, len(ds.order)),
		Jobs:         make([]jobmon.Job, 0, len(ds.jobs)),
		AllJobs:      true,
		Computers:    make([]jobmon.Computer, 0, len(ds.computers)),
		AllComputers: true,
		Agents:       make([]jobmon.Agent, 0, len(watch)),
	}
	for _, r := range ds.order {
		s.Rows = append(s.Rows, r.Row)
	}
	for _, j := range ds.jobs {
		s.Jobs = append(s.Jobs, j.Job)
	}
	for _, c := range ds.computers {
		s.Computers = append(s.Computers, c.Computer)
	}
	for _, id := range watch {
		s.Agents = append(s.Agents, jobmon.Agent{Computer: id, State: ds.agent(id)})
	}
	s.Normalize()
	return s
}

func (ds *DS) agent(id jobmon.ComputerID) jobmon.AgentState {
	if ds.noSessions {
		return jobmon.AgentUnknown
	}
	if c := ds.computers[id]; c != nil && c.online() {
		return jobmon.AgentOnline
	}
	return jobmon.AgentOffline
}

// Row is the row of that id; false when there is none.
func (ds *DS) Row(id jobmon.ScheduleID) (jobmon.Row, bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if r := ds.rows[id]; r != nil {
		return r.Row, true
	}
	return jobmon.Row{}, false
}

// Job is the job of that id; false when there is none.
func (ds *DS) Job(id jobmon.JobID) (jobmon.Job, bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if j := ds.jobs[id]; j != nil {
		return j.Job, true
	}
	return jobmon.Job{}, false
}

// Computers lists all computers, ascending by id.
func (ds *DS) Computers() []jobmon.Computer {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	var list []jobmon.Computer
	for _, id := range slices.Sorted(maps.Keys(ds.computers)) {
		list = append(list, ds.computers[id].Computer)
	}
	return list
}

// Busy says whether something is still to happen on a computer by itself within the hour: a row runs, or waits and
// is due by then. Rows that wait for an agent or sit on a ghost count too.
func (ds *DS) Busy(id jobmon.ComputerID) bool {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	c := ds.computers[id]
	if c == nil {
		return false
	}
	soon := ds.now.Wall(ds.offset) + 60*minute
	return c.running != nil || slices.ContainsFunc(c.waiting, func(r *row) bool {
		return r.Start != jobmon.NoStart && r.Start <= soon
	})
}

// Fail lets every read fail with err, as when the server cannot be reached, until it is called with nil. The engine
// goes on.
func (ds *DS) Fail(err error) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.failure = err
}

// HideSessions makes the sessions table unreadable, or readable again: all agents are unknown.
func (ds *DS) HideSessions(hidden bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.noSessions = hidden
}

// Source reads the database as it is at the moment of the read; it does not move the clock.
func (ds *DS) Source() *Reader { return &Reader{ds: ds} }

// Reader is an ingest.Source over a DS whose clock somebody else moves. It is safe for concurrent use.
type Reader struct {
	ds     *DS
	before func() error // not nil: called before each read
	rows   atomic.Uint64
}

// Read implements ingest.Source.
func (r *Reader) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	if err := r.reachable(ctx); err != nil {
		return nil, err
	}
	s := r.ds.Snapshot(q.Watch)
	s.Rows = slices.DeleteFunc(s.Rows, func(row jobmon.Row) bool { return row.Status.Finished() && row.ID <= q.Above })
	s.Jobs, s.AllJobs, s.Computers, s.AllComputers = nil, false, nil, false
	r.rows.Add(uint64(len(s.Rows) + len(s.Agents)))
	return s, nil
}

// Lookup implements ingest.Source.
func (r *Reader) Lookup(ctx context.Context, ids ingest.IDs) (*jobmon.Snapshot, error) {
	if err := r.reachable(ctx); err != nil {
		return nil, err
	}
	r.ds.mu.Lock()
	defer r.ds.mu.Unlock()
	s := &jobmon.Snapshot{}
	for _, id := range ids.Rows {
		if row := r.ds.rows[id]; row != nil {
			s.Rows = append(s.Rows, row.Row)
		}
	}
	for _, id := range ids.Jobs {
		if job := r.ds.jobs[id]; job != nil {
			s.Jobs = append(s.Jobs, job.Job)
		}
	}
	for _, id := range ids.Computers {
		if c := r.ds.computers[id]; c != nil {
			s.Computers = append(s.Computers, c.Computer)
		}
	}
	s.Normalize()
	r.rows.Add(uint64(len(s.Rows) + len(s.Jobs) + len(s.Computers)))
	return s, nil
}

// pageRows is how many rows a page has: few enough that the demo turns pages.
const pageRows = 500

// Page implements ingest.Source.
func (r *Reader) Page(ctx context.Context, from jobmon.ScheduleID) ([]jobmon.Row, jobmon.ScheduleID, error) {
	if err := r.reachable(ctx); err != nil {
		return nil, 0, err
	}
	all := r.ds.Snapshot(nil).Rows
	at, _ := slices.BinarySearchFunc(all, from, func(row jobmon.Row, id jobmon.ScheduleID) int { return cmp.Compare(row.ID, id) })
	rows, through := all[at:], jobmon.ScheduleID(math.MaxInt32)
	if len(rows) > pageRows {
		rows = rows[:pageRows]
		through = rows[pageRows-1].ID
	}
	r.rows.Add(uint64(len(rows)))
	return slices.Clone(rows), through, nil
}

// Names implements ingest.Source.
func (r *Reader) Names(ctx context.Context) (*jobmon.Snapshot, error) {
	if err := r.reachable(ctx); err != nil {
		return nil, err
	}
	all := r.ds.Snapshot(nil)
	r.rows.Add(uint64(len(all.Jobs) + len(all.Computers)))
	return &jobmon.Snapshot{Jobs: all.Jobs, Computers: all.Computers}, nil
}

// Cost implements ingest.Source: rows are counted, there are neither batches nor bytes.
func (r *Reader) Cost() ingest.Cost { return ingest.Cost{Rows: r.rows.Load()} }

// Close implements ingest.Source; there is nothing to close.
func (r *Reader) Close() error { return nil }

func (r *Reader) reachable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.before != nil {
		if err := r.before(); err != nil {
			return err
		}
	}
	r.ds.mu.Lock()
	defer r.ds.mu.Unlock()
	return r.ds.failure
}

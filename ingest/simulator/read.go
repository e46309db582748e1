package simulator

import (
	"context"
	"errors"
	"maps"
	"slices"

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

// pageRows is how many rows a page has: few enough that the demo turns pages.
const pageRows = 500

// Source reads the database as it is at the moment of the read; it does not move the clock.
func (ds *DS) Source() *Reader { return ds.source(func() error { return nil }) }

// Reader is an ingest.Source over a DS whose clock somebody else moves. It is safe for concurrent use.
type Reader struct {
	ingest.Memory
	ds *DS
}

// source is a reader that calls before ahead of each read.
func (ds *DS) source(before func() error) *Reader {
	r := &Reader{ds: ds}
	r.PageRows = pageRows
	r.Tables = func(ctx context.Context, watch []jobmon.ComputerID) (*jobmon.Snapshot, error) {
		if err := errors.Join(ctx.Err(), before(), ds.unreachable()); err != nil {
			return nil, err
		}
		return ds.Snapshot(watch), nil
	}
	return r
}

func (ds *DS) unreachable() error {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.failure
}

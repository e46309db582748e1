package simulator

import (
	"cmp"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Behaviour is what a job does when it runs.
type Behaviour struct {
	// Script is how long its server-side script takes: status_code is still NULL meanwhile.
	Script time.Duration
	// Min and Max bound the time on the client, status_code -1. A job of no duration goes from NULL to its code at
	// one moment, so that no read ever sees it running.
	Min, Max time.Duration
	// Code is the status_code it ends with. SetOutcome says otherwise for one row.
	Code jobmon.Code
	// Reboots says that the computer restarts when the job has ended: its agent is gone for one or two minutes.
	Reboots bool
	// Monitor marks the build job and the markers: they ask for the computer's file (Hook.Ask) and deliver it
	// (Hook.Deliver).
	Monitor bool
	// Targets makes it a shortcut: when it starts, these jobs are scheduled at its own minute, and the rows behind
	// it move to the next minute.
	Targets []jobmon.JobID
}

// copyFailed is the status_code of a row whose copy task found no file to copy.
const copyFailed = 2

// copying is how long the copy task takes.
const copying = time.Second

const minute = jobmon.WallTime(60_000)

// behaviour is what the job of a row does; a job that is not there any more does nothing and succeeds.
func (ds *DS) behaviour(r *row) Behaviour {
	if j := ds.jobs[r.Job]; j != nil {
		return j.Behaviour
	}
	return Behaviour{}
}

// kick plans when a computer begins its next row. It must follow every change that could matter to that, and never
// begins a row itself: rows begin in step alone, where hooks can be called.
func (ds *DS) kick(c *computer) {
	if r := ds.chosen(c); r != nil {
		ds.enter(entry{at: max(ds.now, ds.begins(c, r)), kind: computerFree, computer: c.ID})
	}
}

// chosen is the row that a computer begins next: the first by start_time, then schedule_id. nil when there is none
// or the computer cannot take one.
func (ds *DS) chosen(c *computer) *row {
	if c.running != nil || !c.online() {
		return nil
	}
	var first *row
	for _, r := range c.waiting {
		if r.Start != jobmon.NoStart && (first == nil || inOrder(r, first) < 0) {
			first = r
		}
	}
	return first
}

func inOrder(a, b *row) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) }

// begins is when a computer begins a row that was chosen: the server looks for work every few seconds.
func (ds *DS) begins(c *computer, r *row) jobmon.Instant {
	ready := max(r.Start.Instant(ds.offset), c.free, r.queued)
	return ready.Add(ds.between("pickup", int64(r.ID), r.run, 500*time.Millisecond, 3*time.Second))
}

// step does what an entry of the engine says and returns the call of a hook that is to be made now, if any.
func (ds *DS) step(e entry) *call {
	switch e.kind {
	case agentBack:
		if c := ds.computers[e.computer]; c != nil && c.rebooting {
			ds.setAgent(c, func() { c.rebooting = false })
		}
		return nil
	case computerFree:
		c := ds.computers[e.computer]
		if c == nil {
			return nil
		}
		// An entry that another one overtook finds nothing to begin yet.
		if r := ds.chosen(c); r != nil && ds.begins(c, r) <= ds.now {
			return ds.begin(c, r)
		}
		return nil
	}
	r := ds.live(e.row, e.run)
	if r == nil {
		return nil
	}
	switch e.kind {
	case scriptEnded:
		return ds.start(r)
	case jobEnded:
		return ds.endJob(r)
	}
	ds.finish(r)
	return nil
}

// live is the row of that id if it is still in that run.
func (ds *DS) live(id jobmon.ScheduleID, run int) *row {
	if r := ds.rows[id]; r != nil && !r.put && r.run == run && !r.Status.Finished() {
		return r
	}
	return nil
}

// begin takes up a row: its server-side script runs, status_code stays NULL.
func (ds *DS) begin(c *computer, r *row) *call {
	c.running = r
	c.waiting = without(c.waiting, r)
	r.run++
	b := ds.behaviour(r)
	if b.Script <= 0 {
		return ds.start(r)
	}
	end := ds.now.Add(b.Script)
	if b.Monitor && ds.asksEarly(r) {
		return &call{step: stepAsk, row: r.ID, run: r.run, planned: end, then: scriptEnded}
	}
	ds.enter(entry{at: end, kind: scriptEnded, row: r.ID, run: r.run})
	return nil
}

// asksEarly says whether a marker asks while its status is still NULL or just after it became -1. Real servers were
// seen to do either.
func (ds *DS) asksEarly(r *row) bool {
	return ds.behaviour(r).Script > 0 && ds.stream("ask", int64(r.ID), r.run).IntN(2) == 0
}

// start runs the job on the client.
func (ds *DS) start(r *row) *call {
	b := ds.behaviour(r)
	r.Status = jobmon.StatusRunning
	ds.record(jobmon.KindStarted, r.Row)
	if len(b.Targets) > 0 {
		ds.inject(r, b.Targets)
	}
	end := ds.now.Add(ds.between("duration", int64(r.ID), r.run, b.Min, b.Max))
	if b.Monitor && !ds.asksEarly(r) {
		return &call{step: stepAsk, row: r.ID, run: r.run, planned: end, then: jobEnded}
	}
	ds.enter(entry{at: end, kind: jobEnded, row: r.ID, run: r.run})
	return nil
}

// inject is what a shortcut does: its targets come next, everything behind it a minute later. Rows that are planned
// for later anyway are moved only where they would be overtaken.
func (ds *DS) inject(shortcut *row, targets []jobmon.JobID) {
	at := shortcut.Start
	if c := ds.computers[shortcut.Computer]; c != nil {
		behind := slices.SortedFunc(slices.Values(c.waiting), inOrder)
		taken := at
		for _, r := range behind {
			if r.Start < at || r.Start > taken { // also of no start_time
				continue
			}
			r.Start += minute
			taken = r.Start
			ds.record(jobmon.KindRescheduled, r.Row)
		}
	}
	ds.schedule(shortcut.Computer, targets, at)
}

// endJob ends a job on the client. Only a connected agent can say so.
func (ds *DS) endJob(r *row) *call {
	if c := ds.computers[r.Computer]; c != nil && !c.online() {
		r.held = true
		return nil
	}
	if ds.behaviour(r).Monitor {
		return &call{step: stepDeliver, row: r.ID, run: r.run, planned: ds.now.Add(copying), then: rowEnded}
	}
	ds.finish(r)
	return nil
}

// finish gives a row its code and its computer the next row. A failure stops nobody.
func (ds *DS) finish(r *row) {
	b := ds.behaviour(r)
	switch {
	case r.outcome.Set:
		r.Status = r.outcome
	case r.failed:
		r.Status = jobmon.StatusOf(copyFailed)
	default:
		r.Status = jobmon.StatusOf(b.Code)
	}
	r.ended = ds.now
	ds.record(jobmon.KindFinished, r.Row)
	c := ds.computers[r.Computer]
	if c == nil {
		return
	}
	c.running, c.free = nil, ds.now
	if b.Reboots && c.online() {
		ds.setAgent(c, func() { c.rebooting = true })
		back := ds.between("reboot", int64(r.ID), r.run, time.Minute, 2*time.Minute)
		ds.enter(entry{at: ds.now.Add(back), kind: agentBack, computer: c.ID})
	}
	ds.kick(c)
}

// setAgent does what may connect or disconnect a computer's agent and lets the computer go on from there.
func (ds *DS) setAgent(c *computer, change func()) {
	before := c.online()
	change()
	if c.online() == before {
		return
	}
	if before {
		ds.record(jobmon.KindAgentOffline, jobmon.Row{Computer: c.ID})
		return
	}
	ds.record(jobmon.KindAgentOnline, jobmon.Row{Computer: c.ID})
	c.free = ds.now
	if r := c.running; r != nil && r.held {
		r.held = false
		ds.enter(entry{at: ds.now.Add(copying), kind: jobEnded, row: r.ID, run: r.run})
	}
	ds.kick(c)
}

func without(list []*row, r *row) []*row {
	if i := slices.Index(list, r); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

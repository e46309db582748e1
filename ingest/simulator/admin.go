package simulator

import (
	"cmp"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What administrators and technicians do. The tables know no foreign keys: a row of a job or a computer that is not
// there is taken as it is. What is done to something that is not there does nothing.

// AddJob makes a job in a folder ("Build\Windows 11"; "" is the root). Names need not be unique.
func (ds *DS) AddJob(name, folder string, b Behaviour) jobmon.JobID {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	for ds.jobs[ds.nextJob] != nil {
		ds.nextJob++
	}
	id := ds.nextJob
	ds.jobs[id] = &job{Job: jobmon.Job{ID: id, Name: name, Folder: folder}, Behaviour: b}
	return id
}

// RenameJob gives a job another name.
func (ds *DS) RenameJob(id jobmon.JobID, name string) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if j := ds.jobs[id]; j != nil {
		j.Name = name
	}
}

// AddComputer makes a computer with a connected agent, in the group "All Computers". Names need not be unique.
func (ds *DS) AddComputer(name string) jobmon.ComputerID {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.addComputer(jobmon.Computer{Name: name, OSName: name, Group: "All Computers"}).ID
}

func (ds *DS) addComputer(as jobmon.Computer) *computer {
	for ds.computers[ds.nextComputer] != nil {
		ds.nextComputer++
	}
	as.ID = ds.nextComputer
	c := &computer{Computer: as, free: ds.now}
	ds.computers[c.ID] = c
	ds.record(jobmon.KindAgentOnline, jobmon.Row{Computer: c.ID})
	return c
}

// RenameComputer gives a computer another name in the console and as its operating system's name.
func (ds *DS) RenameComputer(id jobmon.ComputerID, name, osName string) {
	ds.changeComputer(id, func(c *computer) { c.Name, c.OSName = name, osName })
}

// MoveToGroup puts a computer into a group; a ghost is shown again by that.
func (ds *DS) MoveToGroup(id jobmon.ComputerID, group string) {
	ds.changeComputer(id, func(c *computer) { c.Group, c.Ghost = group, false })
}

// MakeGhost takes a computer out of all groups: the console shows it no more, no agent connects as it, yet its rows
// stay.
func (ds *DS) MakeGhost(id jobmon.ComputerID) {
	ds.changeComputer(id, func(c *computer) { c.Group, c.Ghost = "", true })
}

// SetAgent connects or disconnects a computer's agent. A job that runs meanwhile goes on, but DS learns of its end
// only when the agent is back.
func (ds *DS) SetAgent(id jobmon.ComputerID, online bool) {
	ds.changeComputer(id, func(c *computer) { c.away = !online })
}

func (ds *DS) changeComputer(id jobmon.ComputerID, change func(*computer)) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if c := ds.computers[id]; c != nil {
		ds.setAgent(c, func() { change(c) })
	}
}

// Redeploy is what happens when a computer is installed anew and DS does not know it again: a second computer of that
// name appears in its group, and the old one, with its rows, becomes a ghost. 0 when there is no such computer.
func (ds *DS) Redeploy(id jobmon.ComputerID) jobmon.ComputerID {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	old := ds.computers[id]
	if old == nil {
		return 0
	}
	as := old.Computer
	ds.setAgent(old, func() { old.Group, old.Ghost = "", true })
	return ds.addComputer(as).ID
}

// DeleteComputer deletes a computer and leaves its rows.
func (ds *DS) DeleteComputer(id jobmon.ComputerID) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	delete(ds.computers, id)
}

// Schedule drops jobs on a computer: a row for each, in this order, all with the same start_time, cut to the minute.
// NoStart assigns them without scheduling them, as the row of a recurring job is; they never run.
func (ds *DS) Schedule(computer jobmon.ComputerID, jobs []jobmon.JobID, start jobmon.WallTime) []jobmon.ScheduleID {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.schedule(computer, jobs, start)
}

func (ds *DS) schedule(computer jobmon.ComputerID, jobs []jobmon.JobID, start jobmon.WallTime) []jobmon.ScheduleID {
	ids := make([]jobmon.ScheduleID, 0, len(jobs))
	c := ds.computers[computer]
	for _, j := range jobs {
		for ds.rows[ds.nextRow] != nil {
			ds.nextRow++
		}
		r := &row{Row: jobmon.Row{ID: ds.nextRow, Job: j, Computer: computer, Start: cut(start)}, queued: ds.now}
		ds.nextRow++ // ids are never given twice, also when the row is deleted
		ds.insert(r)
		ids = append(ids, r.ID)
		if c != nil {
			c.waiting = append(c.waiting, r)
		}
		ds.record(jobmon.KindScheduled, r.Row)
	}
	if c != nil {
		ds.kick(c)
	}
	return ids
}

func cut(start jobmon.WallTime) jobmon.WallTime {
	if start == jobmon.NoStart {
		return start
	}
	past := start % minute
	if past < 0 {
		past += minute
	}
	return start - past
}

func (ds *DS) insert(r *row) {
	at, _ := slices.BinarySearchFunc(ds.order, r.ID, byID)
	ds.order = slices.Insert(ds.order, at, r)
	ds.rows[r.ID] = r
}

func byID(r *row, id jobmon.ScheduleID) int { return cmp.Compare(r.ID, id) }

// SetOutcome decides how a row will end, whatever its job says, also when it is queued again.
func (ds *DS) SetOutcome(id jobmon.ScheduleID, code jobmon.Code) {
	ds.changeRow(id, func(r *row) { r.outcome = jobmon.StatusOf(code) })
}

// Requeue lets a row that has started run again, from now on. A run that is not over counts for nothing.
func (ds *DS) Requeue(id jobmon.ScheduleID) {
	ds.changeRow(id, func(r *row) {
		if r.put || r.Status.Waiting() {
			return
		}
		r.run++
		r.Status, r.queued, r.failed, r.held, r.ended = jobmon.StatusNull, ds.now, false, false, 0
		r.Start = cut(ds.now.Wall(ds.offset))
		ds.record(jobmon.KindRequeued, r.Row)
		if c := ds.computers[r.Computer]; c != nil {
			ds.letGo(c, r)
			c.waiting = append(c.waiting, r)
		}
	})
}

func (ds *DS) changeRow(id jobmon.ScheduleID, change func(*row)) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	r := ds.rows[id]
	if r == nil {
		return
	}
	change(r)
	if c := ds.computers[r.Computer]; c != nil {
		ds.kick(c)
	}
}

// letGo takes a row out of its computer's hands.
func (ds *DS) letGo(c *computer, r *row) {
	c.waiting = without(c.waiting, r)
	if c.running == r {
		c.running, c.free = nil, ds.now
	}
}

// DeleteRow deletes a row, whatever its state; nothing remains of it. A job that runs is broken off.
func (ds *DS) DeleteRow(id jobmon.ScheduleID) {
	ds.remove(func(r *row) bool { return r.ID == id })
}

// DeleteRemaining deletes the rows of a computer that have not started.
func (ds *DS) DeleteRemaining(computer jobmon.ComputerID) []jobmon.ScheduleID {
	return ds.remove(func(r *row) bool { return r.Computer == computer && r.Status.Waiting() })
}

// Purge deletes the rows that finished before t. Rows that were put in finished have no such time and go as well.
func (ds *DS) Purge(t jobmon.Instant) []jobmon.ScheduleID {
	return ds.remove(func(r *row) bool { return r.Status.Finished() && r.ended < t })
}

func (ds *DS) remove(which func(*row) bool) []jobmon.ScheduleID {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	var gone []jobmon.ScheduleID
	ds.order = slices.DeleteFunc(ds.order, func(r *row) bool {
		if !which(r) {
			return false
		}
		delete(ds.rows, r.ID)
		gone = append(gone, r.ID)
		ds.record(jobmon.KindRemoved, r.Row)
		if c := ds.computers[r.Computer]; c != nil {
			ds.letGo(c, r)
			ds.kick(c)
		}
		return true
	})
	return gone
}

// PutRow puts a row into event_schedule as it is, in place of one with that id: zombies of last year, codes that
// nobody knows. The engine never touches it; put it again to change it; the history does not record that.
func (ds *DS) PutRow(as jobmon.Row) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	r := ds.rows[as.ID]
	if r == nil {
		r = &row{}
		r.ID = as.ID
		ds.insert(r)
		ds.record(jobmon.KindScheduled, as)
	} else if c := ds.computers[r.Computer]; c != nil {
		ds.letGo(c, r)
		ds.kick(c)
	}
	r.Row, r.put = as, true
}

package mssql

import (
	"errors"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// reading collects the answer to one read batch.
type reading struct {
	schema     schema
	watch      []jobmon.ComputerID
	snap       jobmon.Snapshot
	utc, local jobmon.WallTime

	jobFolder     []int64 // one for each of snap.Jobs
	computerGroup []int64 // one for each of snap.Computers
	folders       folders
	groups        map[int64]string
	online        map[int64]bool
}

// nowhere stands for a folder or group that is NULL.
const nowhere int64 = -1 << 63

func newReading(s schema, rows int, watch []jobmon.ComputerID) *reading {
	r := &reading{schema: s, watch: watch, utc: jobmon.NoStart, local: jobmon.NoStart,
		folders: folders{}, groups: map[int64]string{}, online: map[int64]bool{}}
	r.snap.Rows = make([]jobmon.Row, 0, rows+rows/8)
	return r
}

// parts are the statements of a full read. The rows come before the names, so that the names of all rows that were
// read are there too.
func (r *reading) parts() []part {
	tables := r.schema.tables
	parts := []part{
		clocks(func(c *record) { r.utc, r.local = c.wall(0), c.wall(1) }),
		scheduleRows(r.schema, "", &r.snap.Rows),
		tables[event].selects(r.takeJob, "event_id", "name", "folder_id"),
		tables[computer].selects(r.takeComputer, "computer_id", "name", "computer_name", "group_id"),
	}
	if r.schema.has(eventFolder) && tables[event].has("folder_id") {
		parts = append(parts, tables[eventFolder].selects(r.takeFolder, "folder_id", "name", "parent_id"))
	}
	if r.schema.has(computerGroup) && tables[computer].has("group_id") {
		parts = append(parts, tables[computerGroup].selects(r.takeGroup, "group_id", "name"))
	}
	if r.schema.has(sessions) && len(r.watch) > 0 {
		parts = append(parts, tables[sessions].selects(r.takeAgent, "computer_id"))
	}
	return parts
}

func (r *reading) takeJob(c *record) {
	job := jobmon.Job{ID: jobmon.JobID(c.id(0)), Name: c.text(1)}
	if c.fits() {
		r.snap.Jobs = append(r.snap.Jobs, job)
		r.jobFolder = append(r.jobFolder, c.reference(2))
	}
}

func (r *reading) takeComputer(c *record) {
	pc := jobmon.Computer{ID: jobmon.ComputerID(c.id(0)), Name: c.text(1), OSName: c.text(2)}
	group := c.reference(3)
	pc.Ghost = group == nowhere && r.schema.tables[computer].has("group_id")
	if c.fits() {
		r.snap.Computers = append(r.snap.Computers, pc)
		r.computerGroup = append(r.computerGroup, group)
	}
}

func (r *reading) takeFolder(c *record) {
	id, f := c.id(0), folder{name: c.text(1), parent: c.reference(2)}
	if c.fits() {
		r.folders[int64(id)] = f
	}
}

func (r *reading) takeGroup(c *record) {
	id, name := c.id(0), c.text(1)
	if c.fits() {
		r.groups[int64(id)] = name
	}
}

func (r *reading) takeAgent(c *record) {
	r.online[c.reference(0)] = true
}

// snapshot puts together what was read.
func (r *reading) snapshot() (*jobmon.Snapshot, error) {
	if r.utc == jobmon.NoStart || r.local == jobmon.NoStart {
		return nil, errors.New("SQL Server did not tell its time")
	}
	s := &r.snap
	s.Now = jobmon.Instant(r.utc)
	s.Offset = offset(r.utc, r.local)
	s.JobsRead, s.ComputersRead = true, true
	for i := range s.Jobs {
		s.Jobs[i].Folder = r.folders.path(r.jobFolder[i])
	}
	for i := range s.Computers {
		s.Computers[i].Group = r.groups[r.computerGroup[i]]
	}
	for _, id := range r.watch {
		agent := jobmon.Agent{Computer: id}
		if r.schema.has(sessions) {
			agent.State = jobmon.AgentOffline
			if r.online[int64(id)] {
				agent.State = jobmon.AgentOnline
			}
		}
		s.Agents = append(s.Agents, agent)
	}
	s.Normalize()
	return s, nil
}

// offset is how far the local clock is ahead of UTC. The two readings are not taken at the very same moment, and
// every zone is whole quarters of an hour away.
func offset(utc, local jobmon.WallTime) jobmon.Offset {
	ahead := time.Duration(local-utc) * time.Millisecond
	return jobmon.Offset(ahead.Round(15*time.Minute) / time.Second)
}

// lookupParts are the statements that read the rows with these ids.
func lookupParts(s schema, ids []jobmon.ScheduleID, into *[]jobmon.Row) []part {
	var parts []part
	for some := range slices.Chunk(ids, idsPerStatement) {
		where := " WHERE " + s.tables[eventSchedule].columns["schedule_id"] + " IN (" + idList(some) + ")"
		parts = append(parts, scheduleRows(s, where, into))
	}
	return parts
}

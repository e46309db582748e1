package mssql

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// quickRead collects the answer to one read batch.
type quickRead struct {
	schema     schema
	query      ingest.Query
	utc, local jobmon.WallTime
	rows       []jobmon.Row
	online     map[int64]bool
}

// parts are the statements of a quick read.
func (r *quickRead) parts() []part {
	parts := []part{
		clocks(func(c *record) { r.utc, r.local = c.wall(0), c.wall(1) }),
		quickPart(r.schema, r.query.Above, &r.rows),
	}
	if r.schema.has(sessions) && len(r.query.Watch) > 0 {
		parts = append(parts, r.schema.tables[sessions].selects(func(c *record) {
			r.online[c.reference(0)] = true
		}, "computer_id"))
	}
	return parts
}

// snapshot puts together what was read.
func (r *quickRead) snapshot() (*jobmon.Snapshot, error) {
	if r.utc == jobmon.NoStart || r.local == jobmon.NoStart {
		return nil, errors.New("SQL Server did not tell its time")
	}
	s := &jobmon.Snapshot{Now: jobmon.Instant(r.utc), Offset: offset(r.utc, r.local), Rows: r.rows}
	for _, id := range r.query.Watch {
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

// scheduleRows is the statement for rows of event_schedule; where is "" for all of them.
func scheduleRows(s schema, where string, into *[]jobmon.Row) part {
	p := s.tables[eventSchedule].selects(func(r *record) {
		row := jobmon.Row{
			ID:       jobmon.ScheduleID(r.id(0)),
			Job:      jobmon.JobID(r.id(1)),
			Computer: jobmon.ComputerID(r.id(2)),
			Start:    r.wall(4),
		}
		row.Status = r.status(3)
		if r.fits() {
			*into = append(*into, row)
		}
	}, "schedule_id", "event_id", "computer_id", "status_code", "start_time")
	p.sql += where
	return p
}

// quickPart asks for the rows that have not finished and for the newest.
func quickPart(s schema, above jobmon.ScheduleID, into *[]jobmon.Row) part {
	columns := s.tables[eventSchedule].columns
	status := columns["status_code"]
	return scheduleRows(s, " WHERE "+status+" IS NULL OR "+status+" = -1 OR "+
		columns["schedule_id"]+" > "+strconv.Itoa(int(above)), into)
}

// pagePart asks for the next rows by id. Each gets every row's id, also those of rows that are left out.
func pagePart(s schema, from jobmon.ScheduleID, into *[]jobmon.Row, each func(id int64)) part {
	id := s.tables[eventSchedule].columns["schedule_id"]
	p := scheduleRows(s, " WHERE "+id+" >= "+strconv.Itoa(int(from))+" ORDER BY "+id, into)
	p.sql = top(rowsPerPage, p.sql)
	take := p.take
	p.take = func(r *record) {
		each(r.reference(0))
		take(r)
	}
	return p
}

// lookupParts are the statements that read the rows with these ids.
func lookupParts(s schema, ids []jobmon.ScheduleID, into *[]jobmon.Row) []part {
	return among(s.tables[eventSchedule].columns["schedule_id"], ids, func(where string) part {
		return scheduleRows(s, where, into)
	})
}

// among makes a statement for each list of ids that a server likes to read at once.
func among[ID ~int32](column string, ids []ID, statement func(where string) part) []part {
	var parts []part
	for some := range slices.Chunk(ids, idsPerStatement) {
		parts = append(parts, statement(" WHERE "+column+" IN ("+idList(some)+")"))
	}
	return parts
}

package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// dueList knows the rows that are scheduled for later.
type dueList struct {
	rows map[jobmon.ScheduleID]dueRow
	next jobmon.WallTime // nothing comes before this; exact after each look
}

type dueRow struct {
	computer jobmon.ComputerID
	row      *row
}

func (d *dueList) add(c jobmon.ComputerID, r *row) {
	if d.rows == nil {
		d.rows = map[jobmon.ScheduleID]dueRow{}
	}
	if len(d.rows) == 0 || r.start < d.next {
		d.next = r.start
	}
	d.rows[r.id] = dueRow{computer: c, row: r}
}

func (d *dueList) remove(id jobmon.ScheduleID) { delete(d.rows, id) }

func (d *dueList) waits(id jobmon.ScheduleID) bool {
	_, ok := d.rows[id]
	return ok
}

// due lists the rows that start at or before limit, in the order of their start.
func (d *dueList) due(limit jobmon.WallTime) []jobmon.Event {
	if len(d.rows) == 0 || d.next > limit {
		return nil
	}
	var near []dueRow
	next := jobmon.WallTime(1<<63 - 1)
	for _, r := range d.rows {
		if r.row.start <= limit {
			near = append(near, r)
		}
		next = min(next, r.row.start)
	}
	d.next = next
	slices.SortFunc(near, func(a, b dueRow) int { return byStart(a.row, b.row) })
	events := make([]jobmon.Event, 0, len(near))
	for _, n := range near {
		events = append(events, jobmon.Event{
			Kind: jobmon.KindDue, Schedule: n.row.id, Computer: n.computer, Job: n.row.job, Start: n.row.start,
		})
	}
	return events
}

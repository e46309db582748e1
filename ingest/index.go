package ingest

import (
	"cmp"
	"math"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// window is how far below the highest known id a quick read returns rows of every state: ids rise with time, and a
// transaction that took its id earlier may commit later. It begins at a multiple of step, so that the text sent to the
// server, and with it the server's plan, stays the same for a while. Every row in it that has finished costs each cycle
// its bytes, which is why it is no longer (docs/benchmarks.md).
const (
	window = 500
	step   = 250
)

// index finds in the mirror what a quick read must account for, without going through the finished rows.
type index struct {
	mirror     *jobmon.Mirror
	unfinished map[jobmon.ScheduleID]struct{}
	highest    jobmon.ScheduleID // math.MinInt32 when there is no row
}

// follow makes the index that of a mirror, which is another one than before after a batch failed to be committed.
func (x *index) follow(m *jobmon.Mirror) {
	if x.mirror == m {
		return
	}
	*x = index{mirror: m, unfinished: map[jobmon.ScheduleID]struct{}{}, highest: math.MinInt32}
	for r := range m.Rows.All() {
		x.put(r)
	}
}

func (x *index) put(r jobmon.Row) {
	x.highest = max(x.highest, r.ID)
	if r.Status.Finished() {
		delete(x.unfinished, r.ID)
	} else {
		x.unfinished[r.ID] = struct{}{}
	}
}

// apply follows events that the mirror has been given.
func (x *index) apply(events []jobmon.Event) {
	for i := range events {
		if !events[i].Kind.OfRow() {
			continue
		}
		id := events[i].Schedule
		if r, ok := x.mirror.Rows.Get(id); ok {
			x.put(r)
		} else {
			delete(x.unfinished, id)
		}
	}
}

// above is where the window begins under a highest id.
func above(highest jobmon.ScheduleID) jobmon.ScheduleID {
	low := int64(highest) - window
	low -= ((low % step) + step) % step
	return jobmon.ScheduleID(max(low, math.MinInt32))
}

// missing lists the known rows that a quick read of the rows above the given id had to return and did not; unfinished
// is what Compare returned for the read.
func (x *index) missing(read []jobmon.Row, unfinished int, above jobmon.ScheduleID) []jobmon.ScheduleID {
	var missing []jobmon.ScheduleID
	if unfinished < len(x.unfinished) {
		for id := range x.unfinished {
			if !contains(read, id) {
				missing = append(missing, id)
			}
		}
	}
	if above < x.highest {
		for r := range x.mirror.Rows.From(above + 1) {
			if r.Status.Finished() && !contains(read, r.ID) {
				missing = append(missing, r.ID)
			}
		}
	}
	return missing
}

// absent lists the known rows, of those with ids from the one to the other, that are not on a page (ascending).
func (x *index) absent(page []jobmon.Row, from, through jobmon.ScheduleID) (ids []jobmon.ScheduleID) {
	for r := range x.mirror.Rows.From(from) {
		if r.ID > through {
			break
		}
		if !contains(page, r.ID) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// contains reports whether a row is among rows in the order of their ids.
func contains(rows []jobmon.Row, id jobmon.ScheduleID) bool {
	_, ok := find(rows, id)
	return ok
}

func find(rows []jobmon.Row, id jobmon.ScheduleID) (int, bool) {
	return slices.BinarySearchFunc(rows, id, func(r jobmon.Row, id jobmon.ScheduleID) int {
		return cmp.Compare(r.ID, id)
	})
}

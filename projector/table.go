package projector

import (
	"cmp"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// table holds rows by ascending id, each id once. DS counts up, so that a new row mostly comes last.
type table []*row

func (t table) find(id jobmon.ScheduleID) (at int, found bool) {
	if n := len(t); n == 0 || t[n-1].id < id {
		return n, false
	}
	return slices.BinarySearchFunc(t, id, func(r *row, id jobmon.ScheduleID) int { return cmp.Compare(r.id, id) })
}

// get is the row of that id, nil when there is none.
func (t table) get(id jobmon.ScheduleID) *row {
	if at, found := t.find(id); found {
		return t[at]
	}
	return nil
}

// put adds the row, in the place of another one of its id.
func (t *table) put(r *row) {
	at, found := t.find(r.id)
	if found {
		(*t)[at] = r
		return
	}
	*t = slices.Insert(*t, at, r)
}

func (t *table) remove(id jobmon.ScheduleID) {
	if at, found := t.find(id); found {
		*t = slices.Delete(*t, at, at+1)
	}
}

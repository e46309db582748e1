package projector

import (
	"cmp"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

const leastRow = 6 // bytes of a row

// rows codes all rows that the computer's state refers to, and returns them, those of the sessions first.
func (c *checkpoint) rows(k *computer, past *session) []*row {
	var list []*row
	var places map[*row]int
	if !c.Reading() {
		places = map[*row]int{}
		list = k.reachable(places)
	}
	n := c.Count(len(list), leastRow)
	ends, ok := c.rowCounts(k, n)
	if !ok {
		c.Fail()
		return nil
	}
	if c.Reading() {
		made := make([]row, n)
		list = make([]*row, n)
		for i := range made {
			list[i] = &made[i]
		}
	}
	near := nearby{}
	for _, r := range list {
		c.row(k, r, &near, past)
	}
	for _, r := range list { // after all rows exist
		c.link(&r.replaces, list, places)
		c.link(&r.replacedBy, list, places)
	}
	if !c.Reading() {
		return list
	}
	if !acyclic(list) {
		c.Fail()
		return nil
	}
	k.share(list, ends)
	return list
}

// share gives each session its rows, which end at these places in the list.
func (k *computer) share(list []*row, ends [3]int) {
	from := 0
	for i, s := range k.all() {
		if s != nil {
			s.rows = list[from:ends[i]:ends[i]]
			from = ends[i]
		}
	}
}

// rowCounts codes how many rows each session has, and returns where the rows of each session end among all n.
func (c *checkpoint) rowCounts(k *computer, n int) (ends [3]int, ok bool) {
	total := 0
	for i, s := range k.all() {
		if s == nil {
			continue
		}
		in := len(s.rows)
		if packed.Int(c.Coder, &in); in < 0 || in > n-total {
			return ends, false
		}
		total += in
		ends[i] = total
	}
	return ends, true
}

// reachable lists the rows of the sessions in the order in which they joined, then those in the table by id, then all
// that these refer to.
func (k *computer) reachable(places map[*row]int) []*row {
	var list []*row
	add := func(r *row) {
		if r == nil {
			return
		}
		if _, known := places[r]; !known {
			places[r] = len(list)
			list = append(list, r)
		}
	}
	for _, s := range k.all() {
		if s != nil {
			for _, r := range s.rows {
				add(r)
			}
		}
	}
	for _, s := range k.all() {
		if s != nil {
			add(s.request)
		}
	}
	for _, r := range k.rows {
		add(r)
	}
	for i := 0; i < len(list); i++ {
		add(list[i].replaces)
		add(list[i].replacedBy)
	}
	return list
}

// nearby holds values of the previous rows, from which the next row probably differs little.
type nearby struct {
	row
	planned jobmon.WallTime // the last start_time
	at      jobmon.Instant  // when something last happened to them
	seq     uint64
}

// row codes a row without its links.
func (c *checkpoint) row(k *computer, r *row, near *nearby, past *session) {
	inTable := !c.Reading() && k.rows.get(r.id) == r
	c.Record(func() { // what most rows of a finished deployment have comes first
		c.Bit(&inTable)
		packed.Delta(c.Coder, &r.id, near.id)
		packed.Delta(c.Coder, &r.job, near.job)
		c.what(r, near)
		packed.Mostly(c.Coder, &r.arrived, near.arrived, near.arrived)
		packed.Delta(c.Coder, &r.arrivedSeq, near.arrivedSeq)
		near.at, near.seq = cmp.Or(near.at, r.arrived), cmp.Or(near.seq, r.arrivedSeq)
		c.times(&r.started, &r.startedSeq, near)
		c.times(&r.ended, &r.endedSeq, near)
		for _, b := range []*bool{&r.recorded, &r.neverLate, &r.late, &r.closing} {
			c.Bit(b)
		}
		packed.Mostly(c.Coder, &r.due, r.arrived, r.arrived)
		packed.Mostly(c.Coder, &r.drop, near.drop, r.arrivedSeq)
		packed.Mostly(c.Coder, &r.code, 0, 0)
		c.whichSession(k, &r.session, past)
		c.times(&r.askedAt, &r.askedSeq, near)
		packed.Mostly(c.Coder, &r.attempt, 1, 0)
		packed.Mostly(c.Coder, &r.unseen, 0, 0)
		for _, b := range []*bool{
			&r.baseline, &r.startInexact, &r.endInexact, &r.zombie, &r.recurring, &r.asNow, &r.inferred,
		} {
			c.Bit(b)
		}
	})
	near.row = *r
	if c.Reading() && inTable {
		k.rows.put(r)
	}
}

// what codes the job of a row, its state and its start_time.
func (c *checkpoint) what(r *row, near *nearby) {
	packed.Mostly(c.Coder, &r.class, near.class, 0)
	packed.Mostly(c.Coder, &r.state, near.state, 0)
	c.atMost(uint8(r.class), uint8(jobmon.BuildJob))
	c.atMost(uint8(r.state), uint8(jobmon.StateUnknown))
	if r.state == 0 {
		c.Fail()
	}
	c.text(&r.stage, "")
	c.text(&r.name, c.p.jobs[r.job])
	unscheduled := r.start == jobmon.NoStart
	if c.Bit(&unscheduled); unscheduled {
		r.start = jobmon.NoStart
		return
	}
	packed.Mostly(c.Coder, &r.start, near.planned, near.planned)
	near.planned = r.start
}

// times codes when something happened, if it did: mostly soon after the previous event.
func (c *checkpoint) times(at *jobmon.Instant, seq *uint64, near *nearby) {
	there := *seq != 0 || *at != 0
	if !c.Bit(&there) {
		return
	}
	packed.Delta(c.Coder, at, near.at)
	packed.Delta(c.Coder, seq, near.seq)
	near.at, near.seq = cmp.Or(*at, near.at), *seq
}

// link codes a pointer to a row, or nil.
func (c *checkpoint) link(at **row, list []*row, places map[*row]int) {
	place := 0
	if !c.Reading() && *at != nil {
		place = places[*at] + 1
	}
	packed.Int(c.Coder, &place)
	switch {
	case !c.Reading() || place == 0:
	case place < 0 || place > len(list):
		c.Fail()
	default:
		*at = list[place-1]
	}
}

// acyclic reports whether going from attempt to attempt, in either direction, comes to an end.
func acyclic(list []*row) bool {
	for _, next := range []func(*row) *row{
		func(r *row) *row { return r.replaces }, func(r *row) *row { return r.replacedBy },
	} {
		walk := map[*row]int{} // the first row from which each row was reached
		for i, r := range list {
			if next(r) == nil {
				continue // as for most rows
			}
			for ; r != nil; r = next(r) {
				if from, been := walk[r]; been && from == i {
					return false
				} else if been {
					break
				}
				walk[r] = i
			}
		}
	}
	return true
}

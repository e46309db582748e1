package projector

import (
	"cmp"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

// computer codes a computer: what is known of it, its rows, its sessions and its picture.
func (c *checkpoint) computer(k *computer) {
	// Of a session before the last ones nobody asks more than that it is over, and not one of these.
	past := &session{state: jobmon.SessionComplete}
	hasSession, hasPlan, hasErrand := k.session != nil, k.plan != nil, k.errand != nil
	hasPicture, moved := k.picture.seq != 0, k.sessions > 0 || k.lastSeq != 0
	hasAgent, dropped, proved := k.agent != jobmon.AgentUnknown || k.agentSince != 0, c.p.inDrop(k), k.proved != jobmon.NoStart
	cameBack, still := k.back != 0, k.still != nil
	c.Flags(&k.known, &hasPicture, &moved, &hasSession, &hasAgent, &dropped, &proved, &hasErrand, &hasPlan, &cameBack, &still)
	c.info(k.info)
	if hasAgent {
		c.agent(&k.agent, &k.agentSince, &k.agentAtLeast)
	}
	if moved {
		packed.Int(c.Coder, &k.sessions)
		packed.Delta(c.Coder, &k.lastSeq, c.p.seq)
	}
	if dropped {
		packed.Delta(c.Coder, &k.drop, c.p.seq)
		c.Flags(&k.dropNow)
		packed.Delta(c.Coder, &k.dropLast, c.p.axis)
	}
	if proved {
		packed.Delta(c.Coder, &k.proved, c.proved)
		c.proved = k.proved
	}
	if cameBack {
		packed.Delta(c.Coder, &k.back, c.p.axis)
	}
	if still {
		c.standing(&k.still)
	}
	if c.Reading() {
		for _, is := range []struct {
			there bool
			at    **session
		}{{hasSession, &k.session}, {hasPlan, &k.plan}, {hasErrand, &k.errand}} {
			if is.there {
				*is.at = &session{altered: true} // or not: its stages are looked at once more, which changes nothing
			}
		}
	}
	rows := c.rows(k, past)
	for _, s := range k.all() {
		if s != nil {
			c.session(s, rows)
		}
	}
	if k.plan != nil && k.plan.state != jobmon.SessionPlanned || k.session != nil && k.session.state == jobmon.SessionPlanned ||
		k.errand != nil && k.errand.state == jobmon.SessionPlanned {
		c.Fail()
	}
	if hasPicture {
		c.picture(k, past)
	}
}

func (c *checkpoint) standing(at **standing) {
	if c.Reading() {
		*at = &standing{}
	}
	c.Text(&(*at).why)
	c.Text(&(*at).name)
	packed.Delta(c.Coder, &(*at).since, c.p.axis)
}

func (c *checkpoint) info(info *jobmon.Computer) {
	c.Text(&info.Name)
	c.Text(&info.Group)
	c.Text(&info.OSName)
	c.Flags(&info.Ghost, &info.Gone)
}

func (c *checkpoint) agent(state *jobmon.AgentState, since *jobmon.Instant, atLeast *bool) {
	packed.Enum(c.Coder, state, jobmon.AgentOffline)
	packed.Delta(c.Coder, since, c.p.axis)
	c.Flags(atLeast)
}

const leastRow = 9 // bytes of a row

// rows codes all rows that the computer's state leads to and returns them, those of the sessions first.
func (c *checkpoint) rows(k *computer, past *session) []*row {
	var list []*row
	var places map[*row]int
	if !c.Reading() {
		places = map[*row]int{}
		list = k.reachable(places)
	}
	n := c.Count(len(list), leastRow)
	sessions := k.all()
	var ends [len(sessions)]int // where the rows of each session end
	total := 0
	for i, s := range sessions {
		if s == nil {
			continue
		}
		in := len(s.rows)
		if packed.Int(c.Coder, &in); in < 0 || in > n-total {
			c.Fail()
			return nil
		}
		total += in
		ends[i] = total
	}
	if c.Reading() {
		made := make([]row, n)
		list = make([]*row, n)
		for i := range made {
			list[i] = &made[i]
		}
	}
	near := row{attempt: 1}
	for _, r := range list {
		c.row(k, r, &near, past)
	}
	for _, r := range list { // once all are there
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
	from := 0
	for i, s := range sessions {
		if s != nil {
			s.rows = list[from:ends[i]:ends[i]]
			from = ends[i]
		}
	}
	return list
}

// reachable lists the rows of the sessions as they joined, then those in the table by id, then all they lead to.
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

// row codes a row without its links. Near holds what the rows before it were like.
func (c *checkpoint) row(k *computer, r, near *row, past *session) {
	inTable := !c.Reading() && k.rows.get(r.id) == r
	waitsLater := c.p.later.rows[r.id].row == r
	var in [3]bool // which of the sessions it belongs to
	earlier := r.session != nil
	for i, s := range k.all() {
		if in[i] = s != nil && r.session == s; in[i] {
			earlier = false
		}
	}
	started, ended := r.startedSeq != 0 || r.started != 0, r.endedSeq != 0 || r.ended != 0
	asked, renamed := r.askedSeq != 0 || r.askedAt != 0, r.name != c.p.jobs[r.job]
	asArrived, sameDrop := r.due == r.arrived, r.drop == near.drop
	coded, again, unscheduled, unseen := r.code != 0, r.attempt != 1, r.start == jobmon.NoStart, r.unseen != 0
	// those that are set on most rows of a finished deployment come first
	c.Flags(&in[0], &asArrived, &sameDrop, &inTable, &started, &ended, &r.recorded, &asked, &r.neverLate, &r.late, &r.closing, &coded, &again,
		&unscheduled, &r.baseline, &r.startInexact, &r.endInexact, &r.zombie, &waitsLater, &earlier, &renamed, &in[1], &in[2],
		&r.recurring, &r.asNow, &r.inferred, &unseen)
	packed.Delta(c.Coder, &r.id, near.id)
	packed.Delta(c.Coder, &r.job, near.job)
	if renamed {
		c.Text(&r.name)
	} else if c.Reading() {
		r.name = c.p.jobs[r.job]
	}
	shape := uint8(r.class)<<4 | uint8(r.state)
	packed.Enum(c.Coder, &shape, uint8(jobmon.BuildJob)<<4|15)
	r.class, r.state = jobmon.JobClass(shape>>4), jobmon.RowState(shape&15)
	if r.state == 0 || r.state > jobmon.StateUnknown {
		c.Fail()
		r.state = jobmon.StateUnknown
	}
	if r.class == jobmon.Marker {
		c.Text(&r.stage)
	}
	if unscheduled {
		r.start = jobmon.NoStart
	} else {
		packed.Delta(c.Coder, &r.start, near.start)
		near.start = r.start
	}
	packed.Delta(c.Coder, &r.arrived, near.arrived)
	packed.Delta(c.Coder, &r.arrivedSeq, near.arrivedSeq)
	if !asArrived {
		packed.Delta(c.Coder, &r.due, near.due)
		near.due = r.due
	} else if c.Reading() {
		r.due = r.arrived
	}
	if !sameDrop {
		packed.Delta(c.Coder, &r.drop, r.arrivedSeq)
		near.drop = r.drop
	} else if c.Reading() {
		r.drop = near.drop
	}
	if r.attempt = cmp.Or(r.attempt, 1); again {
		packed.Int(c.Coder, &r.attempt)
	}
	if coded {
		packed.Int(c.Coder, &r.code)
	}
	if unseen {
		packed.Int(c.Coder, &r.unseen)
	}
	near.id, near.job, near.arrived, near.arrivedSeq = r.id, r.job, r.arrived, r.arrivedSeq
	c.times(started, &r.started, &r.startedSeq, near)
	c.times(asked, &r.askedAt, &r.askedSeq, near)
	c.times(ended, &r.ended, &r.endedSeq, near)
	if !c.Reading() {
		return
	}
	if earlier {
		r.session = past
	}
	for i, s := range k.all() {
		if in[i] && s != nil {
			r.session = s
		}
	}
	if inTable {
		k.rows.put(r)
	}
	if waitsLater {
		c.p.later.add(k.id, r)
	}
}

// times codes when something happened, where it did: mostly soon after what happened before.
func (c *checkpoint) times(there bool, at *jobmon.Instant, seq *uint64, near *row) {
	if !there {
		return
	}
	packed.Delta(c.Coder, at, cmp.Or(near.ended, near.arrived))
	packed.Delta(c.Coder, seq, cmp.Or(near.endedSeq, near.arrivedSeq))
	if *at != 0 {
		near.ended = *at
	}
	near.endedSeq = *seq
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

// acyclic says whether going from attempt to attempt, in either direction, comes to an end.
func acyclic(list []*row) bool {
	for _, next := range []func(*row) *row{
		func(r *row) *row { return r.replaces }, func(r *row) *row { return r.replacedBy },
	} {
		walk := map[*row]int{} // the first row from which a row was come by
		for i, r := range list {
			if next(r) == nil {
				continue // as most: there is nowhere to go
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

func (c *checkpoint) session(s *session, rows []*row) {
	packed.Int(c.Coder, &s.number)
	packed.Enum(c.Coder, &s.state, jobmon.SessionPlanned)
	if s.state == 0 {
		c.Fail()
	}
	packed.Enum(c.Coder, &s.form, onlyJobs)
	watched, asked, paused := s.watchedSince != 0, s.request != nil, s.pausedSeq != 0
	c.Flags(&s.deployment, &watched, &asked, &paused, &s.shown)
	packed.Delta(c.Coder, &s.began, c.p.axis)
	packed.Delta(c.Coder, &s.openSeq, c.p.seq)
	packed.Delta(c.Coder, &s.lastStart, s.began)
	packed.Delta(c.Coder, &s.lastArrived, s.began)
	packed.Delta(c.Coder, &s.idle, s.lastStart)
	if paused {
		packed.Delta(c.Coder, &s.pausedSeq, s.openSeq)
	}
	if s.state != jobmon.SessionOpen && s.state != jobmon.SessionPlanned {
		packed.Delta(c.Coder, &s.ended, s.lastStart)
		packed.Delta(c.Coder, &s.endedSeq, s.openSeq)
		c.world(&s.closed)
	}
	if watched {
		packed.Delta(c.Coder, &s.watchedSince, s.began)
	}
	if asked {
		place := slices.Index(rows, s.request)
		if packed.Int(c.Coder, &place); place < 0 || place >= len(rows) {
			c.Fail()
		} else {
			s.request = rows[place]
		}
	}
	n := c.Count(len(s.prospects), 2)
	if c.Reading() {
		s.prospects = make(prospects, 0, n)
	}
	for i := range n {
		var known prospect
		if !c.Reading() {
			known = s.prospects[i]
		}
		c.Text(&known.name)
		c.Flags(&known.considered, &known.told)
		if known.considered {
			packed.Int(c.Coder, &known.asked)
		}
		if known.told {
			packed.Int(c.Coder, &known.seconds)
			packed.Int(c.Coder, &known.jobs)
			packed.Int(c.Coder, &known.runs)
		}
		if c.Reading() {
			s.prospects.take(known)
		}
	}
}

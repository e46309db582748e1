package projector

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// oneDrop is how far apart the arrivals of one drop may be.
const oneDrop = time.Minute

// rowEvent folds an event of a schedule row.
func (p *Projection) rowEvent(e *jobmon.Event) {
	if e.Kind == jobmon.KindDue && p.stepped {
		return // an old log: the clock had only just been set
	}
	c := p.computer(e.Computer)
	p.judge(c)
	r := c.rows.get(e.Schedule)
	if r == nil && e.Kind == jobmon.KindScheduled && e.Flags.Has(jobmon.Baseline) && p.longOver(e) {
		c.proved = max(c.proved, e.Start) // it ran
		p.concerns(c)
		return
	}
	shown := r != nil && r.shownIn(c.front()) // also a row that now leaves it
	for _, s := range c.all() {
		if r == nil || r.session == nil || r.shownIn(s) {
			s.note(r, e.Kind)
		}
	}
	if r != nil && e.Kind != jobmon.KindStarted && (e.Kind != jobmon.KindFinished || r.startedSeq == 0) {
		r.session.disorder()
		defer r.session.disorder()
	}
	r, ok := p.change(c, r, e)
	if !ok {
		return
	}
	p.concerns(c)
	switch e.Kind {
	case jobmon.KindScheduled, jobmon.KindRequeued, jobmon.KindRescheduled, jobmon.KindDue:
		c.unsure = c.unsure || !e.Flags.Has(jobmon.Baseline)
	}
	if c.shows() || shown || r.shownIn(c.front()) {
		p.touch(c)
	}
}

// change makes the row what the event says; r is nil where it is not known. It returns the row that follows from it,
// and whether any difference can be seen.
func (p *Projection) change(c *computer, r *row, e *jobmon.Event) (_ *row, visible bool) {
	switch e.Kind {
	case jobmon.KindScheduled:
		return p.arrive(c, e, nil), true
	case jobmon.KindRequeued:
		return p.requeue(c, e, r), true
	case jobmon.KindStarted:
		if r == nil {
			r = p.arrive(c, e, nil)
		}
		p.rowStarted(c, r, e)
		return r, true
	}
	if r == nil {
		return nil, false // a row of an earlier session
	}
	switch e.Kind {
	case jobmon.KindRescheduled, jobmon.KindDue:
		if r.requeuedIn == p.batch {
			p.recurs(c, r, e.Start)
		}
		r.start = e.Start
		p.replan(c, r, e)
	case jobmon.KindFinished:
		if r.state.Finished() {
			return r, false
		}
		r.state, r.code = p.world.rules.Next(r.state, e, p.now()), e.Status.Code
		r.ended, r.endedSeq, r.endInexact = p.axis, e.Seq, e.Flags.Has(jobmon.Inexact)
		if !e.Flags.Has(jobmon.Baseline) {
			p.turned(c, r.session, turn{row: r})
		}
		p.ended(c, r)
	case jobmon.KindRemoved:
		if p.removed(c, r, e); r.state.Finished() {
			return r, false // a purge erases no picture
		}
	}
	return r, true
}

func (p *Projection) rowStarted(c *computer, r *row, e *jobmon.Event) {
	if !e.Flags.Has(jobmon.Inexact) {
		p.testify(c, r, true)
	}
	was := r.state
	s := p.host(c, r)
	r.state, r.zombie = jobmon.StateRunning, false
	r.started, r.startedSeq, r.startedIn = p.axis, e.Seq, p.batch
	r.startInexact, r.inferred = e.Flags.Has(jobmon.Inexact), e.Flags.Has(jobmon.Inferred)
	r.unseen = p.looks.Unseen(e, p.world.rules.PollInterval)
	s.begin(r)
	p.start(c, s, r)
	if was != jobmon.StateRunning && !r.recurring && c.movedIn != p.batch {
		p.prove(c, r)
	}
}

// prove uses that a start shows its start_time to be reached: on this computer, what is planned for no later is due,
// and no longer stuck when it is planned for the same time.
func (p *Projection) prove(c *computer, started *row) {
	if started.start == jobmon.NoStart {
		return
	}
	c.proved = max(c.proved, started.start)
	for _, r := range c.rows {
		switch {
		case r == started || r.start == jobmon.NoStart || r.start > started.start:
		case r.state == jobmon.StateLater:
			r.state, r.due = jobmon.StateWaiting, p.axis
			p.place(c, r)
		case r.state == jobmon.StateWaiting && r.start == started.start && p.axis.Sub(r.due) > p.world.rules.Stuck:
			r.due, r.zombie = p.axis, false
			p.place(c, r)
		}
	}
}

func (p *Projection) removed(c *computer, r *row, e *jobmon.Event) {
	c.rows.remove(r.id)
	if r.state.Finished() {
		return
	}
	r.state = p.world.rules.Next(r.state, e, p.now())
	r.ended, r.endedSeq = p.axis, e.Seq
	if r.session != nil && r.session == c.plan {
		r.session.leave(r) // what never began leaves no trace
		return
	}
	p.ended(c, r)
}

// requeue folds that a row is queued again: after its end it continues as a new row, and recurs, unless it is another
// try of what failed in the deployment at hand.
func (p *Projection) requeue(c *computer, e *jobmon.Event, r *row) *row {
	if r != nil && !r.state.Ended() {
		r.started, r.startedSeq, r.startInexact, r.inferred, r.unseen, r.zombie = 0, 0, false, false, 0, false
		r.requeuedIn = p.batch
		p.recurs(c, r, e.Start)
		r.start = e.Start
		p.replan(c, r, e)
		return r
	}
	return p.arrive(c, e, r)
}

// recurs folds that a row which ran waits for its next time, if DS has moved its start_time ahead: it is no part of a
// deployment. A row that is queued again for now is.
func (p *Projection) recurs(c *computer, r *row, start jobmon.WallTime) {
	if start <= max(r.start, p.now()+jobmon.WallTime(oneDrop.Milliseconds())) {
		return
	}
	if r.recurring = true; r.session.open() {
		s := r.session
		s.leave(r)
		p.completeIfDone(c, s)
	}
}

// arrive makes a row of what was seen first, or was requeued after its end (then old is the ended one, if it is known).
func (p *Projection) arrive(c *computer, e *jobmon.Event, old *row) *row {
	r := &row{
		id: e.Schedule, job: e.Job, start: e.Start, attempt: 1,
		arrived: p.axis, arrivedSeq: e.Seq, arrivedIn: p.batch,
		baseline:  e.Flags.Has(jobmon.Baseline),
		neverLate: e.Flags&(jobmon.Baseline|jobmon.Inexact) != 0 || c.movedIn == p.batch,
		recurring: e.Kind == jobmon.KindRequeued,
	}
	retries := old != nil && old.session != nil && old.session == c.session && c.isOpen()
	if retries && !old.recurring && old.state != jobmon.StateSucceeded {
		r.recurring = false
	}
	p.call(r, p.jobs[e.Job])
	c.rows.put(r)
	switch {
	case r.baseline:
		r.code = e.Status.Code
		c.baseline, p.unsettled = true, true
		if !e.Status.Waiting() && r.start != jobmon.NoStart {
			c.proved = max(c.proved, r.start) // it ran, or runs
		}
	case !r.recurring:
		p.dropped(c, r)
	}
	p.replan(c, r, e)
	if retries && r.session == old.session { // links between attempts stay within one session
		if r.replaces == nil {
			replace(old, r)
		}
		r.late, r.neverLate = old.late, old.neverLate
	}
	if !r.baseline && e.Kind == jobmon.KindScheduled && !e.Flags.Has(jobmon.Inexact) {
		p.testify(c, r, false)
	}
	return r
}

// dropped adds the row to the drop under way, or begins one.
func (p *Projection) dropped(c *computer, r *row) {
	if !p.inDrop(c) {
		c.drop, c.dropNow = r.arrivedSeq, false
	}
	r.drop, c.dropLast = c.drop, p.axis
}

// inDrop reports whether what arrives now belongs to the drop under way.
func (p *Projection) inDrop(c *computer) bool {
	return c.drop != 0 && p.axis.Sub(c.dropLast) <= oneDrop
}

// replan folds a new start time, or that the row has become due.
func (p *Projection) replan(c *computer, r *row, e *jobmon.Event) {
	r.state = p.world.rules.Next(r.state, e, p.now())
	if e.Kind != jobmon.KindDue && !r.baseline {
		r.asNow = p.countsAsNow(c, r, p.at) && r.state == jobmon.StateLater
	}
	r.due = max(r.arrived, p.world.reached(r.start))
	if r.baseline {
		r.due = p.world.reached(r.start)
	}
	if r.state == jobmon.StateLater && (r.asNow || r.start <= c.proved) {
		r.state, r.due = jobmon.StateWaiting, p.axis
	}
	p.place(c, r)
}

// place puts a planned row where it belongs: into the open session when it waits, out of it when its time is far.
func (p *Projection) place(c *computer, r *row) {
	switch r.state {
	case jobmon.StateLater:
		p.nextDue = min(p.nextDue, r.start)
		fallthrough
	case jobmon.StateUnscheduled:
		if s := r.session; s != nil && s.active() {
			s.leave(r)
			p.completeIfDone(c, s)
		}
	case jobmon.StateWaiting:
		switch {
		case r.session.open() || r.stuck(p.view(c)) || r.baseline && c.baseline:
		case c.isOpen():
			p.join(c, c.session, r)
		case c.errand.open() && c.plan == nil && !r.recurring && c.errand.fresh() && !p.mayReopen(c):
			p.join(c, c.errand, r)
		}
	}
}

// waiting lists the computer's fresh waiting rows that hold a session open, in the order in which DS will run them.
func (c *computer) waiting(v view) []*row {
	var list []*row
	for _, r := range c.rows {
		if r.state == jobmon.StateWaiting && r.pending(v) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, byStart)
	return list
}

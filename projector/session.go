package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// session is one deployment of one computer: what started, and what waits behind it.
type session struct {
	number int
	state  jobmon.SessionState

	began, ended jobmon.Instant
	endedSeq     uint64
	openSeq      uint64         // the end of the batch in which it opened: rows that come later "arrived after it began"
	opened       int            // that batch
	lastStart    jobmon.Instant // when anything last started
	lastArrived  jobmon.Instant // when the last of the rows that were there at its opening had arrived
	watchedSince jobmon.Instant // not 0: it began unseen

	rows       []*row   // in the order in which they joined
	order      []*row   // what ordered gives, nil when it is to be made anew
	begun      int      // how many of order have started
	forming    *forming // its stages as last formed, while it is open
	altered    bool     // since then, in a way that can change them
	progressed bool     // since then a row of them ended: its stage may have succeeded
	form       form
	deployment bool // holds a marker or at least three jobs; other sessions never change the file
	request    *row // what a script said runs now, while that holds
	prospects  prospects
}

// form says how stages are made of jobs.
type form uint8

const (
	byMarker form = iota // markers open stages
	eachJob              // every job is a stage; markers that arrive later open stages for what is behind them
	onlyJobs             // every job is a stage, markers are not shown
)

// start takes note that a row starts, or that a script says it does: it opens, re-opens or continues a session. Opens is what the
// method of that name says.
func (p *Projection) start(c *computer, r *row, opens bool) {
	s := c.session
	switch {
	case opens:
		s = p.openSession(c, r)
	case s.state == jobmon.SessionComplete:
		p.reopen(c)
	}
	if r.session != s {
		p.join(s, r)
	}
	s.lastStart = p.at
	if s.request != nil && s.request != r {
		s.request = nil // a later row started
	}
	if r.class == jobmon.Marker {
		if r.closing = nothingBehind(s.ordered(), r); r.closing {
			s.altered = true // it may open no stage any more, and closeBatch looks at it again
		}
	}
}

// opens says whether the row's start opens a new session.
func (p *Projection) opens(c *computer, r *row) bool {
	switch s := c.session; {
	case s == nil || s.state == jobmon.SessionAbandoned:
		return true
	case s.state == jobmon.SessionComplete:
		return p.at.Sub(s.ended) > p.world.rules.Gap || c.buildArrivedSince(s.endedSeq, r)
	}
	return r.class == jobmon.BuildJob && c.repeatsMarker()
}

// conclude keeps what the last session shows before its rows go on into a new one, which may never be shown itself. What
// happened to it earlier in this batch is its last news.
func (p *Projection) conclude(c *computer) {
	if c.session == nil || c.picture.session != c.session || c.picture.frozen != nil {
		return
	}
	if c.touched {
		p.draw(c)
	}
	p.freeze(c)
}

// buildArrivedSince says whether a build job is among the rows that arrived after that event and wait or start now:
// then the computer is being deployed anew.
func (c *computer) buildArrivedSince(seq uint64, starting *row) bool {
	for _, r := range c.rows {
		if r.class == jobmon.BuildJob && r.arrivedSeq > seq && (r.state == jobmon.StateWaiting || r == starting) {
			return true
		}
	}
	return false
}

// repeatsMarker says whether, among the rows that arrived after the open session began, waits a marker job that the
// session has already started: the whole folder was dropped again.
func (c *computer) repeatsMarker() bool {
	s := c.session
	for _, r := range c.rows {
		if r.class != jobmon.Marker || r.state != jobmon.StateWaiting || r.arrivedSeq <= s.openSeq {
			continue
		}
		if slices.ContainsFunc(s.rows, func(q *row) bool { return q.job == r.job && q.startedSeq != 0 && q != r }) {
			return true
		}
	}
	return false
}

// openSession begins a new session with that row and all that waits. What the old one left running is overtaken.
func (p *Projection) openSession(c *computer, first *row) *session {
	if old := c.session; old != nil {
		p.conclude(c)
		p.overtake(c, old, first)
		p.vacate(old)
	}
	c.sessions++
	s := &session{
		number: c.sessions, state: jobmon.SessionOpen, began: p.at, lastStart: p.at, opened: p.batch,
	}
	c.session = s
	p.open[c.id] = c
	waiting := c.waiting(p.world, p.now())
	s.rows = make([]*row, 0, len(waiting)+1)
	for _, r := range waiting {
		r.late = false
		p.join(s, r)
	}
	if first.session != s {
		first.late = false
		p.join(s, first)
	}
	return s
}

func (p *Projection) overtake(c *computer, old *session, first *row) {
	for _, r := range old.rows {
		if r != first && r.state == jobmon.StateRunning {
			r.state, r.ended, r.endedSeq = jobmon.StateUnknown, p.at, p.seq
		}
	}
	if p.over != nil {
		p.tellOver(c, first)
	}
	for _, r := range old.rows {
		switch {
		case r == first:
			old.leave(r)
		case r.state == jobmon.StateWaiting && !r.stuck(p.world, p.now()):
			old.leave(r)
		}
		if r.state.Ended() && c.rows.get(r.id) == r {
			c.rows.remove(r.id)
		}
	}
	if old.state == jobmon.SessionOpen {
		old.state, old.ended, old.endedSeq = jobmon.SessionComplete, p.at, p.seq
	}
}

func (p *Projection) reopen(c *computer) {
	s := c.session
	s.state, s.ended, s.endedSeq, s.altered = jobmon.SessionOpen, 0, 0, true
	p.open[c.id] = c
	for _, r := range c.waiting(p.world, p.now()) {
		if r.session != s {
			p.join(s, r)
		}
	}
}

// join makes the row part of the session; there it may be late, and take the place of an attempt that ended badly.
func (p *Projection) join(s *session, r *row) {
	r.session = s
	s.disorder()
	s.altered = true
	for i := len(s.rows) - 1; i >= 0 && r.replaces == nil; i-- {
		q := s.rows[i]
		if q.job == r.job && q.replacedBy == nil && q.endedSeq < r.arrivedSeq &&
			(q.state == jobmon.StateFailed || q.state == jobmon.StateCancelled || q.state == jobmon.StateUnknown) {
			replace(q, r)
		}
	}
	s.rows = append(s.rows, r)
	if s.opened == p.batch {
		s.lastArrived = max(s.lastArrived, r.arrived)
	} else if !r.neverLate && r.arrivedSeq > s.openSeq && r.arrived.Sub(s.lastArrived) > p.world.rules.Late {
		r.late = true
	}
}

func replace(old, next *row) {
	old.session.disorder()
	next.session.disorder()
	old.replacedBy, next.replaces, next.attempt = next, old, old.attempt+1
}

// leave takes a row that has not ended out of the session.
func (s *session) leave(r *row) {
	s.disorder()
	s.altered = true
	s.rows = slices.Clone(s.rows)
	s.rows = slices.DeleteFunc(s.rows, func(q *row) bool { return q == r })
	if r.replaces != nil {
		r.replaces.replacedBy, r.replaces, r.attempt = nil, nil, 1
	}
	if s.request == r {
		s.request = nil
	}
	r.session = nil
}

// ended takes note that a row came to an end.
func (p *Projection) ended(c *computer, r *row) {
	s := r.session
	if s == nil || s != c.session {
		if r.state.Ended() {
			c.rows.remove(r.id)
		}
		return
	}
	if s.request == r {
		s.request = nil
	}
	p.completeIfDone(c)
}

// completeIfDone ends the open session when nothing waits or runs in it; stuck rows aside.
func (p *Projection) completeIfDone(c *computer) {
	s := c.session
	if !c.isOpen() {
		return
	}
	now := p.now()
	for _, r := range slices.Backward(s.rows) { // what came last mostly runs last
		if r.pending(p.world, now) {
			return
		}
	}
	s.state, s.ended, s.endedSeq = jobmon.SessionComplete, p.at, p.seq
	delete(p.open, c.id)
}

// judge ends an open session in which nothing started for long. Time acts only here, at the computer's next event.
func (p *Projection) judge(c *computer) {
	if !c.isOpen() {
		return
	}
	if p.at.Sub(c.session.lastStart) <= p.world.rules.Abandoned {
		if p.completeIfDone(c); !c.isOpen() {
			p.touch(c) // what waited has become stuck
		}
		return
	}
	s := c.session
	s.state, s.ended, s.endedSeq = jobmon.SessionAbandoned, p.at, p.seq
	delete(p.open, c.id)
	p.touch(c)
}

// closeBatch decides what can be decided only when all rows of the batch are known. It may be called again before
// the batch ends.
func (p *Projection) closeBatch(s *session) {
	if s.opened == p.batch && s.openSeq == 0 {
		s.form = p.formOf(s)
	}
	for _, r := range s.rows {
		if r.closing && r.startedIn == p.batch && s.anythingBehind(r) {
			r.closing = false // more of the same read stands behind it
		}
	}
	s.deployment = s.deployment || isDeployment(s)
}

func (s *session) anythingBehind(r *row) bool {
	list := s.ordered()
	at := slices.Index(list, r.root())
	return slices.ContainsFunc(list[at+1:], func(q *row) bool {
		return q.effective().state != jobmon.StateCancelled && (!q.late || r.late)
	})
}

// settle closes the batch for a computer that it concerned.
func (p *Projection) settle(c *computer) {
	if c.session != nil {
		p.settleStages(c.session)
	}
	// A session that is no deployment and is shown, as somebody asked, goes on being shown truly.
	if c.asked || c.session != nil && (c.session.deployment || c.picture.session == c.session) {
		p.draw(c)
	}
	c.asked, c.stale = false, false
}

// formOf decides how the session's stages are made, from the rows that are there when it opens.
func (p *Projection) formOf(s *session) form {
	switch p.world.rules.Markers {
	case "all":
		return onlyJobs
	case "tagged":
		return byMarker
	}
	if slices.ContainsFunc(s.rows, func(r *row) bool { return r.class == jobmon.Marker }) {
		return byMarker
	}
	return eachJob
}

func isDeployment(s *session) bool {
	rows := map[jobmon.ScheduleID]bool{} // one that runs again, or is tried again, is still one
	for _, r := range s.rows {
		if r.class == jobmon.Marker {
			return true
		}
		if r.replaces == nil {
			rows[r.id] = true
		}
	}
	return len(rows) >= 3
}

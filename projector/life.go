package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The life of a session: planned when rows wait, opened by the first that starts, complete when nothing is left. A
// computer has one deployment, beside which an errand may run: a session that is no deployment.

// lost is how long after its last start a deployment is over for good, whatever waits.
const lost = 14 * day

func (s *session) open() bool { return s != nil && s.state == jobmon.SessionOpen }
func (s *session) active() bool {
	return s.state == jobmon.SessionOpen || s.state == jobmon.SessionPlanned
}

// all returns the computer's sessions; some may be nil.
func (c *computer) all() [3]*session { return [...]*session{c.session, c.plan, c.errand} }

// fresh reports whether the session holds a row that is not recurring.
func (s *session) fresh() bool {
	return slices.ContainsFunc(s.rows, func(r *row) bool { return !r.recurring })
}

// host returns the session of a row that starts. It opens or re-opens the session where necessary.
func (p *Projection) host(c *computer, r *row) *session {
	if !c.isOpen() && c.errand.open() && r.session != c.errand {
		p.promote(c) // it may have grown in this very read
	}
	switch {
	case c.isOpen() && p.restarts(c, r):
		return p.openDeployment(c, r)
	case c.isOpen() && (!r.recurring || r.session == c.session):
		return c.session
	case r.recurring:
	case r.session != nil && r.session == c.errand && c.errand.open():
		return c.errand // which becomes a deployment with it, if it makes one
	case c.plan == nil && p.mayReopen(c) && !p.another(c, r):
		p.reopen(c)
		return c.session
	case c.plan != nil || p.plannable(c, p.gather(c, r)):
		return p.openDeployment(c, r)
	}
	return p.openErrand(c, r)
}

// restarts reports whether a row that starts begins a new deployment although one is open. It does when it is a build
// job, or nothing had started for long, and a marker that this deployment has started is queued again.
func (p *Projection) restarts(c *computer, r *row) bool {
	return r.class == jobmon.BuildJob && c.repeatsMarker(nil) ||
		r.class == jobmon.Marker && p.silentSince(c, p.view(c)) != 0 && c.repeatsMarker(r)
}

// repeatsMarker reports whether a marker job waits that the open session has already started: the whole folder was
// dropped again. Only rows that arrived after the session began count. Only limits the check to one row; nil means all.
func (c *computer) repeatsMarker(only *row) bool {
	s := c.session
	for _, r := range c.rows {
		if r.class != jobmon.Marker || r.state != jobmon.StateWaiting || r.arrivedSeq <= s.openSeq ||
			only != nil && r != only {
			continue
		}
		if s.started(r) {
			return true
		}
	}
	return false
}

// started reports whether the session has started another row of that row's job. The marker that closed it does not
// count: the folder's last one is dropped again behind a single job, to bring the end to the screen.
func (s *session) started(r *row) bool {
	return slices.ContainsFunc(s.rows, func(q *row) bool {
		return q.job == r.job && q.startedSeq != 0 && q != r && !q.closing
	})
}

// arrivedSinceEnd reports whether a row arrived after the session ended, or with the event that ended it: rows were
// removed before it in the same batch.
func (s *session) arrivedSinceEnd(r *row) bool { return r.arrivedSeq >= s.endedSeq }

// mayReopen reports whether the last deployment ended recently enough to take up rows that come now.
func (p *Projection) mayReopen(c *computer) bool {
	s := c.session
	return s != nil && s.state == jobmon.SessionComplete && p.axis.Sub(s.ended) <= p.world.rules.Gap
}

// start folds the start of a row in the session, be it seen or reported by a script.
func (p *Projection) start(c *computer, s *session, r *row) {
	if from := r.session; from != s {
		if p.join(c, s, r); from != nil {
			p.completeIfDone(c, from)
		}
	}
	if s.running() == nil && p.axis.Sub(s.idle) > p.world.rules.Gap && s.opened != p.batch {
		s.pausedSeq = p.seq
	}
	s.lastStart, s.idle, s.moved = p.axis, p.axis, p.batch
	if s.request != nil && s.request != r {
		s.request = nil // a later row started
	}
	was := r.closing
	r.closing = nothingBehind(s.ordered(), r) // also of a job: other settings may make it a marker
	if r.closing || was {
		r.closing = r.closing && !c.holdsLater(s)
		s.altered = true // it may open no stage any more, or one after all, and closeBatch looks at it again
	}
}

// conclude freezes the last session's picture before its rows move into a new session, which may never be shown.
// What happened to it earlier in this batch is its last news.
func (p *Projection) conclude(c *computer) {
	if c.picture.session != c.session || c.picture.frozen != nil {
		return
	}
	if c.news {
		p.draw(c)
	}
	p.freeze(c, c.session)
}

// openDeployment begins a new deployment with that row and all rows that wait. Rows that the old one left running
// become unknown.
func (p *Projection) openDeployment(c *computer, first *row) *session {
	plan := c.plan
	p.unplan(c)
	if old := c.session; old != nil {
		p.conclude(c)
		p.overtake(c, old, first)
		old.letGo()
	}
	if first.class == jobmon.BuildJob && c.errand.open() {
		p.overtake(c, c.errand, first)
		c.errand = nil
	}
	s := p.begun(c)
	s.deployment = true
	if c.session = s; plan != nil {
		s.prospects, s.watchedSince = plan.prospects, plan.watchedSince
	}
	waiting := c.waiting(p.view(c))
	s.rows = make([]*row, 0, len(waiting)+1)
	for _, r := range waiting {
		if r.session == nil || !r.session.active() {
			r.late = false
			p.join(c, s, r)
		}
	}
	if first.session != s {
		first.late = false
		p.join(c, s, first)
	}
	p.follow(c)
	return s
}

// begun returns a new open session.
func (p *Projection) begun(c *computer) *session {
	c.sessions++
	return &session{
		number: c.sessions, state: jobmon.SessionOpen, began: p.axis, lastStart: p.axis, idle: p.axis, opened: p.batch,
	}
}

// openErrand continues the errand, or begins one.
func (p *Projection) openErrand(c *computer, first *row) *session {
	if e := c.errand; e != nil && (e.open() || p.axis.Sub(e.ended) <= p.world.rules.Gap) {
		if !e.open() {
			p.revive(e)
			p.follow(c)
		}
		return e
	}
	if c.errand != nil {
		p.retire(c, c.errand)
	}
	if c.session != nil && first.session == c.session {
		p.conclude(c)
		c.session.leave(first)
	}
	s := p.begun(c)
	c.errand = s
	if !first.recurring {
		for _, r := range p.gather(c, first) {
			if r != first {
				p.join(c, s, r)
			}
		}
	}
	p.follow(c)
	return s
}

// retire releases a session that another one of its kind follows.
func (p *Projection) retire(c *computer, old *session) {
	p.freeze(c, old)
	if p.over != nil {
		p.tellOver(c, old)
	}
	for _, r := range old.rows {
		if r.state.Ended() && c.rows.get(r.id) == r {
			c.rows.remove(r.id)
		}
	}
	old.letGo()
}

func (p *Projection) overtake(c *computer, old *session, first *row) {
	for _, r := range old.rows {
		if r != first && r.state == jobmon.StateRunning {
			r.state, r.ended, r.endedSeq = jobmon.StateUnknown, p.axis, p.seq
			r.root().session.disorder()
		}
	}
	p.taken(c, old)
	v := p.view(c)
	goOn := slices.DeleteFunc(slices.Clone(old.rows), func(r *row) bool {
		return r != first && (r.state != jobmon.StateWaiting || r.stuck(v))
	})
	p.retire(c, old)
	for _, r := range goOn {
		old.leave(r)
	}
	if old.active() {
		old.state, old.ended, old.endedSeq, old.closed = jobmon.SessionComplete, p.axis, p.seq, p.world
	}
}

// revive opens a session again, without the rows that were moved to later since its end.
func (p *Projection) revive(s *session) {
	s.state, s.ended, s.endedSeq, s.closed, s.altered, s.idle = jobmon.SessionOpen, 0, 0, nil, true, p.axis
	for _, r := range slices.Clone(s.rows) {
		if r.state == jobmon.StateLater || r.state == jobmon.StateUnscheduled {
			s.leave(r)
		}
	}
}

func (p *Projection) reopen(c *computer) {
	s := c.session
	p.revive(s)
	p.unplan(c)
	p.takeWaiting(c)
	p.follow(c)
}

// completeIfDone ends the open session when nothing waits or runs in it, except stuck and recurring rows, and no later
// marker of a drop that has begun is to come.
func (p *Projection) completeIfDone(c *computer, s *session) {
	if !s.open() {
		return
	}
	v := p.view(c)
	for _, r := range slices.Backward(s.rows) { // what came last mostly runs last
		if r.pending(v) {
			return
		}
	}
	if c.holdsLater(s) {
		return
	}
	p.complete(c, s, jobmon.SessionComplete)
}

func (p *Projection) complete(c *computer, s *session, state jobmon.SessionState) {
	s.state, s.ended, s.endedSeq, s.endedIn, s.closed = state, p.axis, p.seq, p.batch, p.world
	p.turned(c, s, turn{over: true})
	for _, r := range slices.Clone(s.rows) {
		if r.recurring && r.state == jobmon.StateWaiting {
			s.leave(r)
		}
	}
	p.follow(c)
}

// holdsLater reports whether a marker that is planned for later holds the session open: its drop has begun in it.
func (c *computer) holdsLater(s *session) bool { return c.nextMarker(s) != nil }

// nextMarker is the first marker that is planned for later and belongs to a drop which has begun in the session.
func (c *computer) nextMarker(s *session) *row {
	var next *row
	for _, r := range c.rows {
		if r.state == jobmon.StateLater && r.class == jobmon.Marker && r.drop != 0 &&
			(next == nil || byStart(r, next) < 0) &&
			slices.ContainsFunc(s.rows, func(q *row) bool { return q.drop == r.drop && q.startedSeq != 0 }) {
			next = r
		}
	}
	return next
}

// judge ends sessions that time has ended. Time acts only here, at the computer's next event.
func (p *Projection) judge(c *computer) {
	for _, s := range [...]*session{c.session, c.errand} {
		if !s.open() {
			continue
		}
		limit := p.world.rules.Abandoned
		if s == c.session {
			limit = lost
		}
		if p.axis.Sub(s.lastStart) > limit {
			p.complete(c, s, jobmon.SessionAbandoned)
		} else {
			p.completeIfDone(c, s) // what waited may have become stuck
		}
		if !s.open() && (s == c.session || s == c.front()) {
			p.touch(c)
		}
	}
	if c.plan != nil {
		p.concerns(c) // what waits may have become stuck
	}
}

// silentSince returns since when nothing has started in the open deployment, once that is long enough to call it
// abandoned. It counts from the last start or the agent's return, and is 0 while the agent is known to be away.
func (p *Projection) silentSince(c *computer, v view) jobmon.Instant {
	return c.session.silentSince(v, c.back)
}

func (s *session) silentSince(v view, back jobmon.Instant) jobmon.Instant {
	since := max(s.lastStart, back)
	if s.state != jobmon.SessionOpen || v.away || v.at.Sub(since) <= v.rules.Abandoned {
		return 0
	}
	return since
}

// settle closes the batch for a computer that it concerned.
func (p *Projection) settle(c *computer) {
	for _, s := range c.all() {
		if s != nil {
			p.settleStages(c, s)
		}
	}
	if c.asked || c.news {
		p.draw(c)
	}
	c.asked, c.stale = false, false
	c.lookAt = p.nextLook(c)
}

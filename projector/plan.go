package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What waits is shown: rows that are due and make a deployment are planned, opened again with the last one, or join an
// errand.

// gather lists the fresh waiting rows outside open sessions, and the row that starts, if there is one.
func (p *Projection) gather(c *computer, starting *row) []*row {
	rows := slices.DeleteFunc(c.waiting(p.view(c)), func(r *row) bool { return r.session.open() })
	if starting != nil && !slices.Contains(rows, starting) {
		rows = append(rows, starting)
	}
	return rows
}

// plannable reports whether the rows, together with the later ones of their drops, make a deployment.
func (p *Projection) plannable(c *computer, rows []*row) bool {
	build, jobs, real := false, map[uint64]int{}, 0
	look := func(r *row) (marker bool) {
		switch r.class {
		case jobmon.Marker:
			return true
		case jobmon.BuildJob:
			build = true
		case jobmon.RealJob:
			real++
			if r.drop != 0 {
				jobs[r.drop]++
			}
		}
		return false
	}
	drops := map[uint64]bool{}
	for _, r := range rows {
		if look(r) {
			return true
		}
		drops[r.drop] = r.drop != 0
	}
	for _, r := range c.rows {
		if r.state == jobmon.StateLater && drops[r.drop] && look(r) {
			return true
		}
	}
	for _, n := range jobs {
		if n >= 3 {
			return true
		}
	}
	return build && real > 0
}

// unplan frees the rows of the plan, which leaves no trace.
func (p *Projection) unplan(c *computer) {
	if c.plan == nil {
		return
	}
	for _, r := range c.plan.rows {
		if r.session == c.plan {
			r.session, r.late = nil, false
		}
	}
	c.plan = nil
	p.follow(c)
}

// consider plans or re-opens a deployment, as the rows of the batch require.
func (p *Projection) consider(c *computer) {
	unsure := c.unsure
	c.unsure = false
	p.promote(c)
	if c.isOpen() && !p.splitOff(c) {
		return
	}
	if !unsure && c.plan == nil {
		return
	}
	rows := p.gather(c, nil)
	switch {
	case len(rows) == 0:
		if c.plan != nil {
			p.unplan(c)
			p.touch(c)
		}
		return
	case c.plan != nil:
	case !unsure:
		return
	case p.mayReopen(c) && p.adds(c, rows):
		p.reopen(c)
		p.touch(c)
		return
	case !p.plannable(c, rows):
		return
	}
	p.planWith(c, rows)
	p.planWith(c, p.gather(c, nil)) // its agent counts from now on: while that is away nothing is stuck
}

// adds reports whether rows that arrived since the deployment's end continue it: no build job is among them, and no
// marker that it has started.
func (p *Projection) adds(c *computer, rows []*row) bool {
	s := c.session
	return slices.ContainsFunc(rows, func(r *row) bool { return r.arrivedSeq > s.endedSeq }) && !p.another(c, nil)
}

// another reports whether rows that arrived since the deployment's end, and wait or start now, begin another one.
func (p *Projection) another(c *computer, starting *row) bool {
	s := c.session
	if slices.ContainsFunc(c.rows, func(r *row) bool {
		return r.class == jobmon.BuildJob && s.arrivedSinceEnd(r) && (r.state.Planned() || r == starting)
	}) {
		return true
	}
	if s.endedIn == p.batch && !p.removedFrom(s) {
		return false // it came in the read that saw the end
	}
	return slices.ContainsFunc(c.rows, func(r *row) bool {
		return r.class == jobmon.Marker && s.arrivedSinceEnd(r) &&
			(r.state == jobmon.StateWaiting || r == starting) && s.started(r)
	})
}

// removedFrom reports whether the batch at hand removed rows of the session that waited.
func (p *Projection) removedFrom(s *session) bool {
	return slices.ContainsFunc(s.rows, func(r *row) bool {
		return r.state == jobmon.StateCancelled && r.ended == p.axis
	})
}

// planWith makes these rows the plan.
func (p *Projection) planWith(c *computer, rows []*row) {
	if c.plan == nil {
		c.plan = &session{state: jobmon.SessionPlanned, opened: p.batch, altered: true, deployment: true}
		p.follow(c)
		p.touch(c)
	}
	s := c.plan
	if slices.Equal(s.rows, rows) {
		return
	}
	for _, r := range slices.Clone(s.rows) {
		if !slices.Contains(rows, r) {
			s.leave(r)
		}
	}
	for _, r := range rows {
		if r.session != s {
			p.join(c, s, r)
			r.late = false
		}
	}
	s.rows = rows
	s.disorder()
	s.form = p.formOf(s, c) // nothing has begun: what will is still open
	p.touch(c)
}

// promote makes an errand that has grown into a deployment the computer's deployment.
func (p *Projection) promote(c *computer) {
	s := c.errand
	if c.isOpen() || s == nil || !s.open() && s.endedIn != p.batch {
		return
	}
	p.closeBatch(c, s)
	if !s.deployment && !p.plannable(c, slices.DeleteFunc(slices.Clone(s.rows), func(r *row) bool {
		return r.recurring
	})) {
		return
	}
	s.deployment = true
	if c.session != nil {
		p.retire(c, c.session)
	}
	c.session, c.errand = s, nil
	s.form, s.altered = p.formOf(s, c), true // its stages were not shown yet
	for _, r := range slices.Clone(s.rows) {
		if r.recurring {
			s.leave(r)
		}
	}
	if s.open() {
		p.unplan(c)
		p.takeWaiting(c)
	}
	p.touch(c)
}

// takeWaiting adds the rows that wait in no open session to the open deployment.
func (p *Projection) takeWaiting(c *computer) {
	for _, r := range c.waiting(p.view(c)) {
		if r.session == nil || !r.session.active() {
			p.join(c, c.session, r)
		}
	}
}

// splitOff ends a deployment whose rows were removed in the batch in which those of another one came.
func (p *Projection) splitOff(c *computer) bool {
	s, v := c.session, p.view(c)
	again := false
	var fresh []*row
	for _, r := range s.rows {
		switch {
		case r.arrivedIn != p.batch || r.replaces != nil:
			if r.pending(v) {
				return false
			}
		case r.startedSeq != 0:
			return false
		case r.state == jobmon.StateWaiting:
			fresh = append(fresh, r)
			again = again || r.class == jobmon.BuildJob || r.class == jobmon.Marker && s.started(r)
		}
	}
	if !again || !p.removedFrom(s) {
		return false
	}
	for _, r := range fresh {
		s.leave(r)
	}
	p.completeIfDone(c, s)
	return !c.isOpen()
}

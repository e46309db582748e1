package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// settleBaseline opens the sessions of computers that the first read of all found in mid-deployment, when all of it is known.
func (p *Projection) settleBaseline() {
	if !p.unsettled || p.inParts {
		return
	}
	p.unsettled = false
	for _, c := range p.sortedComputers() {
		if c.baseline {
			c.baseline = false
			p.concerns(c)
			p.baseline(c)
		}
	}
}

// longOver says that a row of the first read ended too long ago to be a part of what the computer is in the middle of: an
// unfinished row holds a deployment open for as long as rules.Stuck, and the build job began that long before it at most. It
// is true of most rows of most sites, so nothing is kept of them.
func (p *Projection) longOver(e *jobmon.Event) bool {
	oldest := p.now() - 2*jobmon.WallTime(p.world.rules.Stuck.Milliseconds())
	return e.Status.Finished() && (e.Start == jobmon.NoStart || e.Start < oldest)
}

// baseline reckons what the computer is in the middle of. Its finished rows count as done when they are not older
// than the first build job within the 12 hours before the earliest unfinished row; without one nothing is known of
// what came before. Unfinished rows long past due are stuck from the start.
func (p *Projection) baseline(c *computer) {
	now, v := p.now(), p.view(c)
	limit := jobmon.WallTime(p.world.rules.Stuck.Milliseconds())
	var unfinished, finished, builds []*row
	for _, r := range c.rows {
		if (r.state == jobmon.StateRunning || r.state == jobmon.StateWaiting) && r.start != jobmon.NoStart && now-r.start > limit {
			r.zombie = true
		}
		switch {
		case r.state.Finished():
			finished = append(finished, r)
		case r.pending(v):
			unfinished = append(unfinished, r)
		}
		if r.class == jobmon.BuildJob && r.start != jobmon.NoStart {
			builds = append(builds, r)
		}
	}
	slices.SortFunc(unfinished, byStart)
	slices.SortFunc(finished, byStart)
	slices.SortFunc(builds, byStart)

	var done []*row
	began := jobmon.NoStart
	if len(unfinished) > 0 && unfinished[0].start != jobmon.NoStart {
		earliest := unfinished[0].start
		first := slices.IndexFunc(builds, func(r *row) bool { return r.start <= earliest && earliest-r.start <= limit })
		if first >= 0 {
			began = builds[first].start
			for _, r := range finished {
				if r.start != jobmon.NoStart && r.start >= began {
					done = append(done, r)
				}
			}
		}
	}
	running := slices.DeleteFunc(slices.Clone(unfinished), func(r *row) bool { return r.state != jobmon.StateRunning })
	// all at once, as they may be thousands, and into a list that does not keep their room
	c.rows = slices.Clone(slices.DeleteFunc(c.rows, func(r *row) bool { return r.state.Finished() && !slices.Contains(done, r) }))
	if len(running) == 0 && len(done) == 0 {
		// what waits opens a session when it starts; a deployment under way shows that it is one
		if slices.ContainsFunc(unfinished, func(r *row) bool { return r.class != jobmon.RealJob }) {
			p.planWith(c, unfinished)
			if hadBegun(unfinished, finished, limit) {
				c.plan.watchedSince = p.axis
			}
		}
		return
	}

	s := p.openBaseline(c, slices.Concat(running, done))
	s.began, s.watchedSince = p.axis, p.axis
	if len(done) > 0 {
		s.began, s.watchedSince = p.world.reached(began), 0
	}
	// what is done ran before what runs, both in the order of their start_time
	for i, r := range slices.Concat(done, running) {
		r.startedSeq = p.seq - uint64(len(done)+len(running)) + uint64(i) + 1
		if r.state.Finished() {
			r.endedSeq = r.startedSeq
		}
		if r.session != s {
			p.join(c, s, r)
		}
		r.late = false
	}
	s.disorder()
	for _, r := range s.rows {
		if r.startedSeq != 0 {
			r.closing = nothingBehind(s.ordered(), r)
		}
	}
	p.completeIfDone(c, s)
	if s == c.session {
		p.touch(c)
	}
}

// hadBegun says whether rows that finished shortly before those that wait belong to the same deployment: no build job waits to
// begin it.
func hadBegun(waiting, finished []*row, limit jobmon.WallTime) bool {
	if slices.ContainsFunc(waiting, func(r *row) bool { return r.class == jobmon.BuildJob }) {
		return false
	}
	first := waiting[0].start
	return first != jobmon.NoStart && slices.ContainsFunc(finished, func(r *row) bool {
		return r.start != jobmon.NoStart && r.start <= first && first-r.start <= limit
	})
}

// openBaseline opens the session of rows that had begun before the first read.
func (p *Projection) openBaseline(c *computer, begun []*row) *session {
	if rows := slices.Concat(begun, c.waiting(p.view(c))); p.plannable(c, rows) || len(rows) >= 3 {
		return p.openDeployment(c, begun[0])
	}
	return p.openErrand(c, begun[0])
}

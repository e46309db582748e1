package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// settleBaseline opens the sessions of computers that the first read of all found in mid-deployment, when all of it is
// known.
func (p *Projection) settleBaseline() {
	if !p.unsettled || p.inParts {
		return
	}
	p.unsettled = false
	happened := len(p.turns)
	defer func() { p.turns = p.turns[:happened] }() // what the first read finds is no news
	for _, c := range p.sortedComputers() {
		if c.baseline {
			c.baseline = false
			p.concerns(c)
			p.baseline(c)
		}
	}
}

// longOver says that a row of the first read ended too long ago to be a part of what the computer is in the middle of:
// an unfinished row holds a deployment open for as long as rules.Stuck, and the build job began that long before it at
// most. It is true of most rows of most sites, so nothing is kept of them.
func (p *Projection) longOver(e *jobmon.Event) bool {
	oldest := p.now() - 2*jobmon.WallTime(p.world.rules.Stuck.Milliseconds())
	return e.Status.Finished() && (e.Start == jobmon.NoStart || e.Start < oldest)
}

// findings are the rows that the first read found of a computer, by start_time.
type findings struct{ unfinished, finished, builds []*row }

// find sorts the computer's rows. Unfinished rows long past due are stuck from the start.
func (p *Projection) find(c *computer, limit jobmon.WallTime) (f findings) {
	now, v := p.now(), p.view(c)
	for _, r := range c.rows {
		if (r.state == jobmon.StateRunning || r.state == jobmon.StateWaiting) && r.start != jobmon.NoStart &&
			now-r.start > limit {
			r.zombie = true
		}
		switch {
		case r.state.Finished():
			f.finished = append(f.finished, r)
		case r.pending(v):
			f.unfinished = append(f.unfinished, r)
		}
		if r.class == jobmon.BuildJob && r.start != jobmon.NoStart {
			f.builds = append(f.builds, r)
		}
	}
	slices.SortFunc(f.unfinished, byStart)
	slices.SortFunc(f.finished, byStart)
	slices.SortFunc(f.builds, byStart)
	return f
}

// done lists the finished rows that count as done in the deployment under way, and when that began: they are not older
// than the first build job within the limit before the earliest unfinished row. Without one nothing is known of what
// came before.
func (f *findings) done(limit jobmon.WallTime) (rows []*row, began jobmon.WallTime) {
	if len(f.unfinished) == 0 || f.unfinished[0].start == jobmon.NoStart {
		return nil, jobmon.NoStart
	}
	earliest := f.unfinished[0].start
	first := slices.IndexFunc(f.builds, func(r *row) bool { return r.start <= earliest && earliest-r.start <= limit })
	if first < 0 {
		return nil, jobmon.NoStart
	}
	began = f.builds[first].start
	for _, r := range f.finished {
		if r.start != jobmon.NoStart && r.start >= began {
			rows = append(rows, r)
		}
	}
	return rows, began
}

// baseline opens or plans what the computer is in the middle of.
func (p *Projection) baseline(c *computer) {
	limit := jobmon.WallTime(p.world.rules.Stuck.Milliseconds())
	f := p.find(c, limit)
	done, began := f.done(limit)
	notRunning := func(r *row) bool { return r.state != jobmon.StateRunning }
	running := slices.DeleteFunc(slices.Clone(f.unfinished), notRunning)
	// All at once, as they may be thousands, and into a list that does not keep their room.
	c.rows = slices.Clone(slices.DeleteFunc(c.rows, func(r *row) bool {
		return r.state.Finished() && !slices.Contains(done, r)
	}))
	if len(running) == 0 && len(done) == 0 {
		// What waits opens a session when it starts; a deployment under way shows that it is one.
		if slices.ContainsFunc(f.unfinished, func(r *row) bool { return r.class != jobmon.RealJob }) {
			p.planWith(c, f.unfinished)
			if hadBegun(f.unfinished, f.finished, limit) {
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
	p.beganUnseen(c, s, slices.Concat(done, running))
	p.completeIfDone(c, s)
	if s == c.session {
		p.touch(c)
	}
}

// beganUnseen adds rows to the session that had started before the first read: what is done ran before what runs,
// both in the order of their start_time.
func (p *Projection) beganUnseen(c *computer, s *session, rows []*row) {
	for i, r := range rows {
		r.startedSeq = p.seq - uint64(len(rows)) + uint64(i) + 1
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
}

// hadBegun reports whether rows that finished shortly before those that wait belong to the same deployment: no build
// job waits to begin it.
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

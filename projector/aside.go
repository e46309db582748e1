package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Aside lists the computer's unfinished rows that are no part of its picture, as of the last batch, by start time;
// nil for a computer that Beside does not list. A file shows them as of its picture: an errand changes no screen.
func (p *Projection) Aside(id jobmon.ComputerID) []jobmon.Pending {
	c := p.computers[id]
	if c == nil || !slices.ContainsFunc(c.rows, c.beside) {
		return nil
	}
	d := c.presently(p)
	return c.laterRows(&d, d.view())
}

// presently are the circumstances of now, for the session that the picture shows.
func (c *computer) presently(p *Projection) picture {
	d := c.picture
	d.world, d.at, d.info, d.known, d.watched = p.world, p.at, c.info, c.known, c.activeNow()
	d.agent, d.agentSince, d.agentAtLeast = c.agent, c.agentSince, c.agentAtLeast
	return d
}

// Beside lists the computers with unfinished rows that are no part of their pictures, ascending.
func (p *Projection) Beside() []jobmon.ComputerID {
	var ids []jobmon.ComputerID
	for id, c := range p.computers {
		if slices.ContainsFunc(c.rows, c.beside) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Waits is a picture of a computer that has none, on which something waits or runs all the same, in no deployment. Its
// Seq is 0: no file shows it. Ok is false when there is nothing but what is planned for later, or long past due.
func (p *Projection) Waits(id jobmon.ComputerID) (progress *jobmon.Progress, ok bool) {
	c := p.computers[id]
	if c == nil || c.picture.seq != 0 {
		return nil, false
	}
	if v := p.view(c); !slices.ContainsFunc(c.rows, func(r *row) bool { return r.pending(v) }) {
		return nil, false
	}
	d := c.presently(p)
	progress = p.renderAs(c, &d)
	progress.Aside = c.laterRows(&d, d.view())
	return progress, true
}

// beside reports whether the row is unfinished and no part of the picture: what a stage shows stands there already.
func (c *computer) beside(r *row) bool {
	s := c.picture.session
	return (r.state.Planned() || r.state == jobmon.StateRunning) &&
		(s == nil || r.session != s || r.class == jobmon.Marker)
}

// laterRows lists the unfinished rows outside the session shown, by start time.
func (c *computer) laterRows(d *picture, v view) []jobmon.Pending {
	s := d.session
	var rows []*row
	for _, r := range c.rows {
		switch {
		case !r.state.Planned() && r.state != jobmon.StateRunning:
		case s == nil || r.session != s:
			rows = append(rows, r)
		case !s.active() || r.recurring || r.stuck(v):
			if list, _ := s.stages(); stageOf(list, r) < 0 { // also a marker that holds nothing open and opens no stage
				rows = append(rows, r)
			}
		}
	}
	slices.SortFunc(rows, byStart)
	list := make([]jobmon.Pending, 0, len(rows))
	for _, r := range rows {
		if r.class == jobmon.BuildJob && r.state == jobmon.StateUnscheduled {
			continue
		}
		l := jobmon.Pending{Name: r.displayName(), State: r.state, Stuck: r.stuck(v), Start: r.start}
		if r.state == jobmon.StateWaiting && !l.Stuck {
			l.Why = c.whyRow(d, r, v)
		}
		list = append(list, l)
	}
	return list
}

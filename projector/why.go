package projector

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// why says why nothing of the session's stages runs at the picture's time; nil when nothing is left to wait for.
func (c *computer) why(d *picture, s *session, running *row) *jobmon.Waiting {
	if running == nil && s.request != nil {
		return nil // a script says that this one runs
	}
	v := d.view()
	if next := s.waiting(v); len(next) > 0 {
		return c.whyRow(d, next[0], v)
	}
	if next := c.nextMarker(s); next != nil {
		return c.whyRow(d, next, v)
	}
	return nil
}

// whyRow says why a waiting row waits.
func (c *computer) whyRow(d *picture, r *row, v view) *jobmon.Waiting {
	switch {
	case d.info.Ghost || d.info.Gone:
		return &jobmon.Waiting{Kind: jobmon.WaitGhost}
	}
	if runs := c.runs(); runs != nil {
		return &jobmon.Waiting{Kind: jobmon.WaitBehind, Job: runs.displayName(), Since: v.utc(runs.started)}
	}
	switch {
	case v.away:
		return &jobmon.Waiting{Kind: jobmon.WaitAgentOffline, Since: v.utc(d.agentSince), AtLeast: d.agentAtLeast}
	case r.start > v.now && v.at < r.due:
		return &jobmon.Waiting{Kind: jobmon.WaitDue, Start: r.start}
	}
	return &jobmon.Waiting{Kind: jobmon.WaitServer, Start: r.start}
}

// runs is any row of the computer that runs, the one that started last; zombies aside.
func (c *computer) runs() *row {
	var last *row
	for _, r := range c.rows {
		if r.state == jobmon.StateRunning && !r.zombie && (last == nil || r.startedSeq > last.startedSeq) {
			last = r
		}
	}
	return last
}

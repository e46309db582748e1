package projector

import (
	"cmp"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// standing says why a deployment stands still.
type standing struct {
	why   string // jobmon.StillStage, StillAgent or StillIdle
	name  string // of the stage or job
	since jobmon.Instant
}

// standing is why the open deployment stands still at that moment; ok is false when it moves.
func (c *computer) standing(v view) (is standing, ok bool) {
	s := c.session
	if !s.open() {
		return is, false
	}
	is, at := s.limit(c, v)
	return is, at != 0 && v.at > at
}

// nextLook is the moment after which the deployment may stand still, 0 for never.
func (p *Projection) nextLook(c *computer) jobmon.Instant {
	if !c.session.open() || c.still != nil {
		return 0
	}
	_, at := c.session.limit(c, p.view(c))
	return at
}

// limit is the moment up to which the session, left as it is, moves, and what it stands still for afterwards. 0 for
// ever.
func (s *session) limit(c *computer, v view) (is standing, at jobmon.Instant) {
	earlier := func(why, name string, since jobmon.Instant, bound time.Duration) {
		if limit := since.Add(bound); at == 0 || limit < at {
			is, at = standing{why, name, since}, limit
		}
	}
	if r := c.runs(); r != nil && r.session == s && v.away {
		earlier(jobmon.StillAgent, r.displayName(), max(c.agentSince, r.started), v.rules.AgentAway)
	}
	if r := s.running(); r != nil {
		if st := s.stageNow(r); st != nil {
			sp, typical := st.span(), s.prospects.get(st.name)
			expected := time.Duration(typical.seconds) * time.Second
			began := sp.began
			if r.attempt > 1 { // other stages may have run since the attempt before
				began = max(began, r.started)
			}
			if expected > 0 && sp.began != 0 && alike(int(typical.jobs), len(st.jobs)) {
				earlier(jobmon.StillStage, st.name, began, jobmon.OverdueAfter(expected))
			}
		}
		return is, at
	}
	if v.away || c.runs() != nil {
		return is, at
	}
	var next *row
	for _, r := range s.rows {
		if r.state == jobmon.StateWaiting && r.pending(v) && (next == nil || cmp.Compare(r.due, next.due) < 0) {
			next = r
		}
	}
	if next != nil {
		earlier(jobmon.StillIdle, next.displayName(), max(s.idle, next.due, c.back), v.rules.Gap)
	}
	return is, at
}

// stageNow is the stage that the row stands in; nil for none.
func (s *session) stageNow(r *row) *stage {
	list := s.formed
	if list == nil { // as after a checkpoint
		list, _ = s.stages()
	}
	if i := stageOf(list, r); i >= 0 {
		return list[i]
	}
	return nil
}

// overdue returns what stands still by now, and has not been said to.
func (p *Projection) overdue(w *world, at jobmon.Instant) []jobmon.Event {
	axis := w.axis(at)
	var late []*computer
	for _, c := range p.active {
		if c.lookAt != 0 && axis > c.lookAt {
			late = append(late, c)
		}
	}
	slices.SortFunc(late, func(a, b *computer) int { return cmp.Compare(a.id, b.id) })
	var events []jobmon.Event
	for _, c := range late {
		is, still := c.standing(view{world: w, at: axis, now: w.wall(at), away: c.away()})
		if still && c.still == nil {
			events = append(events, jobmon.Event{
				Kind: jobmon.KindOverdue, Computer: c.id, Name: is.name, Text: is.why, Until: w.utc(is.since),
			})
		}
	}
	return events
}

// movingAgain returns the deployments that stood still and move again: a row of theirs started, ended or was removed,
// or what kept them is gone.
func (p *Projection) movingAgain() []jobmon.Event {
	var events []jobmon.Event
	for _, c := range p.sortedTouched() {
		if c.still == nil {
			continue
		}
		if _, still := c.standing(p.view(c)); !still || c.session.moved == p.batch {
			events = append(events, jobmon.Event{Kind: jobmon.KindMovingAgain, Computer: c.id})
		}
	}
	return events
}

func (p *Projection) standingEvent(e *jobmon.Event) {
	c := p.computer(e.Computer)
	was := c.still
	if c.still = nil; e.Kind == jobmon.KindOverdue {
		c.still = &standing{why: e.Text, name: e.Name, since: p.world.axis(e.Until)}
	}
	p.stood(c, cmp.Or(c.still, was))
	p.look(c)
}

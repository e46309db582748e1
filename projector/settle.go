package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A session's stages are formed when they appear and when something happened that can change them. Mostly a job of theirs starts
// or ends: then they stay what they are, and all there is to do is to see whether one has succeeded.

// note takes note of what is about to happen to the row, or to one that is not known yet (nil): whether it can change more than
// the state of the stage in which the row stands.
func (s *session) note(r *row, kind jobmon.Kind) {
	switch {
	case s == nil:
	case r == nil || r.session != s:
		s.altered = true
	case kind == jobmon.KindStarted && r.state == jobmon.StateWaiting:
	case kind == jobmon.KindFinished && r.state == jobmon.StateRunning && s.forming != nil && s.forming.steady:
		s.progressed = true
	default:
		s.altered = true
	}
}

// settleStages takes note of stages that are new, and of those that have succeeded.
func (p *Projection) settleStages(c *computer, s *session) {
	if s.altered {
		p.closeBatch(c, s)
		if s.opened == p.batch && s.openSeq == 0 {
			s.openSeq = p.seq
		}
		if s.forming == nil {
			s.forming = p.room()
		}
		for _, st := range slices.Backward(s.stages(s.forming)) { // of several of a name the first one counts
			known := s.prospects.of(st.name)
			known.considered, known.asked = true, int32(len(st.jobs))
		}
	}
	if s.altered || s.progressed {
		p.recordDurations(s)
	}
	if s.altered, s.progressed = false, false; s.state != jobmon.SessionOpen {
		p.vacate(s)
	}
}

// room is a place to form stages in: that of a session which is over, if there is one.
func (p *Projection) room() *forming {
	n := len(p.rooms)
	if n == 0 {
		return &forming{}
	}
	f := p.rooms[n-1]
	p.rooms = p.rooms[:n-1]
	return f
}

// vacate leaves the session's room to the next one. Its stages are formed anew should it need them again.
func (p *Projection) vacate(s *session) {
	if s.forming != nil {
		p.rooms = append(p.rooms, s.forming)
		s.forming = nil
	}
}

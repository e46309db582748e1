package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A session's stages are formed when they appear and when something happened that can change them. Mostly a job of
// theirs starts or ends: then they stay what they are, and only whether one has succeeded is looked at.

// note records whether what is about to happen to the row can change more than the state of its stage. The row is nil
// if it is not known yet.
func (s *session) note(r *row, kind jobmon.Kind) {
	switch {
	case s == nil:
	case r == nil || r.session != s:
		s.altered = true
	case kind == jobmon.KindStarted && r.state == jobmon.StateWaiting:
	case kind == jobmon.KindFinished && r.state == jobmon.StateRunning && s.steady:
		s.progressed = true
	default:
		s.altered = true
	}
}

// settleStages records stages that are new, and those that have succeeded.
func (p *Projection) settleStages(c *computer, s *session) {
	if s.altered {
		p.closeBatch(c, s)
		if s.opened == p.batch && s.openSeq == 0 {
			s.openSeq = p.seq
		}
		s.formed, s.steady = s.stages()
		for _, st := range slices.Backward(s.formed) { // of several with one name the first counts
			known := s.prospects.of(st.name)
			known.considered, known.asked = true, int32(len(st.jobs))
		}
	}
	if s.altered || s.progressed {
		p.recordDurations(s)
	}
	if s.altered, s.progressed = false, false; s.state != jobmon.SessionOpen {
		s.letGo()
	}
}

// letGo drops the stages of a session that is not open; they are formed anew when they are needed.
func (s *session) letGo() { s.formed, s.steady = nil, false }

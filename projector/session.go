package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// session is one deployment of one computer: what started, and what waits behind it.
type session struct {
	number int
	state  jobmon.SessionState

	began, ended jobmon.Instant // on the axis, as all moments here
	endedSeq     uint64
	// in which it ended: its times are shown by the clock of that time; nil while it is open or planned
	closed *world
	// the end of the batch in which it opened: rows that come later "arrived after it began"
	openSeq      uint64
	opened       int            // that batch
	lastStart    jobmon.Instant // when anything last started
	lastArrived  jobmon.Instant // when the last of the rows that were there at its opening had arrived
	watchedSince jobmon.Instant // not 0: it began unseen
	idle         jobmon.Instant // when something last started, ended or arrived, or became due
	pausedSeq    uint64         // the event that ended the last pause: no duration reaches across it
	endedIn      int            // the batch in which it ended
	moved        int            // the batch in which a row of it last started, ended or was removed
	shown        bool           // no deployment, yet the screen shows it, as its script asked for the file

	rows       []*row   // in the order in which they joined
	order      []*row   // what ordered gives, nil when it is to be made anew
	begun      int      // how many of order have started
	formed     []*stage // its stages as last formed, while it is open
	steady     bool     // see stages
	altered    bool     // since then, in a way that can change them
	progressed bool     // since then a row of them ended: its stage may have succeeded
	form       form
	deployment bool // holds a marker or at least three jobs; other sessions never change the file
	request    *row // what a script said runs now, while that holds
	prospects  prospects
}

// inItsTime returns that world with the clock by which the session ended, so that later steps do not move its times.
func (s *session) inItsTime(w *world) *world {
	if s.closed == nil || s.closed.steps == w.steps {
		return w
	}
	then := *w
	then.steps = s.closed.steps
	return &then
}

// form is how stages are made of jobs.
type form uint8

const (
	byMarker form = iota // markers open stages
	eachJob              // every job is a stage; markers that arrive later open stages for what is behind them
	onlyJobs             // every job is a stage, markers are not shown
)

// join adds the row to the session. There it may be late, or replace an attempt that ended badly.
func (p *Projection) join(c *computer, s *session, r *row) {
	if from := r.session; from != nil && from != s {
		if from.leave(r); !from.active() && c.picture.session == from && c.picture.frozen == nil {
			p.touch(c) // its picture loses what goes on elsewhere
		}
	}
	r.session = s
	s.disorder()
	s.altered = true
	for i := len(s.rows) - 1; i >= 0 && r.replaces == nil; i-- {
		q := s.rows[i]
		if q.job == r.job && q.replacedBy == nil && q.endedSeq < r.arrivedSeq && !r.baseline &&
			(q.state == jobmon.StateFailed || q.state == jobmon.StateCancelled || q.state == jobmon.StateUnknown) {
			replace(q, r)
		}
	}
	s.rows, s.idle = append(s.rows, r), p.axis
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

// ended folds the end of a row.
func (p *Projection) ended(c *computer, r *row) {
	s := r.session
	if s == nil || !s.active() && s != c.session && s != c.errand {
		if r.state.Ended() {
			c.rows.remove(r.id)
		}
		return
	}
	if s.request == r {
		s.request = nil
	}
	if c.away() && p.axis.Sub(c.agentSince) > p.world.rules.AgentAway {
		s.pausedSeq = r.endedSeq
	}
	s.idle, s.moved = p.axis, p.batch
	p.completeIfDone(c, s)
}

// closeBatch decides what can be decided only when all rows of the batch are known. It may be called again before
// the batch ends.
func (p *Projection) closeBatch(c *computer, s *session) {
	if s.opened == p.batch && s.openSeq == 0 {
		s.form = p.formOf(s, c)
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
		return q.effective().state != jobmon.StateCancelled && (!q.late || r.late) &&
			(!q.recurring || q.state != jobmon.StateWaiting)
	})
}

// formOf decides how the session's stages are made, from the rows that are there when it opens.
func (p *Projection) formOf(s *session, c *computer) form {
	switch p.world.rules.Markers {
	case "all":
		return onlyJobs
	case "tagged":
		return byMarker
	}
	if slices.ContainsFunc(s.rows, func(r *row) bool { return r.class == jobmon.Marker }) || c.nextMarker(s) != nil {
		return byMarker
	}
	return eachJob
}

func isDeployment(s *session) bool {
	rows := map[jobmon.ScheduleID]bool{} // one that runs again, or is tried again, is still one
	for _, r := range s.rows {
		if r.recurring || r.class == jobmon.BuildJob {
			continue
		}
		if r.class == jobmon.Marker {
			return true
		}
		if r.replaces == nil {
			rows[r.id] = true
		}
	}
	return len(rows) >= 3
}

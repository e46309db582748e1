package projector

import (
	"cmp"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// computer is what is known of one computer.
type computer struct {
	id           jobmon.ComputerID
	info         *jobmon.Computer // replaced, never changed: pictures keep the one of their time
	agent        jobmon.AgentState
	agentSince   jobmon.Instant // on the axis, as all moments here
	agentAtLeast bool           // the agent was away at our first look
	back         jobmon.Instant // when the agent last came back

	// rows holds the rows in the table that are not over, and those of the last sessions.
	rows     table
	session  *session // the last deployment, nil before the first
	plan     *session // the deployment that is planned, nil for none
	errand   *session // the last session that is no deployment, nil before the first
	sessions int      // how many there were
	movedIn  int      // the batch in which waiting rows were last moved

	drop     uint64          // the last drop: the event of its first row
	dropLast jobmon.Instant  // when its last row arrived
	dropNow  bool            // it holds a row for "now" by the expected clock
	proved   jobmon.WallTime // start_time's clock is known to have shown this here; NoStart for nothing

	baseline bool           // has rows of the first read that await settleBaseline
	unsure   bool           // the batch at hand holds events after which a deployment may be planned
	still    *standing      // the deployment was recorded to stand still, nil when it moves
	lookAt   jobmon.Instant // before this moment the deployment cannot stand still; 0 never
	lastSeq  uint64         // last event that concerns the picture
	known    bool           // the DS database has, or had, such a computer
	asked    bool           // in the batch at hand a script asked for the file
	stale    bool           // and no fresh read could be made for it
	touched  bool           // is among those that the batch at hand concerns
	news     bool           // and its picture is to be drawn anew
	changed  bool           // is among those that Changed will list

	picture picture
}

// row is one schedule row as the projection sees it. A row that is requeued after its end continues as a new row.
type row struct {
	id    jobmon.ScheduleID
	job   jobmon.JobID
	name  string
	class jobmon.JobClass
	stage string // the name of the stage that it opens, for a marker
	start jobmon.WallTime
	state jobmon.RowState
	code  jobmon.Code

	arrived, started, ended jobmon.Instant // started and ended are 0 when unseen
	// since when it is due: its start_time or its arrival, the later; the future for later rows
	due                              jobmon.Instant
	arrivedSeq, startedSeq, endedSeq uint64
	askedAt                          jobmon.Instant // when a script said that it runs now
	askedSeq                         uint64

	drop         uint64 // the drop that it arrived with, 0 for rows of the first read and recurring ones
	recurring    bool   // queued again after its end: no part of a plan, and no evidence
	asNow        bool   // counts as due, whatever start_time's clock shows
	baseline     bool   // found by the first read of all
	neverLate    bool   // injected by a shortcut, or first seen in the first read after a gap
	late         bool
	startInexact bool
	endInexact   bool
	inferred     bool // no read saw it run
	// within which time before started it began, when no read saw that; 0 where that is not known
	unseen     time.Duration
	zombie     bool // found running by the first read, long past due
	closing    bool // when it started, nothing unfinished stood behind it: a marker that closes
	startedIn  int  // the batch in which it started
	arrivedIn  int  // the batch in which it arrived
	requeuedIn int  // the batch in which it was queued again while it ran
	recorded   bool // the duration of the stage that it heads has entered the history
	attempt    int  // 1, or more after failed or cancelled ones
	replaces   *row
	replacedBy *row
	session    *session
}

// effective is the last attempt of the row's job in its stage.
func (r *row) effective() *row {
	for r.replacedBy != nil {
		r = r.replacedBy
	}
	return r
}

// shownIn reports whether a picture of the session shows the row: it is part of it, or a later attempt of a row that
// is.
func (r *row) shownIn(s *session) bool {
	for ; s != nil && r != nil; r = r.replaces {
		if r.session == s {
			return true
		}
	}
	return false
}

// root is the first attempt, which holds the place of all in the order.
func (r *row) root() *row {
	for r.replaces != nil {
		r = r.replaces
	}
	return r
}

// called is what a job's name says.
type called struct {
	class jobmon.JobClass
	stage string // that it opens, for a marker
}

// mostCalled is how many names' meanings are kept: more than a site has jobs.
const mostCalled = 1 << 14

// call gives the row its job's name, and what follows from it.
func (p *Projection) call(r *row, name string) {
	is, known := p.called[name]
	if !known {
		if is.class = p.world.rules.Class(name); is.class == jobmon.Marker {
			is.stage = p.world.rules.StageName(name)
		}
		if len(p.called) >= mostCalled {
			clear(p.called)
		}
		p.called[name] = is
	}
	r.name, r.class = name, is.class
	r.stage = is.stage
	if r.session != nil {
		r.session.altered = true
	}
}

func (r *row) displayName() string { return jobmon.JobName(r.job, r.name) }

// stuck says that the row has waited far beyond its time: it is listed and holds nothing open. In an open deployment
// that needs a row behind it that has started; while the agent is known to be away, no row is stuck.
func (r *row) stuck(v view) bool {
	switch {
	case r.zombie:
		return true
	case r.state != jobmon.StateWaiting || r.start == jobmon.NoStart || v.away ||
		v.at.Sub(max(r.due, v.reached(r.start))) <= v.rules.Stuck:
		return false
	}
	s := r.session
	return s == nil || s.state != jobmon.SessionOpen || slices.ContainsFunc(s.rows, func(q *row) bool {
		return q.startedSeq > r.arrivedSeq && q.startedSeq != 0 && byStart(r, q) < 0
	})
}

// pending says that the row will run or runs: it holds its session open. A recurring row that waits holds nothing.
func (r *row) pending(v view) bool {
	switch r.state {
	case jobmon.StateWaiting:
		return !r.recurring && !r.stuck(v)
	case jobmon.StateRunning:
		return !r.zombie
	}
	return false
}

func byStart(a, b *row) int {
	if order := jobmon.CompareStart(a.start, b.start); order != 0 {
		return order
	}
	return cmp.Compare(a.id, b.id)
}

func (p *Projection) computer(id jobmon.ComputerID) *computer {
	if p.last != nil && p.last.id == id {
		return p.last
	}
	c := p.computers[id]
	if c == nil {
		c = newComputer(id)
		p.computers[id] = c
	}
	p.last = c
	return c
}

func newComputer(id jobmon.ComputerID) *computer {
	return &computer{id: id, info: &jobmon.Computer{ID: id}, proved: jobmon.NoStart}
}

func (c *computer) isOpen() bool { return c.session.open() }

// activeNow reports whether time and the agent matter to the computer: something is open or planned.
func (c *computer) activeNow() bool { return c.session.open() || c.plan != nil || c.errand.open() }

// away says that the agent is known to be away: it is looked at only while something is open or planned.
func (c *computer) away() bool { return c.agent == jobmon.AgentOffline && c.activeNow() }

// front is the session that the screen shows: what is planned, else the last deployment, else an errand whose script
// asked for the file. Nil for none.
func (c *computer) front() *session {
	switch {
	case c.plan != nil:
		return c.plan
	case c.session == nil && c.errand != nil && c.errand.shown:
		return c.errand
	}
	return c.session
}

// shows reports whether the screen shows something that is open or planned.
func (c *computer) shows() bool {
	s := c.front()
	return s != nil && s.active()
}

// follow keeps the list of computers to watch.
func (p *Projection) follow(c *computer) {
	if c.activeNow() {
		p.active[c.id] = c
	} else {
		delete(p.active, c.id)
	}
}

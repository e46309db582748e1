package projector

import (
	"cmp"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// computer is what is known of one computer.
type computer struct {
	id         jobmon.ComputerID
	info       *jobmon.Computer // replaced, never changed: pictures keep the one of their time
	agent      jobmon.AgentState
	agentSince jobmon.Instant

	// rows holds the rows in the table that are not over, and those of the last session.
	rows     table
	session  *session // the last one, nil before the first
	sessions int      // how many there were
	movedIn  int      // the batch in which waiting rows were last moved
	baseline bool     // has rows of the first read that await settleBaseline
	lastSeq  uint64   // last event that concerns the picture
	known    bool     // the DS database has, or had, such a computer
	asked    bool     // in the batch at hand a script asked for the file
	stale    bool     // and no fresh read could be made for it
	touched  bool     // is among those that the batch at hand concerns
	changed  bool     // is among those that Changed will list

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
	code  int32

	arrived, started, ended          jobmon.Instant // started and ended are 0 when unseen
	arrivedSeq, startedSeq, endedSeq uint64
	askedAt                          jobmon.Instant // when a script said that it runs now
	askedSeq                         uint64

	baseline     bool // found by the first read of all
	neverLate    bool // injected by a shortcut, or first seen in the first read after a gap
	late         bool
	startInexact bool
	endInexact   bool
	inferred     bool          // no read saw it run
	unseen       time.Duration // within which time before started it began, when no read saw that; 0 where that is not known
	zombie       bool          // found running by the first read, long past due
	closing      bool          // a marker that started when nothing unfinished stood behind it
	startedIn    int           // the batch in which it started
	recorded     bool          // the duration of the stage that it heads has entered the history
	attempt      int           // 1, or more after failed or cancelled ones
	replaces     *row
	replacedBy   *row
	session      *session
}

// effective is the last attempt of the row's job in its stage.
func (r *row) effective() *row {
	for r.replacedBy != nil {
		r = r.replacedBy
	}
	return r
}

// shownIn says whether a picture of the session tells of the row: it is part of it, or a later attempt of a row that is.
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
	if is.class == jobmon.Marker {
		r.stage = is.stage
	}
	if r.session != nil {
		r.session.altered = true
	}
}

func (r *row) displayName() string { return jobmon.JobName(r.job, r.name) }

// stuck says that the row has waited far beyond its time; it is listed and holds nothing open.
func (r *row) stuck(w *world, now jobmon.WallTime) bool {
	return r.zombie || r.state == jobmon.StateWaiting && r.start != jobmon.NoStart &&
		now-r.start > jobmon.WallTime(w.rules.Stuck.Milliseconds())
}

// pending says that the row will run or runs: it holds its session open.
func (r *row) pending(w *world, now jobmon.WallTime) bool {
	return (r.state == jobmon.StateWaiting || r.state == jobmon.StateRunning) && !r.stuck(w, now)
}

func byStart(a, b *row) int {
	if order := compareStart(a.start, b.start); order != 0 {
		return order
	}
	return cmp.Compare(a.id, b.id)
}

// compareStart orders start times; rows without one come last.
func compareStart(a, b jobmon.WallTime) int {
	if a == jobmon.NoStart || b == jobmon.NoStart {
		return -cmp.Compare(a, b)
	}
	return cmp.Compare(a, b)
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
	return &computer{id: id, info: &jobmon.Computer{ID: id}}
}

func (c *computer) isOpen() bool { return c.session != nil && c.session.state == jobmon.SessionOpen }

// rowEvent folds an event of a schedule row.
func (p *Projection) rowEvent(e *jobmon.Event) {
	c := p.computer(e.Computer)
	p.judge(c)
	r := c.rows.get(e.Schedule)
	inLast := r != nil && r.shownIn(c.session) // also a row that now leaves it
	c.session.note(r, e.Kind)
	if r != nil && e.Kind != jobmon.KindStarted && (e.Kind != jobmon.KindFinished || r.startedSeq == 0) {
		r.session.disorder()
		defer r.session.disorder()
	}
	switch e.Kind {
	case jobmon.KindScheduled:
		r = p.arrive(c, e, nil)
	case jobmon.KindRequeued:
		if r == nil || r.state.Ended() {
			r = p.arrive(c, e, r)
			break
		}
		r.started, r.startedSeq, r.startInexact, r.inferred, r.unseen, r.zombie = 0, 0, false, false, 0, false
		p.replan(c, r, e)
	case jobmon.KindRescheduled, jobmon.KindDue:
		if r == nil {
			return // a row of an earlier session was moved: nothing that anybody sees
		}
		r.start = e.Start
		p.replan(c, r, e)
	case jobmon.KindStarted:
		if r == nil {
			r = p.arrive(c, e, nil)
		}
		p.later.remove(r.id)
		opens := p.opens(c, r)
		if opens {
			p.conclude(c) // as it was before this
		}
		r.state, r.zombie = jobmon.StateRunning, false
		r.started, r.startedSeq, r.startedIn = e.At, e.Seq, p.batch
		r.startInexact, r.inferred = e.Flags.Has(jobmon.Inexact), e.Flags.Has(jobmon.Inferred)
		r.unseen = p.looks.Unseen(e, p.world.rules.PollInterval)
		r.session.begin(r)
		p.start(c, r, opens)
	case jobmon.KindFinished:
		if r == nil || r.state.Finished() {
			return
		}
		p.later.remove(r.id)
		r.state, r.code = p.world.rules.Next(r.state, e, p.now()), e.Status.Code
		r.ended, r.endedSeq, r.endInexact = e.At, e.Seq, e.Flags.Has(jobmon.Inexact)
		p.ended(c, r)
	case jobmon.KindRemoved:
		if r == nil {
			return
		}
		p.later.remove(r.id)
		c.rows.remove(r.id)
		if r.state.Finished() {
			return // a purge erases no picture
		}
		r.state = p.world.rules.Next(r.state, e, p.now())
		r.ended, r.endedSeq = e.At, e.Seq
		p.ended(c, r)
	}
	if c.isOpen() || inLast || r.shownIn(c.session) {
		p.touch(c)
	}
}

// arrive makes a row of what was seen first, or was requeued after its end (then old is the ended one).
func (p *Projection) arrive(c *computer, e *jobmon.Event, old *row) *row {
	r := &row{
		id: e.Schedule, job: e.Job, start: e.Start, attempt: 1,
		state:   p.world.rules.Next(0, e, p.now()),
		arrived: e.At, arrivedSeq: e.Seq,
		baseline:  e.Flags.Has(jobmon.Baseline),
		neverLate: e.Flags&(jobmon.Baseline|jobmon.Inexact) != 0 || c.movedIn == p.batch,
	}
	p.call(r, p.jobs[e.Job])
	c.rows.put(r)
	if r.baseline {
		r.code = e.Status.Code
		c.baseline, p.unsettled = true, true
		p.concerns(c)
	}
	if old != nil && old.session != nil && old.session == c.session && c.isOpen() {
		replace(old, r)
		r.late, r.neverLate = old.late, old.neverLate
	}
	p.place(c, r)
	return r
}

// replan takes in a new start time, or that the row's time has come near.
func (p *Projection) replan(c *computer, r *row, e *jobmon.Event) {
	r.state = p.world.rules.Next(r.state, e, p.now())
	p.place(c, r)
}

// place puts a planned row where it belongs: into the open session when it waits, out of it when its time is far.
func (p *Projection) place(c *computer, r *row) {
	p.later.remove(r.id)
	switch r.state {
	case jobmon.StateLater:
		p.later.add(c.id, r)
		fallthrough
	case jobmon.StateUnscheduled:
		if r.session != nil && r.session == c.session {
			c.session.leave(r)
			p.completeIfDone(c)
		}
	case jobmon.StateWaiting:
		if c.isOpen() && r.session != c.session && !r.baseline && !r.stuck(p.world, p.now()) {
			p.join(c.session, r)
		}
	}
}

// waiting lists the computer's waiting rows that hold a session open, in the order in which DS will run them.
func (c *computer) waiting(w *world, now jobmon.WallTime) []*row {
	var list []*row
	for _, r := range c.rows {
		if r.state == jobmon.StateWaiting && !r.stuck(w, now) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, byStart)
	return list
}

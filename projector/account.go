package projector

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Account is all that is known of one session of one computer: what its picture shows, and every row that belongs to
// it.
type Account struct {
	At         jobmon.Instant // as of when; a computer's sessions come in the order in which they began
	Offset     jobmon.Offset  // the DS server's UTC offset then
	Computer   jobmon.Computer
	Deployment bool   // it holds a marker or at least three jobs
	Overtaken  bool   // it was open when the computer's next session began
	OpenSeq    uint64 // the end of the batch in which it opened
	EndSeq     uint64 // the event that ended it, 0 while it is open
	Session    jobmon.SessionProgress
	Runs       []Run // as its stages have them; the attempts of a job stand together
}

// Run is one row of a session. A row that was requeued after its end is another run.
type Run struct {
	Schedule jobmon.ScheduleID
	Job      jobmon.JobID
	Name     string // as the job was called in the session's time
	Class    jobmon.JobClass
	Stage    int // index in Session.Stages, -1 for what is not shown: build jobs, closing markers
	Start    jobmon.WallTime
	State    jobmon.RowState
	Code     jobmon.Code // of a finished one
	Attempt  int         // 1, or more after failed or cancelled ones
	Late     bool

	// Arrived, Started and Ended are 0 when it did not happen, or was not seen. Asked is when a DS script last said
	// that the row runs now. The sequence numbers order what happened; they are 0 where nothing happened.
	Arrived, Asked, Started, Ended jobmon.Instant
	AskedSeq, StartedSeq, EndedSeq uint64

	Baseline     bool // found by the first read of all
	StartInexact bool // see jobmon.Inexact
	EndInexact   bool
	Inferred     bool // no read saw it run
	// within which time before Started it began, when no read saw that; 0 where that is not known
	Unseen time.Duration
}

// ApplyTelling is Apply that also reports every session that ends for good in the batch: by the beginning of the
// computer's next one. Other sessions that are over may still be opened again; Accounts reports them.
func (p *Projection) ApplyTelling(b *jobmon.Batch, over func(*Account)) {
	p.over = over
	p.Apply(b)
	p.over = nil
}

// Accounts reports every computer's last sessions, by id.
func (p *Projection) Accounts(tell func(*Account)) {
	for _, id := range slices.Sorted(maps.Keys(p.computers)) {
		c := p.computers[id]
		for _, s := range [...]*session{c.errand, c.session} {
			if s != nil {
				tell(p.account(c, s))
			}
		}
	}
}

// Breaks reports whether the event, which comes next, says that the source was not watched or that the clock jumped: no
// duration reaches across it.
func (p *Projection) Breaks(e *jobmon.Event) bool {
	switch e.Kind {
	case jobmon.KindSourceLost, jobmon.KindSourceRestored, jobmon.KindDamaged:
		return true
	case jobmon.KindDaemonStarted:
		gap := e.At.Sub(e.Until)
		return gap < 0 || gap > 3*p.world.rules.PollInterval
	case jobmon.KindClock:
		return e.Step != 0
	}
	return false
}

// account describes a session of the computer, as its picture shows it if it is the one shown.
func (p *Projection) account(c *computer, s *session) *Account {
	d := c.picture
	switch {
	case d.seq == 0 || d.session != s:
		w := cmp.Or(s.closed, p.world)
		d = picture{
			at: w.utc(p.axis), world: w, info: c.info, agent: c.agent, agentSince: c.agentSince,
			watched: c.activeNow(), session: s,
		}
	case d.frozen != nil: // its rows are moving on
		d.at, d.world = p.at, p.world
	}
	list, _ := s.stages()
	w := s.inItsTime(d.world)
	drawn, _ := c.renderSession(&d, list)
	a := &Account{
		At: d.at, Offset: d.world.offset, Computer: *d.info, OpenSeq: cmp.Or(s.openSeq, p.seq), EndSeq: s.endedSeq,
		Deployment: s.deployment || isDeployment(s), Session: *drawn, Runs: make([]Run, 0, len(s.rows)),
	}
	a.Computer.ID = c.id
	for _, root := range s.ordered() {
		stage := -1
		if root.class != jobmon.BuildJob {
			stage = stageOf(list, root)
		}
		for r := root; r != nil && r.session == s; r = r.replacedBy {
			a.Runs = append(a.Runs, Run{
				Schedule: r.id, Job: r.job, Name: r.displayName(), Class: r.class, Stage: stage, Start: r.start,
				State: r.state, Code: r.code, Attempt: r.attempt, Late: r.late,
				Arrived: w.utc(r.arrived), Asked: w.utc(r.askedAt), Started: w.utc(r.started), Ended: w.utc(r.ended),
				AskedSeq: r.askedSeq, StartedSeq: r.startedSeq, EndedSeq: r.endedSeq,
				Baseline: r.baseline, StartInexact: r.startInexact, EndInexact: r.endInexact,
				Inferred: r.inferred, Unseen: r.unseen,
			})
		}
	}
	return a
}

// tellOver reports a session that another one follows, before rows that have not ended leave it for that one.
func (p *Projection) tellOver(c *computer, s *session) {
	open := s.state == jobmon.SessionOpen
	if open {
		s.state, s.ended, s.endedSeq, s.closed = jobmon.SessionComplete, p.axis, p.seq, p.world
	}
	a := p.account(c, s)
	a.Overtaken = open
	p.over(a)
}

package projector

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// picture holds the circumstances in which a computer's picture was drawn, after its last event.
type picture struct {
	seq        uint64
	at         jobmon.Instant
	world      *world
	info       *jobmon.Computer
	known      bool
	stale      bool // see jobmon.Progress
	agent      jobmon.AgentState
	agentSince jobmon.Instant // on the axis

	agentAtLeast bool
	watched      bool           // the agent was looked at
	back         jobmon.Instant // see computer
	still        *standing      // see computer
	session      *session
	later        []jobmon.Pending // as it was, once the session is no longer open
	frozen       *jobmon.Progress // set when the session's rows went on into another session
}

// draw makes the state after the current batch the computer's picture. It computes nothing: render does, on request.
func (p *Projection) draw(c *computer) {
	d := &c.picture
	if front := c.front(); front != d.session || front != nil && front.active() {
		d.session, d.frozen = front, nil
	}
	d.seq, d.at, d.world, d.info = c.lastSeq, p.at, p.world, c.info
	d.known, d.stale = c.known, c.stale
	d.agent, d.agentSince, d.agentAtLeast = c.agent, c.agentSince, c.agentAtLeast
	d.watched, d.back, d.still = c.activeNow(), c.back, c.still
	d.later = nil
	if !c.shows() {
		d.later = c.laterRows(d, d.view())
	}
	if !c.changed {
		c.changed = true
		p.changed = append(p.changed, c)
	}
}

// freeze keeps the picture as it is before its session's rows move on.
func (p *Projection) freeze(c *computer, s *session) {
	if d := &c.picture; d.seq != 0 && d.session == s && d.frozen == nil {
		d.frozen = p.render(c)
	}
}

// Progress returns the computer's picture after the last batch; ok is false when it has none, because no deployment and
// no request was ever seen.
func (p *Projection) Progress(id jobmon.ComputerID) (progress *jobmon.Progress, ok bool) {
	c := p.computers[id]
	if c == nil || c.picture.seq == 0 {
		return nil, false
	}
	return p.render(c), true
}

// Pictures lists the computers that have a picture, ascending.
func (p *Projection) Pictures() []jobmon.ComputerID {
	var ids []jobmon.ComputerID
	for id, c := range p.computers {
		if c.picture.seq != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// DrawnSince lists the computers whose picture is of that time or later, ascending.
func (p *Projection) DrawnSince(at jobmon.Instant) []jobmon.ComputerID {
	return slices.DeleteFunc(p.Pictures(), func(id jobmon.ComputerID) bool { return p.computers[id].picture.at < at })
}

func (p *Projection) render(c *computer) *jobmon.Progress { return p.renderAs(c, &c.picture) }

func (p *Projection) renderAs(c *computer, d *picture) *jobmon.Progress {
	out := &jobmon.Progress{}
	if d.frozen != nil {
		*out = *d.frozen
	} else if d.session != nil {
		list, _ := d.session.stages()
		out.Session, out.Asked = c.renderSession(d, list)
	}
	rules := d.world.rules
	out.Seq, out.At, out.Offset = d.seq, d.at, d.world.offset
	out.SourceLost, out.SourceSince = d.world.sourceLost, d.world.utc(d.world.sourceSince)
	out.Site, out.Computer, out.Agent = rules.Site, *d.info, d.agent
	out.AgentSince, out.AgentAtLeast = d.world.utc(d.agentSince), d.agentAtLeast
	if d.info.Gone || d.agent == jobmon.AgentUnknown {
		out.Agent, out.AgentSince, out.AgentAtLeast = jobmon.AgentUnknown, 0, false
	}
	out.Unknown, out.Stale = !d.known && d.session == nil, d.stale
	out.Settle, out.Quiet = rules.Settle, rules.Quiet
	if out.Form = nil; rules.Form != (jobmon.Form{}) {
		out.Form = &rules.Form
	}
	out.PublicURL = rules.PublicURL
	if d.frozen == nil {
		out.Later = d.later
		if d.session != nil && d.session.active() {
			out.Later = c.laterRows(d, d.view())
		}
	}
	return out
}

// renderSession draws a session as of the picture's time, given its stages. It also returns the name of the job that a
// script said runs now.
func (c *computer) renderSession(d *picture, list []*stage) (*jobmon.SessionProgress, string) {
	s, v := d.session, d.view()
	v.world = s.inItsTime(v.world)
	out := &jobmon.SessionProgress{
		Number: s.number, State: s.state, Began: v.utc(s.began), Ended: v.utc(s.ended),
		WatchedSince: v.utc(s.watchedSince),
		Current:      -1, Next: -1, Stages: make([]jobmon.Stage, 0, len(list)),
	}
	running := s.running()
	if current := s.current(running); current != nil {
		out.Current = stageOf(list, current)
	}
	closing := s.closingRow(v)
	if c.holdsLater(s) {
		closing = nil
	}
	if closing != nil {
		out.State, out.Ended, out.Current = jobmon.SessionComplete, d.at, -1
	}
	for i, st := range list {
		out.Stages = append(out.Stages, st.render(s, v, i == out.Current, closing))
		if !st.unfinished(closing) {
			out.StagesDone++
		}
	}
	out.Next = s.nextStage(list, v, out.Current, closing)
	s.countJobs(list, out)
	out.Result = s.result(out)
	out.LastMarker = true
	if out.Unended() {
		c.outlook(d, v, running, list, out)
	}
	asked := ""
	if s.request != nil {
		asked = s.request.displayName()
	}
	return out, asked
}

// current is the row that is at work: the running one, or one that a later request names; nil for none.
func (s *session) current(running *row) *row {
	if q := s.request; q != nil && (running == nil || q.askedSeq > running.startedSeq) {
		return q
	}
	return running
}

// nextStage is the first stage after the current one with a row that waits, not counting the closing row; -1 for none.
func (s *session) nextStage(list []*stage, v view, current int, closing *row) int {
	for _, r := range s.waiting(v) {
		if i := stageOf(list, r); i >= 0 && i != current && r != closing {
			return i
		}
	}
	return -1
}

// outlook adds what an open or planned session waits for, and how long it will take.
func (c *computer) outlook(d *picture, v view, running *row, list []*stage, out *jobmon.SessionProgress) {
	s := d.session
	if out.State == jobmon.SessionOpen {
		out.SilentSince = v.utc(s.silentSince(v, d.back))
		if d.still != nil {
			out.Still = &jobmon.Standing{Why: d.still.why, Name: d.still.name, Since: v.utc(d.still.since)}
		}
	}
	out.LastMarker = s.noMarkerWaits(v) && !c.holdsLater(s)
	if running == nil || out.Current < 0 {
		out.Why = c.why(d, s, running)
	}
	if s.state == jobmon.SessionPlanned {
		takes(out)
	} else {
		s.estimate(list, out, v, d.at)
	}
}

// waiting lists the rows that are still to run, in the order in which DS will run them; a later attempt waits where it
// was dropped, not at the place of its stage.
func (s *session) waiting(v view) []*row {
	var list []*row
	for _, r := range s.rows {
		if r.state == jobmon.StateWaiting && r.pending(v) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, byStart)
	return list
}

// running returns the running row that started last, nil when none runs. It ignores build jobs.
func (s *session) running() *row {
	var last *row
	for _, r := range s.rows {
		if r.state == jobmon.StateRunning && r.class != jobmon.BuildJob &&
			(last == nil || r.startedSeq > last.startedSeq) {
			last = r
		}
	}
	return last
}

func (st *stage) render(s *session, v view, current bool, closing *row) jobmon.Stage {
	n, sp, typical := st.count(), st.span(), s.prospects.get(st.name)
	out := jobmon.Stage{
		Name: st.name, State: st.state(current, closing), Late: st.late,
		Began: v.utc(sp.began), Ended: v.utc(sp.ended), Inexact: sp.inexact, Most: sp.most(), Start: st.head().start,
		Jobs: n.known(), JobsDone: n[jobmon.StateSucceeded] + n[jobmon.StateFailed],
		Failed: st.failed(), Attempt: 1,
	}
	if alike(int(typical.jobs), len(st.jobs)) {
		out.Expected, out.Runs = time.Duration(typical.seconds)*time.Second, int(typical.runs)
	}
	for _, root := range st.jobs {
		repaired := root.effective().state == jobmon.StateSucceeded
		for r := root; r != nil; r = r.replacedBy {
			out.Attempt = max(out.Attempt, r.attempt)
			if r.state != jobmon.StateFailed {
				continue
			}
			failure := jobmon.Failure{Job: r.displayName(), Code: r.code, At: v.utc(r.ended), Repaired: repaired}
			if v.rules.HideNames {
				failure.Job = ""
			}
			out.Failures = append(out.Failures, failure)
		}
	}
	if out.State == jobmon.StateRunning && out.Began != 0 {
		out.Overdue = jobmon.IsOverdue(v.at.Sub(sp.began), out.Expected)
	}
	return out
}

// countJobs counts the last attempts of the real jobs, without those that will never run.
func (s *session) countJobs(list []*stage, out *jobmon.SessionProgress) {
	for _, st := range list {
		n := st.count()
		out.Jobs += n.known()
		out.JobsDone += n[jobmon.StateSucceeded] + n[jobmon.StateFailed]
		out.Failed += st.failed()
		out.Cancelled += n[jobmon.StateCancelled] + n[jobmon.StateUnknown]
		for _, r := range st.jobs {
			if r.late {
				out.Late++
			}
		}
	}
	if out.Jobs > 0 {
		out.Percent = 100 * out.JobsDone / out.Jobs
	}
}

// closingRow returns the open session's only unfinished row if it is a marker at work behind other stages: its picture
// is the last one that the screen gets, so it shows the end. Otherwise it returns nil. A marker alone ends nothing: a
// technician is about to drag the jobs behind it, and "ready" would be a lie.
func (s *session) closingRow(v view) *row {
	if s.state != jobmon.SessionOpen {
		return nil
	}
	var only *row
	for _, r := range s.rows {
		if !r.pending(v) {
			continue
		}
		if only != nil {
			return nil
		}
		only = r
	}
	if only == nil || only.class != jobmon.Marker || only.state != jobmon.StateRunning && only != s.request {
		return nil
	}
	if !slices.ContainsFunc(s.rows, func(r *row) bool {
		return r.class != jobmon.BuildJob && r.root() != only.root()
	}) {
		return nil
	}
	return only
}

func (s *session) result(out *jobmon.SessionProgress) jobmon.Result {
	retried := false
	for _, st := range out.Stages {
		retried = retried || len(st.Failures) > 0
	}
	switch {
	case out.State == jobmon.SessionAbandoned:
		return jobmon.ResultAbandoned
	case out.State == jobmon.SessionOpen || out.State == jobmon.SessionPlanned:
		return jobmon.ResultNone
	case out.Cancelled > 0 || out.JobsDone < out.Jobs: // cancelled, or stuck
		return jobmon.ResultEndedEarly
	case out.Failed > 0:
		return jobmon.ResultWithFailures
	case retried:
		return jobmon.ResultAfterRetries
	case out.Jobs == 0 && len(out.Stages) < 2:
		return jobmon.ResultNone // a marker alone, or a build job: there is nothing that could be ready
	}
	return jobmon.ResultReady
}

// estimate calculates when all will be done, from the typical durations of the remaining stages. It counts from the
// last thing that happened, not from the picture's time, so that the ETA does not move while nothing happens; after
// ETAHolds the ETA no longer holds.
func (s *session) estimate(list []*stage, out *jobmon.SessionProgress, v view, at jobmon.Instant) {
	base, patience := v.utc(s.lastMoved(v.at)), jobmon.Patience
	if current := out.Current; current >= 0 && out.Stages[current].Began != 0 {
		base = out.Stages[current].Began
		patience = jobmon.OverdueAfter(out.Stages[current].Expected)
	} else if out.Why != nil && out.Why.Kind == jobmon.WaitDue && out.Why.Start != jobmon.NoStart {
		base = max(base, v.utc(v.reached(out.Why.Start)))
	}
	var left time.Duration
	for i := range out.Stages {
		st := &out.Stages[i]
		switch {
		case !list[i].unfinished(nil):
			continue
		case st.Expected == 0:
			out.ETAAtLeast = true
			continue
		case st.Began == 0:
			out.ToCome += st.Expected
			left += st.Expected
			continue
		}
		spent := base.Sub(st.Began)
		if spent >= st.Expected || i == out.Current && at.Sub(st.Began) > st.Expected {
			out.ETAAtLeast = true
		}
		left += min(st.Expected, max(st.Expected-spent, 0))
	}
	if left == 0 {
		return
	}
	out.ETA = base.Add(left)
	if out.ETAHolds = min(out.ETA, base.Add(patience)); out.ETAHolds <= at {
		out.ETA, out.ETAAtLeast = 0, false
	}
}

// lastMoved is the time when something last happened to a row of the session, but not later than at.
func (s *session) lastMoved(at jobmon.Instant) jobmon.Instant {
	last := s.began
	for _, r := range s.rows {
		last = max(last, r.arrived, r.askedAt, r.started, r.ended)
	}
	return min(last, at)
}

// takes adds up the typical durations of a planned deployment's stages.
func takes(out *jobmon.SessionProgress) {
	for i := range out.Stages {
		out.Takes += out.Stages[i].Expected
		out.TakesAtLeast = out.TakesAtLeast || out.Stages[i].Expected == 0
	}
	out.TakesAtLeast = out.TakesAtLeast && out.Takes > 0
}

// noMarkerWaits reports that no further file will reach the screen: only markers and build jobs bring one.
func (s *session) noMarkerWaits(v view) bool {
	return !slices.ContainsFunc(s.rows, func(r *row) bool {
		return r.class != jobmon.RealJob && r.state == jobmon.StateWaiting && r != s.request && !r.stuck(v)
	})
}

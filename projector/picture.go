package projector

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// picture is what a computer's screen shows since its last event: the circumstances in which it was drawn.
type picture struct {
	seq        uint64
	at         jobmon.Instant
	world      *world
	info       *jobmon.Computer
	known      bool
	stale      bool // see jobmon.Progress
	agent      jobmon.AgentState
	agentSince jobmon.Instant
	session    *session
	later      []jobmon.Pending // as it was, once the session is no longer open
	frozen     *jobmon.Progress // set when the session's rows went on into another session
}

// draw makes the batch at hand the computer's picture. Nothing is computed until somebody looks.
func (p *Projection) draw(c *computer) {
	d := &c.picture
	if c.session != nil && (c.session.deployment || c.asked) {
		d.session, d.frozen = c.session, nil
	}
	d.seq, d.at, d.world, d.info = c.lastSeq, p.at, p.world, c.info
	d.known, d.stale = c.known, c.stale
	d.agent, d.agentSince = c.agent, c.agentSince
	d.later = nil
	if !c.isOpen() {
		d.later = c.laterRows(d.session, d.world, d.at.Wall(d.world.offset))
	}
	if !c.changed {
		c.changed = true
		p.changed = append(p.changed, c)
	}
}

// freeze keeps the picture as it is before its session's rows move on.
func (p *Projection) freeze(c *computer) {
	if d := &c.picture; d.seq != 0 && d.session == c.session && d.frozen == nil {
		d.frozen = p.render(c)
	}
}

// Progress is the computer's picture after the last batch; ok is false when it has none: no deployment and no
// request was ever seen.
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

func (p *Projection) render(c *computer) *jobmon.Progress {
	d := &c.picture
	out := &jobmon.Progress{}
	if d.frozen != nil {
		*out = *d.frozen
	} else if d.session != nil {
		out.Session, out.Asked = c.renderSession(d, d.session.stages(&p.drawing))
	}
	rules := d.world.rules
	out.Seq, out.At, out.Offset = d.seq, d.at, d.world.offset
	out.SourceLost, out.SourceSince = d.world.sourceLost, d.world.sourceSince
	out.Site, out.Computer, out.Agent = rules.Site, *d.info, d.agent
	out.Unknown, out.Stale = !d.known && d.session == nil, d.stale
	out.Settle, out.Quiet = rules.Settle, rules.Quiet
	if out.Form = nil; rules.Form != (jobmon.Form{}) {
		out.Form = &rules.Form
	}
	if d.frozen == nil {
		out.Later = d.later
		if c.isOpen() && d.session == c.session {
			out.Later = c.laterRows(d.session, d.world, d.at.Wall(d.world.offset))
		}
	}
	return out
}

// laterRows lists the rows outside the session shown that count in nothing, by start time.
func (c *computer) laterRows(shown *session, w *world, now jobmon.WallTime) []jobmon.Pending {
	var rows []*row
	for _, r := range c.rows {
		if r.state == jobmon.StateLater || r.state == jobmon.StateUnscheduled || r.stuck(w, now) {
			if shown == nil || r.session != shown { // a stage shows it already
				rows = append(rows, r)
			}
		}
	}
	slices.SortFunc(rows, byStart)
	list := make([]jobmon.Pending, 0, len(rows))
	for _, r := range rows {
		if r.class != jobmon.BuildJob || r.state != jobmon.StateUnscheduled {
			list = append(list, jobmon.Pending{Name: r.displayName(), State: r.state, Stuck: r.stuck(w, now), Start: r.start})
		}
	}
	return list
}

// renderSession draws a session as of the picture's time, given its stages.
func (c *computer) renderSession(d *picture, list []*stage) (*jobmon.SessionProgress, string) {
	s, w := d.session, d.world
	now := d.at.Wall(w.offset)
	out := &jobmon.SessionProgress{
		Number: s.number, State: s.state, Began: s.began, Ended: s.ended, WatchedSince: s.watchedSince,
		Current: -1, Next: -1, Stages: make([]jobmon.Stage, 0, len(list)),
	}
	running := s.running()
	if running != nil {
		out.Current = stageOf(list, running)
	} else if s.request != nil {
		out.Current = stageOf(list, s.request)
	}
	closing := s.closingRow(w, now)
	if closing != nil {
		out.State, out.Ended, out.Current = jobmon.SessionComplete, d.at, -1
	}
	for i, st := range list {
		out.Stages = append(out.Stages, st.render(s, w, d.at, i == out.Current, closing))
		if !st.unfinished(closing) {
			out.StagesDone++
		}
	}
	for _, r := range s.waiting(w, now) {
		if i := stageOf(list, r); i >= 0 && i != out.Current && r != closing {
			out.Next = i
			break
		}
	}
	s.countJobs(list, out)
	out.Result = s.result(out)
	if out.State == jobmon.SessionOpen {
		out.LastMarker = s.noMarkerWaits(w, now)
		if running == nil || out.Current < 0 {
			out.Why = c.why(d, s, running)
		}
		s.estimate(list, out, w, d.at)
	} else {
		out.LastMarker = true
	}
	asked := ""
	if s.request != nil {
		asked = s.request.displayName()
	}
	return out, asked
}

// waiting lists the rows that are still to run, as DS will run them; a later attempt waits where it was dropped, not where
// its stage stands.
func (s *session) waiting(w *world, now jobmon.WallTime) []*row {
	var list []*row
	for _, r := range s.rows {
		if r.state == jobmon.StateWaiting && !r.stuck(w, now) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, byStart)
	return list
}

// running is the row that started last among those that run, nil when none does. Build jobs run unseen.
func (s *session) running() *row {
	var last *row
	for _, r := range s.rows {
		if r.state == jobmon.StateRunning && r.class != jobmon.BuildJob && (last == nil || r.startedSeq > last.startedSeq) {
			last = r
		}
	}
	return last
}

func (st *stage) render(s *session, w *world, at jobmon.Instant, current bool, closing *row) jobmon.Stage {
	n, sp, typical := st.count(), st.span(), s.prospects.get(st.name)
	out := jobmon.Stage{
		Name: st.name, State: st.state(current, closing), Late: st.late,
		Began: sp.began, Ended: sp.ended, Inexact: sp.inexact, Most: sp.most(), Start: st.head().start,
		Jobs: n.total() - n[jobmon.StateCancelled], JobsDone: n[jobmon.StateSucceeded] + n[jobmon.StateFailed],
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
			failure := jobmon.Failure{Job: r.displayName(), Code: r.code, At: r.ended, Repaired: repaired}
			if w.rules.HideNames {
				failure.Job = ""
			}
			out.Failures = append(out.Failures, failure)
		}
	}
	if out.State == jobmon.StateRunning && out.Began != 0 {
		out.Overdue = jobmon.IsOverdue(at.Sub(out.Began), out.Expected)
	}
	return out
}

// countJobs counts the last attempts of the real jobs; those that will never run are not counted as known.
func (s *session) countJobs(list []*stage, out *jobmon.SessionProgress) {
	for _, st := range list {
		n := st.count()
		out.Jobs += n.total() - n[jobmon.StateCancelled] - n[jobmon.StateUnknown]
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

// closingRow is the open session's only unfinished row, when that is a marker at work behind other stages: its picture is
// the last that the screen gets, so it shows the end. Otherwise nil. A marker that is all there is ends nothing: a
// technician is about to drag the jobs behind it, and "ready" would be a lie.
func (s *session) closingRow(w *world, now jobmon.WallTime) *row {
	if s.state != jobmon.SessionOpen {
		return nil
	}
	var only *row
	for _, r := range s.rows {
		if !r.pending(w, now) {
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
	if !slices.ContainsFunc(s.rows, func(r *row) bool { return r.class != jobmon.BuildJob && r.root() != only.root() }) {
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
	case out.State == jobmon.SessionOpen:
		return jobmon.ResultNone
	case out.Cancelled > 0 || out.JobsDone < out.Jobs: // cancelled, or stuck
		return jobmon.ResultEndedEarly
	case out.Failed > 0:
		return jobmon.ResultWithFailures
	case retried:
		return jobmon.ResultAfterRetries
	case out.Jobs == 0 && len(out.Stages) < 2:
		return jobmon.ResultNone // a marker alone, or a build job: nothing was done that could be ready
	}
	return jobmon.ResultReady
}

// estimate reckons when all will be done, from the typical durations of what is left. It starts from the last thing that
// happened, not from the picture's time, so that it does not move while nothing happens; ETAHolds ends it.
func (s *session) estimate(list []*stage, out *jobmon.SessionProgress, w *world, at jobmon.Instant) {
	base, patience := s.lastMoved(at), jobmon.Patience
	if current := out.Current; current >= 0 && out.Stages[current].Began != 0 {
		base = out.Stages[current].Began
		patience = jobmon.OverdueAfter(out.Stages[current].Expected)
	} else if out.Why != nil && out.Why.Kind == jobmon.WaitDue && out.Why.Start != jobmon.NoStart {
		base = max(base, out.Why.Start.Instant(w.offset))
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

// lastMoved is when something last happened to a row of the session, at most that time.
func (s *session) lastMoved(at jobmon.Instant) jobmon.Instant {
	last := s.began
	for _, r := range s.rows {
		last = max(last, r.arrived, r.askedAt, r.started, r.ended)
	}
	return min(last, at)
}

// noMarkerWaits says that no further file will reach the screen: only markers and build jobs bring one.
func (s *session) noMarkerWaits(w *world, now jobmon.WallTime) bool {
	return !slices.ContainsFunc(s.rows, func(r *row) bool {
		return r.class != jobmon.RealJob && r.state == jobmon.StateWaiting && r != s.request && !r.stuck(w, now)
	})
}

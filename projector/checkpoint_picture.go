package projector

import (
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

// picture codes the circumstances in which a computer's picture was drawn, mostly those that are so still.
func (c *checkpoint) picture(k *computer, past *session) {
	d := &k.picture
	now := !c.Reading() && *d.info == *k.info && d.agent == k.agent && d.agentSince == k.agentSince &&
		d.agentAtLeast == k.agentAtLeast && d.known == k.known && d.back == k.back && d.still == k.still
	ofSession, ofPlan, ofErrand := d.session == k.session, d.session == k.plan, d.session == k.errand
	none, frozen := d.session == nil, d.frozen != nil
	c.Flags(&now, &ofSession, &ofPlan, &ofErrand, &none, &frozen, &d.stale, &d.watched)
	packed.Delta(c.Coder, &d.seq, k.lastSeq)
	packed.Delta(c.Coder, &d.at, c.p.at)
	if d.seq == 0 {
		c.Fail()
	}
	c.world(&d.world)
	if c.Reading() {
		d.info, d.agent, d.agentSince, d.known = k.info, k.agent, k.agentSince, k.known
		d.agentAtLeast, d.back, d.still = k.agentAtLeast, k.back, k.still
	}
	if !now {
		if c.Reading() {
			d.info = &jobmon.Computer{ID: k.id}
		}
		c.info(d.info)
		c.agent(&d.agent, &d.agentSince, &d.agentAtLeast)
		still := d.still != nil
		c.Flags(&d.known, &still)
		packed.Delta(c.Coder, &d.back, c.p.axis)
		if d.still = nil; still {
			c.standing(&d.still)
		}
	}
	c.later(&d.later)
	if c.Reading() {
		switch {
		case none:
		case ofSession && k.session != nil:
			d.session = k.session
		case ofPlan && k.plan != nil:
			d.session = k.plan
		case ofErrand && k.errand != nil:
			d.session = k.errand
		case frozen:
			d.session = past
		default:
			c.Fail()
		}
	}
	if !frozen {
		return
	}
	if c.Reading() {
		d.frozen = &jobmon.Progress{}
	}
	c.Text(&d.frozen.Asked)
	c.later(&d.frozen.Later)
	there := d.frozen.Session != nil
	if c.Flags(&there); !there {
		return
	}
	if c.Reading() {
		d.frozen.Session = &jobmon.SessionProgress{}
	}
	c.progress(d.frozen.Session)
}

func (c *checkpoint) later(list *[]jobmon.Pending) {
	codeList(c, list, 0, func(l *jobmon.Pending) {
		c.Text(&l.Name)
		c.state(&l.State)
		packed.Int(c.Coder, &l.Start)
		waits := l.Why != nil
		c.Flags(&l.Stuck, &waits)
		c.why(waits, &l.Why, jobmon.Instant(l.Start))
	})
}

// why codes why something waits, if it is there.
func (c *checkpoint) why(there bool, at **jobmon.Waiting, near jobmon.Instant) {
	if !there {
		return
	}
	if c.Reading() {
		*at = &jobmon.Waiting{}
	}
	w := *at
	kind := string(w.Kind)
	c.Text(&kind)
	w.Kind = jobmon.WaitingKind(kind)
	c.Text(&w.Job)
	packed.Int(c.Coder, &w.Start)
	c.instant(&w.Since, near)
	c.Flags(&w.AtLeast)
}

func (c *checkpoint) state(s *jobmon.RowState) { packed.Enum(c.Coder, s, jobmon.StateUnknown) }

// progress codes a session as it was shown.
func (c *checkpoint) progress(s *jobmon.SessionProgress) {
	packed.Int(c.Coder, &s.Number)
	packed.Enum(c.Coder, &s.State, jobmon.SessionPlanned)
	result := string(s.Result)
	c.Text(&result)
	s.Result = jobmon.Result(result)
	packed.Delta(c.Coder, &s.Began, c.p.axis)
	c.instant(&s.Ended, s.Began)
	c.instant(&s.WatchedSince, s.Began)
	codeList(c, &s.Stages, 0, func(st *jobmon.Stage) { c.stage(st, s.Began) })
	for _, n := range []*int{
		&s.Current, &s.Next, &s.StagesDone, &s.Jobs, &s.JobsDone, &s.Failed, &s.Cancelled, &s.Late, &s.Percent,
	} {
		packed.Int(c.Coder, n)
	}
	if least, most := min(s.Current, s.Next), max(s.Current, s.Next); least < -1 || most >= len(s.Stages) {
		c.Fail()
	}
	c.instant(&s.ETA, s.Began)
	c.instant(&s.ETAHolds, s.Began)
	packed.Int(c.Coder, &s.ToCome)
	waits, still := s.Why != nil, s.Still != nil
	c.Flags(&s.LastMarker, &s.ETAAtLeast, &waits, &still, &s.TakesAtLeast)
	c.why(waits, &s.Why, s.Began)
	packed.Int(c.Coder, &s.Takes)
	c.instant(&s.SilentSince, s.Began)
	if !still {
		return
	}
	if c.Reading() {
		s.Still = &jobmon.Standing{}
	}
	c.Text(&s.Still.Why)
	c.Text(&s.Still.Name)
	c.instant(&s.Still.Since, s.Began)
}

func (c *checkpoint) stage(st *jobmon.Stage, began jobmon.Instant) {
	c.Text(&st.Name)
	c.state(&st.State)
	c.Flags(&st.Late, &st.Inexact, &st.Overdue)
	c.instant(&st.Began, began)
	c.instant(&st.Ended, began)
	packed.Delta(c.Coder, &st.Start, jobmon.WallTime(began))
	packed.Int(c.Coder, &st.Expected)
	packed.Int(c.Coder, &st.Most)
	for _, n := range []*int{&st.Runs, &st.Jobs, &st.JobsDone, &st.Failed, &st.Attempt} {
		packed.Int(c.Coder, n)
	}
	codeList(c, &st.Failures, 0, func(f *jobmon.Failure) {
		c.Text(&f.Job)
		packed.Int(c.Coder, &f.Code)
		c.instant(&f.At, began)
		c.Flags(&f.Repaired)
	})
}

// instant codes a moment that may be none.
func (c *checkpoint) instant(at *jobmon.Instant, near jobmon.Instant) {
	there := *at != 0
	if c.Flags(&there); there {
		packed.Delta(c.Coder, at, near)
	}
}

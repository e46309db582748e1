package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

// computer codes a computer: its names and state, its rows, its sessions and its picture.
func (c *checkpoint) computer(k *computer) {
	// past stands for every earlier session: it only matters that such a session is over.
	past := &session{state: jobmon.SessionComplete}
	hasPicture := k.picture.seq != 0
	c.info(k.info)
	c.Record(func() {
		c.Bit(&k.known)
		c.Bit(&hasPicture)
		for _, at := range []**session{&k.session, &k.plan, &k.errand} {
			// A session that was read counts as altered: its stages are judged once more, which changes nothing.
			packed.Maybe(c.Coder, at, func(s *session) { s.altered = s.altered || c.Reading() })
		}
		c.agent(&k.agent, jobmon.AgentUnknown, &k.agentSince, 0)
		c.Bit(&k.agentAtLeast)
		packed.Mostly(c.Coder, &k.sessions, 0, 0)
		packed.Mostly(c.Coder, &k.lastSeq, 0, c.p.seq)
		if dropped := c.p.inDrop(k); c.Bit(&dropped) {
			packed.Delta(c.Coder, &k.drop, c.p.seq)
			packed.Delta(c.Coder, &k.dropLast, c.p.axis)
			c.Bit(&k.dropNow)
		}
		if packed.Mostly(c.Coder, &k.proved, jobmon.NoStart, c.proved); k.proved != jobmon.NoStart {
			c.proved = k.proved
		}
		packed.Mostly(c.Coder, &k.back, 0, c.p.axis)
		packed.Maybe(c.Coder, &k.still, c.standing)
	})
	rows := c.rows(k, past)
	for _, s := range k.all() {
		if s == nil {
			continue
		}
		if c.session(s, rows); (s.state == jobmon.SessionPlanned) != (s == k.plan) {
			c.Fail()
		}
	}
	if hasPicture {
		c.picture(k, past)
	}
}

func (c *checkpoint) standing(s *standing) {
	c.Text(&s.why)
	c.Text(&s.name)
	packed.Delta(c.Coder, &s.since, c.p.axis)
}

func (c *checkpoint) info(info *jobmon.Computer) {
	c.Text(&info.Name)
	c.Text(&info.Group)
	c.Text(&info.OSName)
	c.Flags(&info.Ghost, &info.Gone)
}

func (c *checkpoint) agent(
	state *jobmon.AgentState, usual jobmon.AgentState, since *jobmon.Instant, then jobmon.Instant,
) {
	packed.Mostly(c.Coder, state, usual, 0)
	packed.Mostly(c.Coder, since, then, c.p.axis)
	c.atMost(uint8(*state), uint8(jobmon.AgentOffline))
}

// atMost fails on a number without a meaning.
func (c *checkpoint) atMost(v, most uint8) {
	if v > most {
		c.Fail()
	}
}

// whichSession codes which of the computer's sessions *at is: none, one of the last ones, or an earlier one.
func (c *checkpoint) whichSession(k *computer, at **session, past *session) {
	sessions := [...]*session{nil, k.session, k.plan, k.errand, past}
	which := slices.Index(sessions[:], *at)
	if which < 0 {
		which = len(sessions) - 1
	}
	packed.Mostly(c.Coder, &which, c.which, 0)
	if which < 0 || which >= len(sessions) {
		c.Fail()
		which = 0
	}
	if c.which = which; c.Reading() {
		*at = sessions[which]
	}
}

func (c *checkpoint) session(s *session, rows []*row) {
	packed.Int(c.Coder, &s.number)
	packed.Enum(c.Coder, &s.state, jobmon.SessionPlanned)
	if s.state == 0 {
		c.Fail()
	}
	packed.Enum(c.Coder, &s.form, onlyJobs)
	packed.Delta(c.Coder, &s.began, c.p.axis)
	packed.Delta(c.Coder, &s.openSeq, c.p.seq)
	c.Record(func() {
		c.Bit(&s.deployment)
		packed.Mostly(c.Coder, &s.lastStart, s.began, s.began)
		packed.Mostly(c.Coder, &s.lastArrived, s.began, s.began)
		packed.Mostly(c.Coder, &s.idle, s.lastStart, s.lastStart)
		packed.Mostly(c.Coder, &s.pausedSeq, 0, s.openSeq)
		packed.Mostly(c.Coder, &s.watchedSince, 0, s.began)
		c.Bit(&s.shown)
		if !s.active() {
			packed.Delta(c.Coder, &s.ended, s.lastStart)
			packed.Delta(c.Coder, &s.endedSeq, s.openSeq)
			c.world(&s.closed)
		}
		place := slices.Index(rows, s.request) // -1 for none
		packed.Mostly(c.Coder, &place, -1, 0)
		switch {
		case !c.Reading() || place == -1:
		case place < 0 || place >= len(rows):
			c.Fail()
		default:
			s.request = rows[place]
		}
	})
	codeList(c, (*[]prospect)(&s.prospects), c.prospect)
}

func (c *checkpoint) prospect(known *prospect) {
	c.Text(&known.name)
	c.Record(func() {
		packed.Mostly(c.Coder, &known.asked, 0, 0)
		packed.Mostly(c.Coder, &known.seconds, 0, 0)
		packed.Mostly(c.Coder, &known.jobs, 0, 0)
		packed.Mostly(c.Coder, &known.runs, 0, 0)
		c.Bit(&known.considered)
		c.Bit(&known.told)
	})
}

// picture codes the circumstances in which a computer's picture was drawn, most of which still hold.
func (c *checkpoint) picture(k *computer, past *session) {
	d := &k.picture
	packed.Delta(c.Coder, &d.seq, k.lastSeq)
	packed.Delta(c.Coder, &d.at, c.p.at)
	if d.seq == 0 {
		c.Fail()
	}
	c.world(&d.world)
	other := !c.Reading() && *d.info != *k.info
	sameStill := !c.Reading() && d.still == k.still
	c.Record(func() {
		c.Bit(&d.watched)
		c.Bit(&sameStill)
		c.whichSession(k, &d.session, past)
		c.Bit(&d.known)
		c.agent(&d.agent, k.agent, &d.agentSince, k.agentSince)
		c.Bit(&d.agentAtLeast)
		packed.Mostly(c.Coder, &d.back, k.back, c.p.axis)
		c.Bit(&d.stale)
		c.Bit(&other)
		if !sameStill {
			packed.Maybe(c.Coder, &d.still, c.standing)
		}
		packed.Maybe(c.Coder, &d.frozen, func(f *jobmon.Progress) { codeJSON(c, f) })
	})
	codeJSON(c, &d.later)
	if c.Reading() {
		if d.info = k.info; other {
			d.info = &jobmon.Computer{ID: k.id}
		}
		if sameStill {
			d.still = k.still
		}
		if d.session == past && d.frozen == nil || d.frozen != nil && !drawable(d.frozen) {
			c.Fail()
		}
	}
	if other {
		c.info(d.info)
	}
}

// drawable reports whether the current and the next stage of a picture are among its stages, or -1.
func drawable(p *jobmon.Progress) bool {
	s := p.Session
	return s == nil || min(s.Current, s.Next) >= -1 && max(s.Current, s.Next) < len(s.Stages)
}

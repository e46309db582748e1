package projector

import (
	"cmp"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// world is what shapes the pictures of all computers, beside each computer's own events. It is replaced, never
// changed: a picture keeps the world it was drawn in.
type world struct {
	rules       *jobmon.Rules
	zone        *time.Location // start_time's, by the settings; nil: it is found out
	offset      jobmon.Offset  // of GETDATE from UTC
	steps       int64          // milliseconds: the sum of all steps of the server's clock
	startKnown  bool           // start_time's clock is known
	start       jobmon.Offset  // its offset from UTC, where it is known
	sourceLost  bool
	sourceSince jobmon.Instant // on the axis
}

func newWorld(rules *jobmon.Rules) *world { return &world{rules: rules, zone: rules.StartLocation()} }

// axis converts UTC by the server's clock to the axis, which only goes forward: UTC minus all steps of that clock.
// Every "how long ago" is measured on it, and all moments in the projection's state lie on it.
func (w *world) axis(at jobmon.Instant) jobmon.Instant { return at - jobmon.Instant(w.steps) }

// utc converts a moment on the axis to the server's clock as it is set now; 0 stays 0.
func (w *world) utc(axis jobmon.Instant) jobmon.Instant {
	if axis == 0 {
		return 0
	}
	return axis + jobmon.Instant(w.steps)
}

// wall returns what start_time's clock shows at that moment (UTC): the configured clock, the one found out, or else
// GETDATE.
func (w *world) wall(at jobmon.Instant) jobmon.WallTime {
	switch {
	case w.zone != nil:
		return jobmon.WallTimeOf(at.Time().In(w.zone))
	case w.startKnown:
		return at.Wall(w.start)
	}
	return at.Wall(w.offset)
}

// reached returns the moment on the axis at which start_time's clock shows start.
func (w *world) reached(start jobmon.WallTime) jobmon.Instant {
	switch {
	case start == jobmon.NoStart:
		return 0
	case w.zone != nil:
		t := start.Time()
		date := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), w.zone)
		return w.axis(jobmon.InstantOf(date))
	case w.startKnown:
		return w.axis(start.Instant(w.start))
	}
	return w.axis(start.Instant(w.offset))
}

// guessed returns the expected offset of start_time's clock.
func (w *world) guessed() jobmon.Offset {
	if w.startKnown {
		return w.start
	}
	return w.offset
}

// view is a moment at which the rows of one computer are judged.
type view struct {
	*world
	at   jobmon.Instant  // on the axis
	now  jobmon.WallTime // what start_time's clock shows
	away bool            // the agent is known to be away
}

func (p *Projection) view(c *computer) view {
	return view{world: p.world, at: p.axis, now: p.now(), away: c.away()}
}

func (d *picture) view() view {
	return view{
		world: d.world, at: d.world.axis(d.at), now: d.world.wall(d.at),
		away: d.watched && d.agent == jobmon.AgentOffline,
	}
}

// retell gives sessions that ended by a clock which has been taken back since the times of the present clock. A step
// that makes the sum of all steps smaller takes the clock back, and so does any after which the old time is still to
// come.
func (p *Projection) retell(was *world) {
	now := p.world.steps
	taken := max(now, -now) < max(was.steps, -was.steps)
	for _, c := range p.computers {
		for _, s := range [...]*session{c.session, c.errand} {
			if s == nil || s.closed == nil || s.closed.steps == now ||
				s.closed.utc(s.ended) <= p.at && !(taken && s.closed.steps == was.steps) {
				continue
			}
			w := *s.closed
			w.steps = now
			if s.closed = &w; c.picture.session == s && c.picture.frozen == nil { // what is frozen keeps its times
				p.touch(c)
			}
		}
	}
}

// daemonEvent folds an event that concerns all computers; open and planned sessions are redrawn.
func (p *Projection) daemonEvent(e *jobmon.Event) {
	if p.Breaks(e) {
		p.gapSeq = e.Seq
	}
	p.looks.Note(e)
	was, next := p.world, p.worldAfter(e)
	if e.Kind == jobmon.KindDamaged || next.sourceLost != was.sourceLost {
		p.turns = append(p.turns, turn{seq: e.Seq, lost: cmp.Or(next.sourceSince, was.sourceSince)})
	}
	if p.world = next; next.rules != was.rules {
		p.reclass()
	}
	if e.Kind == jobmon.KindClock && next.steps != was.steps {
		p.retell(was)
	}
	if e.Kind == jobmon.KindClock && e.Step != 0 || e.Kind == jobmon.KindStartClock && next.startKnown {
		p.reconsider()
	}
	for _, c := range p.active {
		p.judge(c)
		p.concerns(c)
		if c.front() != nil {
			p.touch(c)
		}
	}
}

// worldAfter returns the world after that event.
func (p *Projection) worldAfter(e *jobmon.Event) *world {
	next := *p.world
	switch e.Kind {
	case jobmon.KindDaemonStarted, jobmon.KindSourceRestored:
		// The first read, which comes with a start, says whether the source is there.
		next.sourceLost, next.sourceSince = false, 0
	case jobmon.KindSourceLost:
		next.sourceLost, next.sourceSince = true, p.axis
	case jobmon.KindClock:
		p.inParts = e.Flags.Has(jobmon.Baseline)
		next.offset = jobmon.Offset(e.Seconds)
		next.steps += jobmon.StepOf(e, p.writer, next.steps)
		if next.startKnown && next.start == p.world.offset {
			next.start = next.offset // start_time follows GETDATE
		}
	case jobmon.KindStartClock:
		p.startClockEvent(e, &next)
	case jobmon.KindConfigured:
		// Settings that an older or newer program recorded and this one cannot compile leave the former in force.
		if rules, err := rulesOf(e.Text); err == nil {
			next.rules, next.zone = rules, rules.StartLocation()
		}
	}
	return &next
}

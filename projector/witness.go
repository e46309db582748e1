package projector

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The database does not say which clock start_time follows. Rows are the witnesses: one that is scheduled for "now"
// shows the clock's distance from UTC, and one that starts shows that its start_time has been reached.

const (
	clearlyNot = 5 * time.Minute // a start so far ahead of the clock contradicts it

	mostWitnesses = 64
	fewestDrops   = 3
	daysKept      = 7
	day           = 24 * time.Hour
)

// witness is one drop that says how far start_time's clock is from UTC.
type witness struct {
	offset   jobmon.Offset
	at       jobmon.Instant // on the axis
	computer jobmon.ComputerID
	drop     uint64
	certain  bool // the row started: it cannot have been planned for later
}

// countsAsNow reports whether a row that arrives or is moved counts as due although its start_time is ahead of the
// clock. While the clock is unknown it does at a whole number of quarter hours from UTC, unless a row of the same drop
// shows that GETDATE is followed. When the clock is known it does in an open deployment, an hour off: summer time began
// on one side only. Utc is when it arrived or was moved.
func (p *Projection) countsAsNow(c *computer, r *row, utc jobmon.Instant) bool {
	off, ok := jobmon.ZoneDistance(r.start, utc)
	switch {
	case !ok || p.world.zone != nil || r.recurring:
		return false
	case off == p.world.guessed():
		c.dropNow = c.dropNow || r.drop == c.drop
		return true
	case p.world.startKnown:
		d := off - p.world.start
		return c.isOpen() && (d == 3600 || d == -3600)
	}
	return r.drop != c.drop || !p.inDrop(c) || !c.dropNow
}

// testify takes the evidence of a fresh row that arrives, or that starts though its start_time is ahead.
func (p *Projection) testify(c *computer, r *row, starts bool) {
	if p.world.zone != nil || r.recurring || r.drop == 0 || c.movedIn == p.batch {
		return
	}
	off, ok := jobmon.ZoneDistance(r.start, p.at)
	if starts {
		if r.start == jobmon.NoStart || r.start-p.now() <= jobmon.WallTime(clearlyNot.Milliseconds()) {
			return
		}
		p.contradicted = p.contradicted || p.world.startKnown
	}
	if !ok {
		return
	}
	for i := range p.witnesses {
		w := &p.witnesses[i]
		if w.computer == c.id && w.drop == r.drop {
			if starts || off == p.world.guessed() { // a better witness of the same drop
				w.offset, w.certain = off, starts
			}
			return
		}
		if !starts && off > p.world.offset && w.offset == off && w.at == p.axis {
			return // many computers planned for one hour in one go are one witness
		}
	}
	if len(p.witnesses) >= mostWitnesses {
		p.witnesses = slices.Delete(p.witnesses, 0, 1)
	}
	p.witnesses = append(p.witnesses, witness{off, p.axis, c.id, r.drop, starts})
}

// support is what speaks for one offset.
type support struct {
	drops     int
	computers map[jobmon.ComputerID]bool
	days      map[jobmon.Instant]bool
	recent    int // drops of the last day
	certain   bool
}

func (s *support) enough() bool {
	return s.drops >= fewestDrops && (len(s.computers) >= 2 || len(s.days) >= 2)
}

func (p *Projection) supports() map[jobmon.Offset]*support {
	all := map[jobmon.Offset]*support{}
	for _, w := range p.witnesses {
		age := p.axis.Sub(w.at)
		if age > daysKept*day {
			continue
		}
		s := all[w.offset]
		if s == nil {
			s = &support{computers: map[jobmon.ComputerID]bool{}, days: map[jobmon.Instant]bool{}}
			all[w.offset] = s
		}
		s.drops++
		s.computers[w.computer] = true
		s.days[w.at/jobmon.Instant(day.Milliseconds())] = true
		s.certain = s.certain || w.certain
		if age <= day {
			s.recent++
		}
	}
	return all
}

// verdict is the start-clock event that the evidence calls for; ok is false when it says nothing new.
func (p *Projection) verdict() (e jobmon.Event, ok bool) {
	if p.world.zone != nil || len(p.witnesses) == 0 && !p.contradicted {
		return e, false
	}
	unknown := jobmon.Event{Kind: jobmon.KindStartClock, Text: jobmon.UnknownClock}
	if p.contradicted {
		return unknown, true
	}
	var proved []jobmon.Offset
	disputed, all := false, p.supports()
	for off, s := range all {
		switch {
		case s.enough():
			proved = append(proved, off)
		case s.recent > 0 && (s.certain || off <= p.world.offset || s.recent > 1):
			disputed = true // else it may be a job that was planned for later
		}
	}
	slices.Sort(proved)
	switch {
	case p.world.startKnown:
		for _, off := range proved {
			if off == p.world.start {
				continue
			}
			if was := all[p.world.start]; was != nil && was.recent > 0 {
				return unknown, true // consoles in two zones
			}
			return jobmon.Event{Kind: jobmon.KindStartClock, Seconds: int32(off)}, true
		}
	case len(proved) == 1 && !disputed:
		return jobmon.Event{Kind: jobmon.KindStartClock, Seconds: int32(proved[0])}, true
	}
	return e, false
}

// startClockEvent folds what is now known of start_time's clock.
func (p *Projection) startClockEvent(e *jobmon.Event, next *world) {
	p.contradicted = false
	if next.startKnown = e.Text != jobmon.UnknownClock; next.startKnown {
		next.start = jobmon.Offset(e.Seconds)
		return
	}
	p.witnesses = nil // from now on it has to be shown anew
}

// reconsider moves rows that wait too early back to later, after the clock was set back or start_time's clock became
// known. A row that was proved to be due stays.
func (p *Projection) reconsider() {
	limit := p.now() + jobmon.WallTime(p.world.rules.Gap.Milliseconds())
	for _, c := range p.sortedComputers() {
		moved := false
		for _, r := range slices.Clone(c.rows) {
			if r.state != jobmon.StateWaiting || r.start == jobmon.NoStart || r.zombie {
				continue
			}
			if !r.asNow && r.start > c.proved {
				r.due = max(r.arrived, p.world.reached(r.start))
			}
			if r.start <= max(limit, c.proved) {
				continue
			}
			if r.asNow = r.asNow && p.countsAsNow(c, r, p.world.utc(r.due)); r.asNow {
				continue
			}
			moved = true
			r.state = jobmon.StateLater
			r.session.disorder()
			p.place(c, r)
		}
		if moved {
			for _, s := range c.all() {
				if s != nil && s.active() && s.form == byMarker {
					s.form, s.altered = p.formOf(s, c), true // its markers may be those that have left it
				}
			}
			p.consider(c)
			if c.front() != nil {
				p.touch(c)
			}
		}
	}
}

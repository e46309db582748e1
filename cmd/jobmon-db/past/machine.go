package past

import (
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// Machine stands for all logs of a fleet where a moment is typed: times without a zone are read off this machine's
// clock, and what is covered is the time from first to now. It has no events: a sequence number is of one site's log.
func Machine(zone *time.Location, first, now jobmon.Instant) *Log {
	p := &Log{First: first, Covered: now, Live: true}
	for at := now.Time().AddDate(-10, 0, 0).In(zone); ; {
		_, seconds := at.Zone()
		p.Shifts = append(p.Shifts, history.Shift{From: jobmon.InstantOf(at), Offset: jobmon.Offset(seconds)})
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(now.Time().AddDate(1, 0, 0)) {
			break
		}
		at = end
	}
	p.Offset = p.Shifts[len(p.Shifts)-1].Offset
	for _, s := range p.Shifts {
		if s.From <= now {
			p.Offset = s.Offset
		}
	}
	return p
}

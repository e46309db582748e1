package projector

import (
	"math"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// becomeDue lists the rows planned for later that start at or before limit, in the order of their start.
func (p *Projection) becomeDue(limit jobmon.WallTime) []jobmon.Event {
	if p.nextDue > limit {
		return nil
	}
	p.nextDue = math.MaxInt64
	var due []*row
	at := map[*row]jobmon.ComputerID{}
	for _, c := range p.computers {
		for _, r := range c.rows {
			if r.state != jobmon.StateLater {
				continue
			}
			if p.nextDue = min(p.nextDue, r.start); r.start <= limit {
				due = append(due, r)
				at[r] = c.id
			}
		}
	}
	slices.SortFunc(due, byStart)
	events := make([]jobmon.Event, 0, len(due))
	for _, r := range due {
		events = append(events, jobmon.Event{
			Kind: jobmon.KindDue, Schedule: r.id, Computer: at[r], Job: r.job, Start: r.start,
		})
	}
	return events
}

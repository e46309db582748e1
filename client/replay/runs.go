package replay

import (
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// runs knows since when the rows run that run now, as far as the events tell that it has seen. What began before can
// be looked up.
type runs struct {
	log     Log
	from    uint64 // it has seen all events from here on
	started map[jobmon.ScheduleID]began
	unknown map[jobmon.ScheduleID]bool // rows whose run of before has ended since
	old     map[jobmon.ComputerID]map[jobmon.ScheduleID]began
	// ended are the rows seen to end, which need no look when they are queued again; nil where there can be any number.
	ended map[jobmon.ScheduleID]bool
}

// began is a row's start.
type began struct {
	seq   uint64
	at    jobmon.Instant
	flags jobmon.Flags
}

func newRuns(log Log, from uint64) *runs {
	return &runs{
		log: log, from: from, started: map[jobmon.ScheduleID]began{}, unknown: map[jobmon.ScheduleID]bool{},
		old: map[jobmon.ComputerID]map[jobmon.ScheduleID]began{},
	}
}

// see records an event. For an event that ends a run it returns when that run began; ok is false if no run is known. If
// ask is set, lookUp may find it.
func (r *runs) see(e *jobmon.Event) (b began, ok, ask bool) {
	switch {
	case e.Kind == jobmon.KindStarted:
		delete(r.ended, e.Schedule)
		r.started[e.Schedule] = began{e.Seq, e.At, e.Flags}
		return b, false, false
	case e.Kind == jobmon.KindRequeued && r.ended[e.Schedule]:
		delete(r.ended, e.Schedule)
		return b, false, false
	case e.Kind != jobmon.KindFinished && e.Kind != jobmon.KindRequeued &&
		!(e.Kind == jobmon.KindRemoved && e.Status.Running()):
		return b, false, false
	}
	if r.ended != nil && e.Kind == jobmon.KindFinished {
		r.ended[e.Schedule] = true
	}
	if b, ok = r.started[e.Schedule]; ok {
		delete(r.started, e.Schedule)
		return b, true, false
	}
	if r.from <= 1 || r.unknown[e.Schedule] {
		return b, false, false
	}
	r.unknown[e.Schedule] = true
	return b, false, true
}

// lookUp says since when the row ran that the event ended, if it began before the first event that was seen. Each
// computer's history is read once.
func (r *runs) lookUp(e *jobmon.Event) (b began, ok bool, err error) {
	old, known := r.old[e.Computer]
	if !known {
		before := newRuns(r.log, 0)
		for e, err := range flat(r.log.Computer(e.Computer, 0), 0, r.from-1, true) {
			if err != nil {
				return b, false, err
			}
			before.see(e.Event)
		}
		old = before.started
		r.old[e.Computer] = old
	}
	b, ok = old[e.Schedule]
	return b, ok, nil
}

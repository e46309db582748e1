package query

import (
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// runs knows since when the rows run that run now, as far as the events tell that it has seen; what it has not seen it looks up once
// for each computer.
type runs struct {
	log     Log
	from    uint64 // it has seen all events from here on
	started map[jobmon.ScheduleID]began
	asked   map[jobmon.ComputerID]bool
}

// began is a row's start.
type began struct {
	at    jobmon.Instant
	exact bool
}

func newRuns(log Log, from uint64) *runs {
	return &runs{log: log, from: from, started: map[jobmon.ScheduleID]began{}, asked: map[jobmon.ComputerID]bool{}}
}

// see takes note of an event. For one that ended a run it says since when that ran; ok is false where nothing ran, or that is not known.
func (r *runs) see(e *jobmon.Event) (b began, ok bool, err error) {
	switch e.Kind {
	case jobmon.KindStarted:
		r.started[e.Schedule] = began{e.At, !e.Flags.Has(jobmon.Inexact)}
		return b, false, nil
	case jobmon.KindFinished, jobmon.KindRequeued:
	case jobmon.KindRemoved:
		if !e.Status.Running() {
			return b, false, nil
		}
	default:
		return b, false, nil
	}
	if b, ok = r.started[e.Schedule]; !ok && r.from > 1 && !r.asked[e.Computer] {
		if err := r.lookUp(e.Computer); err != nil {
			return b, false, err
		}
		b, ok = r.started[e.Schedule]
	}
	delete(r.started, e.Schedule)
	return b, ok, nil
}

// lookUp finds out what of a computer ran when this began to see.
func (r *runs) lookUp(id jobmon.ComputerID) error {
	r.asked[id] = true
	before := newRuns(r.log, 0)
	for e, err := range flat(r.log.Computer(id, 0), 0, r.from-1) {
		if err != nil {
			return err
		}
		if _, _, err := before.see(e); err != nil {
			return err
		}
	}
	for row, b := range before.started {
		if _, again := r.started[row]; !again {
			r.started[row] = b
		}
	}
	return nil
}

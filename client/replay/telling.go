package replay

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// How many sequence numbers are read at once where events are printed backwards, and how many before the first printed
// one are read to find what ran then.
const (
	backwards = 8192
	runUp     = 4096
)

// Telling yields the events of a range that a filter wants. It is for one use after the other, not safe for concurrent
// use.
type Telling struct {
	Log       Log
	Chronicle *Chronicle
	Filter    *Filter
	Site      string // the log's site, where records of several are printed together
	All       bool   // read all events, though some would do: so the chronicle learns of those that it does not have
	Seen      uint64 // the last event that it has read, kept up by Forward

	piece, runUp uint64 // instead of backwards and runUp, in tests
	short        bool   // only a piece is read, and so no more rows end than it has events

	record Record
	runs   *runs                                // as far as it has read, nil before
	before map[jobmon.ComputerID]jobmon.Instant // on the axis
}

// Forward yields them in order; called again for a range behind the last one it goes on. A record is good until the
// next.
func (t *Telling) Forward(r Range) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		from := r.From
		if t.runs == nil {
			run := cmp.Or(t.runUp, runUp)
			if from = max(r.From, run) - run; from < run {
				from = 0 // so near the beginning nothing need be looked up
			}
			t.runs, t.before = newRuns(t.Log, from), map[jobmon.ComputerID]jobmon.Instant{}
			if t.short {
				t.runs.ended = map[jobmon.ScheduleID]bool{}
			}
		}
		for at, err := range t.events(from, r.To) {
			e := at.Event
			if err != nil {
				yield(nil, err)
				return
			}
			t.Chronicle.Add(e)
			t.Seen = max(t.Seen, e.Seq)
			b, ran, ask := t.runs.see(e)
			if !t.Filter.Wants(e, t.Chronicle) {
				continue
			}
			now := t.Chronicle.axis(e)
			was, ok := t.before[e.Computer]
			if t.before[e.Computer] = now; !r.Holds(e) {
				continue
			}
			if ask {
				if b, ran, err = t.runs.lookUp(e); err != nil {
					yield(nil, err)
					return
				}
			}
			record := &t.record
			if t.short { // they are kept
				record, e = &Record{}, new(*e)
			}
			t.Chronicle.tell(record, e)
			record.place, record.site = at.Place, t.Site
			if ran {
				record.ended(b, t.Chronicle)
			}
			if record.computer != nil && ok {
				record.told, record.delta = true, now.Sub(was)
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// Backward tells them the newest first, in pieces.
func (t *Telling) Backward(r Range) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for piece := range t.pieces(r) {
			var records []*Record
			forward := &Telling{Log: t.Log, Chronicle: t.Chronicle, Filter: t.Filter, Site: t.Site, runUp: t.runUp,
				short: true}
			for record, err := range forward.Forward(piece) {
				if err != nil {
					yield(nil, err)
					return
				}
				record.told = false // the events before this one are printed later
				records = append(records, record)
			}
			for _, record := range slices.Backward(records) {
				if !yield(record, nil) {
					return
				}
			}
		}
	}
}

// pieces cuts a range into pieces, the last one first.
func (t *Telling) pieces(r Range) iter.Seq[Range] {
	backwards := cmp.Or(t.piece, backwards)
	return func(yield func(Range) bool) {
		for to := r.To; to >= max(r.From, 1); {
			piece := r
			piece.To = to
			if to-max(r.From, 1) >= backwards {
				piece.From = to - backwards + 1
			}
			if !yield(piece) || piece.From <= max(r.From, 1) {
				return
			}
			to = piece.From - 1
		}
	}
}

// Last narrows the range to the last n events that are wanted.
func (t *Telling) Last(r Range, n int) (Range, error) {
	for piece := range t.pieces(r) {
		var wanted []uint64
		for e, err := range t.events(piece.From, piece.To) {
			if err != nil {
				return r, err
			}
			if r.Holds(e.Event) && t.Filter.Wants(e.Event, t.Chronicle) {
				wanted = append(wanted, e.Seq)
			}
		}
		if len(wanted) >= n {
			r.From = wanted[len(wanted)-n]
			return r, nil
		}
		n -= len(wanted)
	}
	return r, nil
}

// Pace is how history passes when it passes Speed times as fast as it did; 0 is at once.
type Pace struct {
	Speed float64

	begun  bool
	before jobmon.Instant // on the axis
}

// Pause is how long to wait before the next record.
func (p *Pace) Pause(r *Record) time.Duration {
	was, begun := p.before, p.begun
	p.before, p.begun = r.axis, true
	if !begun || p.Speed <= 0 {
		return 0
	}
	return time.Duration(max(0, float64(r.axis.Sub(was))/p.Speed))
}

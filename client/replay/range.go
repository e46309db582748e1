package replay

import (
	"fmt"
	"iter"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// Log is the part of a log that is read; see store.Log.
type Log interface {
	Scan(from uint64) iter.Seq2[jobmon.Batch, error]
	Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error]
}

// Range says which events are looked through: those from From to To, both included, and of these the ones in [Since,
// Until), where these are not 0. Where the server's clock was set back, later events can be of earlier times.
type Range struct {
	From, To     uint64
	Since, Until jobmon.Instant // UTC
}

// Holds says whether the event is within the range.
func (r Range) Holds(e *jobmon.Event) bool {
	return e.Seq >= r.From && e.Seq <= r.To && e.At >= r.Since && (r.Until == 0 || e.At < r.Until)
}

// apart is how many computers are read each by itself; more of them are picked out of all events.
const apart = 4

// placed is an event, which is good until the next, and what stands beside it in the log.
type placed struct {
	*jobmon.Event
	ndjson.Place
}

// events yields, in order, the events from sequence number from to to, at least all that the filter may want.
func (t *Telling) events(from, to uint64) iter.Seq2[placed, error] {
	ids := t.Filter.computers
	switch {
	case t.All || len(ids) == 0 || len(ids) > apart:
		return flat(t.Log.Scan(from), from, to, false)
	case len(ids) == 1:
		return flat(t.Log.Computer(ids[0], from), from, to, true)
	}
	return merged(t.Log, ids, from, to)
}

// merged tells the events of some computers in order.
func merged(log Log, ids []jobmon.ComputerID, from, to uint64) iter.Seq2[placed, error] {
	return func(yield func(placed, error) bool) {
		type head struct {
			next  func() (placed, error, bool)
			event placed
		}
		var heads []head
		for _, id := range ids {
			next, stop := iter.Pull2(flat(log.Computer(id, from), from, to, true))
			defer stop()
			heads = append(heads, head{next: next})
		}
		advance := func(h *head) (more bool, err error) {
			h.event, err, more = h.next()
			return more, err
		}
		for i := range heads {
			if _, err := advance(&heads[i]); err != nil {
				yield(placed{}, err)
				return
			}
		}
		for {
			heads = slices.DeleteFunc(heads, func(h head) bool { return h.event.Event == nil })
			if len(heads) == 0 {
				return
			}
			first := &heads[0]
			for i := range heads {
				if heads[i].event.Seq < first.event.Seq {
					first = &heads[i]
				}
			}
			if !yield(first.event, nil) {
				return
			}
			if _, err := advance(first); err != nil {
				yield(placed{}, err)
				return
			}
		}
	}
}

// flat yields the events of batches. Of a part of the log what stands before an event is not known.
func flat(batches iter.Seq2[jobmon.Batch, error], from, to uint64, part bool) iter.Seq2[placed, error] {
	return func(yield func(placed, error) bool) {
		before := max(from, 1) - 1
		for b, err := range batches {
			if err != nil {
				yield(placed{}, fmt.Errorf("read the log: %w", err))
				return
			}
			for i := range b.Events {
				e := &b.Events[i]
				if e.Seq > to {
					return
				}
				if part {
					before = e.Seq - 1
				}
				if e.Seq >= from && !yield(placed{e, ndjson.Place{Before: before, More: i+1 < len(b.Events)}}, nil) {
					return
				}
				before = max(before, e.Seq)
			}
		}
	}
}

package ingest

import (
	"context"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A log takes no batch of any size, and a batch takes memory. What a read says is one batch as a rule; the very first
// one, which says everything, is several when it is large, and so is one that says more than the log takes.
const (
	defaultMost = 6 << 20 // bytes of a batch of the first read, about: 120,000 rows
	furtherMost = 8       // times as many for any other
	leastCost   = 48      // bytes of an event without texts, at most
)

// record commits what a good read says, and returns how many events that took. After an error, the next read says the
// rest.
func (p *Poller) record(ctx context.Context, at jobmon.Instant, r *reading) (told int, err error) {
	parts := &parts{most: furtherMost * p.options.Most, commit: func(events []jobmon.Event) error {
		if err := p.commit(ctx, at, events); err != nil {
			return err
		}
		p.reader.index.apply(events)
		return nil
	}}
	if p.log.Read {
		events := p.compare(r)
		for i := range events {
			parts.add(&events[i])
		}
		return parts.end()
	}
	parts.most = p.options.Most
	p.first(r, parts)
	return parts.end()
}

// first records the very first read: this run, the clock, and what is there. When that is more than one batch, the
// clock event says first that more follows (Baseline), and at the end that all is recorded. If only a part gets into
// the log, the next read records the rest, as found by the first one.
func (p *Poller) first(r *reading, parts *parts) {
	clock, _ := p.clock(r)
	parts.events = append(p.ourselves("", p.unwritten), clock)
	opening := len(parts.events) - 1
	parts.divided = func() {
		if parts.told == 0 {
			parts.events[opening].Flags |= jobmon.Baseline
		}
	}
	jobmon.DiffEach(p.journal.Mirror(), r.Snapshot, p.trust(r), parts.add)
	if parts.told > 0 {
		parts.add(&clock)
	}
}

// parts makes batches of events. After an error it takes no more.
type parts struct {
	most    int // bytes of a batch, about
	commit  func([]jobmon.Event) error
	divided func() // is called, where set, before each batch that is not the last one

	events []jobmon.Event // of the batch at hand
	bytes  int
	told   int // how many are committed
	err    error
}

func (b *parts) add(e *jobmon.Event) {
	if b.err != nil {
		return
	}
	bytes := leastCost + len(e.Name) + len(e.Place) + len(e.Text)
	if len(b.events) > 0 && b.bytes+bytes > b.most {
		if b.divided != nil {
			b.divided()
		}
		b.flush()
	}
	b.events, b.bytes = append(b.events, *e), b.bytes+bytes
}

func (b *parts) flush() {
	n := len(b.events)
	if b.err = b.commit(b.events); b.err == nil {
		b.told += n
	}
	b.events, b.bytes = nil, 0 // the journal keeps them
}

// end commits what is left, and returns how many events there were.
func (b *parts) end() (told int, err error) {
	if b.err == nil {
		b.flush()
	}
	return b.told, b.err
}

package store

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// Gap is a range of sequence numbers that no event has: they were skipped, see SkipTo.
type Gap struct{ From, To uint64 }

// Gaps lists the numbers that were skipped, ascending; those before Cut are none. Errors are those of Read.
func (l *Log) Gaps() ([]Gap, error) {
	entries, err := l.sealed()
	if err != nil {
		return nil, err
	}
	var gaps []Gap
	add := func(seq, skipped, last uint64) {
		if seq <= last && seq >= l.Cut() && skipped > 0 {
			gaps = append(gaps, Gap{seq - skipped, seq - 1})
		}
	}
	next, last := l.meta.First, l.ends().last
	for i := range entries {
		h := &entries[i].head
		lost, _ := l.meta.seam(h.begin())
		add(h.begin(), lost, last)
		for _, g := range h.gaps {
			add(g.seq, g.skipped, last)
		}
		next = min(entries[i].last, last) + 1
	}
	for batch, err := range l.Scan(next) {
		if err != nil {
			return nil, err
		}
		if first := batch.First(); first > next && first >= l.Cut() {
			gaps = append(gaps, Gap{next, first - 1})
		}
		next = batch.Last() + 1
	}
	return gaps, nil
}

// Moment is a place in the log that was found by time.
type Moment struct {
	Seq   uint64         // last sequence number of the last batch that is not later
	At    jobmon.Instant // time of that batch
	Times int            // how often the clock passed the time that was asked for: more than once when it was set back
	First uint64         // all events up to this one are not later, the next one is; Seq when none is
}

// Moment finds the last batch whose time (UTC) is not later than at; ok is false when all are later. It reads only
// the blocks in which the clock passed that time, and the tail; what a block with a damaged head holds is left out.
// Errors are those of Read.
func (l *Log) Moment(at jobmon.Instant) (m Moment, ok bool, err error) {
	entries, err := l.sealed()
	if err != nil {
		return m, false, err
	}
	last := l.ends().last
	before := false // the last batch that was looked at was not later
	passed := false // one of those before it was
	see := func(seq uint64, batchAt jobmon.Instant, later bool) {
		if !later {
			m.Seq, m.At = seq, batchAt
			if !before {
				m.Times++
			}
		}
		if later && !passed {
			m.First, passed = m.Seq, true
		}
		before = !later
	}
	scan := func(from, to uint64) error {
		for batch, err := range l.Scan(from) {
			if err != nil {
				return err
			}
			if batch.First() > to {
				break
			}
			see(batch.Last(), batch.At, batch.At > at)
		}
		return nil
	}
	next := l.meta.First
	for i := range entries {
		e := &entries[i]
		switch next = min(e.last, last) + 1; {
		case e.bad || e.head.batches == 0:
		case e.last > last || e.head.minAt <= at && e.head.maxAt > at:
			err = scan(e.first, e.last)
		default:
			see(e.last, e.head.lastAt, e.head.minAt > at)
		}
		if err != nil {
			return m, false, err
		}
	}
	err = scan(next, last)
	if !passed {
		m.First = m.Seq
	}
	return m, m.Times > 0, err
}

package store

import (
	"context"
	"errors"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// over reports damage to Options.Damaged. Where that is set, reading goes on, from the sequence number that over
// returns. from is where the reading began.
func (l *Log) over(err error, from uint64) (next uint64, ok bool) {
	if l.options.Damaged == nil {
		return 0, false
	}
	if next = behind(err, from); next == 0 {
		return 0, false
	}
	e := asDamage(err)
	place := Gap{e.Seq, e.Last}
	l.state.Lock()
	_, reported := l.reported[place]
	if !reported {
		if l.reported == nil {
			l.reported = map[Gap]struct{}{}
		}
		l.reported[place] = struct{}{}
	}
	l.state.Unlock()
	if !reported {
		l.options.Damaged(e)
	}
	return next, true
}

// Gap is a range of sequence numbers: skipped, see SkipTo, or lost.
type Gap struct{ From, To uint64 }

// asDamage is the error if it names damaged events, nil otherwise.
func asDamage(err error) *Error {
	var e *Error
	if errors.As(err, &e) && (e.Kind == ErrCorrupt || e.Kind == ErrTruncated) && e.Seq > 0 && e.Last >= e.Seq {
		return e
	}
	return nil
}

// behind is where to go on after an error of a reading that began at from; 0 when it cannot go on.
func behind(err error, from uint64) uint64 {
	if e := asDamage(err); e != nil && e.Last >= from && e.Last+1 != 0 {
		return e.Last + 1
	}
	return 0
}

// Scrubbed is what a scrub found.
type Scrubbed struct {
	Damage   []*Error   // what cannot be read, ascending
	Recorded []Recorded // what the log records of its damage
}

// Unrecorded are the damaged ranges that no event records.
func (s *Scrubbed) Unrecorded() []Gap {
	var gaps []Gap
	for _, e := range s.Damage {
		recorded := false
		for _, r := range s.Recorded {
			recorded = recorded || r.From <= e.Seq && e.Last <= r.To
		}
		if !recorded {
			gaps = append(gaps, Gap{e.Seq, e.Last})
		}
	}
	return gaps
}

// Scrub reads the log from its beginning to its end, over all damage, and checks also that each block holds what was
// appended. Before each page of 256 KiB it calls pause, which decides how much of the disk it takes and ends it with an
// error. Errors are pause's, and those of Read that it cannot go on behind.
func (l *Log) Scrub(ctx context.Context, pause func(context.Context) error) (*Scrubbed, error) {
	s := &Scrubbed{}
	return s, l.scrub(l.meta().First, s, func() error { return pause(ctx) })
}

// scrub is Scrub from sequence number from on.
func (l *Log) scrub(from uint64, s *Scrubbed, pause func() error) (failure error) {
	r := l.reader(from, true)
	r.proving, r.pause = true, pause
	if from == l.meta().First {
		r.next, r.crc, r.chained = from, l.meta().chain(), true
	}
	r.over = func(err error, from uint64) (uint64, bool) {
		next := behind(err, from)
		if next > 0 {
			s.Damage = append(s.Damage, asDamage(err))
		}
		return next, next > 0
	}
	r.each(func(b jobmon.Batch, err error) bool {
		failure, s.Recorded = err, appendRecorded(s.Recorded, &b)
		return true
	})
	return failure
}

// scrubbed checks what is behind sequence number from; damage is an error.
func (l *Log) scrubbed(ctx context.Context, from uint64) error {
	found := &Scrubbed{}
	err := l.scrub(max(from, l.meta().First), found, func() error { return context.Cause(ctx) })
	if len(found.Damage) > 0 {
		return found.Damage[0]
	}
	return err
}

// appendRecorded appends what a batch records of the log's damage.
func appendRecorded(list []Recorded, b *jobmon.Batch) []Recorded {
	for i := range b.Events {
		if e := &b.Events[i]; e.Kind == jobmon.KindDamaged {
			list = append(list, Recorded{e.Seq, e.From, e.To, e.Text})
		}
	}
	return list
}

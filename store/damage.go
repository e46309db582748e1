package store

import (
	"context"
	"errors"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// over says whether reading goes on after an error, and from which sequence number on, because whoever opened the log
// wants to be told of damage and have the rest. from is where the reading began.
func (l *Log) over(err error, from uint64) (next uint64, ok bool) {
	if l.options.Damaged == nil {
		return 0, false
	}
	if next = behind(err, from); next == 0 {
		return 0, false
	}
	e := asDamage(err)
	l.state.Lock()
	_, told := l.told[e.Seq]
	if !told {
		if l.told == nil {
			l.told = map[uint64]struct{}{}
		}
		l.told[e.Seq] = struct{}{}
	}
	l.state.Unlock()
	if !told {
		l.options.Damaged(e)
	}
	return next, true
}

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
	Recorded []Recorded // what the log says of its damage
}

// Unrecorded are the damaged ranges that no event tells of.
func (s *Scrubbed) Unrecorded() []Gap {
	var gaps []Gap
	for _, e := range s.Damage {
		told := false
		for _, r := range s.Recorded {
			told = told || r.From <= e.Seq && e.Last <= r.To
		}
		if !told {
			gaps = append(gaps, Gap{e.Seq, e.Last})
		}
	}
	return gaps
}

// Scrub reads the log from its beginning to its end and checks it as Prove does, over all damage. Between two pages of 256 KiB
// it calls pause, which decides how much of the disk it takes and ends it with an error. Errors are pause's, and those of
// Read that it cannot go on behind.
func (l *Log) Scrub(ctx context.Context, pause func(context.Context) error) (*Scrubbed, error) {
	s := &Scrubbed{}
	from := l.meta.First
	for {
		err := l.prove(ctx, from, func(b *jobmon.Batch) {
			for i := range b.Events {
				if e := &b.Events[i]; e.Kind == jobmon.KindDamaged {
					s.Recorded = append(s.Recorded, Recorded{e.Seq, e.From, e.To, e.Text})
				}
			}
		}, func(uint64, uint64) error { return pause(ctx) })
		next := behind(err, from)
		if next == 0 {
			return s, err
		}
		s.Damage = append(s.Damage, asDamage(err))
		from = next
	}
}

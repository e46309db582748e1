package store

import (
	"context"
	"errors"
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Over reads a log over its damaged places: what cannot be read is left out, and damaged is told of it, with the first and
// the last sequence number that are missing (Error.Seq and Last). It is called by whoever reads; nil is nobody.
func Over(log *Log, damaged func(*Error)) *Overreader { return &Overreader{log, damaged} }

// Overreader is a log that is read over its damaged places.
type Overreader struct {
	log     *Log
	damaged func(*Error)
}

// Read is Log.Read that goes on behind damage. It ends with an error where it is not known how far the damage reaches,
// and where it is none of the log's: ErrNewer, ErrClosed, ErrLocked.
func (o *Overreader) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for {
			var next uint64
			for b, err := range o.log.Read(from) {
				if next = behind(err, from); next > 0 {
					if o.damaged != nil {
						o.damaged(asDamage(err))
					}
					break
				}
				if !yield(b, err) || err != nil {
					return
				}
				from = b.Last() + 1
			}
			if next == 0 {
				return
			}
			from = next
		}
	}
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
// Overreader.Read.
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
		}, pause)
		next := behind(err, from)
		if next == 0 {
			return s, err
		}
		s.Damage = append(s.Damage, asDamage(err))
		from = next
	}
}

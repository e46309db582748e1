package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// Removal says which history is older than it is to be kept. The zero value says that none is.
type Removal struct {
	At           uint64         // the first event that is kept, the first of a batch; 0 for nothing to remove
	From         uint64         // the first event of all, also if it was cut off already
	Events       uint64         // that are there and would go
	Since, Until jobmon.Instant // the times of the first and the last batch that would go
}

// To is the last event that is removed.
func (r *Removal) To() uint64 { return r.At - 1 }

// Horizon is the time before which history is not to be kept. Covered is until when the source was watched, by the SQL
// Server's clock; where that clock is ahead of ours, ours counts, so that a server that dreams of next year takes no history
// with it.
func Horizon(covered jobmon.Instant, ours time.Time, keep time.Duration) jobmon.Instant {
	return min(covered, jobmon.InstantOf(ours)).Add(-keep)
}

// Older finds out what is older than that. It is what comes before the first batch that is younger: behind one nothing goes, so
// that a clock that was set back for a while costs no history that is younger. At least one batch always stays. Errors are
// those of Scan, and the context's.
func Older(ctx context.Context, log Log, than jobmon.Instant) (Removal, error) {
	var found, all Removal
	var before uint64 // last event of the batch before
	for b, err := range log.Scan(0) {
		if err = errors.Join(err, context.Cause(ctx)); err != nil {
			return Removal{}, fmt.Errorf("look for history that is older than it is kept: %w", err)
		}
		if all.Events > 0 && b.First() == before+1 { // not behind numbers that were skipped: what stands in needs them
			found, found.At = all, b.First()
		}
		if b.At > than {
			break
		}
		if all.From == 0 {
			all.From = b.First()
		}
		if before = b.Last(); IsCut(&b) {
			all.From = b.Events[0].From
			continue
		}
		if all.Events == 0 {
			all.Since = b.At
		}
		all.Events, all.Until = all.Events+uint64(len(b.Events)), b.At
	}
	return found, nil
}

// Due says whether so much history is older than it is to be kept that it is worth writing the log anew: when the oldest event
// is older by an eighth of the time, and by a day at least.
func Due(log Log, horizon jobmon.Instant, keep time.Duration) (bool, error) {
	for b, err := range log.Scan(0) {
		if err != nil {
			return false, fmt.Errorf("look for the oldest event of the log: %w", err)
		}
		return b.At < horizon.Add(-max(keep/8, 24*time.Hour)), nil
	}
	return false, nil
}

// Compact writes a new generation of the log, without what is older than the horizon; with a horizon of 0 nothing is cut off.
// What is cut off is replaced by the state that follows from it, and before the new log can take the old one's place it is
// folded from its beginning, and must lead to the same state as the old one. Errors are those of store.Log.Compact and
// Older.
func Compact(ctx context.Context, log *store.Log, horizon jobmon.Instant, o store.CompactOptions) (*store.Compaction, Removal, error) {
	if horizon == 0 {
		c, err := log.Compact(ctx, o)
		return c, Removal{}, err
	}
	old, err := Older(ctx, log, horizon)
	if err == nil && old.At > 0 {
		o.Cut, err = old.cut(ctx, log, quarter(o.Progress, 0, 1), quarter(o.Progress, 3, 1))
		o.Progress = quarter(o.Progress, 1, 2)
	}
	if err != nil {
		return nil, Removal{}, err
	}
	c, err := log.Compact(ctx, o)
	return c, old, err
}

// quarter tells of something that is so many quarters of the whole, the first of which is number from.
func quarter(told store.Progress, from, many uint64) store.Progress {
	return func(done, total uint64) {
		if told != nil {
			told(from*total+many*done, 4*total)
		}
	}
}

// cut folds what is to be removed, and makes of it what stands for it.
func (r *Removal) cut(ctx context.Context, log Log, folding, checking store.Progress) (*store.Cut, error) {
	s := New()
	if err := s.foldOn(ctx, log, r.To(), folding); err != nil {
		return nil, err
	}
	b, err := StandIn(s, r.From)
	if err != nil {
		return nil, err
	}
	return &store.Cut{At: r.At, Carried: b, Check: func(ctx context.Context, next *store.Log) error {
		last, _, _ := next.Last()
		if err := s.foldOn(ctx, log, last, nil); err != nil {
			return err
		}
		again := New()
		if err := again.foldOn(ctx, next, last, checking); err != nil {
			return err
		}
		return s.compare(again)
	}}, nil
}

// foldOn folds what is behind the state, up to that event.
func (s *State) foldOn(ctx context.Context, log interface {
	Scan(from uint64) iter.Seq2[jobmon.Batch, error]
}, last uint64, told store.Progress) error {
	for b, err := range log.Scan(s.Seq + 1) {
		if err = errors.Join(err, context.Cause(ctx)); err != nil {
			return fmt.Errorf("read the log after event %d: %w", s.Seq, err)
		}
		if b.First() > last {
			break
		}
		if err := s.Apply(&b); err != nil {
			return err
		}
		if told != nil {
			told(s.Seq, last)
		}
	}
	return nil
}

// errNotTheSame says that a cut would change what later pictures show.
var errNotTheSame = errors.New("without its old history the log leads to another state: nothing was changed; this is a mistake in the program")

// compare makes sure that two states are the same.
func (s *State) compare(other *State) error {
	for _, part := range []string{mirrorCache, factsCache, projectionCache} {
		if !bytes.Equal(s.packed(part), other.packed(part)) {
			return fmt.Errorf("%w (%s after event %d)", errNotTheSame, part, s.Seq)
		}
	}
	return nil
}

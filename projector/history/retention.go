package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
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

// Horizon is the time before which history is not to be kept. Covered is until when the source was watched, by the
// SQL Server's clock; where that clock is ahead of ours, ours counts, so that a server that dreams of next year takes
// no history with it.
func Horizon(covered jobmon.Instant, ours time.Time, keep time.Duration) jobmon.Instant {
	return min(covered, jobmon.InstantOf(ours)).Add(-keep)
}

// Older finds out what is older than that. It is what comes before the first batch that is younger: behind one
// nothing goes, so that a clock that was set back for a while costs no history that is younger. At least one batch
// always stays. Errors are those of Scan, and the context's.
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

// Due says whether so much history is older than it is to be kept that it is worth writing the log anew: when the
// oldest event is older by an eighth of the time, and by a day at least.
func Due(log Log, horizon jobmon.Instant, keep time.Duration) (bool, error) {
	for b, err := range log.Scan(0) {
		if err != nil {
			return false, fmt.Errorf("look for the oldest event of the log: %w", err)
		}
		return b.At < horizon.Add(-max(keep/8, 24*time.Hour)), nil
	}
	return false, nil
}

// StandInFor folds what is to be removed. It returns the batch that takes its place, and a check that a log which
// begins with that batch leads to the same state as this one.
func (r *Removal) StandInFor(ctx context.Context, log Log, told func(done, total uint64)) (
	jobmon.Batch, func(context.Context, Scanner, uint64, func(done, total uint64)) error, error,
) {
	s := New()
	if err := s.foldOn(ctx, log, r.To(), told); err != nil {
		return jobmon.Batch{}, nil, err
	}
	b, err := StandIn(s, r.From)
	return b, func(ctx context.Context, next Scanner, last uint64, told func(done, total uint64)) error {
		if err := s.foldOn(ctx, log, last, nil); err != nil {
			return err
		}
		again := New()
		if err := again.foldOn(ctx, next, last, told); err != nil {
			return err
		}
		return s.compare(again)
	}, err
}

package daemon

import (
	"context"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// Compact writes a new generation of the log, without what is older than the horizon; with a horizon of 0 nothing is
// cut off. What is cut off is replaced by the state that follows from it, and before the new log can take the old one's
// place it is folded from its beginning, and must lead to the same state as the old one. Errors are those of
// store.Log.Compact and history.Older.
func Compact(ctx context.Context, log *store.Log, horizon jobmon.Instant, o store.CompactOptions) (
	*store.Compaction, history.Removal, error,
) {
	var old history.Removal
	if horizon != 0 {
		var err error
		if old, err = history.Older(ctx, log, horizon); err != nil {
			return nil, history.Removal{}, err
		}
	}
	if old.At > 0 {
		b, check, err := old.StandInFor(ctx, log, quarter(o.Progress, 0, 1))
		if err != nil {
			return nil, history.Removal{}, err
		}
		checking := quarter(o.Progress, 3, 1)
		o.Progress = quarter(o.Progress, 1, 2)
		o.Cut = &store.Cut{At: old.At, Carried: b, Check: func(ctx context.Context, next *store.Log) error {
			last, _, _ := next.Last()
			return check(ctx, next, last, checking)
		}}
	}
	c, err := log.Compact(ctx, o)
	return c, old, err
}

// quarter reports the progress of many quarters of the whole, from quarter number from on.
func quarter(told store.Progress, from, many uint64) store.Progress {
	return func(done, total uint64) {
		if told != nil {
			told(from*total+many*done, 4*total)
		}
	}
}

// Removed is what commands print of the history that was cut off, nil for nothing.
func Removed(r history.Removal) *control.Removal {
	if r.At == 0 {
		return nil
	}
	return &control.Removal{From: r.From, To: r.To(), Events: r.Events, Since: r.Since, Until: r.Until}
}

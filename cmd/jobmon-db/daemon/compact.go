package daemon

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/inuse"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// When the daemon looks for history to cut off.
const (
	retainAfter = 10 * time.Minute // after the start
	retainEvery = 24 * time.Hour   // and then
)

// compactor compacts the log on request, and when much of it is old enough to be cut off, while the daemon works.
type compactor struct {
	d     *Daemon
	start chan time.Duration // a request: how long to keep history

	mu    sync.Mutex
	state control.Compaction
}

func newCompactor(d *Daemon) *compactor { return &compactor{d: d, start: make(chan time.Duration, 1)} }

// Compact implements control.Daemon: it starts a compaction unless one is running.
func (d *Daemon) Compact(ctx context.Context, r control.CompactRequest) (control.Compaction, error) {
	keep, err := keeping(r.KeepMS, d.options.Keep)
	if err != nil {
		return control.Compaction{}, err
	}
	if r.DryRun {
		old, err := d.older(ctx, keep)
		return control.Compaction{Before: d.current().Size(), Removed: Removed(old)}, err
	}
	c := d.compactor
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.state.Running {
		c.state = control.Compaction{Running: true}
		c.start <- keep
	}
	return c.state, nil
}

// keeping returns how long a request keeps history: never shorter than the configuration could.
func keeping(ms int64, configured time.Duration) (time.Duration, error) {
	switch most := configs.KeepMost.Milliseconds(); {
	case ms == 0:
		return configured, nil
	case ms == -1:
		return 0, nil
	case ms < configs.KeepLeast.Milliseconds() || ms > most:
		return 0, fmt.Errorf("keep_ms is %d: allowed are 0 as configured, -1 for ever, and %d to %d", ms,
			configs.KeepLeast.Milliseconds(), most)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// horizon returns the time before which no history is kept; 0 keeps everything.
func (d *Daemon) horizon(keep time.Duration) jobmon.Instant {
	if keep == 0 {
		return 0
	}
	d.mu.Lock()
	covered := d.coverage.Until
	d.mu.Unlock()
	d.journal.mu.Lock()
	covered = max(covered, d.journal.state.At)
	d.journal.mu.Unlock()
	return max(0, history.Horizon(covered, time.Now(), keep))
}

// older returns the history that is older than keep.
func (d *Daemon) older(ctx context.Context, keep time.Duration) (history.Removal, error) {
	horizon := d.horizon(keep)
	if horizon == 0 {
		return history.Removal{}, nil
	}
	return inuse.Ask(&d.Log, func(log *store.Log) (history.Removal, error) { return history.Older(ctx, log, horizon) })
}

// Compaction implements control.Daemon.
func (d *Daemon) Compaction() control.Compaction {
	d.compactor.mu.Lock()
	defer d.compactor.mu.Unlock()
	return d.compactor.state
}

// run compacts the log on request and when history has become too old, until ctx ends.
func (c *compactor) run(ctx context.Context) {
	next := time.Now().Add(retainAfter)
	for ctx.Err() == nil {
		keep := c.d.options.Keep
		select {
		case <-ctx.Done():
			return
		case keep = <-c.start:
		case <-time.After(time.Until(next)):
			next = time.Now().Add(retainEvery)
			if !c.tooOld(ctx, keep) {
				continue
			}
			c.mu.Lock()
			busy := c.state.Running // a request came just now
			c.state = control.Compaction{Running: true}
			c.mu.Unlock()
			if busy {
				keep = <-c.start
			}
		}
		before, after, removed, err := c.compact(ctx, keep)
		c.mu.Lock()
		c.state = control.Compaction{Before: before, After: after, Ended: jobmon.InstantOf(time.Now()),
			Removed: Removed(removed)}
		if err != nil {
			c.state.Removed = nil
			c.state.Error = err.Error()
		}
		c.mu.Unlock()
		if ctx.Err() == nil {
			c.log(before, after, removed, err)
		}
	}
}

// log logs the result of a compaction.
func (c *compactor) log(before, after int64, removed history.Removal, err error) {
	log := &c.d.options.Logger
	if err != nil {
		log.Error().Err(err).Msg("the log was not compacted, and goes on as it was")
		return
	}
	if removed.At > 0 {
		log.Info().Uint64("from", removed.From).Uint64("to", removed.To()).Uint64("events", removed.Events).
			Stringer("until", removed.Until).Msg("old history is cut off")
	}
	log.Info().Int64("bytes", after).Int64("before", before).Str("log", c.d.current().Path()).
		Msg("the log is compacted")
}

// tooOld reports whether enough history is too old to write the log anew.
func (c *compactor) tooOld(ctx context.Context, keep time.Duration) bool {
	horizon := c.d.horizon(keep)
	if horizon == 0 {
		return false
	}
	due, err := history.Due(c.d.current(), horizon, keep)
	if err == nil && due {
		var old history.Removal
		old, err = c.d.older(ctx, keep)
		due = old.At > 0
	}
	if err != nil && ctx.Err() == nil {
		c.d.options.Logger.Error().Err(err).Msg("old history cannot be cut off; trying again tomorrow")
	}
	return due && err == nil
}

func (c *compactor) compact(ctx context.Context, keep time.Duration) (before, after int64, removed history.Removal,
	err error) {
	next, removed, err := Compact(ctx, c.d.current(), c.d.horizon(keep),
		store.CompactOptions{Progress: func(done, total uint64) {
			c.mu.Lock()
			c.state.Done, c.state.Total = done, total
			c.mu.Unlock()
		}})
	if err != nil {
		return 0, 0, removed, err
	}
	if ctx.Err() != nil {
		next.Abandon()
		return 0, 0, removed, ctx.Err()
	}
	err = c.d.exchange(func() (*store.Log, error) { return next.Finish(ctx) })
	return next.Before, next.After, removed, err
}

// exchange replaces the daemon's log, between two commits of the journal.
func (d *Daemon) exchange(by func() (*store.Log, error)) error {
	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	return d.Exchange(func() (*store.Log, error) {
		log, err := by()
		if log == nil {
			return nil, err
		}
		d.journal.log, d.journal.keeper = log, &history.Keeper{Log: log}
		if err := d.journal.keeper.Look(); err != nil { // the caches came along
			d.options.Logger.Warn().Err(err).Msg("the caches of the new log are made anew")
		}
		return log, err
	})
}

// current returns the log in use.
func (d *Daemon) current() *store.Log { return d.InUse() }

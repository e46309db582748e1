package daemon

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/api"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// compactor compacts the log when it is asked to, beside all else.
type compactor struct {
	d     *Daemon
	start chan struct{}

	mu    sync.Mutex
	state api.Compaction
}

func newCompactor(d *Daemon) *compactor { return &compactor{d: d, start: make(chan struct{}, 1)} }

// Compact implements api.Daemon: a compaction begins, unless one is under way.
func (d *Daemon) Compact(_ context.Context, r api.CompactRequest) (api.Compaction, error) {
	c := d.compactor
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.DryRun {
		return api.Compaction{Before: d.current().Size()}, nil
	}
	if !c.state.Running {
		c.state = api.Compaction{Running: true}
		c.start <- struct{}{}
	}
	return c.state, nil
}

// Compaction implements api.Daemon.
func (d *Daemon) Compaction() api.Compaction {
	d.compactor.mu.Lock()
	defer d.compactor.mu.Unlock()
	return d.compactor.state
}

// run compacts, whenever it is asked to, until ctx ends.
func (c *compactor) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.start:
		}
		before, after, err := c.compact(ctx)
		c.mu.Lock()
		c.state = api.Compaction{Before: before, After: after, Ended: jobmon.InstantOf(time.Now())}
		if err != nil {
			c.state.Error = err.Error()
		}
		c.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			c.d.options.Logger.Error().Err(err).Msg("the log was not compacted, and goes on as it was")
		default:
			c.d.options.Logger.Info().Int64("bytes", after).Int64("before", before).Str("log", c.d.current().Path()).Msg("the log is compacted")
		}
	}
}

func (c *compactor) compact(ctx context.Context) (before, after int64, err error) {
	next, err := c.d.current().Compact(ctx, store.CompactOptions{Progress: func(done, total uint64) {
		c.mu.Lock()
		c.state.Done, c.state.Total = done, total
		c.mu.Unlock()
	}})
	if err != nil {
		return 0, 0, err
	}
	if ctx.Err() != nil {
		next.Abandon()
		return 0, 0, ctx.Err()
	}
	err = c.d.exchange(func() (*store.Log, error) { return next.Finish(ctx) })
	return next.Before, next.After, err
}

// exchange makes another log the daemon's, between two commits of the journal.
func (d *Daemon) exchange(by func() (*store.Log, error)) error {
	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	d.exchanging.Lock()
	defer d.exchanging.Unlock()
	log, err := by()
	if log != nil {
		d.log, d.journal.log, d.journal.keeper = log, log, &history.Keeper{Log: log}
	}
	return err
}

// current is the log in use. One that a new generation takes the place of gives store.ErrClosed from then on.
func (d *Daemon) current() *store.Log {
	d.exchanging.RLock()
	defer d.exchanging.RUnlock()
	return d.log
}

// Read implements api.Daemon. It goes on in the new generation when there is one.
func (d *Daemon) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for log, again := d.current(), true; again; {
			again = false
			for b, err := range log.Read(from) {
				if next := d.current(); errors.Is(err, store.ErrClosed) && next != log {
					log, again = next, true
					break
				}
				if !yield(b, err) {
					return
				}
				if err == nil {
					from = b.Last() + 1
				}
			}
		}
	}
}

// Extract implements api.Daemon, as Read does.
func (d *Daemon) Extract(from uint64) (store.Extract, error) {
	for {
		log := d.current()
		x, err := log.Extract(from)
		if errors.Is(err, store.ErrClosed) && d.current() != log {
			continue
		}
		return x, err
	}
}

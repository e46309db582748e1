package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/inuse"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/store"
)

// The log is read from beginning to end in the background, so slowly that nobody notices, and again every day: 256 KiB,
// then a pause.
const (
	scrubPause = 100 * time.Millisecond
	scrubEvery = 24 * time.Hour
	scrubAgain = time.Minute // when the log is closed, as after a failed commit
)

// lockWait is how long a start waits for somebody who is still reading the log: a command that ends, or what a daemon
// that was killed has left.
const lockWait = 5 * time.Second

// openLog opens the log. One that cannot be opened or written is moved aside, and everything of it that is whole goes
// into a new one; the caller holds the lock of the data dir.
func (d *Daemon) openLog(ctx context.Context) (*store.Log, error) {
	o := &d.options
	options := store.Options{Site: o.Settings.Site, LockWait: lockWait, Damaged: func(e *store.Error) {
		o.Logger.Error().Err(e).Uint64("from", e.Seq).Uint64("to",
			e.Last).Msg("events in the log are damaged and left out")
	}}
	log, err := store.Open(o.DataDir, options)
	if unusable(err) {
		if movedErr := d.moveAside(ctx, err); movedErr != nil {
			return nil, errors.Join(err, movedErr)
		}
		log, err = store.Open(o.DataDir, options)
	}
	if err != nil {
		return nil, err
	}
	for _, note := range log.Notes() {
		o.Logger.Error().Msg(note)
	}
	return log, nil
}

// unusable says that the log is damaged in a way that keeps it from being used.
func unusable(err error) bool {
	return errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrTruncated) || errors.Is(err, store.ErrNotOurs)
}

func (d *Daemon) moveAside(ctx context.Context, why error) error {
	if path, err := store.Current(d.options.DataDir); err != nil || path == "" {
		return nil // there is no file that could be moved: why says so
	}
	q, err := store.Quarantine(ctx, d.options.DataDir, why, time.Now())
	if err != nil {
		return err
	}
	d.options.Logger.Error().Err(why).Str("damaged", q.Aside).Str("log", q.Path).Int("events",
		q.Events).Interface("lost", q.Lost).
		Bool("end_may_be_lost", q.Unsure).
		Msg("THE LOG WAS DAMAGED and has been moved aside: a new one goes on with everything that could be read; " +
			"what is missing may be in a backup")
	return nil
}

// scrub reads the log again and again until ctx ends, and records damage that no event reports yet.
func (d *Daemon) scrub(ctx context.Context) {
	for {
		err, next := d.scrubOnce(ctx), scrubEvery
		if ctx.Err() != nil {
			return
		}
		switch {
		case errors.Is(err, store.ErrClosed): // the next commit opens it again
			next = scrubAgain
		case err != nil:
			d.options.Logger.Error().Err(err).Msg("the log could not be read to its end")
		}
		if patience.Sleep(ctx, next) != nil {
			return
		}
	}
}

func (d *Daemon) scrubOnce(ctx context.Context) error {
	found, err := inuse.Ask(&d.Log, func(log *store.Log) (*store.Scrubbed, error) {
		return log.Scrub(ctx, func(ctx context.Context) error { return patience.Sleep(ctx, scrubPause) })
	})
	if gaps := found.Unrecorded(); len(gaps) > 0 && ctx.Err() == nil {
		err = errors.Join(err, d.journal.recordDamage(gaps))
	}
	return err
}

// recordDamage says in the log which of its events cannot be read.
func (j *journal) recordDamage(gaps []store.Gap) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var events []jobmon.Event
	for _, g := range gaps {
		j.logger.Error().Uint64("from", g.From).Uint64("to", g.To).
			Msg("events in the log are damaged: they are left out, everything else is as it was; they may be in a " +
				"backup")
		events = append(events, jobmon.Event{Kind: jobmon.KindDamaged, From: g.From, To: g.To,
			Text: "found damaged in the log"})
	}
	if err := j.commit(j.state.At, events); err != nil {
		return fmt.Errorf("record which events are damaged: %w", err)
	}
	return nil
}

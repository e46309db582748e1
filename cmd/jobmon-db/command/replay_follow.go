package command

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/store"
)

// followEvery is how often it is looked whether something came.
const followEvery = 300 * time.Millisecond

// follow tells what comes behind event seq until ctx ends. It asks the daemon; when that goes away it tells what the
// log has got meanwhile and waits for one that works on the same log.
func (r *replayer) follow(ctx context.Context, seq uint64) error {
	dir := r.question.dataDir
	if r.question.log != "" {
		dir = filepath.Dir(r.question.log)
	}
	r.telling.All, r.telling.Seen = true, max(seq, r.telling.Seen)
	id, waiting := r.past.LogID, !r.past.Live
	if waiting {
		fmt.Fprintln(r.messages, "No daemon runs; waiting for one to go on with this log.")
	}
	behind := false // the daemon has gone, and what it wrote last, which may be in the file alone, is not told yet
	for {
		if err := wait(ctx, followEvery); err != nil {
			return err
		}
		if waiting {
			asked, err := askDaemon(ctx, dir)
			if err != nil { // it is not there yet, or not for us
				if behind {
					if behind, err = r.fromFile(ctx, id); err != nil {
						return err
					}
				}
				continue
			}
			if asked.LogID != id {
				return fmt.Errorf("the daemon works on another log now (%s, this one is %s): start again", asked.LogID,
					id)
			}
			asked.UTC = r.past.UTC
			r.past.done(r.messages)
			r.past, waiting, behind = asked, false, false
		}
		if err := r.next(ctx); err != nil {
			var printed *printError
			if ctx.Err() != nil || errors.As(err, &printed) {
				return err
			}
			waiting = true
			if behind, err = r.fromFile(ctx, id); err != nil {
				return err
			}
		}
	}
}

// fromFile tells what the file of the log has got, unless the daemon, which may be about to end, still has it to
// itself: then it is to be asked again. It fails when the output cannot be written.
func (r *replayer) fromFile(ctx context.Context, id string) (again bool, err error) {
	p, err := openLog(r.question)
	if err != nil || p.LogID != id {
		return errors.Is(err, store.ErrLocked), nil
	}
	p.UTC = r.past.UTC
	r.past.done(r.messages)
	r.past = p
	var printed *printError
	if err := r.next(ctx); errors.As(err, &printed) {
		return false, err
	}
	return false, nil
}

// printError says that the output could not be written.
type printError struct{ error }

func (e *printError) Unwrap() error { return e.error }

// next tells what came since; events that were told are not told again, whatever fails.
func (r *replayer) next(ctx context.Context) error {
	r.telling.Log = r.past
	for record, err := range r.telling.Forward(replay.Range{From: r.telling.Seen + 1, To: math.MaxUint64}) {
		if err == nil {
			if err = r.printer.Print(record); err != nil {
				return &printError{err}
			}
			continue
		}
		if flushed := r.flush(); flushed != nil {
			return &printError{flushed}
		}
		return err
	}
	if err := r.flush(); err != nil {
		return &printError{err}
	}
	if err := r.cursor.reached(r.telling.Seen); err != nil {
		return &printError{err}
	}
	return ctx.Err()
}

// wait lets some time pass.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/store"
)

// followEvery is how often it is looked whether something came.
const followEvery = 300 * time.Millisecond

// tail follows what a log gets. It asks the daemon; when that goes away it prints what the log has got meanwhile and
// waits for one that works on the same log.
type tail struct {
	*replayer
	id      string
	waiting bool // for a daemon
	behind  bool // the daemon has gone, and what it wrote last, which may be in the file alone, is not told yet
}

// tail begins behind event seq.
func (r *replayer) tail(seq uint64) *tail {
	r.telling.All, r.telling.Seen = true, max(seq, r.telling.Seen)
	return &tail{replayer: r, id: r.past.LogID, waiting: !r.past.Live}
}

// follow prints what comes to all of these logs until ctx ends.
func follow(ctx context.Context, messages io.Writer, tails ...*tail) error {
	if !slices.ContainsFunc(tails, func(t *tail) bool { return !t.waiting }) {
		fmt.Fprintf(messages, "No %s runs; waiting for one to go on with this log.\n", tails[0].question.who())
	}
	for {
		if err := wait(ctx, followEvery); err != nil {
			return err
		}
		for _, t := range tails {
			if err := t.step(ctx); err != nil {
				return err
			}
		}
	}
}

// step prints what has come since the last one.
func (t *tail) step(ctx context.Context) error {
	if t.waiting {
		asked, err := askDaemon(ctx, t.question.folder())
		if err != nil { // it is not there yet, or not for us
			if t.behind {
				t.behind, err = t.fromFile(ctx, t.id)
				return err
			}
			return nil
		}
		if asked.LogID != t.id {
			return fmt.Errorf("the %s works on another log now (%s, this one is %s): start again", t.question.who(),
				asked.LogID, t.id)
		}
		asked.follow(t.past)
		t.past.done(t.messages)
		t.past, t.waiting, t.behind = asked, false, false
	}
	err := t.next(ctx)
	var printed *printError
	if err == nil || ctx.Err() != nil || errors.As(err, &printed) {
		return err
	}
	t.waiting = true
	t.behind, err = t.fromFile(ctx, t.id)
	return err
}

// fromFile tells what the file of the log has got, unless the daemon, which may be about to end, still has it to
// itself: then it is to be asked again. It fails when the output cannot be written.
func (r *replayer) fromFile(ctx context.Context, id string) (again bool, err error) {
	p, err := openLog(r.question)
	if err != nil || p.LogID != id {
		return errors.Is(err, store.ErrLocked), nil
	}
	p.follow(r.past)
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

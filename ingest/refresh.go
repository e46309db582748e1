package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// refreshSpacing is the least time from start to start of two reads that were asked for.
const refreshSpacing = 250 * time.Millisecond

// ErrStopped is what Refresh returns when the poller has stopped, or stops before it could read.
var ErrStopped = errors.New("the poller has stopped")

// round is a read that has yet to begin, and the callers that wait for it.
type round struct {
	done chan struct{} // closed when at and err are set
	at   jobmon.Instant
	err  error
}

// Refresh has the source read as soon as possible and returns when everything that this read saw is durable: the
// read begins after the call. Everybody who calls before it begins shares it, and such reads begin at least 250 ms
// apart. snapshotAt is the read's time by the server's clock.
//
// It returns ctx's error when ctx ends first (the read then goes on for the others), ErrStopped, or why the read or its
// commit failed; while time remains the caller may ask again. Safe for concurrent use; before Run it waits for Run.
func (p *Poller) Refresh(ctx context.Context) (snapshotAt jobmon.Instant, err error) {
	r, err := p.join()
	if err != nil {
		return 0, err
	}
	select {
	case <-r.done:
		return r.at, r.err
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for a fresh read: %w", ctx.Err())
	}
}

func (p *Poller) join() (*round, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil, ErrStopped
	}
	if p.waiting == nil {
		p.waiting = &round{done: make(chan struct{})}
		p.asked <- struct{}{} // there is room: take clears both
	}
	return p.waiting, nil
}

// take closes the round to newcomers: its read begins now. Nil when nothing waits.
func (p *Poller) take() *round {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.asked:
	default: // Run took it, or nothing waits
	}
	r := p.waiting
	p.waiting = nil
	return r
}

func (r *round) answer(at jobmon.Instant, err error) {
	if r == nil {
		return
	}
	r.at, r.err = at, err
	close(r.done)
}

// wait returns when the next read is to begin, caused by those who asked or because it is due. ok is false when ctx
// ended first.
func (p *Poller) wait(ctx context.Context, next time.Time) (caused, ok bool) {
	due := time.NewTimer(time.Until(next))
	defer due.Stop()
	select {
	case <-ctx.Done():
		return false, false
	case <-due.C:
		return false, true
	case <-p.asked:
	}
	spaced := time.NewTimer(time.Until(p.refreshed.Add(refreshSpacing)))
	defer spaced.Stop()
	select {
	case <-ctx.Done():
		return false, false
	case <-due.C: // this read serves those who asked as well
		return false, true
	case <-spaced.C:
		p.refreshed = time.Now()
		return true, true
	}
}

// end refuses callers that still wait, and all later ones.
func (p *Poller) end() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.take().answer(0, ErrStopped)
}

package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/api"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A request waits this long for a fresh read, then it is served from what is known; the file itself may take so long.
const (
	freshWithin = 2 * time.Second
	writeWithin = 5 * time.Second
	gatherFor   = 2 * time.Millisecond // those who shared a read arrive within this time; less than a commit takes
)

// fresher causes a read that begins after the call; ingest.Poller is one.
type fresher interface {
	Refresh(ctx context.Context) (jobmon.Instant, error)
	Now() jobmon.Instant
}

// refresher serves the requests of DS scripts: each waits for a read that began after it, which all who wait share; then
// all that are ready are recorded in one batch, and their files written.
type refresher struct {
	journal *journal
	poller  fresher

	ready   chan *asked   // to the goroutine that commits
	stopped chan struct{} // closed when it commits no more
}

// asked is a request on its way.
type asked struct {
	api.RefreshRequest
	at     jobmon.Instant // of the read that serves it, or now
	stale  error          // why no fresh read could be made
	file   []byte         // what is to be written, once committed
	over   bool           // the deployment is over: nothing more will be written for it by itself
	answer api.RefreshAnswer
	err    error
	done   chan struct{} // closed when answer or err is set
}

func newRefresher(j *journal, p fresher) *refresher {
	return &refresher{journal: j, poller: p, ready: make(chan *asked), stopped: make(chan struct{})}
}

// refresh serves one request: when it returns without error the computer's file is on the share, or the answer says
// why it could not be written. Safe for concurrent use.
func (r *refresher) refresh(ctx context.Context, request api.RefreshRequest) (api.RefreshAnswer, error) {
	a := &asked{RefreshRequest: request, done: make(chan struct{})}
	a.at, a.stale = r.fresh(ctx)
	select {
	case r.ready <- a:
	case <-r.stopped:
		return api.RefreshAnswer{}, errors.New("the daemon is stopping: ask again when it runs")
	case <-ctx.Done():
		return api.RefreshAnswer{}, fmt.Errorf("wait for the daemon: %w", ctx.Err())
	}
	<-a.done // commits and writes are bounded in time
	return a.answer, a.err
}

// fresh tries for a while to have a read made that begins now. Without one, at is the present and stale says why.
func (r *refresher) fresh(ctx context.Context) (at jobmon.Instant, stale error) {
	ctx, cancel := context.WithTimeout(ctx, freshWithin)
	defer cancel()
	for {
		at, err := r.poller.Refresh(ctx)
		switch {
		case err == nil:
			return at, nil
		case ctx.Err() == nil && !errors.Is(err, ingest.ErrStopped):
			stale = err // the poller spaces the tries
			continue
		case stale == nil:
			stale = fmt.Errorf("the source did not answer within %v", freshWithin)
		}
		return r.poller.Now(), stale
	}
}

// run commits what is ready, all at once, until ctx ends; later requests fail.
func (r *refresher) run(ctx context.Context) {
	defer close(r.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-r.ready:
			r.serve(ctx, r.gather(first))
		}
	}
}

// gather takes along everybody whose read has ended with this one.
func (r *refresher) gather(first *asked) []*asked {
	all := []*asked{first}
	enough := time.After(gatherFor)
	for {
		select {
		case a := <-r.ready:
			all = append(all, a)
		case <-enough:
			return all
		}
	}
}

func (r *refresher) serve(ctx context.Context, all []*asked) {
	if err := r.journal.record(ctx, all); err != nil {
		for _, a := range all {
			a.err = fmt.Errorf("the request could not be recorded in the log: %w", err)
			close(a.done)
		}
		return
	}
	// the next requests need not wait for these files
	var writing sync.WaitGroup
	for _, a := range all {
		writing.Go(func() {
			defer close(a.done)
			ctx, cancel := context.WithTimeout(ctx, writeWithin)
			defer cancel()
			if err := r.journal.files.WriteNow(ctx, a.Computer, a.file); err != nil {
				a.answer.Error = err.Error()
			}
			if a.over {
				r.journal.files.Forget(a.Computer)
			}
		})
	}
}

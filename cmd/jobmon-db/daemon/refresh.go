package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// A request waits this long for a fresh read, then it is served from what is known; the file itself may take so long.
const (
	freshWithin = 2 * time.Second
	writeWithin = 5 * time.Second

	gatherFor = 10 * time.Millisecond // those who ask together come without a longer pause
	gatherMax = 10                    // times that at most
	// rounds that shared a read are ready within this time; about as long as a commit takes
	commitFor = 2 * time.Millisecond
)

// fresher causes a read that begins after the call; ingest.Poller is one.
type fresher interface {
	Refresh(ctx context.Context) (jobmon.Instant, error)
	Now() jobmon.Instant
}

// refresher serves the requests of DS scripts. Those who ask together are a round, which has one read begin after them
// all: anyone who missed its beginning by a moment would wait out the pause between two reads. All rounds that are
// ready are recorded in one batch, and then their files are written.
type refresher struct {
	journal *journal
	poller  fresher

	ready   chan []*asked // to the goroutine that commits
	stopped chan struct{} // closed when it commits no more
	limits  limits        // of the goroutine that commits

	mu        sync.Mutex
	gathering []*asked // who share the read that has yet to be asked for
	counted   Refreshes
}

// asked is a request on its way.
type asked struct {
	control.RefreshRequest
	at     jobmon.Instant // of the read that serves it, or now
	stale  error          // why no fresh read could be made
	file   evtdir.Content // what is to be written, once committed
	drawn  bool           // file is there: the site's template did not fail
	over   bool           // the deployment is over: nothing more will be written for it by itself
	answer control.RefreshAnswer
	err    error
	done   chan struct{} // closed when answer or err is set
}

func newRefresher(j *journal, p fresher) *refresher {
	return &refresher{
		journal: j, poller: p, limits: newLimits(), ready: make(chan []*asked), stopped: make(chan struct{}),
	}
}

// refresh serves one request: when it returns without error the computer's file is on the share, or the answer says
// why it could not be written. A request that was made is served also when ctx ends. Safe for concurrent use.
func (r *refresher) refresh(ctx context.Context, request control.RefreshRequest) (control.RefreshAnswer, error) {
	a := &asked{RefreshRequest: request, done: make(chan struct{})}
	began := time.Now()
	r.mu.Lock()
	r.gathering = append(r.gathering, a)
	if len(r.gathering) == 1 {
		go r.round(context.WithoutCancel(ctx)) // reads, commits and writes are bounded in time
	}
	r.mu.Unlock()
	select {
	case <-a.done:
		r.count(a, time.Since(began))
		return a.answer, a.err
	case <-ctx.Done():
		return control.RefreshAnswer{}, fmt.Errorf("wait for the daemon: %w", ctx.Err())
	}
}

func (r *refresher) count(a *asked, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.err != nil || a.answer.Error != "" {
		r.counted.Failed++
		return
	}
	r.counted.Served++
	r.counted.Took += took
	if !a.answer.Fresh {
		r.counted.Stale++
	}
}

func (r *refresher) counts() Refreshes {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counted
}

// round gathers those who ask together, waits for their read and has them served.
func (r *refresher) round(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, freshWithin)
	defer cancel()
	all := r.gather()
	at, stale := r.fresh(ctx)
	for _, a := range all {
		a.at, a.stale = at, stale
	}
	select {
	case r.ready <- all:
	case <-r.stopped:
		for _, a := range all {
			a.err = errors.New("the daemon is stopping: ask again when it runs")
			close(a.done)
		}
	}
}

// gather waits until nobody else has come for a moment.
func (r *refresher) gather() []*asked {
	before := 1
	for range gatherMax {
		<-time.After(gatherFor)
		r.mu.Lock()
		n := len(r.gathering)
		r.mu.Unlock()
		if n == before {
			break
		}
		before = n
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.gathering
	r.gathering = nil
	return all
}

// fresh tries until ctx ends to have a read made that begins now. Without one, at is the present and stale says why.
func (r *refresher) fresh(ctx context.Context) (at jobmon.Instant, stale error) {
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
		case all := <-r.ready:
			r.serve(ctx, r.join(all))
		}
	}
}

// join takes along every round whose read has ended with this one's.
func (r *refresher) join(all []*asked) []*asked {
	enough := time.After(commitFor)
	for {
		select {
		case more := <-r.ready:
			all = append(all, more...)
		case <-enough:
			return all
		}
	}
}

// admit refuses what is beyond the limits. The read that serves the requests is done: it says who is known.
func (r *refresher) admit(all []*asked) []*asked {
	now := time.Now()
	return slices.DeleteFunc(all, func(a *asked) bool {
		if a.err = r.limits.check(a.Computer, r.journal.knows(a.Computer), now); a.err != nil {
			close(a.done)
		}
		return a.err != nil
	})
}

func (r *refresher) serve(ctx context.Context, all []*asked) {
	if all = r.admit(all); len(all) == 0 {
		return
	}
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
			if a.drawn {
				if err := r.journal.files.WriteNow(ctx, a.Computer, a.file); err != nil {
					a.answer.Error = err.Error()
				}
			}
			if a.over {
				r.journal.files.Forget(a.Computer)
			}
		})
	}
}

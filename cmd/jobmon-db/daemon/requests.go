package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/requestdir"
)

// RequestFolder is the name of the request folder in the evt folder.
const RequestFolder = "requests"

// How often the request folder is looked at, how soon again while requests come, so that those who ask together are
// served together, and how many of its requests are under way at once.
const (
	lookEvery   = 250 * time.Millisecond
	lookAgain   = gatherFor
	requestsMax = 1000

	complainEvery = time.Hour // a file whose name says nothing stays until somebody removes it
)

// requests serves the request folder: for scripts that cannot run this program a file is the question, and its
// vanishing the answer.
type requests struct {
	folder    *requestdir.Folder
	refresher *refresher
	logger    zerolog.Logger
	under     chan struct{} // a place for each request under way
	failing   bool          // the folder cannot be read; said once
	odd       string        // what was last said of files that cannot be read or removed

	mu   sync.Mutex
	told time.Time // when it was last said that requests were refused

	complained time.Time // when it was last said that a token was not replaced
}

func newRequests(evtDir string, r *refresher, logger zerolog.Logger) *requests {
	return &requests{
		folder: requestdir.New(filepath.Join(evtDir, RequestFolder)), refresher: r, logger: logger,
		under: make(chan struct{}, requestsMax),
	}
}

// run looks into the folder until ctx ends and all requests under way are answered.
func (q *requests) run(ctx context.Context) {
	for {
		pause := lookEvery
		if q.look(ctx) > 0 {
			pause = lookAgain
		}
		select {
		case <-ctx.Done():
			for range cap(q.under) {
				q.under <- struct{}{}
			}
			return
		case <-time.After(pause):
		}
	}
}

// look takes up what is new in the folder, as far as there are places, and says how many those were.
func (q *requests) look(ctx context.Context) int {
	free := cap(q.under) - len(q.under)
	if free == 0 {
		return 0
	}
	found, stats, err := q.folder.Scan(ctx, time.Now(), free)
	if errors.Is(err, fs.ErrNotExist) {
		err = q.folder.Ensure()
	}
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil && !q.failing:
		q.logger.Warn().Err(err).Msg("the request folder cannot be read; trying again")
	case err == nil && q.failing:
		q.logger.Info().Msg("the request folder can be read again")
	}
	q.failing = err != nil
	q.report(stats)
	for _, r := range found {
		q.under <- struct{}{}
		go q.serve(ctx, r)
	}
	return len(found)
}

// report says once that there are requests which cannot be read or removed, and once that they are gone; now and then,
// that there is one in whose name DS did not replace a token.
func (q *requests) report(s requestdir.Stats) {
	if now := time.Now(); s.Unreplaced != "" && now.Sub(q.complained) >= complainEvery {
		q.complained = now
		q.logger.Warn().Str("request",
			s.Unreplaced).Msg("DS did not replace a token in the name of a request, so nobody knows which computer " +
			"is " +
			"meant: it replaces tokens only in the script of a Run Script task, not in a file that the script calls; " +
			"delete the request then")
	}
	odd := ""
	if s.Unreadable+s.Stuck > 0 {
		odd = fmt.Sprintf("%d cannot be read, %d cannot be removed", s.Unreadable, s.Stuck)
	}
	if odd == q.odd {
		return
	}
	if q.odd = odd; odd == "" {
		q.logger.Info().Msg("no more requests that cannot be read or removed")
		return
	}
	event := q.logger.Warn()
	if s.Reason != nil {
		event = event.Err(s.Reason)
	}
	event.Str("requests", odd).Msg("some requests cannot be served as they should: look at the rights of the request " +
		"folder")
}

// refused removes a request that will not be served, so that such requests do not fill the folder. One message a minute
// names one of them.
func (q *requests) refused(r requestdir.Request) {
	now := time.Now()
	q.mu.Lock()
	tell := now.Sub(q.told) >= time.Minute
	if tell {
		q.told = now
	}
	q.mu.Unlock()
	if err := q.folder.Done(r); err != nil || tell {
		q.logger.Warn().Err(err).Str("request",
			r.Path).Msg("removed requests for computers that the database does not know: who writes them?")
	}
}

func (q *requests) serve(ctx context.Context, r requestdir.Request) {
	defer func() { <-q.under }()
	// it is answered also when the daemon stops meanwhile: its file would be left behind though it was served
	answer, err := q.refresher.refresh(context.WithoutCancel(ctx),
		control.RefreshRequest{Computer: r.Computer, Job: r.Job})
	if err == nil && answer.Error != "" {
		err = errors.New(answer.Error)
	}
	if errors.Is(err, errUnknownComputer) {
		q.refused(r)
		return
	}
	if err != nil {
		q.folder.Again(r)
		if ctx.Err() == nil {
			q.logger.Warn().Err(err).Str("request", r.Path).Msg("a request could not be served; trying again")
		}
		return
	}
	if err := q.folder.Done(r); err != nil {
		q.logger.Warn().Err(err).Msg("a request was served and cannot be removed")
	}
}

package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/store"
)

// journal is where batches go: into the log first, then, durable, into the tables, the pictures and the files. The poller
// commits from one goroutine; pictures may be looked at from any.
type journal struct {
	log    *store.Log
	files  *evtdir.Dir
	logger zerolog.Logger

	mu    sync.Mutex
	state *history.State
	ahead bool          // the projection holds a batch that the log does not
	lost  *jobmon.Event // tells with the next batch that the log lost its end, nil when it did not
}

// Mirror implements ingest.Journal.
func (j *journal) Mirror() *jobmon.Mirror { return j.state.Mirror }

// Watching implements ingest.Journal.
func (j *journal) Watching() []jobmon.ComputerID { return j.state.Projection.Watching() }

// Due implements ingest.Journal.
func (j *journal) Due(now jobmon.WallTime) []jobmon.Event { return j.state.Projection.Due(now) }

// Commit implements ingest.Journal. The projection goes ahead, to add what follows from the events; should the log
// refuse the batch, everything is folded from the log again.
func (j *journal) Commit(_ context.Context, at jobmon.Instant, events []jobmon.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ahead {
		if err := j.refold(); err != nil {
			return err
		}
	}
	if j.lost != nil {
		events = append([]jobmon.Event{*j.lost}, events...)
	}
	batch := j.state.Projection.Extend(at, j.state.Seq+1, events)
	if len(batch.Events) == 0 {
		return nil
	}
	if _, err := j.log.Append(at, batch.Events); err != nil {
		j.ahead = true
		return errors.Join(err, j.refold())
	}
	j.lost = nil
	j.state.Note(&batch)
	for _, id := range j.state.Projection.Changed() {
		j.publish(id)
	}
	return nil
}

// refold takes the state from the log, after a batch that did not get there.
func (j *journal) refold() error {
	state, err := history.Fold(j.log, nil)
	if err != nil {
		return fmt.Errorf("take up the log again after a failed append: %w", err)
	}
	j.state, j.ahead = state, false
	return nil
}

// publish hands a computer's picture to the evt folder; a finished one is no longer looked after once it is written.
func (j *journal) publish(id jobmon.ComputerID) {
	p, ok := j.state.Projection.Progress(id)
	if !ok {
		return
	}
	file, err := evt.Encode(p)
	if err != nil {
		j.logger.Error().Err(err).Int32("computer", int32(id)).Msg("a picture cannot be written as a file")
		return
	}
	j.files.Publish(id, file)
	if p.Session == nil || p.Session.Ended != 0 {
		j.files.Forget(id)
	}
}

// publishOpen hands all open sessions' pictures to the folder, which compares them with what lies there.
func (j *journal) publishOpen() {
	j.mu.Lock()
	defer j.mu.Unlock()
	newest := j.state.Seq
	for _, id := range j.state.Projection.Watching() {
		if old, err := os.ReadFile(j.files.Path(id)); err == nil {
			if seq, ok := evt.Seq(old); ok && evt.Ours(old) {
				newest = max(newest, seq)
			}
		}
		j.publish(id)
	}
	if newest > j.state.Seq {
		j.lost = &jobmon.Event{
			Kind: jobmon.KindDamaged, From: j.state.Seq + 1, To: newest,
			Text: "files in the evt folder are newer than the log: it lost its last batches",
		}
		j.logger.Error().Uint64("from", j.lost.From).Uint64("to", newest).
			Msg("the log lost its last batches: files in the evt folder are newer; what the database still says is read again")
	}
}

// pictures are all pictures after the last batch, by computer.
func (j *journal) pictures() []jobmon.Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []jobmon.Progress
	for _, id := range j.state.Projection.Pictures() {
		if p, ok := j.state.Projection.Progress(id); ok {
			list = append(list, *p)
		}
	}
	return list
}

package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/gallery"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// journal is where batches go: into the log first, then, durable, into the tables, the pictures and the files. The
// poller commits from one goroutine; pictures may be looked at from any.
type journal struct {
	log    *store.Log
	files  *evtdir.Dir
	logger zerolog.Logger

	heard   func(*jobmon.Batch, func() []*notices.Notice) // see Options
	changed chan struct{}                                 // holds one: pictures have changed

	mu      sync.Mutex
	state   *history.State
	keeper  *history.Keeper
	gallery gallery.Gallery
	drawn   map[jobmon.ComputerID]drawn            // pictures that scripts asked for in the last batch
	shown   map[jobmon.ComputerID]*jobmon.Progress // pictures that the batch at hand changed; nil where nobody asks
	ahead   bool                                   // the projection holds a batch that the log does not
	failing map[jobmon.ComputerID]bool             // the template makes no file of their pictures
	links   link.Key                               // nil: files have no link to the board
	full    fullness
	lost    *jobmon.Event // recorded with the next batch: the log lost its end
}

// drawn is a picture with its file; file holds nothing where the site's template failed.
type drawn struct {
	picture *jobmon.Progress
	file    evtdir.Content
	made    bool
}

// Mirror implements ingest.Journal. Only commits of the poller itself change it.
func (j *journal) Mirror() *jobmon.Mirror {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state.Mirror
}

// Watching implements ingest.Journal.
func (j *journal) Watching() []jobmon.ComputerID {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state.Projection.Watching()
}

// Judge implements ingest.Journal.
func (j *journal) Judge(at jobmon.Instant, offset jobmon.Offset) []jobmon.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state.Projection.Judge(at, offset)
}

// Commit implements ingest.Journal. The projection goes ahead, to add what follows from the events; should the log
// refuse the batch, the state is taken from the log again. From time to time it keeps the caches of the log: when the
// batch is durable and shown, so that only the next read can come to wait for it.
func (j *journal) Commit(_ context.Context, at jobmon.Instant, events []jobmon.Event) error {
	j.mu.Lock()
	err := j.commit(at, events)
	keeper := j.keeper
	var caches []store.Cache
	if err == nil {
		caches = keeper.Pack(j.state, false)
	}
	j.mu.Unlock()
	j.keep(keeper, caches)
	return err
}

// stop keeps the newest state, for the next start.
func (j *journal) stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.ahead {
		j.keep(j.keeper, j.keeper.Pack(j.state, true))
	}
}

func (j *journal) keep(keeper *history.Keeper, caches []store.Cache) {
	// the next commit keeps them in the new generation
	if err := keeper.Keep(caches...); err != nil && !errors.Is(err, store.ErrClosed) {
		j.logger.Warn().Err(err).Msg("the next start will take longer")
	}
}

func (j *journal) commit(at jobmon.Instant, events []jobmon.Event) error {
	if j.ahead {
		if err := j.refold(); err != nil {
			return err
		}
	}
	if j.lost != nil {
		events = append([]jobmon.Event{*j.lost}, events...)
	}
	batch := j.state.Projection.Extend(at, j.log.Next(), events)
	if len(batch.Events) == 0 {
		return nil
	}
	j.addChecksums(&batch)
	if _, err := j.log.Append(at, batch.Events); err != nil {
		j.ahead = true
		j.refused(at, err)
		return errors.Join(err, j.refold())
	}
	j.full.wrote(at)
	j.lost = nil
	j.state.Note(&batch)
	j.state.Shed(history.MostTold)
	if j.heard != nil {
		j.shown = map[jobmon.ComputerID]*jobmon.Progress{}
	}
	changed := j.state.Projection.Changed()
	for _, id := range changed {
		j.publish(id)
	}
	j.hear(&batch)
	if len(changed) > 0 {
		select {
		case j.changed <- struct{}{}:
		default: // nobody has looked since
		}
	}
	return nil
}

// refold takes the state from the log, after a batch that did not get there.
func (j *journal) refold() error {
	err := j.log.Recover() // its file may have been away
	var state *history.State
	if err == nil {
		state, err = history.Load(j.log)
	}
	if err != nil {
		return fmt.Errorf("take up the log again after a failed append: %w", err)
	}
	state.Shed(history.MostTold)
	state.Projection.Changed() // all of the past: its files are written, or will be when something changes
	j.state, j.ahead, j.gallery = state, false, gallery.Gallery{}
	return nil
}

// publish hands a computer's picture to the evt folder; a finished one is no longer looked after once it is written.
func (j *journal) publish(id jobmon.ComputerID) {
	d, known := j.drawn[id]
	if !known {
		if d, known = j.draw(id); !known {
			return
		}
	}
	j.gallery.Show(d.picture)
	if j.shown != nil {
		j.shown[id] = d.picture
	}
	if d.made {
		j.files.Publish(id, d.file)
	}
	if over(d.picture) {
		j.files.Forget(id)
	}
}

// over says that no event will change the picture by itself: its file need not be looked after.
func over(p *jobmon.Progress) bool { return p.Session == nil || p.Session.Ended != 0 }

// draw draws a computer's picture and makes its file; ok is false where there is none. Only a site's template can fail
// to make a file; then the old one stays, which is logged once.
func (j *journal) draw(id jobmon.ComputerID) (d drawn, ok bool) {
	if d.picture, ok = j.state.Projection.Progress(id); !ok {
		return d, false
	}
	file, err := evt.Content(d.picture, j.links)
	if err != nil {
		if !j.failing[id] {
			j.logger.Error().Err(err).Int32("computer", int32(id)).Uint64("seq", d.picture.Seq).
				Msg("a picture cannot be written as a file: the old file stays until one can")
		}
		if j.failing == nil {
			j.failing = map[jobmon.ComputerID]bool{}
		}
		j.failing[id] = true
		return d, true
	}
	delete(j.failing, id)
	d.file, d.made = evtdir.Content{Bytes: file, Seq: d.picture.Seq}, true
	return d, true
}

// addChecksums draws the pictures that scripts ask for, and records in each request's event which bytes are delivered.
// The projection is at the batch's end.
func (j *journal) addChecksums(b *jobmon.Batch) {
	j.drawn = map[jobmon.ComputerID]drawn{}
	for i := range b.Events {
		e := &b.Events[i]
		if e.Kind != jobmon.KindRefreshed {
			continue
		}
		d, ok := j.drawn[e.Computer]
		if !ok {
			if d, ok = j.draw(e.Computer); ok {
				j.drawn[e.Computer] = d
			}
		}
		if d.made {
			e.Sum = evtdir.Checksum(d.file.Bytes)
		}
	}
}

// knows says whether the database knows the computer, or a file was written for it before.
func (j *journal) knows(id jobmon.ComputerID) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, named := j.state.Mirror.Computers[id]
	_, drawn := j.state.Projection.Progress(id)
	return named || drawn
}

// record commits the requests in one batch and draws their files.
func (j *journal) record(_ context.Context, all []*asked) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := j.state.At // no time before what is known already
	events := make([]jobmon.Event, 0, len(all))
	for _, a := range all {
		e := jobmon.Event{Kind: jobmon.KindRefreshed, Computer: a.Computer, Name: a.Job}
		if a.stale != nil {
			e.Flags = jobmon.Inexact
		}
		at = max(at, a.at)
		events = append(events, e)
	}
	if err := j.commit(at, events); err != nil {
		return err
	}
	for _, a := range all {
		d, ok := j.drawn[a.Computer]
		if !ok {
			continue // a request always leads to a picture
		}
		p := d.picture
		a.over, a.file, a.drawn = over(p), d.file, d.made
		a.answer = control.RefreshAnswer{Path: j.files.Path(a.Computer), Seq: p.Seq, At: p.At, Fresh: a.stale == nil}
		if !a.drawn {
			a.answer.Error = evt.ErrTemplate.Error() + " for this picture; the daemon's messages say how"
		}
		if a.stale != nil {
			a.answer.Reason = a.stale.Error()
		}
	}
	return nil
}

// publishOpen hands all open sessions' pictures to the folder, which compares them with what lies there, and those that
// changed so shortly before the end of the log that a crash may have come before their file. Older files are not
// looked at: anyone who removed one meant it.
func (j *journal) publishOpen() {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.state.Projection
	ids := append(p.Watching(), p.DrawnSince(p.At().Add(-p.Settings().Gap))...)
	slices.Sort(ids)
	j.drawn = nil
	for _, id := range slices.Compact(ids) {
		j.publish(id)
	}
	p.Changed() // all of the past, which needs no file
}

// goBehind records that the log was restored, where it continues with that number: the log before it has given those
// in between.
func (j *journal) goBehind(next uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if next <= j.state.Seq+1 {
		return
	}
	j.lost = &jobmon.Event{
		Kind: jobmon.KindDamaged, From: j.state.Seq + 1, To: next - 1, Text: "the log was restored from a backup",
	}
	j.logger.Warn().Uint64("from", j.lost.From).Uint64("to", j.lost.To).
		Msg("the log was restored from a backup: what happened since is not in it; what the database still says is " +
			"read again")
}

// compareWith records that the log lost its last batches, where pictures behind its end were published. What comes next
// is numbered behind them, as somebody has seen these numbers.
func (j *journal) compareWith(p Published) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if p.LogID != j.log.ID() || p.Seq <= j.state.Seq || p.Seq < j.log.Next() && j.lost != nil {
		return
	}
	if err := j.log.SkipTo(p.Seq + 1); err != nil {
		j.logger.Error().Err(err).Msg("sequence numbers that the log lost may be given again")
	}
	j.lost = &jobmon.Event{
		Kind: jobmon.KindDamaged, From: j.state.Seq + 1, To: p.Seq,
		Text: "pictures behind the end of the log were published: it lost its last batches",
	}
	j.logger.Error().Uint64("from", j.lost.From).Uint64("to", p.Seq).
		Msg("the log lost its last batches: pictures behind its end were published; what the database still says is " +
			"read again")
}

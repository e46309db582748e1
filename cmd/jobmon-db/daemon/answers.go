package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// DataLock is the lock file in the data folder.
const DataLock = "LOCK"

// lock makes both folders where they are missing, and takes the lock of the data folder. The evt folder has none: others write
// there, and anyone who can put a file in its place could keep the daemon from starting.
func (d *Daemon) lock() error {
	info := instance.Info{PID: os.Getpid(), Started: time.Now().UTC(), Command: d.options.Command, Purpose: "daemon"}
	info.Host, _ = os.Hostname() // it only makes a message better
	if err := trust.MakeFolder(d.options.DataDir); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	held, err := instance.Acquire(filepath.Join(d.options.DataDir, DataLock), info)
	if err != nil {
		return err
	}
	d.held = held
	// An evt folder that cannot be reached now keeps nobody from watching: files wait for their share, events do not.
	if err := inherit.MkdirAll(d.options.EvtDir, 0o755); err != nil {
		d.options.Logger.Warn().Err(err).Msg("the evt folder cannot be reached; its files are written when it can")
	}
	return nil
}

// Info implements control.Daemon.
func (d *Daemon) Info() control.Info {
	info := control.Info{
		Version: d.options.Version, PID: os.Getpid(), LogID: d.current().ID(), Site: d.options.Settings.Site,
		EvtDir: d.options.EvtDir, AgeMS: -1,
	}
	begins, err := onCurrent(d, func(log *store.Log) (history.Beginning, error) { return history.Begins(log) })
	if err == nil {
		info.First, info.Begun, info.Oldest, info.Cut = begins.At, begins.Begun, begins.First, begins.Cut
	}
	d.mu.Lock()
	info.Covered = d.coverage.Until
	if !d.readLast.IsZero() {
		info.AgeMS = time.Since(d.readLast).Milliseconds()
	}
	if d.poller != nil {
		m := d.poller.Metrics()
		info.Source = control.Source{
			Reads: m.Reads, Failed: m.Failed, Retried: m.Retried, Batches: m.Batches, Rows: m.Rows, Bytes: m.Bytes,
			LatestMS: m.Latest.Milliseconds(), TotalMS: m.Total.Milliseconds(),
		}
	}
	d.mu.Unlock()

	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	state := d.journal.state
	info.Last, info.Offset, info.Covered = state.Seq, state.Projection.Offset(), max(info.Covered, state.At)
	info.Lost = state.LostSince()
	info.Shifts, info.Names = state.Shifts(), state.Names.Clone()
	return info
}

// Picture is the computer's newest picture; ok is false when it has none. Safe for concurrent use.
func (d *Daemon) Picture(id jobmon.ComputerID) (p *jobmon.Progress, ok bool, err error) {
	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	if d.journal.ahead {
		return nil, false, errors.New("the log cannot be read, so nothing is known; ask again later")
	}
	p, ok = d.journal.state.Projection.Progress(id)
	return p, ok, nil
}

// News implements control.Daemon.
func (d *Daemon) News(after uint64) control.News {
	news := control.News{PID: os.Getpid(), LogID: d.current().ID(), Site: d.options.Settings.Site, AgeMS: -1, Last: after}
	d.mu.Lock()
	news.Covered = d.coverage.Until
	if !d.readLast.IsZero() {
		news.AgeMS = time.Since(d.readLast).Milliseconds()
	}
	d.mu.Unlock()

	d.journal.mu.Lock()
	state := d.journal.state
	news.Offset, news.Covered, news.SourceLost = state.Projection.Offset(), max(news.Covered, state.At), state.SourceLost
	changed := state.Seq != after
	d.journal.mu.Unlock()
	if !changed {
		return news
	}
	if list, last, durable := d.journal.pictures(); durable { // what the log refused is not shown
		news.Pictures, news.Last = list, last
	}
	return news
}

// Moment implements control.Daemon.
func (d *Daemon) Moment(at jobmon.Instant) (m store.Moment, ok bool, err error) {
	m, err = onCurrent(d, func(log *store.Log) (m store.Moment, err error) {
		m, ok, err = log.Moment(at)
		return m, err
	})
	return m, ok, err
}

// Chronicle implements control.Daemon.
func (d *Daemon) Chronicle() ([]jobmon.Event, error) {
	d.journal.mu.Lock()
	facts := d.journal.state.Facts
	d.journal.mu.Unlock()
	whole, err := onCurrent(d, func(log *store.Log) (*history.Facts, error) { return facts.Whole(log) })
	if err != nil {
		return nil, err
	}
	return slices.Clip(whole.Chronicle), nil // what is there is never changed
}

// Checkpoint implements control.Daemon. It folds nothing: it hands out what is kept.
func (d *Daemon) Checkpoint(seq uint64) (control.Checkpoint, error) {
	return onCurrent(d, func(log *store.Log) (control.Checkpoint, error) {
		c, _ := history.Packed(log, seq)
		return control.Checkpoint{Seq: c.Seq, Version: c.Version, Data: c.Data}, nil
	})
}

// PicturesAt implements control.Daemon. It reads the log beside the running daemon and holds nothing up.
func (d *Daemon) PicturesAt(seq uint64) ([]jobmon.Progress, error) {
	p, err := onCurrent(d, func(log *store.Log) (*projector.Projection, error) { return history.Project(log, seq) })
	if err != nil {
		return nil, err
	}
	return history.Pictures(p), nil
}

// Refresh implements control.Daemon. Before Run it waits for it.
func (d *Daemon) Refresh(ctx context.Context, r control.RefreshRequest) (control.RefreshAnswer, error) {
	select {
	case <-d.running:
		return d.refresher.refresh(ctx, r)
	case <-ctx.Done():
		return control.RefreshAnswer{}, fmt.Errorf("wait for the daemon to begin: %w", ctx.Err())
	}
}

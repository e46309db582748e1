package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// DataLock is the lock file in the data folder.
const DataLock = "LOCK"

// lock makes both folders where they are missing, and takes the lock of the data folder. The evt folder has none:
// others write there, and anyone who can put a file in its place could keep the daemon from starting.
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
	info.Last, _, _ = d.current().Last()
	return info
}

// Targets implements control.Daemon.
func (d *Daemon) Targets() []control.Target {
	if d.options.Targets == nil {
		return []control.Target{}
	}
	return d.options.Targets()
}

// ServerTime is what the SQL Server's clock shows, as far as the last good read says: ours carries it on.
func (d *Daemon) ServerTime() jobmon.Instant {
	d.mu.Lock()
	read, at := d.coverage.Until, d.readLast
	d.mu.Unlock()
	switch {
	case read != 0:
		return read.Add(time.Duration(float64(time.Since(at)) * max(d.options.Speed, 1)))
	case d.options.Clocks == nil: // a clock that is made up stands still while nobody reads it
		return d.covered.Until
	}
	return jobmon.InstantOf(time.Now().Add(d.covered.Ahead()))
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

// Refresh implements control.Daemon. Before Run it waits for it.
func (d *Daemon) Refresh(ctx context.Context, r control.RefreshRequest) (control.RefreshAnswer, error) {
	select {
	case <-d.running:
		return d.refresher.refresh(ctx, r)
	case <-ctx.Done():
		return control.RefreshAnswer{}, fmt.Errorf("wait for the daemon to begin: %w", ctx.Err())
	}
}

package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/ingest"
)

// recordWithin is how long a change waits for the read that records it.
const recordWithin = 2 * time.Second

// Reload implements control.Daemon.
func (d *Daemon) Reload(ctx context.Context, r control.ReloadRequest) (control.Reload, error) {
	if d.options.Reload == nil {
		return control.Reload{}, errors.New("this daemon has no configuration that it could read again")
	}
	return d.options.Reload(ctx, r), nil
}

// Change takes up another pace, see ingest.Poller.Change. Before Run it waits for it.
func (d *Daemon) Change(ctx context.Context, pace ingest.Pace) error {
	select {
	case <-d.running:
	case <-ctx.Done():
		return fmt.Errorf("wait for the daemon to begin: %w", ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	return d.poller.Change(ctx, pace)
}

package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/api"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/store"
)

// askEvery is how often a running daemon is asked how far it is.
const askEvery = 250 * time.Millisecond

func (a *app) compact() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "compact",
		Short: "Write the log anew, without the room that it does not need",
		Long: `Write the log anew beside the old file, check it, and use it instead. Nothing of the history is lost, and no number
changes. Where a daemon runs, it does that itself and goes on with its work meanwhile.

There must be room on the disk for a second log. Whatever instant this is cut off at, the old log is in use or the new
one, whole; what is left over is removed by the next start.`,
		Example: `  jobmon-db compact --dry-run
  jobmon-db compact`,
		Args: noArgs,
	}
	configured := a.configured(c, "data_dir")
	c.Flags().BoolVar(&dry, "dry-run", false, "change nothing, only say how large the log is")
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		tell, end := a.progress("compact")
		before, after, err := compact(c.Context(), config.DataDir, dry, tell)
		end()
		switch {
		case err != nil:
			return err
		case dry:
			_, err = fmt.Fprintf(a.stdout, "The log has %s; so much room is needed beside it until the new one is in use.\n", size(uint64(before)))
		default:
			_, err = fmt.Fprintf(a.stdout, "The log had %s and now has %s.\n", size(uint64(before)), size(uint64(after)))
		}
		return err
	}
	return c
}

// compact has the running daemon compact its log, or does it when none runs.
func compact(ctx context.Context, dataDir string, dry bool, tell func(done, total uint64)) (before, after int64, err error) {
	client := &api.Client{Transport: &endpoint.Client{DataDir: dataDir, ConnectTimeout: connectWithin}, Context: ctx}
	state, err := client.Compact(ctx, api.CompactRequest{DryRun: dry})
	if errors.Is(err, endpoint.ErrNotRunning) {
		return compactFile(ctx, dataDir, dry, tell)
	}
	for err == nil && state.Running {
		tell(state.Done, state.Total)
		select {
		case <-ctx.Done():
			return 0, 0, fmt.Errorf("%w; the daemon goes on compacting its log", ctx.Err())
		case <-time.After(askEvery):
		}
		state, err = client.Compaction(ctx)
	}
	if err == nil && state.Error != "" {
		err = fmt.Errorf("the daemon's log was not compacted, and goes on as it was: %s", state.Error)
	}
	return state.Before, state.After, err
}

// compactFile compacts the log of a folder on which no daemon works.
func compactFile(ctx context.Context, dataDir string, dry bool, tell func(done, total uint64)) (before, after int64, err error) {
	if dry {
		log, err := store.Open(dataDir, store.Options{ReadOnly: true})
		if err != nil {
			return 0, 0, err
		}
		return log.Size(), 0, log.Close()
	}
	probe, err := store.Open(dataDir, store.Options{ReadOnly: true}) // without a log none is made
	if err != nil {
		return 0, 0, err
	}
	if err := probe.Close(); err != nil {
		return 0, 0, err
	}
	release, err := holdData(dataDir, "compact")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, release()) }()
	log, err := store.Open(dataDir, store.Options{})
	if err != nil {
		return 0, 0, err
	}
	c, err := log.Compact(ctx, store.CompactOptions{Progress: tell, KeepOld: true})
	if err != nil {
		return 0, 0, errors.Join(err, log.Close())
	}
	next, err := c.Finish(ctx)
	if err != nil {
		return 0, 0, errors.Join(err, log.Close())
	}
	return c.Before, c.After, next.Close()
}

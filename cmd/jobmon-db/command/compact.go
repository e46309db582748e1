package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// askEvery is the time between two requests for a running daemon's progress.
const askEvery = 250 * time.Millisecond

func (a *app) compact() *cobra.Command {
	var o compactOptions
	c := &cobra.Command{
		Use:   "compact",
		Short: "Write the log anew, without old history and unused space",
		Long: `Write the log anew beside the old file, check it, and replace the old one. Sequence numbers stay the
same. A running daemon does that itself, and goes on with its work meanwhile.

No history is lost unless it is older than --keep or the setting history.keep allows; the default is to keep
everything. Old history is then gone, except from backups. What followed from it, such as open deployments and
typical durations, is kept, so that every later picture stays the same. --dry-run says what would go.

There must be room on the disk for a second log. If interrupted, either the complete old log or the complete
new one is in use; the next start removes what is left over.`,
		Example: `  jobmon-db compact --dry-run
  jobmon-db compact
  jobmon-db compact --keep 365d --dry-run`,
		Args: noArgs,
	}
	configured := a.configured(c, "data_dir")
	o.flags(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		o.keep, o.given = config.History.Keep, c.Flags().Changed("keep")
		if o.given {
			if o.keep, err = configs.ParseKeep(o.keepText); err != nil {
				return &usageError{fmt.Errorf("--keep: %w", err)}
			}
		}
		report, end := a.progress("compact")
		done, err := compact(c.Context(), config.DataDir, o, report)
		end()
		if err != nil {
			return err
		}
		return o.print(a.stdout, &done)
	}
	return c
}

type compactOptions struct {
	dry      bool
	keepText string
	keep     time.Duration // 0 keeps everything
	given    bool          // by the flag: a daemon may be configured otherwise
}

func (o *compactOptions) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.dry, "dry-run", false, "change nothing: print how large the log is and what would go")
	f.StringVar(&o.keepText, "keep", "",
		"cut off history that is older: 365d, 8760h, or forever (default: the setting history.keep)")
}

func (o *compactOptions) print(out io.Writer, done *control.Compaction) error {
	would, text := "", fmt.Sprintf("The log had %s and now has %s.\n", size(uint64(done.Before)),
		size(uint64(done.After)))
	if o.dry {
		would, text = "would be ", fmt.Sprintf("The log has %s; the new one needs at most as much room beside it.\n",
			size(uint64(done.Before)))
	}
	switch r := done.Removed; {
	case r != nil:
		text += fmt.Sprintf("History up to event %d %scut off: %d events, %s to %s.\n", r.To, cmp.Or(would, "is "),
			r.Events, utc(r.Since), utc(r.Until))
	case o.keep > 0:
		text += "No history is old enough to be cut off.\n"
	}
	_, err := io.WriteString(out, text)
	return err
}

// request is the request to a daemon.
func (o *compactOptions) request() control.CompactRequest {
	r := control.CompactRequest{DryRun: o.dry}
	switch {
	case o.given && o.keep == 0:
		r.KeepMS = -1
	case o.given:
		r.KeepMS = o.keep.Milliseconds()
	}
	return r
}

// compact makes the running daemon compact its log, or does it when none runs.
func compact(ctx context.Context, dataDir string, o compactOptions,
	report func(done, total uint64)) (state control.Compaction, err error) {
	client := &control.Client{Transport: &endpoint.Client{DataDir: dataDir, ConnectTimeout: connectWithin},
		Context: ctx}
	state, err = client.Compact(ctx, o.request())
	if errors.Is(err, endpoint.ErrNotRunning) {
		made, failed := compactFile(ctx, dataDir, o, report)
		return made, unasked(failed, err)
	}
	for err == nil && state.Running {
		report(state.Done, state.Total)
		if over := patience.Sleep(ctx, askEvery); over != nil {
			return state, fmt.Errorf("%w; the daemon goes on compacting its log", over)
		}
		state, err = client.Compaction(ctx)
	}
	if err == nil && state.Error != "" {
		err = fmt.Errorf("the daemon's log was not compacted, and goes on as it was: %s", state.Error)
	}
	return state, err
}

// compactFile compacts the log of a folder without a running daemon.
func compactFile(ctx context.Context, dataDir string, o compactOptions,
	report func(done, total uint64)) (done control.Compaction, err error) {
	if err := notHub(dataDir, nameSite); err != nil {
		return done, err
	}
	// read-only first, as that does not make a log where none is
	probe, err := store.Open(dataDir, store.Options{ReadOnly: true, Damaged: func(*store.Error) {}})
	if err != nil {
		return done, err
	}
	_, covered, _ := probe.Last()
	var horizon jobmon.Instant
	if o.keep > 0 {
		covered = max(covered, daemon.ReadCoverage(dataDir).Until)
		horizon = max(0, history.Horizon(covered, time.Now(), o.keep))
	}
	var removed history.Removal
	if done.Before = probe.Size(); o.dry && horizon > 0 {
		removed, err = history.Older(ctx, probe, horizon)
		done.Removed = daemon.Removed(removed)
	}
	if err := errors.Join(err, probe.Close()); err != nil || o.dry {
		return done, err
	}
	release, err := holdData(dataDir, "compact")
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, release()) }()
	log, err := store.Open(dataDir, store.Options{Damaged: func(*store.Error) {}}) // the rest is kept
	if err != nil {
		return done, err
	}
	c, removed, err := daemon.Compact(ctx, log, horizon, store.CompactOptions{Progress: report, KeepOld: true})
	if err != nil {
		return done, errors.Join(err, log.Close())
	}
	next, err := c.Finish(ctx)
	if err != nil {
		return done, errors.Join(err, log.Close())
	}
	return control.Compaction{Before: c.Before, After: c.After, Removed: daemon.Removed(removed)}, next.Close()
}

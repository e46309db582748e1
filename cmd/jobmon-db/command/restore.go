package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/store"
)

func (a *app) restore() *cobra.Command {
	var o store.RestoreOptions
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a backup the log; the log that is there is moved aside",
		Long: `Check a backup and make a copy of it the log in the data folder. Stop the daemon first.

The log that is there is not removed: it is renamed to end in .aside. What happened after the backup is not in the log any
more; the daemon says so there when it runs again, gives no number a second time, and reads from the database what that
still tells. --dry-run checks the backup and says what would happen, and what would be lost.`,
		Example: `  jobmon-db restore D:\Backups\jobmon-2026-11-22.db --dry-run
  jobmon-db restore D:\Backups\jobmon-2026-11-22.db`,
		Args: oneFile,
	}
	configured := a.configured(c, "data_dir")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "change nothing, only say what would happen")
	c.Flags().BoolVar(&o.Other, "other-log", false, "also take the place of a log that is not the one that was backed up")
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		tell, end := a.progress("restore")
		o.Progress = tell
		r, err := restore(c.Context(), config.DataDir, args[0], o)
		end()
		if err != nil {
			return err
		}
		warnDamaged(a.stderr, r.Backup.Damaged)
		return showRestoration(a.stdout, &r, o.DryRun)
	}
	return c
}

// restore holds the lock of the data folder, which a daemon would.
func restore(ctx context.Context, dataDir, file string, o store.RestoreOptions) (r store.Restoration, err error) {
	if _, err := os.Stat(file); err != nil {
		return r, fmt.Errorf("open the backup: %w", err) // before a folder is made
	}
	if err := store.Usable(dataDir); errors.Is(err, store.ErrNotOurs) {
		return r, err
	}
	if _, err := os.Stat(dataDir); o.DryRun && errors.Is(err, fs.ErrNotExist) {
		return store.Restore(ctx, dataDir, file, o)
	}
	release, err := holdData(dataDir, "restore")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if !o.DryRun { // it tells until when the log that is replaced was complete
		if err := os.Remove(filepath.Join(dataDir, history.CoverageFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r, fmt.Errorf("forget until when the source was watched: %w", err)
		}
	}
	return store.Restore(ctx, dataDir, file, o)
}

// holdData takes the lock of the data folder, as the daemon does.
func holdData(dataDir, purpose string) (release func() error, err error) {
	if err := os.MkdirAll(dataDir, 0o750); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	info := instance.Info{PID: os.Getpid(), Started: time.Now().UTC(), Command: "jobmon-db " + purpose, Purpose: purpose}
	info.Host, _ = os.Hostname() // it only makes a message better
	lock, err := instance.Acquire(filepath.Join(dataDir, daemon.DataLock), info)
	if err != nil {
		return nil, err
	}
	return lock.Release, nil
}

func showRestoration(out io.Writer, r *store.Restoration, dry bool) error {
	is, was := "The log is now", "The old one"
	if dry {
		is, was = "The backup can be restored:", "The present log"
	}
	fmt.Fprintf(out, "%s %s, %s.\n", is, holds(&r.Backup), size(uint64(r.Backup.Bytes)))
	var err error
	switch {
	case r.Present == nil:
		_, err = fmt.Fprintln(out, "There was no log.")
	case r.Broken != "":
		_, err = fmt.Fprintf(out, "%s cannot be opened: %s. It is kept: %s\n", was, r.Broken, kept(r))
	default:
		_, err = fmt.Fprintf(out, "%s has %s; %d of them are not in the backup. It is kept: %s\n", was, holds(r.Present), r.Lost, kept(r))
	}
	return err
}

func kept(r *store.Restoration) string {
	if r.Aside != "" {
		return r.Aside
	}
	return r.Present.Path
}

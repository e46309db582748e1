package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/store"
)

func (a *app) restore() *cobra.Command {
	var o store.RestoreOptions
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a backup the log; the log that is there is moved aside",
		Long: `Check a backup and make a copy of it the log in the data folder. Stop the daemon first.

Before anything is changed, the command prints how many events the backup holds, and how many events of the
present log are not in it. The present log is not removed: it is renamed to end in .aside. The daemon records
the events that are missing, gives no number a second time, and reads again what the database still holds.
--dry-run ends before the change.

A backup that is empty, cut short or damaged is refused with exit code 24. Without a better backup, --damaged
restores everything in it that is whole, and the exit code is 25.`,
		Example: `  jobmon-db restore D:\Backups\jobmon-2026-11-22.db --dry-run
  jobmon-db restore D:\Backups\jobmon-2026-11-22.db`,
		Args: one("file"),
	}
	configured := a.configured(c, "data_dir")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "change nothing, only print what would happen")
	c.Flags().BoolVar(&o.Other, "other-log", false, "also replace a log that is not the one that was backed up")
	c.Flags().BoolVar(&o.Damaged, "damaged", false,
		"restore what is whole of a damaged backup; the exit code is then 25")
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		tell, end := a.progress("restore")
		o.Progress = tell
		o.Before = func(r *store.Restoration) error { return a.announce(r, "backup") }
		r, err := restore(c.Context(), config.DataDir, args[0], o)
		end()
		if err != nil {
			return err
		}
		return a.restored(&r, o.DryRun)
	}
	return c
}

// partError says that a damaged backup was restored, as far as it is whole.
type partError struct{ error }

// restore holds the lock of the data folder, which a daemon would.
func restore(ctx context.Context, dataDir, file string, o store.RestoreOptions) (r store.Restoration, err error) {
	if err := looksLikeALog(file); err != nil { // before a folder is made, and before the lock
		return r, err
	}
	if err := notHub(dataDir, nameSite); err != nil {
		return r, err
	}
	if err := store.Usable(dataDir); errors.Is(err, store.ErrNotOurs) {
		return r, err
	}
	if _, err := os.Stat(dataDir); errors.Is(err, fs.ErrNotExist) { // a backup that is refused leaves no folder
		look := o
		look.DryRun = true
		if !o.DryRun {
			look.Before = nil
		}
		if r, err := store.Restore(ctx, dataDir, file, look); err != nil || o.DryRun {
			return r, err
		}
	}
	release, err := holdData(dataDir, "restore")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, release()) }()
	before := o.Before
	o.Before = func(r *store.Restoration) error {
		if err := before(r); err != nil || o.DryRun {
			return err
		}
		// The file says until when the log that is replaced was complete.
		err := os.Remove(filepath.Join(dataDir, daemon.CoverageFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what says until when the source was watched: %w", err)
		}
		return nil
	}
	return store.Restore(ctx, dataDir, file, o)
}

// looksLikeALog answers a wrong name with a sentence about the file. What is damaged is judged later.
func looksLikeALog(file string) error {
	const next = "name a file that `jobmon-db backup` wrote"
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &aboutFile{fmt.Sprintf("there is no file %s: %s", file, next), err}
	case err != nil:
		return fmt.Errorf("open the backup: %w; %s", err, next)
	case info.IsDir():
		return &aboutFile{fmt.Sprintf("%s is a folder: %s", file, next), store.ErrNotOurs}
	}
	log, err := store.OpenFile(file)
	if errors.Is(err, store.ErrNotOurs) {
		return &aboutFile{fmt.Sprintf("%s is no log of jobmon-db: %s", file, next), err}
	}
	if err != nil {
		return nil
	}
	return log.Close()
}

// aboutFile is an error of a kind, in words about a file that somebody named.
type aboutFile struct {
	text string
	kind error
}

func (e *aboutFile) Error() string { return e.text }
func (e *aboutFile) Unwrap() error { return e.kind }

// holdData takes the lock of the data folder, as the daemon does.
func holdData(dataDir, purpose string) (release func() error, err error) {
	if err := trust.MakeFolder(dataDir); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	info := instance.Info{PID: os.Getpid(), Started: time.Now().UTC(), Command: "jobmon-db " + purpose,
		Purpose: purpose}
	info.Host, _ = os.Hostname() // it only makes a message better
	lock, err := instance.Acquire(filepath.Join(dataDir, daemon.DataLock), info)
	if err != nil {
		return nil, err
	}
	return lock.Release, nil
}

// announce prints what is about to happen: what the backup (or the export) holds, and what would be lost.
func (a *app) announce(r *store.Restoration, what string) error {
	fmt.Fprintf(a.stdout, "The %s holds %s.\n", what, holdings(&r.Backup))
	warnDamaged(a.stderr, what, r.Backup.Damaged)
	if r.Unsure {
		fmt.Fprintf(a.stderr, "Events behind %d may be missing too.\n", r.Backup.Last)
	}
	var err error
	switch lost := fmt.Sprintf("%d of them are not in the %s", r.Lost, what); {
	case r.Present == nil:
		_, err = fmt.Fprintln(a.stdout, "There is no log yet.")
	case r.Broken == "":
		_, err = fmt.Fprintf(a.stdout, "The present log holds %s; %s.\n", holdings(r.Present), lost)
	case r.Present.Events == 0:
		_, err = fmt.Fprintf(a.stdout, "The present log cannot be opened: %s. None of its events can be read.\n",
			r.Broken)
	default:
		_, err = fmt.Fprintf(a.stdout, "The present log cannot be opened: %s. What can be read is %s; %s.\n", r.Broken,
			holdings(r.Present), lost)
	}
	return err
}

// restored prints what was done, and fails when something of the backup is missing.
func (a *app) restored(r *store.Restoration, dry bool) error {
	aside := ""
	if r.Aside != "" {
		aside = " The log before it is kept: " + r.Aside
	}
	done := "It is the log now." + aside
	if dry {
		done = "Without --dry-run it would be the log now"
		if r.Present != nil {
			done += ", and the present one would be kept beside it"
		}
		done += ". Nothing was changed."
	}
	if _, err := fmt.Fprintln(a.stdout, done); err != nil || r.Fault == "" {
		return err
	}
	return &partError{fmt.Errorf("%s is damaged (%s): only %d events of it could be restored", r.Backup.Path, r.Fault,
		r.Backup.Events)}
}

// holdings says how much a log holds.
func holdings(s *store.Summary) string {
	if s.Events == 0 {
		return "no events"
	}
	return fmt.Sprintf("%s (%d to %d), %s to %s, %s", words.Count(int(s.Events), "event"), s.First, s.Last,
		utc(s.FirstAt), utc(s.LastAt), size(uint64(s.Bytes)))
}

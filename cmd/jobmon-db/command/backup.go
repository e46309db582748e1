package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

func (a *app) backup() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the log to a new file, also while the daemon runs",
		Long: `Write a consistent copy of the log to a new file and check it. The daemon, where one runs, goes on
meanwhile.

The file is written with the rights of the user who types the command. One that is there is never replaced,
and there is no file of that name before the copy is whole, checked and on the disk. backup.every makes the
daemon do it by itself.`,
		Example: `  jobmon-db backup D:\Backups\jobmon-2026-11-22.db
  jobmon-db backup /mnt/backup/jobmon.db --data-dir /var/lib/jobmon-db
  jobmon-db backup ds01.db --site DS01`,
		Args: one("file"),
	}
	configured, site := a.configured(c, "data_dir"), oneSiteFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		dir, _, err := site(config.DataDir)
		if err != nil {
			return err
		}
		path, err := filepath.Abs(args[0])
		if err != nil {
			return &usageError{err}
		}
		tell, end := a.progress("backup")
		made, err := backup(c.Context(), dir, path, tell)
		end()
		if err != nil {
			return err
		}
		warnDamaged(a.stderr, "log", made.Damaged)
		_, err = fmt.Fprintf(a.stdout, "%s  %s, %s\n", path, holds(&made), size(uint64(made.Bytes)))
		return err
	}
	return c
}

// backup copies the log of the running daemon, or the file when none runs.
func backup(ctx context.Context, dataDir, path string, tell func(done, total uint64)) (made store.Summary, err error) {
	client := &control.Client{Transport: &endpoint.Client{DataDir: dataDir, ConnectTimeout: connectWithin},
		Context: ctx}
	_, asking := client.Info(ctx)
	switch {
	case asking == nil:
		return store.Backup(ctx, client, path, tell)
	case !errors.Is(asking, endpoint.ErrNotRunning):
		return made, asking
	}
	log, err := store.Open(dataDir, store.Options{ReadOnly: true})
	if err != nil {
		return made, unasked(err, asking)
	}
	defer log.Close()
	return store.Backup(ctx, log, path, tell)
}

// holds says what a log holds.
func holds(s *store.Summary) string {
	if s.Last == 0 {
		return "no events"
	}
	return fmt.Sprintf("events %d to %d, %s to %s", s.First, s.Last, utc(s.FirstAt), utc(s.LastAt))
}

func utc(at jobmon.Instant) string { return at.Time().UTC().Format(time.DateTime + " UTC") }

func warnDamaged(out io.Writer, what string, gaps []store.Gap) {
	for _, g := range gaps {
		fmt.Fprintf(out, "The %s is damaged: events %d to %d cannot be read.\n", what, g.From, g.To)
	}
}

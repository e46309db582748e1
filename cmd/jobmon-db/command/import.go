package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/store"
)

func (a *app) importing() *cobra.Command {
	var o store.RestoreOptions
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Make an export the log; the log that is there is moved aside",
		Long: `Make a log of what "jobmon-db export" wrote, with the same id, the same events under the same numbers,
and so the same pictures. "jobmon-db replay -o ndjson" without filters writes the same events. FILE can be -
for the standard input. Stop the daemon first.

Nothing is changed before the whole text is read and found right. A log that is there already is treated as
restore treats it: it is renamed to end in .aside, and is only replaced by an export of itself, unless
--other-log is given.`,
		Example: `  jobmon-db import events.ndjson --data-dir D:\jobmon\data
  gzip -dc events.ndjson.gz | jobmon-db import - --dry-run`,
		Args: one("file"),
	}
	configured := a.configured(c, "data_dir")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "read and check the text, and say what would happen to the log")
	c.Flags().BoolVar(&o.Other, "other-log", false,
		"also take the place of a log that is not the one that was exported")
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		in := a.stdin
		if args[0] != standard {
			file, err := openExport(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			in = file
		}
		tell, end := a.progress("import")
		o.Progress = tell
		o.Before = func(r *store.Restoration) error { return a.announce(r, "export") }
		r, err := importFrom(c.Context(), in, config.DataDir, o)
		end()
		if err != nil && args[0] != standard {
			err = fmt.Errorf("%s: %w", args[0], err)
		}
		if err != nil {
			return err
		}
		return a.restored(&r, o.DryRun)
	}
	return c
}

// openExport opens the file, or says what to name instead.
func openExport(path string) (*os.File, error) {
	const next = "name a file that `jobmon-db export` wrote"
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &usageError{fmt.Errorf("there is no file %s: %s", path, next)}
	case err == nil && info.IsDir():
		return nil, &usageError{fmt.Errorf("%s is a folder: %s", path, next)}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, &usageError{fmt.Errorf("open the export: %w", err)}
	}
	return file, nil
}

// importFrom makes a log of the text in a file beside the data folder's log, and restores that.
func importFrom(ctx context.Context, in io.Reader, dataDir string, o store.RestoreOptions) (r store.Restoration,
	err error) {
	export, err := ndjson.NewReader(in)
	if err != nil {
		return r, err
	}
	if err := notHub(dataDir, nameSite); err != nil {
		return r, err
	}
	if err := store.Usable(dataDir); errors.Is(err, store.ErrNotOurs) {
		return r, err
	}
	beside := dataDir
	if _, missing := os.Stat(dataDir); o.DryRun && missing != nil {
		beside = "" // nothing is made there
	} else if err := trust.MakeFolder(dataDir); err != nil {
		return r, fmt.Errorf("make the data folder: %w", err)
	}
	scratch, err := os.MkdirTemp(beside, "jobmon-db.import-")
	if err != nil {
		return r, fmt.Errorf("make room for the import: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	built := filepath.Join(scratch, "log.db")
	if err := store.Build(ctx, built, export.Header.LogID, export.Header.Site, export.Batches()); err != nil {
		return r, err
	}
	return restore(ctx, dataDir, built, o)
}

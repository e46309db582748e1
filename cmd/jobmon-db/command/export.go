package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

func (a *app) export() *cobra.Command {
	c := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write every event of the log as text",
		Long: `Write every event of the log as newline-delimited JSON, a line an event, to a file or, without one or for
"-", to the standard output. Nothing is left out: "jobmon-db import" makes the same log of it. The format is
in docs/export.md.

It works while the daemon runs and when it does not. A file that is there already is not replaced.`,
		Example: `  jobmon-db export events.ndjson
  jobmon-db export --site DS01 ds01.ndjson
  jobmon-db export | gzip > events.ndjson.gz
  jobmon-db export | jq -c 'select(.kind == "finished" and .status_code != 0)'`,
		Args: atMost(1),
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
		p, err := openPast(c.Context(), question{dataDir: dir})
		if err != nil {
			return err
		}
		defer p.done(a.stderr)
		if len(args) == 0 || args[0] == standard {
			_, err := p.export(a.stdout)
			return err
		}
		events, err := p.exportTo(args[0])
		if err == nil {
			fmt.Fprintf(a.stderr, "%s holds %d events up to number %d.\n", args[0], events, p.Last)
		}
		return err
	}
	return c
}

func (p *opened) export(out io.Writer) (events uint64, err error) {
	return ndjson.Write(out, p.header(p.Last), p.Read(0))
}

// header names the log in a text of its events up to the last one.
func (p *opened) header(last uint64) ndjson.Header {
	return ndjson.Header{LogID: p.LogID, Site: p.Site, Program: programVersion(), Last: last}
}

// exportTo leaves a whole file or none.
func (p *opened) exportTo(path string) (events uint64, err error) {
	if err := free(path); err != nil {
		return 0, err
	}
	part, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // readable for its owner alone
	if err != nil {
		return 0, fmt.Errorf("make a file for the export: %w", err)
	}
	defer func() {
		part.Close() // closed already where all went well
		if err != nil {
			os.Remove(part.Name())
		}
	}()
	if events, err = p.export(part); err != nil {
		return 0, err
	}
	if err := errors.Join(part.Sync(), part.Close(), free(path)); err != nil {
		return 0, err
	}
	return events, os.Rename(part.Name(), path)
}

// free says that nothing is at the path.
func free(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return &usageError{fmt.Errorf("%s is there already: name another file, or move it away", path)}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look for %s: %w", path, err)
	}
	return nil
}

package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/store"
)

// question is what all commands that ask the log share: which log is asked, and whose clock tells the times.
type question struct {
	dataDir string
	log     string   // a file that is asked instead of the log in dataDir: a backup, or any generation
	site    string   // of a hub, where dataDir is that site's folder: see split
	sites   []string // those that are meant of a hub's, as patterns; none for all
	utc     bool     // times are UTC, also those that are typed without zone; else the DS server's
}

// question gives a command the flags that say which log it asks. What it returns is called once the flags are parsed.
func (a *app) question(c *cobra.Command) func() (question, error) {
	configured := a.configured(c, "data_dir")
	var q question
	c.Flags().StringVar(&q.log, "log", "", "ask this log file, for example a backup, and nothing else")
	siteFlag(c, &q.sites)
	c.Flags().BoolVar(&q.utc, "utc", false,
		"times are UTC, also those that are typed without zone, instead of the DS server's")
	return func() (question, error) {
		if c.Flags().Changed("site") && len(q.sites) == 0 {
			return q, errNoSite
		}
		if q.log == "" {
			config, err := configured()
			if err != nil {
				return q, err
			}
			q.dataDir = config.DataDir
			return q, nil
		}
		if len(q.sites) > 0 {
			return q, &usageError{errors.New("--log names one file, and --site a site of a hub: give one of them")}
		}
		if c.Flags().Changed("data-dir") {
			return q, &usageError{errors.New("--log and --data-dir name two logs: give one of them")}
		}
		switch info, err := os.Stat(q.log); {
		case errors.Is(err, fs.ErrNotExist):
			return q, fmt.Errorf("%w: there is no file %s", store.ErrNoLog, q.log)
		case err == nil && info.IsDir():
			return q, &usageError{fmt.Errorf("--log %s is a folder: name a file in it, or the folder with --data-dir",
				q.log)}
		}
		return q, nil // whatever else is wrong with it, opening it says so
	}
}

// who writes the log.
func (q question) who() string {
	if q.site != "" {
		return "hub"
	}
	return "daemon"
}

// look says how results are drawn that answer the question.
func (a *app) look(q question) term.Options {
	o := a.termOptions()
	o.UTC = q.utc
	return o
}

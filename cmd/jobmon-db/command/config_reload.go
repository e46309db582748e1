package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// restartError says that a configuration is good and only a new start can take it up.
type restartError struct{ keys []string }

func (e *restartError) Error() string {
	return fmt.Sprintf("%s can only change with a new start, so nothing of the configuration is taken up: start the "+
		"daemon again (jobmon-db service restart, or systemctl restart jobmon-db)",
		strings.Join(e.keys, ", "))
}

func (a *app) configReload() *cobra.Command {
	var output string
	var dryRun bool
	c := &cobra.Command{
		Use:   "reload",
		Short: "Have the running daemon read its configuration again",
		Long: `Have the running daemon read its configuration again, with the flags and variables that it was started
with. All of it is taken up or nothing: a file with a problem changes nothing, and neither does one in which a
key differs that only a new start can change; the answer names them. "jobmon-db config init" says of each key
whether a running daemon takes a new value.

The daemon does the same by itself some seconds after the file has changed, and at SIGHUP on Linux.`,
		Example: `  jobmon-db config reload
  jobmon-db config reload --dry-run
  jobmon-db config reload -o json`,
		Args: noArgs,
	}
	configured := a.configured(c, "data_dir")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what differs from what runs")
	outputFlag(c, &output, "table", "json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, wrong := configured()
		if wrong != nil { // which the daemon is to say too, where it can be found
			var err error
			if config, err = configs.Load(configs.LoadOptions{Places: []string{}, Env: places(a.env),
				Flags: c.Flags()}); err != nil {
				return wrong
			}
		}
		client := &control.Client{Transport: &endpoint.Client{DataDir: config.DataDir}, Context: c.Context()}
		got, err := client.Reload(c.Context(), control.ReloadRequest{DryRun: dryRun})
		if err != nil {
			return cmp.Or(wrong, err)
		}
		return showReload(a.stdout, &got, dryRun, output)
	}
	return c
}

func showReload(out io.Writer, got *control.Reload, dryRun bool, output string) error {
	if output == "json" {
		if err := plain.WriteJSON(out, got); err != nil {
			return err
		}
	} else if err := tellReload(out, got, dryRun); err != nil {
		return err
	}
	switch {
	case len(got.Problems) > 0:
		return &usageError{errors.New("the configuration cannot be used, and nothing of it is taken up:\n  " +
			strings.Join(got.Problems, "\n  "))}
	case len(got.Restart) > 0:
		return &restartError{keysOf(got.Restart)}
	}
	return nil
}

func tellReload(out io.Writer, got *control.Reload, dryRun bool) error {
	if len(got.Problems) > 0 {
		return nil // the error tells them
	}
	if len(got.Changed)+len(got.Restart) == 0 {
		_, err := fmt.Fprintln(out, "The daemon runs with this configuration already.")
		return err
	}
	taken := "taken up"
	if dryRun {
		taken = "can be taken up"
	}
	if !got.Taken() {
		taken = "waits for the new start too"
	}
	var rows [][]string
	for _, s := range got.Changed {
		rows = append(rows, []string{s.Key, s.Old, s.New, taken})
	}
	for _, s := range got.Restart {
		rows = append(rows, []string{s.Key, s.Old, s.New, "needs a new start"})
	}
	if err := printTable(out, []string{"KEY", "RUNS WITH", "CONFIGURED", ""}, rows); err != nil {
		return err
	}
	if got.Waits != "" {
		_, err := fmt.Fprintf(out, "It is recorded with the next read: %s.\n", got.Waits)
		return err
	}
	return nil
}

// differing asks the daemon of the data dir whether its configuration has changed since it took it up; "" for no.
func differing(ctx context.Context, dataDir string) (found, next string) {
	client := &control.Client{Transport: &endpoint.Client{DataDir: dataDir}, Context: ctx}
	got, err := client.Reload(ctx, control.ReloadRequest{DryRun: true})
	switch {
	case err != nil:
		return "", "" // one of an earlier version, or without a configuration
	case len(got.Problems) > 0:
		return "its configuration cannot be used any more: " +
			strings.Join(got.Problems, "; "), "mend it before the daemon is started again"
	case len(got.Restart) > 0:
		return "it runs with other values of " + strings.Join(append(keysOf(got.Restart), keysOf(got.Changed)...),
				", ") + " than are configured", "start it again: " + strings.Join(keysOf(got.Restart), ", ") +
				" can only change then"
	case len(got.Changed) > 0:
		return "it runs with other values of " + strings.Join(keysOf(got.Changed), ", ") +
			" than are configured", "jobmon-db config reload"
	}
	return "", ""
}

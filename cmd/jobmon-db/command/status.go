package command

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func (a *app) status() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "status [COMPUTER]",
		Short: "Show where every deployment stands, or one computer's screen",
		Long: `Show the newest picture that the log holds: a line for each computer, or one computer's screen, and how old it is.

COMPUTER is a name or an id; id:N and name:N say which.`,
		Example: `  jobmon-db status
  jobmon-db status PC-0003
  jobmon-db status -o json`,
		Args: atMost(1),
	}
	configured := a.configured(c, "data_dir")
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	c.RunE = func(_ *cobra.Command, args []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		if output != "table" && output != "json" {
			return &usageError{fmt.Errorf("--output %q: it can be table or json", output)}
		}
		computer := ""
		if len(args) == 1 {
			computer = args[0]
		}
		var out bytes.Buffer
		if err := status(&out, a.stderr, config.DataDir, computer, output, a.termOptions()); err != nil {
			return err
		}
		_, err = a.stdout.Write(out.Bytes())
		return err
	}
	return c
}

func status(out, messages io.Writer, dataDir, computer, output string, look term.Options) error {
	if err := show(out, io.Discard, dataDir, showOptions{computer: computer, output: output}, look); err != nil {
		return err
	}
	covered := history.ReadCoverage(dataDir)
	if covered.Until == 0 {
		return nil
	}
	now := jobmon.InstantOf(time.Now().Add(covered.Ahead()))
	_, err := fmt.Fprintf(messages, "The source was last read %v ago.\n", now.Sub(covered.Until).Round(time.Second))
	return err
}

package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

func (a *app) status() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "status [COMPUTER]",
		Short: "Show where every deployment stands, or one computer's screen",
		Long: `Show the newest picture that the log holds: a line for each computer, or one computer's screen, and how
old it is. What still lasts is reckoned up to the present; when no daemon runs, up to the last read.

COMPUTER is a name or an id; id:N and name:N say which.`,
		Example: `  jobmon-db status
  jobmon-db status PC-0003
  jobmon-db status -o json`,
		Args: atMost(1),
	}
	asked := a.question(c)
	outputFlag(c, &output, "table", "json")
	c.RunE = func(c *cobra.Command, args []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		computer := ""
		if len(args) == 1 {
			computer = args[0]
		}
		var out bytes.Buffer
		if err := status(c.Context(), &out, a.stderr, q, computer, output, a.look(q)); err != nil {
			return err
		}
		_, err = a.stdout.Write(out.Bytes())
		return err
	}
	return c
}

func status(ctx context.Context, out, messages io.Writer, q question, computer, output string,
	look term.Options) error {
	p, err := openPast(ctx, q)
	if err != nil {
		return err
	}
	defer p.done(messages)
	o := showOptions{computer: computer, output: output}
	if output == "table" {
		o.lost = p.Lost
	}
	look.Now = p.Present()
	projection, err := history.Project(p, p.Last)
	if err != nil {
		return err
	}
	if err := p.show(out, messages, projection, o, look); err != nil {
		return err
	}
	if p.Lost != 0 && len(history.Pictures(projection)) == 0 {
		fmt.Fprintf(messages, "!! The DS database has not been readable since %s.\n",
			p.Clock().In(p.Lost.Time()).Format(time.DateTime+" -07:00"))
	}
	if p.AgeMS < 0 {
		return nil
	}
	if !p.Live {
		fmt.Fprint(messages, "No daemon runs: this is what the log says. ")
	}
	_, err = fmt.Fprintf(messages, "The source was last read %s ago.\n",
		jobmon.Span(time.Duration(p.AgeMS)*time.Millisecond))
	return err
}

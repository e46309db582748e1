package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/waterfall"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

type waterfallOptions struct {
	computer string
	session  int
	output   string
	out      string
}

func (a *app) replayWaterfall() *cobra.Command {
	var o waterfallOptions
	c := &cobra.Command{
		Use:   "waterfall COMPUTER",
		Short: "Draw where one deployment's time went",
		Long: `Draw one deployment as a chart: its stages and jobs as bars on an axis of time. The bars distinguish
work, waiting and what nobody saw, and mark what was added late, what failed and what still runs. The chart
also says how much of the whole went to what. Without --session it is the computer's newest deployment;
"replay sessions" lists their numbers.

With -o svg or -o html it is a picture or a page for a report: one file that needs nothing else.

COMPUTER is a name or an id; id:N and name:N say which.` + computerHelp,
		Example: `  jobmon-db replay waterfall PC-0003
  jobmon-db replay waterfall PC-0003 --session 2 -o html --out PC-0003.html
  jobmon-db replay waterfall id:5000003 -o svg --out PC-0003.svg`,
		Args: one("computer"),
	}
	asked := a.question(c)
	c.Flags().IntVar(&o.session, "session", 0, "number of the deployment; without it the newest")
	outputFlag(c, &o.output, "table", "svg", "html", "json")
	outFlag(c, &o.out)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.computer = args[0]
		return a.answer(c.Context(), asked, o.out, func(a *app, q question, out io.Writer) error {
			return a.waterfall(c.Context(), out, q, o)
		})
	}
	return c
}

// waterfall prints the chart of the deployment that is asked for.
func (a *app) waterfall(ctx context.Context, out io.Writer, q question, o waterfallOptions) error {
	if o.session < 0 {
		return &usageError{fmt.Errorf("--session %d: they are counted from 1", o.session)}
	}
	s, err := openSites(ctx, q.about(o.computer))
	if err != nil {
		return err
	}
	defer s.done(a.stderr)
	p, id, err := s.find(o.computer, nil)
	if err != nil {
		return err
	}
	var found *deployments.Deployment
	var numbers []string
	for _, begin := range []uint64{p.Last, 0} { // mostly it is among the last ones
		numbers = nil
		err = a.deployments(p, begin, []jobmon.ComputerID{id}, func(d *deployments.Deployment) {
			if d.Deployment {
				numbers = append(numbers, fmt.Sprint(d.Session.Number))
			}
			if o.session == d.Session.Number || o.session == 0 && d.Deployment {
				found = d
			}
		})
		if err != nil || found != nil {
			break
		}
	}
	switch {
	case err != nil:
		return err
	case found == nil && o.session == 0:
		return &nothingError{fmt.Errorf("no deployment of %s has begun since the log did; %s", o.computer, p.Period())}
	case found == nil && len(numbers) == 0:
		return &nothingError{fmt.Errorf("%s has no session %d, and no deployment at all; %s", o.computer, o.session,
			p.Period())}
	case found == nil:
		return &nothingError{fmt.Errorf("%s has no session %d; its deployments are %s", o.computer, o.session,
			strings.Join(numbers, ", "))}
	}
	if o.output == "json" {
		return plain.WriteJSON(out, past.NewWaterfall(found))
	}
	chart := p.Chart(found)
	switch o.output {
	case "svg":
		return waterfall.SVG(out, chart)
	case "html":
		return waterfall.HTML(out, chart)
	}
	p.heading(a.stderr, found.Session.Began, found.End)
	return waterfall.Text(out, chart, a.look(q))
}

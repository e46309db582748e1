package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
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

COMPUTER is a name or an id; id:N and name:N say which.` + computerHelp,
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
	s, err := openSites(ctx, q.about(computer))
	if err != nil {
		return err
	}
	defer s.done(messages)
	t, err := s.then("", messages)
	if err != nil {
		return err
	}
	if err := t.show(out, messages, showOptions{computer: computer, output: output, lost: output == "table"},
		look); err != nil {
		return err
	}
	for _, p := range s.list {
		in := s.in(p)
		if p.Lost != 0 && len(history.Pictures(t.projections[p])) == 0 {
			fmt.Fprintf(messages, "!! %sThe DS database has not been readable since %s.\n", in,
				p.Clock().In(p.Lost.Time()).Format(time.DateTime+" -07:00"))
		}
	}
	s.away(ctx, messages)
	return s.ages(messages)
}

// away says what is away of each site that a running hub follows.
func (s *sites) away(ctx context.Context, messages io.Writer) {
	for _, p := range s.list {
		if !p.Live || p.who != "hub" {
			continue
		}
		list, err := askClient(ctx, p.dir).Fleet(ctx)
		if err != nil {
			continue // it has just ended
		}
		for i := range list {
			fmt.Fprint(messages, awayLine(&list[i]))
		}
	}
}

// awayLine says that what is shown of a site is old, and why; "" where it is not.
func awayLine(c *control.FleetSite) string {
	why := map[string]string{
		"site":    "the site's daemon does not answer the hub",
		"nats":    "NATS is away",
		"source":  "the site's daemon cannot read its DS database",
		"refused": "the site's daemon may not publish",
		"events":  "the site's newest events do not arrive at the hub",
	}[c.Away]
	switch {
	case c.Away == "":
		return ""
	case c.Trouble != "":
		why += "; `jobmon-db fleet status` shows what to do"
	}
	return fmt.Sprintf("!! %s is shown as it was last: %s.\n", c.Site, why)
}

// ages says how long ago each source was read.
func (s *sites) ages(messages io.Writer) error {
	var ages []string
	for _, p := range s.list {
		if p.AgeMS >= 0 {
			age := jobmon.Span(time.Duration(p.AgeMS)*time.Millisecond) + " ago"
			if s.several() {
				age += " at " + p.Member
			}
			ages = append(ages, age)
		}
	}
	if len(ages) == 0 {
		return nil
	}
	if !s.Live {
		fmt.Fprintf(messages, "No %s runs: this is what the log says. ", s.list[0].who)
	}
	what := "source was"
	if s.several() {
		what = "sources were"
	}
	_, err := fmt.Fprintf(messages, "The %s last read %s.\n", what, strings.Join(ages, ", "))
	return err
}

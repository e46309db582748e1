package command

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

func (a *app) fleetStatus() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "status",
		Short: "Show each site: what is published, what the hub has, and the delay",
		Long: `Ask the running daemon how it stands with its site, or the running hub with all of them: the newest
event, how far the stream and the hub have it, how long the newest batch took, when the database was last read, and
what is away: site, nats, source, refused (the site may not publish) or events (its newest ones do not arrive).
Below the table stands what is in the way, a paragraph for each site.`,
		Example: `  jobmon-db fleet status
  jobmon-db fleet status -o json`,
		Args: noArgs,
	}
	configured := a.configured(c, "data_dir")
	outputFlag(c, &output, "table", "json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		client := &control.Client{Transport: &endpoint.Client{DataDir: config.DataDir}, Context: c.Context()}
		list, err := client.Fleet(c.Context())
		if errors.Is(err, endpoint.ErrNotRunning) {
			return fmt.Errorf("only a running daemon or hub knows how it stands with the fleet; `jobmon-db status` "+
				"shows what is in a log: %w", err)
		}
		if err != nil {
			return err
		}
		if output == "json" {
			return plain.WriteJSON(a.stdout, list)
		}
		if len(list) == 0 {
			info, err := client.Info(c.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.stdout, noSites(&info))
			return err
		}
		return a.listSites(list)
	}
	return c
}

// noSites says why there is no site to show.
func noSites(info *control.Info) string {
	if info.LogID == "" { // a hub has no log of its own
		return "This hub follows no site yet: none has a stream, or NATS is away. The hub's messages say which."
	}
	return "There is no fleet: this daemon publishes nothing, as fleet.nats was not set when it started. If it is " +
		"set now, start the daemon again."
}

// listSites prints a table, and below it what is in the way, a paragraph for each site.
func (a *app) listSites(list []control.FleetSite) error {
	var rows [][]string
	var troubles strings.Builder
	for i := range list {
		s := &list[i]
		rows = append(rows, []string{
			s.Site, fmt.Sprint(s.Computers), number(s.Last), number(s.Published), number(s.Has), lasting(s.DelayMS),
			readAgo(s.AgeMS), s.Away,
		})
		if s.Trouble != "" {
			fmt.Fprintf(&troubles, "\n%s\n", a.paragraph(s.Site+": "+s.Trouble))
		}
	}
	titles := []string{"SITE", "COMPUTERS", "NEWEST", "PUBLISHED", "HUB HAS", "DELAY", "LAST READ", "AWAY"}
	if err := printTable(a.stdout, titles, rows); err != nil {
		return err
	}
	_, err := io.WriteString(a.stdout, troubles.String())
	return err
}

// paragraph breaks a text into lines of the terminal, those behind the first indented; elsewhere it is one line.
func (a *app) paragraph(text string) string {
	text = term.Plain(text)
	if width, _ := a.terminalSize(); width > 0 {
		text = strings.Join(term.Wrap(text, width), "\n")
	}
	return text
}

// number is an event, "-" where it is not known.
func number(seq uint64) string {
	if seq == 0 {
		return "-"
	}
	return fmt.Sprint(seq)
}

func readAgo(ms int64) string {
	if ms < 0 {
		return "-"
	}
	return lasting(ms) + " ago"
}

// lasting is a time in words, "-" where it is not known.
func lasting(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case ms < 0:
		return "-"
	case d < time.Second:
		return fmt.Sprintf("%d ms", ms)
	}
	return jobmon.Span(d)
}

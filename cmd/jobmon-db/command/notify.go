package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/nearest"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

func (a *app) notify() *cobra.Command {
	c := &cobra.Command{
		Use:   "notify",
		Short: "Try messages, and see how they arrive",
		Long: `The daemon sends messages about what needs somebody: a job that failed, a deployment that stands still or
is ready, a database that cannot be read. The configuration says about what (notify) and to whom (targets).`,
		Example: `  jobmon-db notify try --since -30d
  jobmon-db notify test ops
  jobmon-db notify list`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.notifyTry(), a.notifyTest(), a.notifyList())
	return c
}

func (a *app) notifyTest() *cobra.Command {
	c := &cobra.Command{
		Use:   "test TARGET",
		Short: "Send a message to a target that says that nothing has happened",
		Long: `Send a message to one of the configured targets, the way that all messages go: signed, encrypted and in
the site's language. It says that somebody tries the target. It is sent by this command, once, and not by
the daemon.`,
		Example: `  jobmon-db notify test ops
  jobmon-db notify test ops --config jobmon-db.yaml`,
		Args: exactly("a target"),
	}
	configured := a.configured(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		return a.tryTarget(c.Context(), config, args[0])
	}
	return c
}

// tryTarget sends a message to a target that says that nothing has happened.
func (a *app) tryTarget(ctx context.Context, config *configs.Config, name string) error {
	if config.Targets[name] == nil {
		return &usageError{noTarget(config, name)}
	}
	target, kind, err := targetOf(config, name, "")
	if err != nil {
		return &usageError{err}
	}
	now := time.Now()
	_, offset := now.Zone()
	m := &notices.Message{ID: fmt.Sprintf("msg_test_%d", now.UnixMilli()), Notices: []*notices.Notice{{
		Topic: notices.Test, Event: jobmon.Event{At: jobmon.InstantOf(now)}, Offset: jobmon.Offset(offset),
		Since: jobmon.InstantOf(now), Problem: "test",
	}}}
	stop := a.notice("Waiting for the receiver of %s.", name)
	err = target.Send(ctx, m)
	stop()
	if errors.As(err, new(*notify.Partly)) {
		fmt.Fprintf(a.stderr, "%v\n", err)
	} else if err != nil {
		return fmt.Errorf("target %s (%s): %w", name, kind, err)
	}
	_, err = fmt.Fprintf(a.stdout, "The receiver of %s (%s) took message %s.\n", name, kind, m.ID)
	return err
}

func noTarget(config *configs.Config, name string) error {
	names := slices.Sorted(maps.Keys(config.Targets))
	if len(names) == 0 {
		return errors.New("no targets are configured: give them below targets")
	}
	return fmt.Errorf("there is no target %s%s", shortened(name), nearest.Hint(name, names))
}

func (a *app) notifyList() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "list",
		Short: "Show each target: when the last message arrived, how many wait, and what is wrong",
		Long: `Show how it stands with each target of messages. The running daemon says so; without one it is what the
daemon left when it ended. Counts are those of the daemon that runs.`,
		Example: `  jobmon-db notify list
  jobmon-db notify list -o json`,
		Args: noArgs,
	}
	configured := a.configured(c)
	outputFlag(c, &output, "table", "json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		client := &control.Client{Transport: &endpoint.Client{DataDir: config.DataDir}, Context: c.Context()}
		list, err := client.Targets(c.Context())
		live := err == nil
		if errors.Is(err, endpoint.ErrNotRunning) && !errors.Is(err, endpoint.ErrTaken) {
			list, err = leftBehind(config)
		}
		if err != nil {
			return err
		}
		switch {
		case output == "json" && live:
			return plain.WriteJSON(a.stdout, list)
		case output == "json":
			return plain.WriteJSON(a.stdout, withoutCounts(list))
		}
		return listTargets(a.stdout, a.stderr, list, live)
	}
	return c
}

// leftBehind are the configured targets as the daemon left them.
func leftBehind(config *configs.Config) ([]control.Target, error) {
	list := []control.Target{}
	for _, name := range slices.Sorted(maps.Keys(config.Targets)) {
		t := control.Target{Name: name, Kind: config.Targets[name].Kind}
		p, _, err := notify.ReadPlace(notify.Folder(config.DataDir), name)
		if err != nil {
			return nil, err
		}
		t.SentAt, t.Error, t.ErrorAt = p.Sent, p.Error, p.ErrorAt
		list = append(list, t)
	}
	return list, nil
}

// leftTarget is a target where no daemon runs, and so nobody counts.
type leftTarget struct {
	Name    string         `json:"name"`
	Kind    string         `json:"kind"`
	SentAt  jobmon.Instant `json:"sent_ms,omitempty"`
	Error   string         `json:"error,omitempty"`
	ErrorAt jobmon.Instant `json:"error_ms,omitempty"`
}

func withoutCounts(list []control.Target) []leftTarget {
	left := make([]leftTarget, 0, len(list))
	for _, t := range list {
		left = append(left, leftTarget{t.Name, t.Kind, t.SentAt, t.Error, t.ErrorAt})
	}
	return left
}

func listTargets(out, messages io.Writer, list []control.Target, live bool) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "No targets are configured.")
		return err
	}
	titles := []string{"TARGET", "KIND", "LAST ARRIVED", "WAITING", "SENT", "FAILED TRIES", "GIVEN UP", "ERROR"}
	var rows [][]string
	for i := range list {
		t := &list[i]
		arrived, waiting := "never", fmt.Sprint(t.Waiting)
		if t.SentAt != 0 {
			arrived = ago(t.SentAt)
		}
		if t.AgeMS > 0 {
			waiting += fmt.Sprintf(", the oldest for %s", jobmon.Span(time.Duration(t.AgeMS)*time.Millisecond))
		}
		row := []string{t.Name, t.Kind, arrived, waiting, fmt.Sprint(t.Sent), fmt.Sprint(t.Failed),
			fmt.Sprint(t.GivenUp), t.Error}
		if t.Error != "" && t.ErrorAt != 0 {
			row[7] += fmt.Sprintf(" (%s)", ago(t.ErrorAt))
		}
		if !live {
			row[3], row[4], row[5], row[6] = "-", "-", "-", "-"
		}
		rows = append(rows, row)
	}
	if err := printTable(out, titles, rows); err != nil {
		return err
	}
	if live {
		return nil
	}
	_, err := fmt.Fprintln(messages, "No daemon runs: this is what it left. What waits is sent when it runs again.")
	return err
}

func ago(at jobmon.Instant) string {
	return jobmon.Span(time.Since(at.Time())) + " ago"
}

// instantOf is 0 for the zero time.
func instantOf(t time.Time) jobmon.Instant {
	if t.IsZero() {
		return 0
	}
	return jobmon.InstantOf(t)
}

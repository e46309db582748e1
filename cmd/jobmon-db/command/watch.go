package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/live"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func (a *app) watch() *cobra.Command {
	c := &cobra.Command{
		Use:   "watch [COMPUTER]",
		Short: "Follow every deployment, or one computer's screen, in the terminal",
		Long: `Show where every deployment stands, and go on showing it: sorted, filtered, one computer opened. Unlike
"status", which prints the newest picture and ends, it reckons up to the present: how long something runs,
which job of how many, what is overdue by now. ? lists the keys; q ends it.

While no daemon runs it shows the end of the log and says so; when one starts, or starts again, it goes on by
itself. With --log it shows the end of that file.

COMPUTER is a name or an id; id:N and name:N say which.` + computerHelp + `

It needs a terminal; colours only repeat what is written, and NO_COLOR turns them off.`,
		Example: `  jobmon-db watch
  jobmon-db watch PC-0003
  ssh -t ds01 jobmon-db watch`,
		Args: atMost(1),
	}
	asked := a.question(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		if err := a.canWatch(); err != nil {
			return err
		}
		computer := ""
		if len(args) == 1 {
			computer = args[0]
		}
		return a.watchLive(c.Context(), q, computer)
	}
	return c
}

// canWatch refuses where a view that moves cannot be drawn.
func (a *app) canWatch() error {
	switch {
	case slices.Contains(a.env, "TERM=dumb"):
		return &usageError{errors.New("this terminal cannot move its cursor (TERM=dumb): use jobmon-db status")}
	case !isTerminal(a.stdout) || !readsTerminal(a.stdin):
		return &usageError{errors.New("watch needs a terminal to draw on and to read keys from: use jobmon-db status")}
	}
	return nil
}

func (a *app) watchLive(ctx context.Context, q question, computer string) error {
	list, err := q.split()
	if err != nil {
		return err
	}
	_, height := a.terminalSize()
	o := live.Options{Look: a.look(q), In: a.stdin, Out: a.stdout, Env: a.env, Height: height}
	if len(list) > 1 {
		err = watchSites(ctx, &o, q, list, computer)
	} else {
		err = watchOne(ctx, &o, list[0], computer)
	}
	if err != nil {
		return err
	}
	if err := live.Run(ctx, o); err != nil {
		return fmt.Errorf("%w; jobmon-db status shows the same once", err)
	}
	return nil
}

// watchOne begins with one log.
func watchOne(ctx context.Context, o *live.Options, q question, computer string) error {
	w := &watcher{question: q}
	first, names, err := w.begin(ctx)
	if err != nil || computer == "" {
		o.Feed, o.First = w.ask, first
		return err
	}
	id, err := names.Find(computer)
	if err != nil {
		return err
	}
	o.Feed, o.First, o.Computer.ID = w.ask, first, id
	o.Name = jobmon.ComputerName(id, names[id].Name)
	return nil
}

// sentence is an error as a part of another sentence.
func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") }

package command

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/when"
)

type replayOptions struct {
	computer, since, until, output string
}

func (a *app) replay() *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:   "replay",
		Short: "Show what happened: the log's events in their order",
		Long: `Show the log's events in their order. Times without zone are the DS server's. The range is [since, until).

A time is written as ` + when.Forms + `.`,
		Example: `  jobmon-db replay --since 14:00 --until 15:00
  jobmon-db replay --computer PC-0003 --since -2h
  jobmon-db replay -o ndjson | jq 'select(.kind == "finished" and .status_code != 0)'`,
		Args: noArgs,
	}
	asked := a.question(c)
	c.Flags().StringVar(&o.computer, "computer", "", "only this computer: name, id:N or name:N")
	c.Flags().StringVar(&o.since, "since", "", "from this time on")
	c.Flags().StringVar(&o.until, "until", "", "before this time")
	c.Flags().StringVarP(&o.output, "output", "o", "table", "table or ndjson")
	c.RunE = func(c *cobra.Command, _ []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		out := bufio.NewWriter(a.stdout)
		if err := replay(c.Context(), out, a.stderr, q, o); err != nil {
			out.Flush()
			return err
		}
		return out.Flush()
	}
	c.AddCommand(a.replayShow(), a.replaySessions(), a.replayStats(), a.replayWaterfall())
	return c
}

// replay prints the events that the options ask for.
func replay(ctx context.Context, out, messages io.Writer, q question, o replayOptions) error {
	var print func(*record) error
	switch o.output {
	case "ndjson":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		print = func(r *record) error { return encoder.Encode(r) }
	case "table":
		print = func(r *record) error { return r.print(out) }
	default:
		return &usageError{fmt.Errorf("--output %q: it can be table or ndjson", o.output)}
	}
	p, err := openPast(ctx, q)
	if err != nil {
		return err
	}
	defer p.done(messages)
	wanted, err := p.filter(o)
	if err != nil {
		return err
	}
	if o.output == "table" {
		fmt.Fprintf(messages, "Times are %s; %s.\n", p.whoseTimes(), p.period())
	}
	told, err := p.told(o.computer)
	if err != nil {
		return err
	}
	tables := history.NewTables()
	shown := 0
	for b, err := range told {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		for i := range b.Events {
			e := &b.Events[i]
			tables.Apply(e)
			if !wanted(e) || e.Seq < p.Oldest { // names of history that was cut off
				continue
			}
			shown++
			if err := print(newRecord(e, tables)); err != nil {
				return err
			}
		}
	}
	if shown == 0 {
		fmt.Fprintf(messages, "None of the %d events is what you asked for: %s.\n", p.Last, p.period())
	}
	return nil
}

// told are the batches that are to be gone through: all of them, or those of one computer with what shapes how its events are
// told.
func (p *past) told(computer string) (iter.Seq2[jobmon.Batch, error], error) {
	if computer == "" {
		return p.Read(0), nil
	}
	id, err := p.Names.Find(computer)
	if err != nil {
		return nil, err
	}
	chronicle, err := p.chronicle()
	if err != nil {
		return nil, err
	}
	return history.Among(p.Computer(id, 0), chronicle), nil
}

// filter makes the condition that events must meet.
func (p *past) filter(o replayOptions) (func(*jobmon.Event) bool, error) {
	var conditions []func(*jobmon.Event) bool
	if o.computer != "" {
		id, err := p.Names.Find(o.computer)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, func(e *jobmon.Event) bool { return e.Computer == id && !e.Kind.OfDaemon() && e.Kind != jobmon.KindJob })
	}
	since, err := p.bound(o.since, true)
	if err != nil {
		return nil, err
	}
	until, err := p.bound(o.until, false)
	if err != nil {
		return nil, err
	}
	if o.since != "" && o.until != "" && (since.Seq > 0) == (until.Seq > 0) && !before(since, until) {
		return nil, &usageError{fmt.Errorf("--since %s is not before --until %s: nothing lies between them", o.since, o.until)}
	}
	conditions = append(conditions, func(e *jobmon.Event) bool {
		return (o.since == "" || reached(since, e)) && (o.until == "" || !reached(until, e))
	})
	return func(e *jobmon.Event) bool {
		for _, ok := range conditions {
			if !ok(e) {
				return false
			}
		}
		return true
	}, nil
}

// bound reads one end of a range; text is "" for none.
func (p *past) bound(text string, since bool) (when.Point, error) {
	if text == "" {
		return when.Point{}, nil
	}
	point, err := p.clock().Parse(text, p.Covered.Time())
	if err != nil {
		return point, &usageError{err}
	}
	at := jobmon.InstantOf(point.Time)
	if since && (point.Seq > p.Last || point.Seq == 0 && at > p.Covered) || !since && (point.Seq == 0 && at <= p.First || point.Seq > 0 && point.Seq <= p.Oldest && p.Cut) {
		return point, &outsideError{fmt.Errorf("%s is outside: %s", text, p.period())}
	}
	return point, nil
}

func before(a, b when.Point) bool { return a.Seq < b.Seq || a.Time.Before(b.Time) }

// reached says whether the event is at that point or behind it.
func reached(point when.Point, e *jobmon.Event) bool {
	if point.Seq > 0 {
		return e.Seq >= point.Seq
	}
	return e.At >= jobmon.InstantOf(point.Time)
}

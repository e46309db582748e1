package command

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// stretchFlags are those of a range.
func stretchFlags(s *past.Stretch, c *cobra.Command, what string) {
	c.Flags().StringVar(&s.SinceText, "since", "", what+" from this time on")
	c.Flags().StringVar(&s.UntilText, "until", "", what+" before this time")
}

// heading says whose times are shown, given all of them, and what the log covers.
func (p *opened) heading(messages io.Writer, moments ...jobmon.Instant) {
	fmt.Fprintf(messages, "Times are %s; %s.\n", p.WhoseTimes(moments...), p.Period())
}

// printer prints records in the form that is asked for: a JSON list, a JSON value a line, or CSV.
func printer[T any](out io.Writer, output string, list []T, columns []string, row func(*T) []any) error {
	switch output {
	case "json":
		return plain.WriteJSON(out, append([]T{}, list...)) // an empty list is [], not null
	case "ndjson":
		encoder := plain.NewEncoder(out)
		for i := range list {
			if err := encoder.Encode(&list[i]); err != nil {
				return err
			}
		}
		return nil
	}
	w, err := replay.NewCSV(out)
	if err != nil {
		return err
	}
	titles := make([]any, len(columns))
	for i, title := range columns {
		titles[i] = title
	}
	if err := w.Line(titles...); err != nil {
		return err
	}
	for i := range list {
		if err := w.Line(row(&list[i])...); err != nil {
			return err
		}
	}
	return w.Flush()
}

// cell is a number, which may be missing, as CSV takes it.
func cell[N ~int | ~int32 | ~float64](n *N) any {
	if n == nil {
		return nil
	}
	return *n
}

// sheetTime is a moment as a spreadsheet takes for one: "2026-11-22 14:05:00", in the zone of the column utc_offset.
func sheetTime(at jobmon.Instant, clock replay.Clock) string {
	if at == 0 {
		return ""
	}
	return clock.In(at.Time()).Format(time.DateTime)
}

func zoneText(at jobmon.Instant, clock replay.Clock) string {
	if at == 0 {
		return ""
	}
	return clock.In(at.Time()).Format("UTC-07:00") // "+01:00" would be a formula
}

// deployments calls tell with the sessions of these computers, see past.Log.Deployments, and shows how far it is.
func (a *app) deployments(p *opened, before uint64, only []jobmon.ComputerID,
	tell func(*deployments.Deployment)) error {
	show, done := a.progress("reading the log")
	defer done()
	return p.Deployments(before, only, tell, show)
}

package command

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// stretch is the range of the log that a question is about: [since, until), by when a deployment began.
type stretch struct {
	sinceText, untilText string
	since, until         replay.Point
	after                uint64 // all that begins in it is behind this event
}

func (s *stretch) flags(c *cobra.Command, what string) {
	c.Flags().StringVar(&s.sinceText, "since", "", what+" from this time on")
	c.Flags().StringVar(&s.untilText, "until", "", what+" before this time")
}

// read understands what was typed.
func (s *stretch) read(p *past) (err error) {
	if s.since, s.until, err = p.bounds(s.sinceText, s.untilText, false); err != nil {
		return err
	}
	if s.sinceText != "" {
		s.after, err = p.before(s.since)
	}
	return err
}

// holds says whether the deployment began in it.
func (s *stretch) holds(d *deployments.Deployment) bool {
	began := &jobmon.Event{Seq: d.OpenSeq, At: d.Session.Began}
	return d.OpenSeq > s.after && (s.sinceText == "" || reached(s.since, began)) &&
		(s.untilText == "" || !reached(s.until, began))
}

// before is an event up to which all are before that point, the last such one.
func (p *past) before(point replay.Point) (uint64, error) {
	if point.Seq > 0 {
		return point.Seq - 1, nil
	}
	m, _, err := p.Moment(jobmon.InstantOf(point.Time) - 1)
	if err != nil {
		return 0, fmt.Errorf("look for %s in the log: %w", p.local(jobmon.InstantOf(point.Time)), err)
	}
	return m.First, nil
}

// deployments reads the log and calls tell with every session of these computers (nil: all), in the order in which they
// ended for good. Sessions that may still continue come last; their times reach to the log's last batch. It begins at a
// checkpoint, so sessions that ended for good before that event may be left out.
func (a *app) deployments(p *past, before uint64, only []jobmon.ComputerID, tell func(*deployments.Deployment)) error {
	f, err := p.fold(before, only)
	if err != nil {
		return err
	}
	end, err := p.timeOf(p.Last)
	if err != nil {
		return err
	}
	show, done := a.progress("reading the log")
	defer done()
	for b, err := range f.behind(p, only) {
		if err != nil {
			return err
		}
		f.Apply(&b, tell)
		show(b.Last(), p.Last)
	}
	if f.alone {
		f.Reach(end) // all that was left out is told
	}
	f.Rest(tell)
	return nil
}

// folding is a fold that begins somewhere in a log.
type folding struct {
	*deployments.Fold
	last  uint64 // event that the fold begins behind
	alone bool   // one computer's part of the log is enough
}

// fold begins at the newest checkpoint not behind that event.
func (p *past) fold(seq uint64, only []jobmon.ComputerID) (*folding, error) {
	cut := uint64(0)
	projection := history.Nearest(p, deployments.Told(p.Chronicle, seq))
	if p.Cut {
		cut = p.Begun
	}
	if projection.Seq() < cut {
		var err error
		if projection, err = p.standIn(); err != nil {
			return nil, err
		}
	}
	return &folding{
		Fold: deployments.New(projection, p.Chronicle, cut, only...), last: projection.Seq(),
		alone: len(only) == 1 && deployments.Told(p.Chronicle, p.Last) == p.Last,
	}, nil
}

// behind is what the fold is to be told: all of the log, or one computer's part of it.
func (f *folding) behind(p *past, only []jobmon.ComputerID) iter.Seq2[jobmon.Batch, error] {
	from := f.last + 1
	if !f.alone {
		return whole(p.Read(from))
	}
	shaping := slices.DeleteFunc(slices.Clone(p.Chronicle),
		func(e jobmon.Event) bool { return e.Seq < from || e.Seq > p.Last })
	return whole(history.Beside(until(p.Last, p.Computer(only[0], from)), shaping))
}

// until leaves out batches behind an event.
func until(last uint64, batches iter.Seq2[jobmon.Batch, error]) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for b, err := range batches {
			if err == nil && b.First() > last || !yield(b, err) {
				return
			}
		}
	}
}

// whole makes sure that no history is cut off while it is read.
func whole(batches iter.Seq2[jobmon.Batch, error]) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for b, err := range batches {
			switch {
			case err != nil:
				err = fmt.Errorf("read the log: %w", err)
			case history.IsCut(&b):
				err = errors.New("old history was cut off the log while it was read: ask again")
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// standIn is the projection that stands for history that was cut off.
func (p *past) standIn() (*projector.Projection, error) {
	for b, err := range p.Read(0) {
		if err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		s := history.New()
		err := s.Apply(&b)
		return s.Projection, err
	}
	return projector.New(), nil
}

// heading says whose times are shown, given all of them, and what the log covers.
func (p *past) heading(messages io.Writer, moments ...jobmon.Instant) {
	fmt.Fprintf(messages, "Times are %s; %s.\n", p.whoseTimes(moments...), p.period())
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

// seconds is a duration as a number for programs; nil for none.
func seconds(d time.Duration, known bool) *float64 {
	if !known {
		return nil
	}
	return new(d.Seconds())
}

// cell is a number, which may be missing, as CSV takes it.
func cell[N ~int | ~int32 | ~float64](n *N) any {
	if n == nil {
		return nil
	}
	return *n
}

// stamp is a moment for programs: "2026-11-22T13:05:00.000Z"; nil for none.
func stamp(at jobmon.Instant) *string {
	if at == 0 {
		return nil
	}
	return new(at.String())
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

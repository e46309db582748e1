package command

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/analysis"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/when"
	"github.com/jobmon-db/jobmon-db/projector"
)

// stretch is the range of the log that a question is about: [since, until), by when a deployment began.
type stretch struct {
	sinceText, untilText string
	since, until         when.Point
}

func (s *stretch) flags(c *cobra.Command, what string) {
	c.Flags().StringVar(&s.sinceText, "since", "", what+" from this time on")
	c.Flags().StringVar(&s.untilText, "until", "", what+" before this time")
}

// read understands what was typed.
func (s *stretch) read(p *past) (err error) {
	if s.since, err = p.bound(s.sinceText, true); err != nil {
		return err
	}
	if s.until, err = p.bound(s.untilText, false); err != nil {
		return err
	}
	if s.sinceText != "" && s.untilText != "" && (s.since.Seq > 0) == (s.until.Seq > 0) && !before(s.since, s.until) {
		return &usageError{fmt.Errorf("--since %s is not before --until %s: nothing lies between them", s.sinceText, s.untilText)}
	}
	return nil
}

// holds says whether the deployment began in it.
func (s *stretch) holds(d *analysis.Deployment) bool {
	began := &jobmon.Event{Seq: d.OpenSeq, At: d.Session.Began}
	return (s.sinceText == "" || reached(s.since, began)) && (s.untilText == "" || !reached(s.until, began))
}

// computers finds those that are meant: each by id, name or pattern ("PC-00*"); none means all.
func (p *past) computers(meant []string) ([]jobmon.ComputerID, error) {
	var list []jobmon.ComputerID
	for _, text := range meant {
		if !strings.ContainsAny(text, "*?[") {
			id, err := p.Names.Find(text)
			if err != nil {
				return nil, err
			}
			list = append(list, id)
			continue
		}
		found := false
		for id, known := range p.Names {
			for _, name := range known.Names {
				fits, err := path.Match(strings.ToLower(text), strings.ToLower(name))
				if err != nil {
					return nil, &usageError{fmt.Errorf("computer %q is no pattern: %w", text, err)}
				}
				if fits {
					list, found = append(list, id), true
				}
			}
		}
		if !found {
			return nil, &history.UnknownError{Asked: text}
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// deployments goes through the log and tells of every session of those computers, nil for all, in the order in which they
// ended for good; those that may go on come last. The times of what goes on reach to the log's last batch.
func (a *app) deployments(p *past, only []jobmon.ComputerID, tell func(*analysis.Deployment)) error {
	return a.fold(p, only, tell, nil)
}

// fold is deployments that calls after for each batch, until it says false.
func (a *app) fold(p *past, only []jobmon.ComputerID, tell func(*analysis.Deployment), after func(*jobmon.Batch, *analysis.Fold) (bool, error)) error {
	show, end := a.progress("reading the log")
	defer end()
	f := analysis.New(projector.New(), nil, only...)
	for b, err := range p.Read(0) {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		last := b.Last()
		if history.IsCut(&b) { // what followed from the history that is no longer there
			s, err := standsFor(&b)
			if err != nil {
				return err
			}
			f = analysis.New(s.Projection, s.Chronicle, only...)
		} else {
			f.Apply(&b, tell)
		}
		show(last, p.Last)
		if after != nil {
			if on, err := after(&b, f); err != nil || !on {
				return err
			}
		}
	}
	f.Rest(tell)
	return nil
}

// heading says whose times are told, and what the log covers.
func (p *past) heading(messages io.Writer) {
	fmt.Fprintf(messages, "Times are %s; %s.\n", p.whoseTimes(), p.period())
}

// printer prints records in the form that is asked for: a JSON list, a JSON value a line, or CSV.
func printer[T any](out io.Writer, output string, list []T, columns []string, row func(*T) []string) error {
	switch output {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(append([]T{}, list...)) // an empty list is [], not null
	case "ndjson":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		for i := range list {
			if err := encoder.Encode(&list[i]); err != nil {
				return err
			}
		}
		return nil
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true
	if _, err := io.WriteString(out, "\ufeff"); err != nil { // tells Excel that names are UTF-8
		return err
	}
	if err := w.Write(columns); err != nil {
		return err
	}
	for i := range list {
		if err := w.Write(row(&list[i])); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// harmless is a text that a spreadsheet does not take for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// seconds is a duration as a number for programs; nil for none.
func seconds(d time.Duration, known bool) *float64 {
	if !known {
		return nil
	}
	return new(d.Seconds())
}

// number is seconds as CSV has it.
func number(s *float64) string {
	if s == nil {
		return ""
	}
	return strings.TrimSuffix(fmt.Sprintf("%.3f", *s), ".000")
}

// outputs refuses an output that is none of these.
func outputs(output string, which ...string) error {
	if slices.Contains(which, output) {
		return nil
	}
	last := len(which) - 1
	return &usageError{fmt.Errorf("--output %q: it can be %s or %s", output, strings.Join(which[:last], ", "), which[last])}
}

// stamp is a moment for programs: "2026-11-22T13:05:00.000Z"; nil for none.
func stamp(at jobmon.Instant) *string {
	if at == 0 {
		return nil
	}
	return new(at.String())
}

// sheetTime is a moment as a spreadsheet takes for one: "2026-11-22 14:05:00", in the zone of the column utc_offset.
func sheetTime(at jobmon.Instant, clock when.Clock) string {
	if at == 0 {
		return ""
	}
	return clock.In(at.Time()).Format(time.DateTime)
}

func zoneText(at jobmon.Instant, clock when.Clock) string {
	if at == 0 {
		return ""
	}
	return clock.In(at.Time()).Format("-07:00")
}

// standsFor is the state that a batch holds which stands for history that was cut off.
func standsFor(b *jobmon.Batch) (*history.State, error) {
	s := history.New()
	return s, s.Apply(b)
}

package replay

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// Printer writes events in one of the shapes. What it writes may be buffered until Flush.
type Printer interface {
	Print(r *Record) error
	Flush() error
	Close() error // writes what stands at the end
}

// Shapes lists the shapes.
func Shapes() []string { return []string{"table", "wide", "json", "ndjson", "csv"} }

// Layout says how events are printed.
type Layout struct {
	Shape  string
	Fields []string // names; none for the shape's own
	Look   term.Options
	Zones  bool // the UTC offset stands behind each time, as there are several
	Header ndjson.Header
	Sites  int // columns of the longest name of a site, where records are of several; these are no text of one log
}

// NewPrinter returns the printer of records of these logs; an error is a *Mistake or the writer's.
func NewPrinter(w io.Writer, l Layout, logs ...*Chronicle) (Printer, error) {
	list, err := chosen(l.Fields)
	if err != nil {
		return nil, err
	}
	switch l.Shape {
	case "table", "wide":
		return newTable(w, l, list, logs)
	case "json", "ndjson":
		encoder := ndjson.NewEncoder(l.Header)
		if l.Sites > 0 {
			encoder = &ndjson.Encoder{}
		}
		return &jsonPrinter{
			w: w, encoder: encoder, fields: list, utc: l.Look.UTC, array: l.Shape == "json",
		}, nil
	case "csv":
		return newCSVPrinter(w, list, l)
	}
	return nil, mistake("invalid --output %q; use one of: %s", l.Shape, strings.Join(Shapes(), ", "))
}

// jsonPrinter writes an object a line, or an array of them.
type jsonPrinter struct {
	w       io.Writer
	encoder *ndjson.Encoder
	fields  []field
	utc     bool
	array   bool
	begun   bool
}

func (p *jsonPrinter) Print(r *Record) error {
	e := p.encoder
	e.Line = e.Line[:0]
	switch {
	case p.array && p.begun:
		e.Line = append(e.Line, ",\n"...)
	case p.array:
		e.Line = append(e.Line, "[\n"...)
	}
	if p.fields == nil {
		r.write(e)
	} else {
		object(&e.Object, p.fields, r, p.utc)
	}
	if !p.array {
		e.Line = append(e.Line, '\n')
	}
	p.begun = true
	_, err := p.w.Write(e.Line)
	return err
}

func (p *jsonPrinter) Flush() error { return nil }

func (p *jsonPrinter) Close() error {
	end := ""
	switch {
	case p.array && p.begun:
		end = "\n]\n"
	case p.array:
		end = "[]\n"
	}
	_, err := io.WriteString(p.w, end)
	return err
}

type csvPrinter struct {
	*CSV
	fields []field
	utc    bool
}

func newCSVPrinter(w io.Writer, list []field, l Layout) (*csvPrinter, error) {
	if list == nil {
		var err error
		names := []string{
			"seq,time,utc_offset,computer_id,computer,group,job_id,job,folder,schedule_id,kind,state",
			"took_s,took_exact,took_at_most_s,status_code,code,what",
		}
		if l.Sites > 0 {
			names = slices.Insert(names, 0, "site")
		}
		list, err = chosen(names)
		if err != nil {
			return nil, err
		}
	}
	c, err := NewCSV(w)
	if err != nil {
		return nil, err
	}
	p := &csvPrinter{c, list, l.Look.UTC}
	titles := make([]any, len(list))
	for i, f := range list {
		titles[i] = f.name
		if f.name == "utc_offset" {
			list[i].value = zoneName // "+01:00" would be a formula
		}
	}
	return p, p.Line(titles...)
}

func zoneName(r *Record, utc bool) value {
	if utc {
		return safe("UTC")
	}
	return safe(r.zone())
}

func (p *csvPrinter) Print(r *Record) error {
	for i := range p.fields {
		p.put(p.fields[i].value(r, p.utc))
	}
	return p.end()
}

func (p *csvPrinter) Close() error { return p.Flush() }

// tablePrinter writes a line for each event that reads like a story.
type tablePrinter struct {
	stream *term.Stream
	layout Layout
	fields []field // instead of the story
	wide   bool
	narrow *narrow // where the story in full does not fit
}

func newTable(w io.Writer, l Layout, list []field, logs []*Chronicle) (*tablePrinter, error) {
	t := &tablePrinter{layout: l, fields: list, wide: l.Shape == "wide"}
	computers, jobs := widths(logs)
	timeWidth := len(time.DateTime)
	if l.Zones && !l.Look.UTC {
		timeWidth += len(" +01:00")
	}
	what := term.Column{Title: "WHAT", Width: whatWidth}
	if width := l.Look.Width; width > 0 && !t.wide && list == nil {
		full := timeWidth + computers + jobs + whatWidth + beside
		if l.Sites > 0 {
			full += l.siteWidth() + 2
		}
		if full > width {
			t.narrow = newNarrow(w, l, computers)
			return t, nil
		}
		what.Width += min(width-full, 8)
	}
	columns := []term.Column{
		{Title: "TIME", Width: timeWidth}, {Title: "+", Width: 12, Right: true},
		{Title: "COMPUTER", Width: computers}, {Title: "JOB", Width: jobs},
		what, {Title: "TOOK", Width: 11, Right: true}, {Title: "CODE"},
	}
	if l.Sites > 0 {
		columns = slices.Insert(columns, 2, term.Column{Title: "SITE", Width: l.siteWidth()})
	}
	if t.wide {
		columns = slices.Concat(
			[]term.Column{{Title: "SEQ", Width: 9, Right: true}},
			columns[:len(columns)-4],
			[]term.Column{
				{Title: "ID", Width: 9, Right: true},
				{Title: "GROUP", Width: 16},
			},
			columns[len(columns)-4:len(columns)-3],
			[]term.Column{{Title: "FOLDER", Width: 20}, {Title: "ROW", Width: 9, Right: true}},
			columns[len(columns)-3:],
		)
	}
	if list != nil {
		columns = nil
		for _, f := range list {
			columns = append(
				columns,
				term.Column{
					Title: strings.ToUpper(f.name),
					Width: max(len(f.name), fieldWidth(f.name, computers, jobs, timeWidth)),
				},
			)
		}
	}
	t.stream = term.NewStream(w, columns, l.Look)
	return t, nil
}

func (l *Layout) siteWidth() int { return max(l.Sites, len("SITE")) }

// Widths of the table that no name changes: of WHAT, and of the columns beside the times and the names.
const (
	whatWidth = 24
	beside    = 12 + 11 + 20 + 6*2 // how long after the event before, how long it took, the code in words, and between
)

func fieldWidth(name string, computers, jobs, timeWidth int) int {
	switch name {
	case "time":
		return timeWidth
	case "at":
		return len("2026-11-22T14:05:00.000Z")
	case "computer", "site":
		return computers
	case "job":
		return jobs
	case "kind":
		return len("source-restored")
	case "what", "code":
		return 24
	case "start_time":
		return len("2026-11-22T14:05:00")
	case "group", "folder":
		return 20
	}
	return 10
}

// widths are those of the longest names, within limits.
func widths(logs []*Chronicle) (computers, jobs int) {
	computers, jobs = len("COMPUTER"), 12
	for _, c := range logs {
		for _, versions := range c.computers {
			for _, v := range versions {
				computers = max(computers, term.Columns(term.Plain(v.is.Name)))
			}
		}
		for _, versions := range c.jobs {
			for _, v := range versions {
				jobs = max(jobs, term.Columns(term.Plain(v.is.Name)))
			}
		}
	}
	return min(computers, 20), min(jobs, 36)
}

func (t *tablePrinter) Print(r *Record) error {
	if t.narrow != nil {
		return t.narrow.print(r, r.local(t.layout.Look.UTC))
	}
	if t.fields != nil {
		line := make([]term.Cell, len(t.fields))
		for i, f := range t.fields {
			v := f.value(r, t.layout.Look.UTC)
			line[i].Text = v.String()
			if f.name == "time" {
				line[i].Text = t.time(r)
			}
		}
		return t.stream.Line(line)
	}
	var delta, took string
	if r.told && r.delta >= 0 {
		delta = "+" + jobmon.Span(r.delta)
	}
	if r.took {
		took = r.length.String()
	}
	tone := r.tone()
	line := []term.Cell{
		{Text: t.time(r)},
		{Text: delta, Tone: term.Faintly},
		{Text: r.computerName()},
		{Text: r.subject()},
		{Text: r.what(), Tone: tone},
		{Text: took},
		{Text: r.code(), Tone: tone},
	}
	if t.layout.Sites > 0 {
		line = slices.Insert(line, 2, term.Cell{Text: r.site})
	}
	if t.wide {
		line = slices.Concat(
			[]term.Cell{{Text: strconv.FormatUint(r.event.Seq, 10)}},
			line[:len(line)-4],
			[]term.Cell{{Text: cellOf(r.computer != nil, int64(r.event.Computer))}, {Text: r.group()}},
			line[len(line)-4:len(line)-3],
			[]term.Cell{{Text: r.folder()}, {Text: cellOf(r.event.Kind.OfRow(), int64(r.event.Schedule))}},
			line[len(line)-3:],
		)
	}
	return t.stream.Line(line)
}

func (t *tablePrinter) time(r *Record) string {
	at := r.local(t.layout.Look.UTC)
	if t.layout.Zones && !t.layout.Look.UTC {
		return at.Format("2006-01-02 15:04:05 -07:00")
	}
	return at.Format(time.DateTime)
}

func (r *Record) tone() term.Tone {
	switch k := r.event.Kind; {
	case r.state == jobmon.StateFailed, k == jobmon.KindSourceLost, k == jobmon.KindDamaged,
		k == jobmon.KindDaemonStarted && r.event.Flags.Has(jobmon.Inexact):
		return term.Badly
	case r.state == jobmon.StateSucceeded:
		return term.Well
	case r.state == jobmon.StateRunning:
		return term.Busily
	case !k.OfRow():
		return term.Faintly
	}
	return term.Plainly
}

func cellOf(known bool, n int64) string {
	if !known {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func (t *tablePrinter) Flush() error { return nil }
func (t *tablePrinter) Close() error { return nil }

package replay

import (
	"io"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// narrow tells the story on a terminal that has no room for all of it: the date has a line of its own, durations are
// short, and a code stands as a number behind what happened.
type narrow struct {
	stream *term.Stream
	date   string // of the last line
	sites  bool   // a site's name stands before that of its computer
	zone   bool   // a time is printed with its zone: the clock was changed within the range
}

// Columns of the narrow table; the job gets what they leave.
const (
	narrowClock    = len("15:04:05")
	narrowDelta    = len("+59m59s")
	narrowComputer = 10
	narrowWhat     = 22
	narrowTook     = len("59m59s")
	narrowSite     = len("DS01/")
)

func newNarrow(w io.Writer, l Layout, computers int) *narrow {
	n := &narrow{zone: l.Zones && !l.Look.UTC}
	clock := narrowClock
	if n.zone {
		clock += len(" +01:00")
	}
	computers = min(computers, narrowComputer)
	if n.sites = l.Sites > 0; n.sites {
		computers += narrowSite
	}
	what := narrowWhat
	if l.Look.Width >= 90 {
		what = len("waiting -> running, not seen")
	}
	job := max(l.Look.Width-clock-narrowDelta-computers-what-narrowTook-5*2, 8)
	n.stream = term.NewStream(w, []term.Column{
		{Title: "TIME", Width: clock}, {Title: "+", Width: narrowDelta, Right: true},
		{Title: "COMPUTER", Width: computers},
		{Title: "JOB", Width: job}, {Title: "WHAT", Width: what}, {Title: "TOOK", Width: narrowTook, Right: true},
	}, l.Look)
	return n
}

func (n *narrow) print(r *Record, at time.Time) error {
	if date := at.Format(time.DateOnly); date != n.date {
		n.date = date
		if err := n.stream.Note(at.Format("Monday, 2006-01-02")); err != nil {
			return err
		}
	}
	clock := at.Format(time.TimeOnly)
	if n.zone {
		clock = at.Format("15:04:05 -07:00")
	}
	var delta, took string
	if r.told && r.delta >= 0 {
		delta = "+" + jobmon.Brief(jobmon.Span(r.delta))
	}
	if r.took {
		took = jobmon.Brief(r.length.String())
	}
	what := r.what()
	if code := r.event.Status; r.state == jobmon.StateFailed && code.Set {
		what += " " + code.Code.Short()
	}
	tone := r.tone()
	computer := r.computerName()
	if n.sites {
		computer = r.site + "/" + computer
	}
	return n.stream.Line([]term.Cell{
		{Text: clock}, {Text: delta, Tone: term.Faintly}, {Text: computer},
		{Text: r.subject()}, {Text: what, Tone: tone}, {Text: took},
	})
}

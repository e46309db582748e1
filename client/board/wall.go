package board

import (
	"cmp"
	"html/template"
	"io"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// wallView is the wall as its template sees it.
type wallView struct {
	view
	Seconds      int
	Chosen       string // the sites that are shown, "" for all
	Places       string // the same for people
	Counts       []count
	Need, Others template.HTML
	Quiet        bool // nothing needs anybody
	QuietText    template.HTML
	QuietBar     template.HTML
	QuietReady   string
	QuietSince   template.HTML
	LongDay      string
}

// mostTiles is how many computers that need somebody the wall of a fleet has, and half of how many others: nobody waits
// for a hundredth page.
const mostTiles = 150

// Write writes the page. The error is the writer's.
func (v *Wall) Write(w io.Writer) error { return write(w, "wall", v.view()) }

// WriteFragment writes a part of the page.
func (v *Wall) WriteFragment(w io.Writer, name string) error {
	if name != FragmentMain {
		return ErrFragment
	}
	return write(w, "wall-main", v.view())
}

func (v *Wall) view() *wallView {
	if v.fleet() && v.Query.Site != "" {
		v.Pictures = slices.DeleteFunc(slices.Clone(v.Pictures), func(p jobmon.Progress) bool {
			return !v.Query.shows(p.Computer.Site)
		})
	}
	b := v.Board.view("wall", "/wall")
	// b's view shows all: a wall has no filter
	wv := &wallView{view: b.view, Seconds: cmp.Or(v.Seconds, 12), Counts: b.Counts}
	wv.Name = wv.Say("wall")
	if v.fleet() {
		wv.Chosen, wv.Places = v.Query.Site, v.Query.places()
	}
	lines := v.lines(wv.Frame)
	Query{}.order(lines, newPen(wv.Frame, false))
	need, others := newPen(wv.Frame, false), newPen(wv.Frame, false)
	wv.Quiet = true
	needing, going := 0, 0
	for i := range lines {
		l := &lines[i]
		switch l.state {
		case StateFailed, StateStill:
			wv.Quiet = false
			if needing++; v.fleet() && needing > mostTiles {
				continue
			}
			need.by(l.frame).tile(l.picture, l.state)
			need.put("\n")
		case StateRunning, StateWaiting:
			if going++; v.fleet() && going > 2*mostTiles {
				continue
			}
			others.by(l.frame).tile(l.picture, l.state)
			others.put("\n")
			if others.overdue(l.picture) {
				wv.Quiet = false
			}
		}
	}
	wv.Need, wv.Others = need.html(), others.html()
	wv.LongDay = wv.pen.w.dated("date.wall", wv.pen.today, false)
	if wv.Quiet {
		wv.quiet(lines)
	}
	return wv
}

// quiet says what is to be known where nothing is wrong.
func (v *wallView) quiet(lines []line) {
	p, ready, running := newPen(v.Frame, false), 0, 0
	var first *line // that gets ready next
	soonest, failed := notKnown, jobmon.Instant(0)
	for i := range lines {
		c := lines[i].picture
		p.by(lines[i].frame)
		switch lines[i].state {
		case StateReady:
			ready++
		case StateRunning:
			running++
			if end := p.end(c); end < soonest {
				soonest, first = end, &lines[i]
			}
		}
		if s := c.Session; s != nil {
			for k := range s.Stages {
				for _, f := range s.Stages[k].Failures {
					failed = max(failed, p.common(f.At))
				}
			}
		}
	}
	switch {
	case running == 0:
		v.QuietText = safe(p.w.phrase("wall.none"))
	case first == nil:
		v.QuietText = safe(p.w.phrase("wall.running", "n", number(running)))
	default:
		c := &first.picture.Computer
		name := inFleet(c.Site, jobmon.ComputerName(c.ID, c.Name))
		eta, _, _ := first.picture.Session.Estimate(first.frame.Now)
		at := p.by(first.frame).at(eta)
		if site := v.site(c.Site); site != nil && first.frame.mixed {
			at += " " + esc(p.zone(site))
		}
		v.QuietText = safe(p.w.phrase("wall.next", "n", number(running), "name", esc(name), "time", at))
	}
	p.by(v.Frame)
	v.QuietReady = p.w.Say("wall.ready", "n", number(ready), "all", number(len(lines)))
	if failed != 0 {
		v.QuietSince = safe(p.w.phrase("wall.since", "time", p.at(failed)))
	}
	v.QuietBar = v.everybody(lines)
}

// everybody is one segment for each computer: ready, running as far as it is, and waiting.
func (v *wallView) everybody(lines []line) template.HTML {
	p := newPen(v.Frame, false)
	n := min(len(lines), 200)
	if n == 0 {
		return ""
	}
	p.put(`<svg class="bar" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">`)
	at := 0
	draw := func(l *line) {
		x, wide := 1000*at/n, 1000*(at+1)/n-1000*at/n-2
		at++
		if l.state == StateReady {
			p.box("b-done", x, 0, wide, barHeight, "")
			return
		}
		p.box("b-todo", x, 0, wide, barHeight, "")
		if l.state == StateRunning && l.picture.Session.Percent > 0 {
			p.box("b-run", x, 0, max(wide*l.picture.Session.Percent/100, 1), barHeight, "")
		}
	}
	for _, state := range []string{StateReady, StateRunning, ""} {
		for i := range lines {
			is := lines[i].state
			if at < n && (is == state || state == "" && is != StateReady && is != StateRunning) {
				draw(&lines[i])
			}
		}
	}
	p.put(`</svg>`)
	return p.html()
}

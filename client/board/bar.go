package board

import (
	"strconv"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The measures of a stage bar, in its own units.
const (
	barWidth  = 216 // of a row's bar
	longWidth = 640 // of a screen's
	barHeight = 12
	barGap    = 2
	// above so many stages there are no gaps, and above most one segment stands for several
	gapped = 24
	most   = 108
)

// bar writes the stage bar: a segment for each stage. Each state has a form of its own besides its colour.
func (p *pen) bar(c *jobmon.Progress, class string, width int) {
	s := c.Session
	if s == nil || len(s.Stages) == 0 {
		return
	}
	fit := ` preserveAspectRatio="none"` // a row's bar fills its column
	if width != barWidth {
		fit = ""
	}
	p.put(`<svg class="`, class, `" viewBox="0 0 `, number(width), ` 12"`, fit, ` role="img" aria-label="`,
		p.w.phrase("bar.label", "done", number(s.StagesDone), "all", number(len(s.Stages))), `">`)
	n, gap := min(len(s.Stages), most), barGap
	if n > gapped {
		gap = 0
	}
	for i := range n {
		from, to := i*len(s.Stages)/n, (i+1)*len(s.Stages)/n
		x := i * (width + gap) / n
		p.segment(c, from, to, x, (i+1)*(width+gap)/n-gap-x)
	}
	p.put(`</svg>`)
}

// segment draws the stages of a range: the worst of them, as most have one only.
func (p *pen) segment(c *jobmon.Progress, from, to, x, wide int) {
	list := c.Session.Stages
	worst, rank := &list[from], 0
	for i := from; i < to; i++ {
		if r := stageRank(&list[i]); r > rank {
			worst, rank = &list[i], r
		}
	}
	switch {
	case worst.Failed > 0 || worst.State == jobmon.StateFailed:
		p.box("b-fail", x, 0, wide, barHeight, "")
		if wide >= 7 {
			m := x + wide/2
			p.put(`<path class="b-cross" d="M`, number(m-3), ` 3l6 6m0-6l-6 6"/>`)
		}
	case worst.State == jobmon.StateRunning && p.isOverdue(c, worst):
		p.box("b-over", x, 0, wide, barHeight, ` fill="url(#p-over)"`)
	case worst.State == jobmon.StateRunning:
		p.box("b-todo", x, 0, wide, barHeight, "")
		p.filled(worst, x, wide)
	case worst.State.Ended() && worst.State != jobmon.StateSucceeded:
		p.box("b-gone", x+1, 4, wide-2, 4, "")
	case worst.State.Ended():
		p.box("b-done", x, 0, wide, barHeight, "")
	case worst.Late:
		p.put(`<rect class="b-late" x="`, number(x), `.5" y=".5" width="`, number(wide-1), `" height="11"/>`)
		if wide >= 9 {
			m := x + wide/2
			p.put(`<path class="b-plus" d="M`, number(m-3), ` 6h6m-3-3v6"/>`)
		}
	default:
		p.box("b-todo", x, 0, wide, barHeight, "")
	}
}

// stageRank is how much a stage needs to be seen among those that share a segment.
func stageRank(s *jobmon.Stage) int {
	switch {
	case s.Failed > 0 || s.State == jobmon.StateFailed:
		return 4
	case s.State == jobmon.StateRunning:
		return 3
	case !s.State.Ended():
		return 2
	}
	return 1
}

func (p *pen) box(class string, x, y, wide, high int, more string) {
	p.put(`<rect class="`, class, `" x="`, number(x), `" y="`, number(y), `" width="`, number(max(wide, 1)),
		`" height="`, number(high), `"`, more, `/>`)
}

// filled draws how much of the stage at work is done: by its time where its usual length is known, else by its jobs.
func (p *pen) filled(s *jobmon.Stage, x, wide int) {
	share, more := 0, ""
	switch {
	case s.Expected > 0 && s.Began != 0:
		more = ` data-since="` + strconv.FormatInt(int64(s.Began.Add(p.f.slow)), 10) + `" data-takes="` +
			strconv.FormatInt(s.Expected.Milliseconds(), 10) + `" data-wide="` + number(wide) + `"`
		if !p.lasts {
			share = wide * int(min(p.now.Sub(s.Began), s.Expected*95/100)/1e6) / int(max(1, s.Expected/1e6))
		}
	case s.Jobs > 0:
		share = wide * s.JobsDone / s.Jobs
	}
	p.box("b-run", x, 0, max(share, 2), barHeight, more)
}

// isOverdue reports whether the stage at work is overdue, by the rule of term.PhaseOf.
func (p *pen) isOverdue(c *jobmon.Progress, s *jobmon.Stage) bool {
	at := c.Session
	return at.Current >= 0 && at.Current < len(at.Stages) && &at.Stages[at.Current] == s &&
		term.PhaseOf(c, p.now) == term.PhaseOverdue
}

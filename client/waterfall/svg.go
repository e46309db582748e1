package waterfall

import (
	_ "embed" // the style
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

//go:embed style.css
var style string

// The measures of the picture, in its own units.
const (
	pageWidth  = 1200
	margin     = 28
	namesWidth = 268
	barsLeft   = margin + namesWidth + 16
	barsWidth  = 600
	barsRight  = barsLeft + barsWidth
	tookRight  = barsRight + 74
	remarkLeft = tookRight + 14
	headHeight = 150
	axisHeight = 26
	stageRow   = 30
	jobRow     = 21
	footLine   = 18
)

// SVG writes the chart as a picture in one file. The error is the writer's.
func SVG(w io.Writer, c *Chart) error {
	p := picture{Chart: c}
	p.draw(true)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// Inline writes the chart as a picture for a page that has the style of Style. The error is the writer's.
func Inline(w io.Writer, c *Chart) error {
	p := picture{Chart: c}
	p.draw(false)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// Style is the stylesheet of pictures that Inline writes; its rules hold for these alone.
func Style() string { return style }

// picture is the SVG as it grows.
type picture struct {
	*Chart
	b strings.Builder
}

func (p *picture) f(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

// safe is a text that is neither markup nor anything invisible.
func safe(text string) string { return html.EscapeString(term.Plain(text)) }

// cut is a text cut to a width, by what letters take on average.
func cut(text string, width float64, letter float64) string {
	return html.EscapeString(fit(text, max(1, int(width/letter))))
}

func (p *picture) x(at jobmon.Instant) float64 {
	if p.End <= p.Began {
		return barsLeft
	}
	at = min(max(at, p.Began), p.End)
	return barsLeft + barsWidth*float64(at-p.Began)/float64(p.End-p.Began)
}

func (p *picture) rowsHeight() int {
	height := 0
	for i := range p.Lines {
		height += p.Lines[i].height()
	}
	return height
}

func (l *Line) height() int {
	if l.Job {
		return jobRow
	}
	return stageRow
}

// draw writes the picture; alone says that it is a file of its own, which brings its style.
func (p *picture) draw(alone bool) {
	rows := p.rowsHeight()
	foot := footLine * (len(p.Notes) + len(p.Gaps))
	height := headHeight + axisHeight + rows + 24 + foot + 16
	result := p.Words.outcome(p.Result)
	p.f(`<svg xmlns="http://www.w3.org/2000/svg" class="waterfall" viewBox="0 0 %d %d" width="%d" height="%d" `+
		`role="img" aria-label="%s">`+"\n",
		pageWidth, height, pageWidth, height,
		safe(p.title()+": "+result+"; "+p.summary()))
	if alone {
		p.f("<title>%s</title>\n<style>\n%s</style>\n", safe(p.title()), style)
	}
	p.f(`<defs><pattern id="waits" width="6" height="6" patternUnits="userSpaceOnUse" ` +
		`patternTransform="rotate(45)"><rect width="6" height="6" class="waitback"/><path d="M0 0V6" ` +
		`class="waitline"/></pattern>` +
		`<pattern id="unseen" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" ` +
		`class="unseenback"/><circle cx="1.8" cy="1.8" r="1.1" class="unseendot"/><circle cx="4.8" cy="4.8" ` +
		`r="1.1" class="unseendot"/></pattern></defs>` + "\n")
	p.f(`<rect width="%d" height="%d" class="paper"/>`+"\n", pageWidth, height)
	p.head()
	top := headHeight + axisHeight
	p.axis(top, rows)
	y := top
	for i := range p.Lines {
		p.row(&p.Lines[i], y)
		y += p.Lines[i].height()
	}
	p.steps(top, rows)
	p.foot(y + 30)
	p.f("</svg>\n")
}

func (p *picture) head() {
	p.f(`<text x="%d" y="48" class="title">%s</text>`+"\n", margin, cut(p.Computer, 800, 13))
	key, say := "waterfall.id", p.Words.say
	if p.Site != "" {
		key = "waterfall.id.on"
	}
	where := say("waterfall.number", "n", strconv.Itoa(p.Number)) + "  ·  " +
		say(key, "id", strconv.Itoa(int(p.ID)), "site", p.Site)
	p.f(`<text x="%d" y="72" class="dim">%s  ·  %s</text>`+"\n", margin, cut(where, 400, 7),
		html.EscapeString(p.when()))
	class := "busy"
	switch {
	case p.Good:
		class = "good"
	case p.Bad:
		class = "bad"
	}
	result := p.Words.outcome(p.Result)
	wide := 28 + 7*utf8.RuneCountInString(result)
	right := pageWidth - margin
	p.f(`<rect x="%d" y="28" width="%d" height="26" rx="13" class="p-%s"/><text x="%d" y="45.5" class="pill middle `+
		`t-%s">%s</text>`+"\n",
		right-wide, wide, class, right-wide/2, class, safe(result))
	p.f(`<text x="%d" y="72" class="num end dim">%s</text>`+"\n", right,
		html.EscapeString(say("waterfall.all", "time", p.Words.span(p.Took))))
	p.shares(92)
}

// shares draws what the time went to as one bar, with words below.
func (p *picture) shares(y int) {
	whole := float64(p.Working + p.Waiting + p.Unseen)
	width := float64(pageWidth - 2*margin)
	x, textX := float64(margin), margin
	fills := map[Kind]string{Working: `class="stage"`, Waiting: `fill="url(#waits)"`, Unseen: `fill="url(#unseen)"`}
	for _, s := range p.parts() {
		fill := fills[s.kind]
		if wide := width * float64(s.took) / max(1, whole); wide > 0 {
			p.f(`<rect x="%.1f" y="%d" width="%.1f" height="14" %s/>`, x, y, max(wide-1, 1), fill)
			x += wide
		}
		label := fmt.Sprintf("%s %s, %d %%", s.word, p.Words.span(s.took), p.share(s.took))
		p.f(`<rect x="%d" y="%d" width="14" height="10" rx="2" %s/><text x="%d" y="%d" class="num small `+
			`dim">%s</text>`+"\n", textX, y+25, fill, textX+20, y+34, html.EscapeString(label))
		textX += 20 + 6*utf8.RuneCountInString(label) + 36
	}
	p.f(`<rect x="%d" y="%d" width="14" height="10" rx="2" class="failed"/><text x="%d" y="%d" class="small `+
		`dim">%s</text>`+"\n", textX, y+25, textX+20, y+34, html.EscapeString(p.Words.say("waterfall.failed")))
}

func (p *picture) axis(top, rows int) {
	y := top
	for i := range p.Lines { // stages stand on a band
		if l := &p.Lines[i]; !l.Job {
			p.f(`<rect x="%d" y="%d" width="%d" height="%d" rx="5" class="band"/>`+"\n", margin-8, y+2,
				pageWidth-2*margin+16, stageRow-4)
		}
		y += p.Lines[i].height()
	}
	free := 0.0
	for _, t := range p.ticks(10) {
		x := p.x(t.at)
		p.f(`<path d="M%.1f %dV%d" class="grid"/>`, x, top-4, top+rows)
		if x >= free && x < barsRight-16 {
			p.f(`<text x="%.1f" y="%d" class="small dim num middle">%s</text>`, x, top-10, html.EscapeString(t.label))
			free = x + 8*float64(len(t.label))
		}
		p.b.WriteString("\n")
	}
	p.f(`<path d="M%d %dH%d" class="edge"/>`+"\n", barsLeft, top-4, barsRight)
	for _, g := range p.Gaps {
		if g.From < g.To {
			p.f(`<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="url(#unseen)" `+
				`opacity=".45"><title>%s</title></rect>`+"\n",
				p.x(g.From), top-4, max(1, p.x(g.To)-p.x(g.From)), rows+4,
				safe(p.Words.word("gap", g.What)+", "+p.between(g.From, g.To)))
		}
	}
}

// steps marks where the clock jumped.
func (p *picture) steps(top, rows int) {
	for _, g := range p.Gaps {
		if g.From == g.To {
			p.f(`<path d="M%.1f %dV%d" class="step"><title>%s</title></path>`+"\n", p.x(g.From), top-4, top+rows,
				safe(p.Words.word("gap", g.What)+", "+p.at(g.From)))
		}
	}
}

// row draws a line: its state and name, its bars, how long it took, and what else there is to say.
func (p *picture) row(l *Line, y int) {
	middle := float64(y) + float64(l.height())/2
	left, letter, class := float64(margin), 8.4, ` class="name"`
	if l.Job {
		left, letter, class = margin+16, 7.7, ` class="dim"`
	}
	room := barsLeft - 16 - left - 20
	p.mark(l, left+6, middle)
	if l.Late {
		late := p.Words.say("waterfall.late")
		wide := 8 + 6*utf8.RuneCountInString(late)
		room -= float64(wide + 8)
		p.f(`<rect x="%d" y="%.1f" width="%d" height="15" rx="7.5" class="p-busy"/><text x="%d" y="%.1f" `+
			`class="small middle t-busy">%s</text>`,
			barsLeft-16-wide, middle-7.5, wide, barsLeft-16-wide/2, middle+4, html.EscapeString(late))
	}
	p.f(`<text x="%.1f" y="%.1f"%s>%s<title>%s</title></text>`+"\n", left+20, middle+4.5, class,
		cut(p.name(l), room, letter), safe(p.tip(l)))
	for i, b := range l.Bars {
		p.bar(l, b, middle, i == len(l.Bars)-1)
	}
	if took := p.took(l); took != "" {
		p.f(`<text x="%d" y="%.1f" class="num end small">%s</text>`, tookRight, middle+4, html.EscapeString(took))
	}
	said := *l
	said.Late = false // it stands beside the name
	if remark := p.remark(&said); remark != "" {
		class := "dim"
		if l.State == jobmon.StateFailed {
			class = "t-bad"
		}
		p.f(`<text x="%d" y="%.1f" class="small %s">%s<title>%s</title></text>`+"\n", remarkLeft, middle+4, class,
			cut(remark, pageWidth-margin-remarkLeft, 6.6), safe(remark))
	}
}

// tip is the text that appears when the pointer rests on a line.
func (c *Chart) tip(l *Line) string {
	text := c.name(l)
	if l.Began != 0 {
		text += ", " + c.between(l.Began, l.Ended)
	}
	if took := c.took(l); took != "" {
		text += ", " + took
	}
	if remark := c.remark(l); remark != "" {
		text += ", " + remark
	}
	return text
}

func (p *picture) bar(l *Line, b Bar, middle float64, last bool) {
	x, wide := p.x(b.From), max(2, p.x(b.To)-p.x(b.From))
	tall := 14.0
	if l.Job {
		tall = 9
	}
	switch b.Kind {
	case Working, Failed:
		class := "stage"
		if l.Job {
			class = "job"
		}
		if b.Kind == Failed {
			class = "failed"
		}
		if l.Running && last && wide > 10 { // an arrow: it goes on
			p.f(`<path d="M%.1f %.1fH%.1fL%.1f %.1fL%.1f %.1fH%.1fZ" class="%s"><title>%s</title></path>`+"\n", x,
				middle-tall/2, x+wide-6, x+wide, middle,
				x+wide-6, middle+tall/2, x, class, safe(p.tip(l)))
			return
		}
		p.f(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" rx="2.5" class="%s"><title>%s</title></rect>`+"\n", x,
			middle-tall/2, wide, tall, class, safe(p.tip(l)))
	case Waiting:
		p.f(`<rect x="%.1f" y="%.1f" width="%.1f" height="8" fill="url(#waits)"><title>%s, %s</title></rect>`+"\n",
			x, middle-4, wide, safe(p.Words.say("waterfall.waiting")), safe(p.between(b.From, b.To)))
	case Unseen:
		p.f(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" fill="url(#unseen)"/><rect x="%.1f" y="%.1f" `+
			`width="%.1f" height="%.0f" class="unseenedge"><title>%s, %s</title></rect>`+"\n",
			x, middle-tall/2, wide, tall, x, middle-tall/2, wide, tall, safe(p.Words.say("waterfall.unseen")),
			safe(p.between(b.From, b.To)))
	}
}

// mark draws the state's mark; each state has a shape of its own.
func (p *picture) mark(l *Line, x, y float64) {
	class, path := "other", fmt.Sprintf("M%.1f %.1fa3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0", x-3.5, y) // waits: a ring
	switch l.State {
	case jobmon.StateSucceeded:
		class, path = "succeeded", fmt.Sprintf("M%.1f %.1fl3 3.2l5.5 -6.4", x-4, y)
	case jobmon.StateFailed:
		class, path = "failed", fmt.Sprintf("M%.1f %.1fl7 7m0 -7l-7 7", x-3.5, y-3.5)
	case jobmon.StateRunning:
		class, path = "running", fmt.Sprintf("M%.1f %.1fl6 4l-6 4z", x-3, y-4)
	case jobmon.StateCancelled, jobmon.StateUnknown:
		path = fmt.Sprintf("M%.1f %.1fh8", x-4, y)
	}
	p.f(`<path d="%s" class="mark m-%s"><title>%s</title></path>`, path, class, safe(p.state(l)))
}

func (p *picture) foot(y int) {
	say := func(text, class string) {
		p.f(`<text x="%d" y="%d" class="small %s">%s</text>`+"\n", margin, y, class, safe(text))
		y += footLine
	}
	for _, note := range p.Notes {
		say(p.note(note), "")
	}
	for _, g := range p.Gaps {
		between := ": "
		if g.From != g.To {
			between = ", " + p.Words.span(g.To.Sub(g.From)) + between
		}
		say(p.gap(g, between), "dim")
	}
}

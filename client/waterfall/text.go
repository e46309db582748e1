package waterfall

import (
	"fmt"
	"io"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The marks of the chart in a terminal. They are ASCII: consoles without other letters show it the same.
const (
	stageMark   = '#'
	jobMark     = '='
	failedMark  = 'x'
	waitingMark = '.'
	unseenMark  = '?'
	goesOnMark  = '>'
)

// pipeWidth is how wide the chart is where the output is no terminal.
const pipeWidth = 120

// Text writes the chart for a terminal, in its width. The error is the writer's.
func Text(w io.Writer, c *Chart, o term.Options) error {
	width := max(o.Width, 80)
	if o.Width == 0 {
		width = pipeWidth
	}
	t := text{Chart: c, look: o, width: width}
	t.layout()
	t.head()
	t.axis()
	for i := range c.Lines {
		t.line(&c.Lines[i])
	}
	t.legend()
	_, err := io.WriteString(w, t.b.String())
	return err
}

// text is the chart as it grows.
type text struct {
	*Chart
	look                      term.Options
	width, names, bars, takes int // columns of the whole, and of its parts; what is left is for remarks
	b                         strings.Builder
}

func (t *text) layout() {
	t.names, t.takes = 8, 4
	for i := range t.Lines {
		t.names = max(t.names, term.Columns(term.Plain(t.name(&t.Lines[i]))))
		t.takes = max(t.takes, len(t.took(&t.Lines[i])))
	}
	t.names = min(t.names, max(24, t.width/4))
	t.bars = max(20, (t.width-3-t.names-1-t.takes-2)*2/3)
}

// name is the line's name, moved in below its stage.
func (t *text) name(l *Line) string {
	if l.Job {
		return "  " + l.Name
	}
	return t.Chart.name(l)
}

func (t *text) say(line string, tone term.Tone) {
	t.b.WriteString(t.look.Paint(fit(line, t.width), tone) + "\n")
}

// wrap says more than may fit on a line.
func (t *text) wrap(text string, tone term.Tone) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && term.Columns(line)+1+term.Columns(word) > t.width {
			t.say(line, tone)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	t.say(line, tone)
}

func (t *text) head() {
	t.say(t.title()+": "+t.Words.outcome(t.Result), term.Strong)
	t.say(t.when(), term.Plainly)
	t.say(fmt.Sprintf("%s: %s", t.Words.span(t.Took), t.summary()), term.Plainly)
	for _, note := range t.Notes {
		t.wrap(t.note(note), term.Busily)
	}
	t.b.WriteString("\n")
}

// axis writes the times above the bars.
func (t *text) axis() {
	line := []byte(strings.Repeat(" ", t.bars))
	free := 0
	for _, k := range t.ticks(max(2, t.bars/10)) {
		if at := t.column(k.at); at >= free && at+len(k.label) <= t.bars {
			copy(line[at:], k.label)
			free = at + len(k.label) + 2
		}
	}
	times := t.look.Paint(strings.TrimRight(string(line), " "), term.Faintly)
	t.b.WriteString(strings.Repeat(" ", 3+t.names+1) + times + "\n")
}

// column is where a moment stands among the bars.
func (t *text) column(at jobmon.Instant) int {
	if t.End <= t.Began {
		return 0
	}
	return int(int64(at-t.Began) * int64(t.bars) / int64(t.End-t.Began))
}

func (t *text) line(l *Line) {
	sign, tone := term.Mark(l.State)
	name := fit(t.name(l), t.names)
	pad := strings.Repeat(" ", t.names-term.Columns(name))
	nameTone := term.Plainly
	if !l.Job {
		nameTone = term.Strong
	}
	line := t.look.Paint(sign, tone) + " " + t.look.Paint(name, nameTone) + pad + " " + t.drawn(l)
	took := t.took(l)
	line += strings.Repeat(" ", 1+t.takes-len(took)) + took
	if room := t.width - 3 - t.names - 1 - t.bars - 1 - t.takes - 2; room >= 4 && t.remark(l) != "" {
		line += "  " + t.look.Paint(fit(t.remark(l), room), tone)
	}
	t.b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// drawn are the bars: each column shows what matters most of the time that it stands for, so that nothing short is
// lost.
func (t *text) drawn(l *Line) string {
	marks := []rune(strings.Repeat(" ", t.bars))
	rank := map[rune]int{' ': 0, waitingMark: 1, unseenMark: 2, stageMark: 3, jobMark: 3, failedMark: 4}
	for i, b := range l.Bars {
		from, to := t.column(b.From), t.column(b.To)
		if to == from || t.columnStart(to) < b.To {
			to++
		}
		mark := rune(waitingMark)
		switch {
		case b.Kind == Unseen:
			mark = unseenMark
		case b.Kind == Failed:
			mark = failedMark
		case b.Kind == Working && l.Job:
			mark = jobMark
		case b.Kind == Working:
			mark = stageMark
		}
		for at := from; at < to && at < t.bars; at++ {
			if rank[mark] > rank[marks[at]] {
				marks[at] = mark
			}
		}
		if l.Running && i == len(l.Bars)-1 {
			marks[min(max(from, to-1), t.bars-1)] = goesOnMark
		}
	}
	var b strings.Builder
	for len(marks) > 0 { // a run of equal marks is painted at once
		n := 1
		for n < len(marks) && marks[n] == marks[0] {
			n++
		}
		b.WriteString(t.look.Paint(string(marks[:n]), toneOf(marks[0])))
		marks = marks[n:]
	}
	return b.String()
}

// columnStart is the moment at which a column begins.
func (t *text) columnStart(column int) jobmon.Instant {
	return t.Began + jobmon.Instant(int64(column)*int64(t.End-t.Began)/int64(t.bars))
}

func toneOf(mark rune) term.Tone {
	switch mark {
	case stageMark, jobMark:
		return term.Well
	case failedMark:
		return term.Badly
	case goesOnMark:
		return term.Busily
	case waitingMark, unseenMark:
		return term.Faintly
	}
	return term.Plainly
}

func (t *text) legend() {
	t.b.WriteString("\n")
	t.say(fmt.Sprintf("%c stage at work, %c job at work, %c job that failed, %c waiting, %c unseen, %c goes on",
		stageMark, jobMark, failedMark, waitingMark, unseenMark, goesOnMark), term.Faintly)
	for _, g := range t.Gaps {
		t.say(t.gap(g, ": "), term.Plainly)
	}
}

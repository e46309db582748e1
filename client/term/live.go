package term

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Phase is the one word that says where a computer stands.
type Phase string

// Phases, those first that a person should look at.
const (
	PhaseOverdue  Phase = "overdue" // runs, and should be done by now, or stands still
	PhaseRunning  Phase = "running"
	PhaseWaiting  Phase = "waiting"
	PhasePlanned  Phase = "planned"  // nothing has started yet
	PhaseFinished Phase = "finished" // however it ended
	PhaseNone     Phase = "none"     // no deployment was seen
)

// PhaseOf returns where a computer stands at that time, UTC.
func PhaseOf(p *jobmon.Progress, now jobmon.Instant) Phase {
	s := p.Session
	if s == nil {
		return PhaseNone
	}
	stage, runs := at(s.Stages, s.Current)
	switch {
	case s.State == jobmon.SessionPlanned:
		return PhasePlanned
	case s.State != jobmon.SessionOpen:
		return PhaseFinished
	case s.Still != nil:
		return PhaseOverdue
	case !runs:
		return PhaseWaiting
	case overdue(stage, now):
		return PhaseOverdue
	}
	return PhaseRunning
}

// BoardColumn is a column of the live board.
type BoardColumn int

// The columns, in their order on the board.
const (
	ColumnMark BoardColumn = iota
	ColumnComputer
	ColumnState
	ColumnDone
	ColumnJobs
	ColumnFailed
	ColumnLate
	ColumnReady
	ColumnNow
)

// LiveBoard draws a line for each picture, in the order given, with the titles of the columns apart; sorted says
// which title bears the arrow. Options.Now must be set.
func LiveBoard(pictures []jobmon.Progress, sorted BoardColumn, descending bool, o Options) (
	titles string, lines []string) {
	columns := []Column{
		{}, {Least: 10}, {spare: 4}, {}, {Right: true, spare: 2}, {Right: true}, {Right: true, spare: 1}, {spare: 3},
		{Least: 18},
	}
	titlesRow := head("", "COMPUTER", "STATE", "DONE", "JOBS", "FAIL", "LATE", "READY", "NOW")
	arrow := "▲"
	if descending {
		arrow = "▼"
	}
	titlesRow[sorted].Text += arrow
	rows := [][]Cell{titlesRow}
	names := ambiguous(pictures)
	for i := range pictures {
		p := &pictures[i]
		o := o.of(p.Computer.Site)
		clock := o.clock(p.Offset, o.Now)
		clock.short = true
		sign, word := o.phase(p)
		line := o.line(p, clock, names[nameKey(p.Computer)], false)
		rows = append(rows, append([]Cell{sign, line[0], word}, line[1:]...))
	}
	var b strings.Builder
	columns, rows = withSites(columns, rows, pictures, 1)
	o.table(&b, columns, o.gap(), rows)
	lines = strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	return lines[0], lines[1:]
}

// phase is a computer's mark and word. A failure comes first: nothing is as urgent.
func (o Options) phase(p *jobmon.Progress) (sign, word Cell) {
	phase := PhaseOf(p, o.Now)
	if phase == PhaseNone || elsewhere(p) != "" {
		return Cell{}, Cell{}
	}
	text, st := "..", Plainly
	switch phase {
	case PhaseOverdue:
		text, st = ">!", Badly
	case PhaseRunning:
		text, st = ">>", Busily
	case PhaseFinished:
		text, st = "--", Faintly
		if outcomeStyle(p.Session) == Well {
			text, st = "ok", Well
		}
	}
	word = Cell{Text: string(phase), Tone: st}
	if p.Session.Failed > 0 {
		text, st = "!!", Badly
	}
	return Cell{Text: text, Tone: st}, word
}

// Lines are one computer's screen, as Screen writes it; current is the line of the stage that runs, or comes next, -1
// for none.
func Lines(p *jobmon.Progress, o Options) (lines []string, current int) {
	s := draw(p, o)
	return strings.Split(strings.TrimSuffix(s.b.String(), "\n"), "\n"), s.current
}

// Time is a moment as the screens show it: the time of day with seconds, and its zone.
func Time(server jobmon.Offset, i jobmon.Instant, o Options) string {
	clock := o.clock(server, i)
	return fmt.Sprintf("%s %s", i.Wall(clock.shown).Time().Format("15:04:05"), clock.zone())
}

// Fit cuts a text without colours to so many columns.
func Fit(text string, width int) string { return fit(text, width) }

// FitEnd cuts a text without colours to so many columns at its beginning.
func FitEnd(text string, width int) string {
	for Columns(text) > width && text != "" {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	return text
}

// Sides sets two texts without colours to the left and the right of a line; the left one is cut where it must be.
func Sides(left, right string, width int) string {
	room := width - Columns(right)
	if right != "" {
		room -= 2
	}
	if room < 4 {
		return fit(left, width)
	}
	left = fit(left, room)
	return left + strings.Repeat(" ", width-Columns(left)-Columns(right)) + right
}

// Alarm is a sentence that must be seen, in lines of the options' width.
func (o Options) Alarm(text string) []string {
	lines := wrap(text, o.width())
	for i := range lines {
		lines[i] = o.Paint(lines[i], Badly)
	}
	return lines
}

// Summary says in a few words where a computer stands: "Office 2024 running", "ready".
func Summary(p *jobmon.Progress) string {
	if p.Session == nil {
		return ""
	}
	if stage, ok := at(p.Session.Stages, p.Session.Current); ok && p.Session.State == jobmon.SessionOpen {
		return label(stage.Name) + " running"
	}
	return Options{}.now(p, Options{}.clock(p.Offset, p.At), true).Text
}

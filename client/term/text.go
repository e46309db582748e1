package term

import (
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Columns is how many columns of a terminal a text takes.
func Columns(text string) int { return displaywidth.String(text) }

// Plain makes a name safe for a terminal or a line of a log, as plain.Text does.
func Plain(name string) string { return plain.Text(name) }

// longest is how much of a name is shown at most, in columns, also where a line may have any length.
const longest = 100

// label is a name as it is shown.
func label(name string) string {
	if strings.TrimSpace(name) == "" {
		return "(no name)"
	}
	return fit(Plain(name), longest)
}

// fit cuts text to so many columns, the last of which is then an ellipsis.
func fit(text string, width int) string { return displaywidth.TruncateString(text, width, "…") }

// Wrap breaks text between words into lines of so many columns; those behind the first are indented.
func Wrap(text string, width int) []string { return wrap(text, width) }

// wrap breaks text between words into lines of so many columns; those behind the first are indented. A longer word is
// cut.
func wrap(text string, width int) []string {
	const indent = "  "
	var lines []string
	line := ""
	for _, word := range strings.Split(text, " ") {
		switch {
		case line == "":
			line = word
		case displaywidth.String(line)+1+displaywidth.String(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, strings.TrimRight(fit(line, width), " ")), indent+word
		}
	}
	return append(lines, strings.TrimRight(fit(line, width), " "))
}

// sentence writes a line, or several where little room is.
func (o Options) sentence(b *strings.Builder, st Tone, text string) {
	parts := []string{text}
	if o.narrow() {
		parts = wrap(text, o.width())
	}
	for _, part := range parts {
		b.WriteString(o.Paint(part, st) + "\n")
	}
}

// Tone is how a text looks where colour is allowed: a parameter of the terminal's "select graphic rendition". It never
// says what the text does not.
type Tone string

// The tones.
const (
	Plainly  Tone = ""
	Strong   Tone = "1"
	Faintly  Tone = "2"
	Reversed Tone = "7" // foreground and background exchanged
	Badly    Tone = "31"
	Well     Tone = "32"
	Busily   Tone = "33"
)

// Paint puts text into its tone.
func (o Options) Paint(text string, t Tone) string {
	if !o.Color || t == Plainly || text == "" {
		return text
	}
	return "\x1b[" + string(t) + "m" + text + "\x1b[0m"
}

// bar is a bar of so many columns.
func bar(percent, width int) string {
	full := min(max(percent, 0), 100) * width / 100
	return strings.Repeat("#", full) + strings.Repeat("-", width-full)
}

// clock shows times: those of the day around it without date.
type clock struct {
	server, shown jobmon.Offset // of the DS server, of the times that are shown
	around        jobmon.Instant
	short         bool // other days have no year
}

func (o Options) clock(server jobmon.Offset, around jobmon.Instant) clock {
	if o.UTC {
		return clock{server: server, around: around}
	}
	return clock{server: server, shown: server, around: around}
}

// at is "14:05", or "2026-11-21 14:05" on another day, or "?" for no moment.
func (c clock) at(i jobmon.Instant) string {
	if i == 0 {
		return "?"
	}
	t := i.Wall(c.shown).Time()
	if t.Format(time.DateOnly) == c.around.Wall(c.shown).Time().Format(time.DateOnly) {
		return t.Format("15:04")
	}
	if c.short {
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// between is from when to when, with the date of the end only when it is on another day than the beginning.
func (c clock) between(from, to jobmon.Instant) string {
	end := c
	end.around = from
	return c.at(from) + "-" + end.at(to)
}

// start is at for a planned time.
func (c clock) start(w jobmon.WallTime) string { return c.at(w.Instant(c.server)) }

// exact is "2026-11-22 14:05:00 UTC+01:00".
func (c clock) exact(i jobmon.Instant) string {
	return i.Wall(c.shown).Time().Format(time.DateTime) + " " + c.zone()
}

func (c clock) zone() string {
	if c.shown == 0 {
		return "UTC"
	}
	return "UTC" + c.shown.String()
}

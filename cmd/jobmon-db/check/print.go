package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// tones are the colours of the states on a terminal.
var tones = map[State]term.Tone{OK: term.Well, Warn: term.Busily, Fail: term.Badly, Skip: term.Faintly}

// Print writes the lines as a table, what to do next below what was found, and counts them at the end. The error is the
// writer's.
func Print(w io.Writer, lines []Line, look term.Options) error {
	const stateWidth = 4
	nameWidth := 0
	for _, l := range lines {
		nameWidth = max(nameWidth, len(l.Check))
	}
	indent := strings.Repeat(" ", stateWidth+nameWidth+4)
	room := 0
	if look.Width > 0 {
		room = max(look.Width-len(indent), 30)
	}
	var b strings.Builder
	counts := map[State]int{}
	for _, l := range lines {
		counts[l.State]++
		begin := look.Paint(string(l.State), tones[l.State]) + strings.Repeat(" ", stateWidth-len(l.State))
		fmt.Fprintf(&b, "%s  %-*s  %s\n", begin, nameWidth, l.Check, paragraph(l.Found, indent, room))
		if l.Next != "" {
			b.WriteString(indent + "-> " + paragraph(l.Next, indent+"   ", max(room-3, 0)) + "\n")
		}
	}
	fmt.Fprintf(&b, "\n%d ok, %s, %d failed, %d skipped\n", counts[OK], words.Count(counts[Warn], "warning"),
		counts[Fail], counts[Skip])
	_, err := io.WriteString(w, b.String())
	return err
}

// paragraph breaks a text into lines of so many columns, those behind the first below the indent; 0 is one line.
func paragraph(text, indent string, room int) string {
	text = term.Plain(text)
	if room == 0 {
		return text
	}
	return strings.Join(term.Wrap(text, room), "\n"+indent[2:]) // which indents them by two itself
}

// PrintJSON writes the lines as an array of objects. The error is the writer's.
func PrintJSON(w io.Writer, lines []Line) error {
	return plain.WriteJSON(w, lines)
}

package check

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// The colours of the states on a terminal.
func (s State) paint(text string, color bool) string {
	parameter := map[State]string{OK: "32", Warn: "33", Fail: "31", Skip: "2"}[s]
	if !color || parameter == "" {
		return text
	}
	return "\x1b[" + parameter + "m" + text + "\x1b[0m"
}

// Print writes the lines as a table, what to do next below what was found, and counts them at the end. The error is the
// writer's.
func Print(w io.Writer, lines []Line, look term.Options) error {
	const stateWidth = 4
	nameWidth := 0
	for _, l := range lines {
		nameWidth = max(nameWidth, utf8.RuneCountInString(l.Check))
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
		found := wrap(term.Plain(l.Found), room)
		fmt.Fprintf(&b, "%s%*s  %s%*s  %s\n", l.State.paint(string(l.State), look.Color), stateWidth-len(l.State), "",
			l.Check, nameWidth-utf8.RuneCountInString(l.Check), "", found[0])
		for _, text := range found[1:] {
			b.WriteString(indent + text + "\n")
		}
		if l.Next == "" {
			continue
		}
		for i, text := range wrap(term.Plain(l.Next), max(room-3, 0)) {
			arrow := "-> "
			if i > 0 {
				arrow = "   "
			}
			b.WriteString(indent + arrow + text + "\n")
		}
	}
	fmt.Fprintf(&b, "\n%d ok, %d to know of, %d failed, %d skipped\n", counts[OK], counts[Warn], counts[Fail],
		counts[Skip])
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks a text at its spaces into lines of so many characters; 0 is one line. There is at least one.
func wrap(text string, width int) []string {
	if width == 0 || utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	var lines []string
	line, used := "", 0
	for word := range strings.SplitSeq(text, " ") {
		n := utf8.RuneCountInString(word)
		if line != "" && used+1+n > width {
			lines = append(lines, line)
			line, used = "", 0
		}
		if line != "" {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	return append(lines, line)
}

// PrintJSON writes the lines as an array of objects. The error is the writer's.
func PrintJSON(w io.Writer, lines []Line) error {
	encoder := plain.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(lines)
}

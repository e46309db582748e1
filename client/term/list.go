package term

import (
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// Tone says how a cell looks where colour is allowed. It never says what the text does not.
type Tone int

// The tones.
const (
	Plainly Tone = iota
	Strong
	Faintly
	Well
	Badly
	Busily
)

func (t Tone) style() style { return [...]style{normal, bold, faint, good, bad, busy}[t] }

// Cell is a field of a list. When its column is too narrow Text is cut and Tail stays. Names may be given as they are.
type Cell struct {
	Text, Tail string
	Tone       Tone
}

// Column is a column of a list.
type Column struct {
	Title string
	Right bool // its cells end at the same place
	Least int  // it may be cut to so many columns of the terminal; 0 is not cut
}

// List writes a table with a line for each row, aligned and cut to the options' width, below the titles, if there are
// any. The error is the writer's.
func List(w io.Writer, columns []Column, rows [][]Cell, o Options) error {
	set := make([]column, len(columns))
	head := make([]cell, len(columns))
	titles := ""
	for i, c := range columns {
		set[i] = column{right: c.Right, least: c.Least}
		head[i] = cell{text: c.Title, style: faint}
		titles += c.Title
	}
	var lines [][]cell
	if titles != "" {
		lines = append(lines, head)
	}
	for _, row := range rows {
		line := make([]cell, len(row))
		for i, c := range row {
			line[i] = cell{text: fit(Plain(c.Text), longest), tail: Plain(c.Tail), style: c.Tone.style()}
		}
		lines = append(lines, line)
	}
	gap := " "
	if o.roomy() {
		gap = "  "
	}
	var b strings.Builder
	o.table(&b, set, gap, lines)
	_, err := io.WriteString(w, b.String())
	return err
}

// Columns is how many columns of a terminal a text takes.
func Columns(text string) int { return displaywidth.String(text) }

// Paint puts text into its tone.
func (o Options) Paint(text string, t Tone) string { return o.paint(text, t.style()) }

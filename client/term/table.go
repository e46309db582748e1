package term

import (
	"io"
	"strings"
)

// Cell is a field of a table. When its column is too narrow Text is cut and Tail stays, as long as that leaves least
// columns for Text. Commands may give names as they are.
type Cell struct {
	Text, Tail string
	Tone       Tone
	least      int
}

// Column says how a column of a table is set.
type Column struct {
	Title string
	Right bool // its cells end at the same place
	Least int  // it may be cut to so many columns of the terminal; 0 is not cut
	Width int  // of a Stream: longer cells push what follows to the right, except on a terminal
	spare int  // left out where all others are cut already: 1 first; 0 never
}

// safe is the cell without anything that commands a terminal.
func (c Cell) safe() Cell {
	c.Text, c.Tail = fit(Plain(c.Text), longest), Plain(c.Tail)
	return c
}

// titles are the cells of a table's first line.
func titles(columns []Column) []Cell {
	row := make([]Cell, len(columns))
	for i, c := range columns {
		row[i] = Cell{Text: c.Title, Tone: Faintly}
	}
	return row
}

// List writes a table with a line for each row, aligned and cut to the options' width. The error is the writer's.
func List(w io.Writer, columns []Column, rows [][]Cell, o Options) error {
	lines := [][]Cell{titles(columns)}
	for _, row := range rows {
		line := make([]Cell, len(row))
		for i, c := range row {
			line[i] = c.safe()
		}
		lines = append(lines, line)
	}
	var b strings.Builder
	o.table(&b, columns, o.gap(), lines)
	_, err := io.WriteString(w, b.String())
	return err
}

// gap stands between columns.
func (o Options) gap() string {
	if o.roomy() {
		return "  "
	}
	return " "
}

// table writes aligned lines, cut to the options' width by narrowing the widest of the columns that may be, and by
// leaving out what can be spared.
func (o Options) table(b *strings.Builder, columns []Column, gap string, rows [][]Cell) {
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], Columns(c.Text+c.Tail))
		}
	}
	if o.Width > 0 {
		o.squeeze(columns, widths, len(gap))
	}
	for _, row := range rows {
		b.WriteString(o.row(columns, widths, gap, row))
	}
}

// row is one line of a table with columns of these widths.
func (o Options) row(columns []Column, widths []int, gap string, cells []Cell) string {
	var line strings.Builder
	blank := 0 // columns of space that stand before the next text
	for i, c := range cells {
		if widths[i] == leftOut {
			continue
		}
		text := c.fit(widths[i])
		space := max(columns[i].Width, widths[i]) - Columns(text)
		if columns[i].Right {
			blank, space = blank+space, 0
		}
		if text != "" {
			line.WriteString(strings.Repeat(" ", blank) + o.Paint(text, c.Tone))
			blank = 0
		}
		blank += space + len(gap)
	}
	return line.String() + "\n"
}

// leftOut is the width of a column that is not shown.
const leftOut = -1

// squeeze makes the widths fit: by narrowing columns to the least that is comfortable, else by leaving out what can be
// spared, and at last by narrowing further.
func (o Options) squeeze(columns []Column, widths []int, gap int) {
	for {
		over, slack, spare := -gap-o.width(), 0, -1
		for i, c := range columns {
			if widths[i] == leftOut {
				continue
			}
			over += widths[i] + gap
			if c.Least > 0 {
				slack += max(0, widths[i]-c.Least)
			}
			if c.spare > 0 && (spare < 0 || c.spare < columns[spare].spare) {
				spare = i
			}
		}
		switch {
		case over <= 0:
			return
		case over <= slack:
			narrow(columns, widths, over, func(c Column) int { return c.Least })
			return
		case spare < 0:
			narrow(columns, widths, over, func(c Column) int { return min(c.Least, 4) })
			return
		}
		widths[spare] = leftOut
	}
}

// narrow takes so many columns of the terminal away, each from the widest that may be cut and is wider than least.
func narrow(columns []Column, widths []int, by int, least func(Column) int) {
	for ; by > 0; by-- {
		widest := -1
		for i, c := range columns {
			if c.Least > 0 && widths[i] > least(c) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

// fit is the cell's text in so many columns.
func (c Cell) fit(width int) string {
	if Columns(c.Text)+Columns(c.Tail) <= width {
		return c.Text + c.Tail
	}
	if room := width - Columns(c.Tail); room > 0 && room >= c.least {
		return fit(c.Text, room) + c.Tail
	}
	return fit(c.Text+c.Tail, width)
}

// Stream writes a table whose lines come one by one, so that its widths are given beforehand. On a terminal of known
// width lines are cut to it. Errors are the writer's.
type Stream struct {
	o       Options
	w       io.Writer
	columns []Column
	begun   bool
}

// NewStream returns a table with these columns, the last of which has any width.
func NewStream(w io.Writer, columns []Column, o Options) *Stream {
	return &Stream{o: o, w: w, columns: columns}
}

// begin writes the titles before the first line.
func (s *Stream) begin() error {
	if s.begun {
		return nil
	}
	s.begun = true
	return s.line(titles(s.columns))
}

// Line writes a line; the titles come before the first one.
func (s *Stream) Line(cells []Cell) error {
	if err := s.begin(); err != nil {
		return err
	}
	return s.line(cells)
}

// Note writes a line of its own between the others, faintly; the titles come before it.
func (s *Stream) Note(text string) error {
	if err := s.begin(); err != nil {
		return err
	}
	_, err := io.WriteString(s.w, s.o.Paint(Plain(text), Faintly)+"\n")
	return err
}

func (s *Stream) line(cells []Cell) error {
	const gap = "  "
	widths, left := make([]int, len(cells)), s.o.width()
	line := make([]Cell, len(cells))
	for i, c := range cells {
		line[i] = Cell{Text: Plain(c.Text), Tone: c.Tone}
		widths[i] = max(s.columns[i].Width, Columns(line[i].Text))
		if s.o.Width > 0 {
			if widths[i] = left; i < len(cells)-1 {
				widths[i] = min(left, s.columns[i].Width)
			}
			left = max(left-s.columns[i].Width-len(gap), 0)
		}
	}
	_, err := io.WriteString(s.w, s.o.row(s.columns, widths, gap, line))
	return err
}

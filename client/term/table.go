package term

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// cell is one field of a table. When it is too narrow text is cut and tail stays, as long as that leaves so many
// columns for text.
type cell struct {
	text, tail string
	least      int
	style      style
}

// column says how a column of a table is set.
type column struct {
	right bool
	least int // may be cut to so many columns; 0 is not cut
	spare int // left out where all others are cut already: 1 first; 0 never
}

// table writes aligned lines, cut to the options' width by narrowing the widest of the columns that may be, and by leaving
// out what can be spared.
func (o Options) table(b *strings.Builder, columns []column, gap string, rows [][]cell) {
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], displaywidth.String(c.text)+displaywidth.String(c.tail))
		}
	}
	if o.Width > 0 {
		o.squeeze(columns, widths, len(gap))
	}
	for _, row := range rows {
		var line strings.Builder
		blank := 0 // columns of space that stand before the next text
		for i, c := range row {
			if widths[i] == leftOut {
				continue
			}
			text := c.fit(widths[i])
			space := widths[i] - displaywidth.String(text)
			if columns[i].right {
				blank, space = blank+space, 0
			}
			if text != "" {
				line.WriteString(strings.Repeat(" ", blank) + o.paint(text, c.style))
				blank = 0
			}
			blank += space + len(gap)
		}
		b.WriteString(line.String() + "\n")
	}
}

// leftOut is the width of a column that is not shown.
const leftOut = -1

// squeeze makes the widths fit: by narrowing columns to the least that is comfortable, else by leaving out what can be
// spared, and at last by narrowing further.
func (o Options) squeeze(columns []column, widths []int, gap int) {
	for {
		over, slack, spare := -gap-o.width(), 0, -1
		for i, c := range columns {
			if widths[i] == leftOut {
				continue
			}
			over += widths[i] + gap
			if c.least > 0 {
				slack += max(0, widths[i]-c.least)
			}
			if c.spare > 0 && (spare < 0 || c.spare < columns[spare].spare) {
				spare = i
			}
		}
		switch {
		case over <= 0:
			return
		case over <= slack:
			narrow(columns, widths, over, func(c column) int { return c.least })
			return
		case spare < 0:
			narrow(columns, widths, over, func(c column) int { return min(c.least, 4) })
			return
		}
		widths[spare] = leftOut
	}
}

// narrow takes so many columns of the terminal away, each from the widest that may be cut and is wider than least.
func narrow(columns []column, widths []int, by int, least func(column) int) {
	for ; by > 0; by-- {
		widest := -1
		for i, c := range columns {
			if c.least > 0 && widths[i] > least(c) && (widest < 0 || widths[i] > widths[widest]) {
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
func (c cell) fit(width int) string {
	if displaywidth.String(c.text)+displaywidth.String(c.tail) <= width {
		return c.text + c.tail
	}
	if room := width - displaywidth.String(c.tail); room > 0 && room >= c.least {
		return fit(c.text, room) + c.tail
	}
	return fit(c.text+c.tail, width)
}

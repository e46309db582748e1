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
}

// table writes aligned lines, cut to the options' width by narrowing the widest of the columns that may be.
func (o Options) table(b *strings.Builder, columns []column, gap string, rows [][]cell) {
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], displaywidth.String(c.text)+displaywidth.String(c.tail))
		}
	}
	if o.Width > 0 {
		over := len(gap)*(len(columns)-1) - o.width()
		for _, w := range widths {
			over += w
		}
		for ; over > 0; over-- {
			widest := -1
			for i, c := range columns {
				if c.least > 0 && widths[i] > c.least && (widest < 0 || widths[i] > widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			widths[widest]--
		}
	}
	for _, row := range rows {
		var line strings.Builder
		blank := 0 // columns of space that stand before the next text
		for i, c := range row {
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

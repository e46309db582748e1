package board

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// table is a table of figures as its template sees it.
func (v *reportsView) table(t *Table, r *Reports) tableView {
	q := url.Values{}
	for name, value := range map[string]string{"since": r.Since, "until": r.Until, "lang": r.Asked} {
		if value != "" {
			q.Set(name, value)
		}
	}
	view := tableView{Name: t.Name, Title: shown(t.Name), CSV: "/reports/" + url.PathEscape(t.Name) + ".csv",
		Half: t.Name == TableFailing || t.Name == TableSlowest}
	if len(q) > 0 {
		view.CSV += "?" + q.Encode()
	}
	if key := "table." + t.Name; v.pen.w.Has(key) {
		view.Title = v.Say(key)
	}
	for i, name := range t.Columns {
		text := shown(name)
		if key := "column." + name; v.pen.w.Has(key) {
			text = v.Say(key)
		}
		view.Columns = append(view.Columns, columnView{text, numeric(t, i)})
	}
	for _, row := range ranked(t) {
		cells := make([]cellView, len(row))
		for i := range row {
			c := &row[i]
			text := v.pen.value(c.Text)
			cells[i] = cellView{Text: text, Href: c.Href, Head: i == 0, Trend: trend(text, c.Trend),
				Drawing: v.drawing(c, t.Name == TableFailing)}
			cells[i].Number = i < len(view.Columns) && view.Columns[i].Number && i > 0
		}
		view.Rows = append(view.Rows, cells)
	}
	return view
}

// bound reports whether a duration is known only as the most that it can have been.
func bound(c *Cell) bool {
	length, is := c.Text.(jobmon.Length)
	return is && length.Most > 0
}

// ranked are a table's rows as they are drawn. What is known only as a bound has no bar, and no rank among the slowest
// jobs: it comes last there.
func ranked(t *Table) [][]Cell {
	median, worst := slices.Index(t.Columns, "median_s"), slices.Index(t.Columns, "worst_s")
	if median < 0 {
		return t.Rows
	}
	rows, bounds := make([][]Cell, 0, len(t.Rows)), [][]Cell(nil)
	for _, row := range t.Rows {
		row = slices.Clone(row)
		if worst >= 0 && worst < len(row) && median < len(row) && bound(&row[worst]) {
			row[median].Worst = 0
		}
		if median < len(row) && bound(&row[median]) {
			row[median].Share, row[median].Worst = 0, 0
			if t.Name == TableSlowest {
				bounds = append(bounds, row)
				continue
			}
		}
		rows = append(rows, row)
	}
	return append(rows, bounds...)
}

// noValue stands in a cell where there is no figure.
const noValue = "–"

// numeric reports whether a column holds numbers or durations alone.
func numeric(t *Table, column int) bool {
	return column > 0 && !slices.ContainsFunc(t.Rows, func(row []Cell) bool {
		if column >= len(row) {
			return false
		}
		switch value := row[column].Text.(type) {
		case string:
			return value != "" && value != noValue
		case jobmon.Code, Word:
			return true
		}
		return false
	})
}

// drawing is what a cell has besides its text: a bar with the mark of the worst, or a small line.
func (v *reportsView) drawing(c *Cell, bad bool) template.HTML {
	p := newPen(v.Frame, false)
	switch {
	case len(c.Line) > 1:
		least, greatest := slices.Min(c.Line), slices.Max(c.Line)
		p.put(`<svg class="spark" width="76" height="18" aria-hidden="true"><polyline points="`)
		x, y := 0.0, 0.0
		for i, value := range c.Line {
			x, y = 2+70*float64(i)/float64(len(c.Line)-1), 9.0
			if greatest > least {
				y = 15 - 12*(value-least)/(greatest-least)
			}
			p.put(fmt.Sprintf("%.1f,%.1f ", x, y))
		}
		p.put(fmt.Sprintf(`"/><circle cx="%.1f" cy="%.1f" r="2"/></svg>`, x, y))
	case c.Share > 0 || c.Worst > 0:
		class := "share"
		if bad {
			class = "share bad-share"
		}
		p.put(`<svg class="`, class, `" viewBox="0 0 200 12" preserveAspectRatio="none" aria-hidden="true">`,
			`<rect class="s-back" y="5" width="200" height="2"/>`)
		long := func(share float64) string { return strconv.FormatFloat(198*min(max(share, 0), 1), 'f', 1, 64) }
		if c.Worst > 0 {
			p.put(`<rect class="s-thin" y="5" width="`, long(c.Worst), `" height="2"/>`,
				`<rect class="s-worst" x="`, long(c.Worst), `" width="2" height="12"/>`)
		}
		p.put(`<rect class="s-bar" y="2" width="`, long(c.Share), `" height="8"/></svg>`)
	}
	return p.html()
}

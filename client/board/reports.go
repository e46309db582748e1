package board

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reportsView is the page of figures as its template sees it.
type reportsView struct {
	view
	Ranges       []choice
	Since, Until string
	Kept         []field
	Period       string
	Figures      []figureLine
	DaysChart    template.HTML
	LineChart    template.HTML
	Legend       []legendLine
	Tables       []tableView
	PrintedAt    string
	Empty        bool
}

type figureLine struct {
	Name, Value, Detail, Href string
	Trend                     template.HTML
}

type legendLine struct {
	Class, Fill, Text string
}

type tableView struct {
	Name, Title, CSV string
	Columns          []columnView
	Rows             [][]cellView
	Half             bool // there is room for two such tables side by side
}

type columnView struct {
	Text   string
	Number bool
}

type cellView struct {
	Text, Href string
	Number     bool
	Head       bool
	Drawing    template.HTML
	Trend      template.HTML
}

// usualSince is the beginning of the period that is shown where none is asked for.
const usualSince = "-30d"

// Write writes the page. The error is the writer's.
func (r *Reports) Write(w io.Writer) error { return write(w, "reports", r.view()) }

func (r *Reports) view() *reportsView {
	v := &reportsView{view: newView(&r.Frame, "reports", "/reports"), Since: r.Since, Until: r.Until}
	p := v.pen
	v.Name = v.Say("reports")
	v.PrintedAt = p.w.Say("printed", "time", p.w.moment(v.wall(v.Now)))
	v.Kept = v.kept("lang", v.Asked)
	for _, days := range []int{7, 14, 30, 90} {
		since := "-" + number(days) + "d"
		href := v.Present("/reports")
		if strings.Contains(href, "?") {
			href += "&"
		} else {
			href += "?"
		}
		v.Ranges = append(v.Ranges, choice{Text: p.w.Say("reports.days", "n", number(days)),
			Href:   href + url.Values{"since": {since}}.Encode(),
			Chosen: cmp.Or(r.Since, usualSince) == since && r.Until == ""})
	}
	if r.First != 0 && r.Last != 0 {
		v.Period = p.w.Say("reports.period", "from", p.w.dated("date.long", v.wall(r.First), false),
			"to", p.w.dated("date.long", v.wall(r.Last-1), false))
	}
	for _, f := range r.Figures {
		line := figureLine{Name: shown(f.Name), Value: shown(f.Value), Detail: shown(f.Detail), Href: f.Href}
		if before, now, two := strings.Cut(line.Detail, " → "); two {
			line.Detail = p.w.Say("figure.change", "before", before, "now", now)
		}
		line.Trend = trend(f.Detail, f.Trend)
		if key := "figure." + f.Name; p.w.Has(key) {
			line.Name = v.Say(key)
		}
		v.Figures = append(v.Figures, line)
	}
	v.charts(r)
	for i := range r.Tables {
		v.Tables = append(v.Tables, v.table(&r.Tables[i], r))
	}
	v.Empty = len(r.Tables) == 0 && len(r.Days) == 0
	return v
}

// trend is an arrow beside a text: the text's sign is its direction, and its colour says whether that is better.
func trend(text string, way int) template.HTML {
	arrow, class := "▲", "better"
	switch {
	case way == 0:
		return ""
	case way < 0:
		arrow, class = "▼", "worse"
	}
	switch {
	case strings.HasPrefix(text, "+"):
		arrow = "▲"
	case strings.HasPrefix(text, "-"), strings.HasPrefix(text, "−"):
		arrow = "▼"
	}
	return safe(`<span class="` + class + `" aria-hidden="true">` + arrow + ` </span>`)
}

func (v *reportsView) table(t *Table, r *Reports) tableView {
	q := url.Values{}
	for name, value := range map[string]string{"since": r.Since, "until": r.Until} {
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
			cells[i] = cellView{Text: shown(c.Text), Href: c.Href, Head: i == 0, Trend: trend(c.Text, c.Trend),
				Drawing: v.drawing(c, t.Name == TableFailing)}
			cells[i].Number = i < len(view.Columns) && view.Columns[i].Number && i > 0
			if key := "cell." + c.Text; v.pen.w.Has(key) {
				cells[i].Text = v.Say(key)
			}
		}
		view.Rows = append(view.Rows, cells)
	}
	return view
}

// bound reports whether a duration is known only as the most that it can have been.
func bound(text string) bool {
	return strings.HasPrefix(text, "< ") || strings.HasPrefix(text, "up to ")
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
		if worst >= 0 && worst < len(row) && median < len(row) && bound(row[worst].Text) {
			row[median].Worst = 0
		}
		if median < len(row) && bound(row[median].Text) {
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

// numeric reports whether a column holds numbers or durations alone.
func numeric(t *Table, column int) bool {
	return column > 0 && !slices.ContainsFunc(t.Rows, func(row []Cell) bool {
		if column >= len(row) {
			return false
		}
		for _, word := range strings.Fields(row[column].Text) {
			digits := strings.Trim(word, "~<≥+-−–.,%0123456789")
			if digits != "" && !slices.Contains([]string{"s", "min", "h", "d"}, digits) {
				return true
			}
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

// leastOfDay is how many deployments a day needs to stand in the line: a share of fewer says nothing.
const leastOfDay = 5

// charts draws the results by day, and the share that was right the first time.
func (v *reportsView) charts(r *Reports) {
	if len(r.Days) == 0 {
		return
	}
	sums := [4]int{}
	for _, d := range r.Days {
		for i, n := range d.counts() {
			sums[i] += n
		}
	}
	for i, name := range []string{"first", "retries", "failed", "early"} {
		v.Legend = append(v.Legend, legendLine{Class: "d-" + name, Fill: dayFill(i),
			Text: v.pen.w.Say("day."+name, "n", number(sums[i]))})
	}
	v.DaysChart, v.LineChart = v.days(r.Days), v.rightFirst(r.Days)
}

func (d *Day) counts() [4]int { return [4]int{d.First, d.Retries, d.Failed, d.Early} }

func (d *Day) all() int { return d.First + d.Retries + d.Failed + d.Early }

// dayFill is the pattern of a result, "" for a plain area.
func dayFill(i int) string { return []string{"", "url(#p-retry)", "url(#p-fail)", "url(#p-early)"}[i] }

// The measures of the charts, in their own units.
const (
	chartWide   = 680
	chartHigh   = 220
	chartLeft   = 44
	chartTop    = 24
	chartBottom = 180
)

func scale(most int) (step, top int) {
	step = 1
	for most/step > 5 {
		for _, next := range []int{2, 5, 10} {
			if step*next > most/5 || next == 10 {
				step *= next
				break
			}
		}
	}
	return step, max((most+step-1)/step*step, step)
}

func (v *reportsView) days(days []Day) template.HTML {
	p, most := newPen(v.Frame, false), 1
	for i := range days {
		most = max(most, days[i].all())
	}
	step, top := scale(most)
	p.chartHead(v.Say("chart.days"))
	for n := 0; n <= top; n += step {
		p.gridLine(chartBottom-(chartBottom-chartTop)*n/top, number(n))
	}
	room := float64(chartWide-chartLeft) / float64(len(days))
	every, wide := (len(days)+13)/14, min(room*0.6, 48)
	for i := range days {
		d := &days[i]
		x, y := float64(chartLeft)+room*float64(i), float64(chartBottom)
		p.put(`<g><title>`, p.w.day(v.wall(d.Began)), `: `, number(d.all()), `</title>`)
		for k, n := range d.counts() {
			high := float64((chartBottom-chartTop)*n) / float64(top)
			if n == 0 {
				continue
			}
			y -= high
			fill := dayFill(k)
			if fill != "" {
				fill = ` fill="` + fill + `"`
			}
			p.put(fmt.Sprintf(`<rect class="d-%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"%s/>`,
				[]string{"first", "retries", "failed", "early"}[k], x+(room-wide)/2, y, wide, max(high-1, 1), fill))
		}
		if d.all() > 0 && room > 22 {
			p.put(fmt.Sprintf(`<text class="c-total" text-anchor="middle" x="%.1f" y="%.1f">%d</text>`,
				x+room/2, y-6, d.all()))
		}
		p.put(`</g>`)
		if i%every == 0 {
			p.dayLabel(x+room/2, v.wall(d.Began))
		}
	}
	p.put(`</svg>`)
	return p.html()
}

func (p *pen) chartHead(label string) {
	p.put(`<svg class="days" viewBox="0 0 `, number(chartWide), ` `, number(chartHigh), `" role="img" aria-label="`,
		esc(label), `">`)
}

func (p *pen) gridLine(y int, label string) {
	p.put(`<rect class="c-grid" x="`, number(chartLeft), `" y="`, number(y), `" width="`, number(chartWide-chartLeft),
		`" height="1"/><text class="c-label" text-anchor="end" x="`, number(chartLeft-8), `" y="`, number(y+4), `">`,
		label, `</text>`)
}

func (p *pen) dayLabel(x float64, t time.Time) {
	p.put(fmt.Sprintf(`<text class="c-label" text-anchor="middle" x="%.1f" y="%d">%s</text>`, x, chartBottom+18,
		esc(p.w.pick("weekdays.short", int(t.Weekday())))))
	p.put(fmt.Sprintf(`<text class="c-label" text-anchor="middle" x="%.1f" y="%d">%d</text>`,
		x, chartBottom+33, t.Day()))
}

// rightFirst draws the share of each day that was right the first time, without days of few deployments.
func (v *reportsView) rightFirst(days []Day) template.HTML {
	var kept []Day
	least := 100
	for _, d := range days {
		if d.all() >= leastOfDay {
			kept = append(kept, d)
			least = min(least, 100*d.First/d.all())
		}
	}
	if len(kept) < 2 {
		return safe(`<p class="none">` + v.pen.w.phrase("chart.few") + `</p>`)
	}
	p := newPen(v.Frame, false)
	low := max(0, least/10*10-10)
	y := func(share float64) float64 {
		return chartBottom - (chartBottom-chartTop)*(share-float64(low))/float64(100-low)
	}
	p.chartHead(v.Say("chart.first"))
	step := 10
	if 100-low > 50 {
		step = 20
	}
	for n := 100; n >= low; n -= step {
		p.gridLine(int(y(float64(n))), number(n)+" %")
	}
	room := float64(chartWide-chartLeft-60) / float64(max(1, len(kept)-1))
	every := (len(kept) + 9) / 10
	var path strings.Builder
	for i := range kept {
		share := 100 * float64(kept[i].First) / float64(kept[i].all())
		fmt.Fprintf(&path, "%.1f,%.1f ", chartLeft+12+room*float64(i), y(share))
	}
	p.put(`<polyline class="c-line" points="`, path.String(), `"/>`)
	for i := range kept {
		d, x := &kept[i], chartLeft+12+room*float64(i)
		share := 100 * float64(d.First) / float64(d.all())
		p.put(fmt.Sprintf(`<circle class="c-dot" cx="%.1f" cy="%.1f" r="4"><title>%s: %.0f %%</title></circle>`,
			x, y(share), esc(p.w.day(v.wall(d.Began))), share))
		if i == len(kept)-1 {
			p.put(fmt.Sprintf(`<text class="c-total" x="%.1f" y="%.1f">%.0f %%</text>`, x+8, y(share)+4, share))
		}
		if i%every == 0 {
			p.dayLabel(x, v.wall(d.Began))
		}
	}
	p.put(`</svg>`)
	return p.html()
}

package board

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"net/url"
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
		from, to := r.period()
		key := "reports.period"
		if v.zones() {
			key = "reports.period.sites"
		}
		v.Period = p.w.Say(key, "from", p.w.dated("date.long", from, false),
			"to", p.w.dated("date.long", to, false))
	}
	for _, f := range r.Figures {
		line := figureLine{Name: shown(f.Name), Value: p.value(f.Value), Detail: shown(f.Detail), Href: f.Href}
		if f.At != 0 {
			at := v.wall(f.At)
			line.Detail += ", " + p.w.day(at) + " " + at.Format("15:04")
		}
		if f.Before != nil {
			line.Detail = p.say("figure.change", "before", f.Before, "now", f.Value)
		}
		line.Trend = trend("", f.Trend)
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

// period is the first day and the last one: each site's days are those of its own clock, so a day of one of them may
// lie outside the days of the hub.
func (r *Reports) period() (from, to time.Time) {
	from, to = r.wall(r.First), r.wall(r.Last-1)
	if n := len(r.Days); n > 0 && r.fleet() {
		if first := r.wall(r.Days[0].Noon); first.YearDay() != from.YearDay() && first.Before(from) {
			from = first
		}
		if last := r.wall(r.Days[n-1].Noon); last.YearDay() != to.YearDay() && last.After(to) {
			to = last
		}
	}
	return from, to
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
		p.put(`<g><title>`, p.w.day(v.wall(d.Noon)), `: `, number(d.all()), `</title>`)
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
			p.dayLabel(x+room/2, v.wall(d.Noon))
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
			x, y(share), esc(p.w.day(v.wall(d.Noon))), share))
		if i == len(kept)-1 {
			p.put(fmt.Sprintf(`<text class="c-total" x="%.1f" y="%.1f">%.0f %%</text>`, x+8, y(share)+4, share))
		}
		if i%every == 0 {
			p.dayLabel(x, v.wall(d.Noon))
		}
	}
	p.put(`</svg>`)
	return p.html()
}

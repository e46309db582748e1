package board

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The heights in the drawing below the slider.
const (
	trackTop  = 16 // bars begin below the crosses
	trackBars = 28
	trackBase = trackTop + trackBars
)

// Hidden are what the field for a moment keeps of the address.
func (v *view) Hidden() []field {
	q := v.query
	return append(fields(q, "at"), v.kept("range", v.Range, "lang", v.Asked)...)
}

// kept are fields of those names and values that have a value.
func (v *view) kept(pairs ...string) []field {
	var list []field
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, field{pairs[i], pairs[i+1]})
		}
	}
	return list
}

// Typed is what stands in the field: the moment shown, or nothing.
func (v *view) Typed() string {
	if !v.Past() {
		return ""
	}
	return v.pen.today.Format(time.DateTime)
}

// Timeline is what the slider stands on, nil where the script is to ask for it.
func (v *view) Timeline() *Timeline { return v.line }

func (v *view) FromMS() int64 { return int64(v.line.From) }
func (v *view) ToMS() int64   { return int64(v.line.To) }

// PageSeconds is how far a Page key goes.
func (v *view) PageSeconds() int {
	if v.oneDeployment() {
		return 600
	}
	return 3600
}

// PageStep is the same in words.
func (v *view) PageStep() string {
	if v.oneDeployment() {
		return v.Say("key.minutes")
	}
	return v.Say("key.hour")
}

func (v *view) oneDeployment() bool { return v.deploy && (v.Range == "" || v.Range == RangeDeployment) }

// Ranges are the periods that the slider can cover.
func (v *view) Ranges() []choice {
	names := []string{RangeDay, RangeWeek, RangeMonth, RangeAll}
	usual := RangeWeek
	if v.deploy {
		names, usual = []string{RangeDeployment, RangeDay, RangeWeek, RangeAll}, RangeDeployment
	}
	var list []choice
	for _, name := range names {
		href := v.address("range", name)
		list = append(list, choice{name, v.Say("range." + name), href, name == cmp.Or(v.Range, usual)})
	}
	return list
}

// Drawing is the timeline.
func (v *view) Drawing() template.HTML {
	p := newPen(v.Frame, false)
	p.timeline(v.line)
	return p.html()
}

// SVG writes the ground of the slider: bars for activity, crosses for failures, hatched where nobody watched.
func (t *Timeline) SVG(w io.Writer, f *Frame) error {
	p := newPen(f, false)
	p.timeline(t)
	_, err := w.Write(p.b)
	return err
}

// share is where a moment stands, in percent.
func (t *Timeline) share(at jobmon.Instant) float64 {
	if t.To <= t.From {
		return 0
	}
	at = min(max(at, t.From), t.To)
	return 100 * float64(at-t.From) / float64(t.To-t.From)
}

func percent(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) + "%" }

func (p *pen) timeline(t *Timeline) {
	p.put(`<svg class="timeline" width="100%" height="62" aria-hidden="true">`)
	p.put(`<rect class="t-base" x="0" y="`, number(trackBase), `" width="100%" height="1"/>`)
	for _, s := range t.Unwatched {
		x := t.share(s.From)
		p.put(`<rect class="t-blind" x="`, percent(x), `" y="`, number(trackTop), `" width="`,
			percent(max(t.share(s.To)-x, 0.1)), `" height="`, number(trackBars), `" fill="url(#p-blind)"/>`)
	}
	p.buckets(t)
	p.ticks(t)
	for _, m := range t.Failures {
		p.put(`<svg class="t-fail" x="`, percent(t.share(m.At)), `" y="2" overflow="visible">`,
			`<path d="M-3 0l6 6m0-6l-6 6"/><title>`, esc(m.Computer), `: `, esc(m.Job), `, `, p.at(m.At),
			`</title></svg>`)
	}
	p.put(`<rect class="t-ahead" id="ahead" x="`, percent(t.share(p.now)), `" y="0" width="100%" height="`,
		number(trackBase+1), `"/>`)
	if p.f.Until >= t.From && p.f.Until <= t.To {
		x := percent(t.share(p.f.Until))
		p.put(`<rect class="t-now" x="`, x, `" y="2" width="2" height="`, number(trackBase), `"/>`)
		p.put(`<text class="t-label t-present" text-anchor="end" x="`, x, `" y="58">`, p.w.phrase("now.at", "time",
			p.f.wall(p.f.Until).Format("15:04")), `</text>`)
	}
	p.put(`</svg>`)
}

// buckets draws how much went on.
func (p *pen) buckets(t *Timeline) {
	most := 1
	for _, b := range t.Buckets {
		most = max(most, b.Events)
	}
	for i, b := range t.Buckets {
		if b.Events == 0 {
			continue
		}
		from := t.From.Add(time.Duration(i) * t.Step)
		x := t.share(from)
		wide := t.share(from.Add(t.Step)) - x
		high := max(2, (trackBars*b.Events+most-1)/most)
		p.put(`<rect class="t-bar" x="`, percent(x), `" y="`, number(trackBase-high), `" width="`, percent(wide*0.85),
			`" height="`, number(high), `"/>`)
	}
}

// ticks marks days, or hours where few days are shown; a computer's stages instead where they are known.
func (p *pen) ticks(t *Timeline) {
	last := 100.0 // labels end before the one of the present
	if p.f.Until <= t.To {
		last = t.share(p.f.Until) - 8
	}
	if len(t.Stages) > 0 {
		free := -1.0
		for _, m := range t.Stages {
			if x := t.share(m.At); x >= free && x < last-4 {
				p.tick(x, p.w.name(m.Job), false)
				free = x + 4 + 0.55*float64(min(len([]rune(m.Job)), 24))
			}
		}
		return
	}
	long := t.To.Sub(t.From)
	step, form := 24*time.Hour, ""
	for _, s := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour} {
		if long/s <= 9 {
			step, form = s, "15:04"
			break
		}
	}
	for form == "" && long/step > 12 {
		step *= 2
	}
	first := p.f.wall(t.From).Truncate(step).Add(step)
	for at := first; ; at = at.Add(step) {
		i := jobmon.InstantOf(at).Add(-time.Duration(p.f.Offset) * time.Second)
		x := t.share(i)
		if i >= t.To {
			return
		}
		label := p.w.dated("date.tick", at, true)
		if form != "" {
			label = at.Format(form)
		}
		if x > last && x < last+8 || x > 97 {
			label = ""
		}
		p.tick(x, esc(label), x > last-16)
	}
}

// tick draws a mark with its label. A label near that of the present is left out where there is little room.
func (p *pen) tick(x float64, label string, near bool) {
	class := "t-label"
	if near {
		class += " t-near"
	}
	p.put(fmt.Sprintf(`<svg x="%.2f%%" y="0" overflow="visible"><path class="t-tick" d="M0 %d v%d"/>`, x, trackTop-4,
		trackBars+4), `<text class="`, class, `" x="4" y="58">`, label, `</text></svg>`)
}

package board

import (
	"html/template"
	"net/url"
	"strconv"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// pen writes HTML. What it is given is HTML already, unless a method says otherwise.
type pen struct {
	b     []byte
	f     *Frame
	w     words
	today time.Time // the day shown
	now   jobmon.Instant
	// lasts: durations that go on are left to the script, so that the bytes stay the same while time goes by
	lasts bool
}

func newPen(f *Frame, lasts bool) *pen {
	return &pen{f: f, w: wordsOf(f.Lang), today: f.wall(f.Now), now: f.Now, lasts: lasts}
}

func (p *pen) put(parts ...string) {
	for _, part := range parts {
		p.b = append(p.b, part...)
	}
}

// html is what was written.
func (p *pen) html() template.HTML { return template.HTML(p.b) } //nolint:gosec // every name went through esc

// attribute writes one whose value is text of any kind.
func (p *pen) attribute(name, value string) {
	if value != "" {
		p.put(" ", name, `="`, esc(value), `"`)
	}
}

// by has the pen write by another site's clock.
func (p *pen) by(f *Frame) *pen {
	if p.f != f {
		p.f, p.today, p.now = f, f.wall(f.Now), f.Now
	}
	return p
}

// icon is a sign; what it means stands beside it in words.
func icon(name string) string {
	return `<svg class="i i-` + name + `" aria-hidden="true"><use href="#i-` + name + `"/></svg>`
}

// since is how long ago a moment was, which goes on as long as the page shows the present.
func (p *pen) since(at jobmon.Instant) string {
	text := ""
	if !p.lasts {
		text = p.w.lasting(p.now.Sub(at))
	}
	return `<time data-since="` + strconv.FormatInt(int64(at.Add(p.f.slow)), 10) + `">` + text + `</time>`
}

// common returns when a moment of the site's clock was by the clock of the whole page: rows are sorted by how long ago
// things happened, whatever the sites' clocks show. The past is one moment by all clocks.
func (p *pen) common(at jobmon.Instant) jobmon.Instant {
	if at == 0 || p.f.past() {
		return at
	}
	return at.Add(p.f.slow)
}

// past reports whether the page shows another moment than the present.
func (f *Frame) past() bool { return f.At != "" }

// link is the address of a page at the moment shown. Pairs are more names and values.
func (f *Frame) link(path string, pairs ...string) string {
	v := url.Values{}
	if f.At != "" {
		v.Set("at", f.instant())
	}
	if f.Range != "" {
		v.Set("range", f.Range)
	}
	if f.Asked != "" {
		v.Set("lang", f.Asked)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v.Del(pairs[i]); pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// computer is the address of a computer's page at the moment shown.
func (f *Frame) computer(key jobmon.ComputerKey) string {
	path := "/c/" + key.String()
	if f.At == "" && f.Asked == "" {
		return path
	}
	other := *f
	other.Range = "" // a computer's page has periods of its own
	return other.link(path)
}

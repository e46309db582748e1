package board

import (
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Tile writes a computer's tile of the wall, as the stream sends it; as stable as Row.
func Tile(c *jobmon.Progress, f *Frame) ([]byte, error) {
	p := newPen(f.of(c.Computer.Site), true)
	p.tile(c, StateOf(c, p.now))
	return p.b, nil
}

// tile writes a tile: what stands in a large one, and what stands in a small one.
func (p *pen) tile(c *jobmon.Progress, state string) {
	s := c.Session
	p.put(`<article id="t`, c.Computer.Key().String(), `" class="tile" data-state="`, state, `" data-key="`,
		p.key(c, state), `"`)
	if ack := acknowledged(s, state); ack != 0 {
		p.put(` data-ack="`, c.Computer.Key().String(), `:`, strconv.FormatInt(int64(ack), 10), `"`)
	}
	if p.overdue(c) {
		p.put(` data-overdue="1"`)
	}
	p.attribute("data-site", c.Computer.Site)
	p.put(`><p class="w-state">`, sign(state), `<span>`, p.w.phrase("state."+state))
	if at := lastFailure(s); at != 0 {
		p.put(` `, p.at(at))
	}
	p.put(`</span></p><h2>`, p.computerName(c), `</h2>`)
	if site := p.f.site(c.Computer.Site); site != nil {
		p.put(`<p class="w-site">`)
		if site.old() {
			p.put(icon("alert"), ` `)
		}
		p.put(`<span>`, esc(site.Name), `</span>`)
		p.zoned(site)
		p.asOf(site)
		p.put(`</p>`)
	}
	if s == nil {
		p.put(`</article>`)
		return
	}
	p.put(`<p class="w-end">`, p.ready(s), `</p><p class="w-what">`)
	p.tileWhat(c)
	p.put(`</p><p class="w-then">`)
	p.tileThen(c, state)
	p.put(`</p><p class="w-now">`)
	p.tileNow(c, state)
	p.put(`</p>`)
	p.bar(c, "bar", barWidth)
	p.put(`</article>`)
}

// acknowledged is what somebody acknowledges: the moment of the newest failure, or since when it stands still.
func acknowledged(s *jobmon.SessionProgress, state string) jobmon.Instant {
	switch {
	case s == nil:
	case state == StateFailed:
		return max(lastFailure(s), 1)
	case state == StateStill && s.Still != nil:
		return s.Still.Since
	case state == StateStill:
		return s.SilentSince
	}
	return 0
}

// tileWhat says which stage failed with what, or what stands still.
func (p *pen) tileWhat(c *jobmon.Progress) {
	s := c.Session
	if list := failures(s); len(list) > 0 {
		code := p.w.phrase("failed.code", "code", list[0].Code.Short())
		p.put(`<b>`, p.w.name(list[0].Stage), `</b><span>, `, code, `</span>`)
		return
	}
	stage := current(s)
	if stage == nil {
		stage = next(s)
	}
	if stage != nil {
		p.put(`<b>`, p.w.name(stage.Name), `</b>`)
	}
}

// tileThen says what goes on all the same.
func (p *pen) tileThen(c *jobmon.Progress, state string) {
	s := c.Session
	switch {
	case !s.Unended():
		p.put(p.result(s))
	case state == StateStill:
		p.put(p.w.phrase("wall.quiet.for", "time", p.since(c.At)))
	case s.Current >= 0:
		end := p.ready(s)
		if end == "–" || len(end) > 16 {
			p.put(p.w.phrase("wall.goes.on"))
			return
		}
		p.put(p.w.phrase("wall.goes.on.ready", "time", end))
	default:
		p.put(p.w.phrase("nothing"))
		if at := idleSince(s); at != 0 {
			p.put(`, `, p.since(at))
		}
	}
}

// tileNow is the line of a small tile.
func (p *pen) tileNow(c *jobmon.Progress, state string) {
	s := c.Session
	stage := current(s)
	switch {
	case state == StateFailed || state == StateStill:
		p.put(icon("tick"), `<span>`, p.w.phrase("state."+state), `, `, p.w.phrase("wall.seen"), `</span>`)
	case !s.Unended():
		p.put(sign(state), `<span>`, p.result(s), `</span>`)
	case p.overdue(c):
		p.put(icon("alert"), `<span>`, p.w.phrase("wall.longer"), `</span>`)
	case stage != nil:
		p.put(sign(state), `<span>`, p.w.name(stage.Name), `</span>`)
	case next(s) != nil:
		p.put(sign(state), `<span>`, p.w.name(next(s).Name), `</span>`)
	default:
		p.put(sign(state), `<span>`, p.w.phrase("state."+state), `</span>`)
	}
}

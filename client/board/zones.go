package board

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// astray is by how much a server's clock differs from the hub's where that is said. In a domain no clock may.
const astray = 5 * time.Minute

// off returns by how much a site's clock is behind that of the page, 0 for a little.
func (f *Frame) off(s *SiteState) time.Duration {
	if behind := f.Now.Sub(s.Now); !f.past() && behind.Abs() >= astray {
		return behind
	}
	return 0
}

// zones reports whether times of a site are by another zone or clock than those of the page.
func (f *Frame) zones() bool {
	return slices.ContainsFunc(f.Sites, func(s SiteState) bool {
		return s.Known != 0 && (s.Offset != f.Offset || f.off(&s) != 0)
	})
}

// zoned writes a site's zone where times of several zones or clocks stand on the page.
func (p *pen) zoned(s *SiteState) {
	if !p.f.mixed || s.Known == 0 {
		return
	}
	p.put(` <small>`, zone(s.Offset), `</small>`)
	if off := p.wrong(); off != "" {
		p.put(` <small class="off">`, esc(off), `</small>`)
	}
}

// zone names an offset.
func zone(o jobmon.Offset) string { return "UTC" + o.String() }

// wrong says how far the clock of the site is off, "" for a little.
func (p *pen) wrong() string {
	switch off := p.f.astray; {
	case off > 0:
		return p.w.Say("zone.behind", "time", p.w.Lasting(off))
	case off < 0:
		return p.w.Say("zone.ahead", "time", p.w.Lasting(-off))
	}
	return ""
}

// zone is that of the site's server, a dash where nothing is known of the site yet. It says how far its clock is off.
func (p *pen) zone(s *SiteState) string {
	off := p.wrong()
	switch {
	case s.Known == 0:
		return "–"
	case off != "":
		return zone(s.Offset) + ", " + off
	}
	return zone(s.Offset)
}

// Zone is that of the times on the page, in words; "" at a site, where there is only one.
func (v *view) Zone() string {
	switch {
	case !v.fleet():
		return ""
	case v.Page == "computer" && len(v.Sites) == 1:
		return v.pen.w.Say("zone.site", "name", v.Sites[0].Name, "zone", zone(v.Offset))
	}
	return v.pen.w.Say("zone.here", "zone", zone(v.Offset))
}

// Mixed reports whether the page shows times of several zones or clocks.
func (v *view) Mixed() bool { return v.zones() }

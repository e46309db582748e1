package term

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What a board shows of several sites, each of which has a clock of its own.

// of are the options for the pictures of a site, whose server has a clock of its own.
func (o Options) of(site string) Options {
	if o.Now != 0 {
		o.Now = o.Now.Add(o.Ahead[site])
	}
	return o
}

// newestOf is the newest picture of each site, which says what holds for all of them; "" is the one site that there is
// outside of a fleet.
func newestOf(pictures []jobmon.Progress) map[string]*jobmon.Progress {
	all := map[string]*jobmon.Progress{}
	for i := range pictures {
		p := &pictures[i]
		if was := all[p.Computer.Site]; was == nil || p.Seq > was.Seq {
			all[p.Computer.Site] = p
		}
	}
	return all
}

// boardClock shows the times of a site on the board.
func (o Options) boardClock(newest *jobmon.Progress) clock {
	c := o.clock(newest.Offset, o.moment(newest))
	c.short = true
	return c
}

// asOf says below a board of which time it is, and whose times it shows.
func (o Options) asOf(b *strings.Builder, all map[string]*jobmon.Progress) {
	var last clock
	var at jobmon.Instant
	var zones []string // in their order
	in := map[string][]string{}
	for _, site := range slices.Sorted(maps.Keys(all)) {
		newest, o := all[site], o.of(site)
		clock, where := o.boardClock(newest), ""
		if site != "" {
			where = site + ": "
		}
		if newest.SourceLost {
			o.sentence(b, Badly, lost(newest, where, clock))
		}
		if o.moment(newest) > at {
			at, last = o.moment(newest), clock
		}
		zone := clock.zone()
		if in[zone] = append(in[zone], site); len(in[zone]) == 1 {
			zones = append(zones, zone)
		}
	}
	whose := o.whose()
	switch {
	case len(all) < 2 || o.UTC:
	case len(zones) == 1:
		whose = ", each DS server's time"
	default:
		for i, zone := range zones {
			zones[i] = zone + " at " + strings.Join(in[zone], ", ")
		}
		whose = "; times are each DS server's: " + strings.Join(zones, "; ")
	}
	o.sentence(b, Plainly, fmt.Sprintf("As of %s%s.", last.exact(at), whose))
}

// withSites puts a column with the site before column at, where the pictures of the rows behind the titles name one.
func withSites(columns []Column, rows [][]Cell, pictures []jobmon.Progress, at int) ([]Column, [][]Cell) {
	if !slices.ContainsFunc(pictures, func(p jobmon.Progress) bool { return p.Computer.Site != "" }) {
		return columns, rows
	}
	for i := range rows {
		site := Cell{Text: "SITE", Tone: Faintly}
		if i > 0 {
			site = Cell{Text: pictures[i-1].Computer.Site}
		}
		rows[i] = slices.Insert(rows[i], at, site)
	}
	return slices.Insert(columns, at, Column{Least: 4}), rows
}

package board

import (
	"hash/fnv"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// fleet reports whether the page is about the sites of a fleet.
func (f *Frame) fleet() bool { return f.Sites != nil }

// site is how it stands with a site, nil for one that the page does not know.
func (f *Frame) site(name string) *SiteState {
	if name == "" {
		return nil
	}
	i, found := slices.BinarySearchFunc(f.Sites, name, func(s SiteState, name string) int {
		return strings.Compare(s.Name, name)
	})
	if !found {
		return nil
	}
	return &f.Sites[i]
}

// of is the frame by which a site's computers are shown: its own server's clock decides.
func (f *Frame) of(site string) *Frame {
	s := f.site(site)
	if s == nil {
		return f
	}
	own := *f
	own.Now, own.Offset, own.slow, own.astray, own.mixed = s.Now, s.Offset, f.Now.Sub(s.Now), f.off(s), f.zones()
	return &own
}

// frames returns the frame of each site, made once.
func (f *Frame) frames() func(site string) *Frame {
	made := map[string]*Frame{}
	return func(site string) *Frame {
		if made[site] == nil {
			made[site] = f.of(site)
		}
		return made[site]
	}
}

// instant is the moment shown, for links to pages of other sites: an event's number means nothing there.
func (f *Frame) instant() string {
	if f.fleet() && strings.HasPrefix(f.At, "seq:") {
		return f.iso(f.Now)
	}
	return f.At
}

// Lacks is what the site lacks: "site", "nats" or "source", "log" where its log cannot be read, or "trouble" where
// something else is in the way; "" for nothing.
func (s *SiteState) Lacks() string {
	switch {
	case s.Unread:
		return "log"
	case s.Away == "" && s.Trouble != "":
		return "trouble"
	}
	return s.Away
}

// old reports whether what is shown of the site is not what happens there.
func (s *SiteState) old() bool { return s != nil && (s.Lacks() != "" || s.Coverage == "after") }

// missing reports whether nothing new comes from the site, or nothing is known of it.
func (s *SiteState) missing() bool { return s.old() || s.Coverage != "" }

// place writes the cell of a computer's site: with its zone where the sites' zones differ, and with the time of what is
// shown where that is old.
func (p *pen) place(s *SiteState) {
	if s == nil {
		return
	}
	p.put(`<td class="c-site">`, esc(s.Name))
	p.zoned(s)
	p.asOf(s)
	p.put(`</td>`)
}

// asOf says of when the picture of a site is where that is old.
func (p *pen) asOf(s *SiteState) {
	if !s.old() {
		return
	}
	if s.Known == 0 {
		p.put(` <b class="warn">`, p.w.phrase("site.old.unknown"), `</b>`)
		return
	}
	p.put(` <b class="warn">`, p.w.phrase("site.old", "time", p.at(s.Known)), `</b>`)
}

// Minutes is by how many seconds the arrow keys move the moment, 0 where they go from event to event: the events of
// several sites have no common order.
func (v *view) Minutes() int {
	if v.fleet() && v.Page != "computer" {
		return 60
	}
	return 0
}

// Steps says what an arrow key does.
func (v *view) Steps() string {
	if v.Minutes() > 0 {
		return v.Say("key.minute")
	}
	return v.Say("key.event")
}

// fleetView is what the page of a fleet has besides: a line for each site.
type fleetView struct {
	Title   string
	Open    bool
	Columns []string
	Lines   []siteLine
}

type siteLine struct {
	Name, Href, Server, Zone, Says, Trouble string
	Counts                                  []siteCount
	Known                                   template.HTML
	Bad, Chosen                             bool
}

type siteCount struct {
	State string
	N     int
}

// openUpTo is for how many sites the list is open when the page is loaded.
const openUpTo = 8

// sites makes the list of the sites, with their counts of all computers.
func (v *boardView) sites(lines []line) {
	if !v.fleet() {
		return
	}
	n := map[string]map[string]int{}
	for i := range lines {
		site := lines[i].picture.Computer.Site
		if n[site] == nil {
			n[site] = map[string]int{}
		}
		n[site][lines[i].state]++
		n[site]["all"]++
	}
	chosen := SitesOf(v.Query.Site)
	list := &fleetView{Title: v.standing(), Open: len(v.Sites) <= openUpTo}
	for _, name := range []string{
		"site", "says", "all", "failed", "still", "running", "waiting", "ready", "known", "zone", "server",
	} {
		list.Columns = append(list.Columns, v.Say("site.column."+name))
	}
	for i := range v.Sites {
		s := &v.Sites[i]
		line := siteLine{Name: s.Name, Server: shown(s.Server), Chosen: slices.Contains(chosen, s.Name),
			Href: v.address("site", s.Name), Trouble: s.why(), Bad: s.missing()}
		line.Zone = newPen(v.of(s.Name), false).zone(s)
		if line.Chosen { // it leads to the others that are
			others := slices.DeleteFunc(slices.Clone(chosen), func(name string) bool { return name == s.Name })
			line.Href = v.address("site", strings.Join(others, ","))
		}
		line.Says, line.Known = v.says(s), v.known(s)
		for _, state := range []string{"all", StateFailed, StateStill, StateRunning, StateWaiting, StateReady} {
			line.Counts = append(line.Counts, siteCount{State: state, N: n[s.Name][state]})
		}
		list.Lines = append(list.Lines, line)
		v.Places = append(v.Places, choice{Name: s.Name, Text: s.Name, Chosen: s.Name == v.Query.Site})
	}
	if v.Query.Site != "" && v.site(v.Query.Site) == nil {
		v.Places = append(v.Places, choice{Name: v.Query.Site, Text: v.Query.places(), Chosen: true})
	}
	v.Fleet = list
}

// says is how it stands with a site, in words.
func (v *view) says(s *SiteState) string {
	p := newPen(v.of(s.Name), false)
	var said []string
	switch {
	case s.Unread:
		said = append(said, v.away("log"))
	case s.Coverage == "before":
		said = append(said, p.w.Say("site.before", "time", p.moments(s.From)))
	case s.Coverage == "after":
		said = append(said, p.w.Say("site.after", "time", p.moments(s.Known)))
	case s.Away == "source" && v.Past():
		said = append(said, v.Say("site.away.source.then"))
	case s.Lacks() != "":
		said = append(said, v.away(s.Lacks()))
	case s.Known == 0:
		said = append(said, v.Say("site.never"))
	case v.Past():
		said = append(said, v.Say("site.then"))
	default:
		said = append(said, v.Say("site.watched"))
	}
	if s.Behind > 0 && !v.Past() {
		said = append(said, p.w.Say(p.w.CountKey("site.behind", int(s.Behind)), "n", number(int(s.Behind))))
	}
	if remarks := p.phrases(s.Said...); remarks != "" {
		said = append(said, remarks)
	}
	return strings.Join(said, ". ")
}

// away says what does not answer.
func (v *view) away(what string) string {
	if key := "site.away." + what; v.pen.w.Has(key) {
		return v.Say(key)
	}
	return shown(what)
}

// why is the site's trouble as a sentence, with what to do: nothing of it is cut off.
func (s *SiteState) why() string { return sentence(plain.Text(s.Trouble)) }

// moments is a moment with its day.
func (p *pen) moments(at jobmon.Instant) string {
	if at == 0 {
		return "?"
	}
	t := p.f.wall(at)
	return p.w.day(t) + " " + t.Format("15:04")
}

// known is until when it is known what happens at a site.
func (v *view) known(s *SiteState) template.HTML {
	p := newPen(v.of(s.Name), false)
	switch {
	case s.Known == 0 || s.Coverage == "before":
		p.put("–")
	case v.Past():
		p.put(esc(p.moments(min(s.Known, s.Now))))
	default:
		p.put(p.w.phrase("site.age", "time", p.since(min(s.Known, s.Now))))
	}
	return p.html()
}

// missing are the sites of which nothing new comes.
func (f *Frame) missing() (list []string) {
	for i := range f.Sites {
		if s := &f.Sites[i]; s.missing() {
			list = append(list, s.Name)
		}
	}
	return list
}

// standing says how many sites there are, and which of them are away.
func (v *view) standing() string {
	w, list := v.pen.w, v.missing()
	text := w.Say(w.CountKey("sites.count", len(v.Sites)), "n", number(len(v.Sites)))
	switch {
	case len(v.Sites) == 0:
		return w.Say("sites.none")
	case len(list) == 0 && v.Past():
		return text
	case len(list) == 0:
		return text + ", " + w.Say("sites.fine")
	case v.Past():
		return text + ". " + w.Say("sites.not.covered", "list", strings.Join(list, ", "))
	}
	return text + ". " + w.Say("sites.away", "list", strings.Join(list, ", "))
}

// Standing is what says what is away and why, in a form that the script compares.
func (f *Frame) Standing() string {
	var list []string
	for i := range f.Sites {
		list = append(list, f.Sites[i].Name+":"+f.Sites[i].Standing())
	}
	return strings.Join(list, " ")
}

// Standing is the same of one site. Another reason is another text; one with other numbers is not.
func (s *SiteState) Standing() string {
	if s.Trouble == "" {
		return s.Lacks()
	}
	h := fnv.New32a()
	for _, r := range s.Trouble {
		if !unicode.IsDigit(r) {
			_, _ = h.Write(utf8.AppendRune(nil, r)) // never fails
		}
	}
	return s.Lacks() + "-" + strconv.FormatUint(uint64(h.Sum32()), 36)
}

// AwayText says that a computer's site is away; "" where it is not.
func (v *view) AwayText() string {
	if v.Page != "computer" || len(v.Sites) != 1 || v.Past() {
		return ""
	}
	s := &v.Sites[0]
	lacks := s.Lacks()
	if lacks == "" || lacks == "source" && v.SourceLost || lacks == "log" && v.Trouble() {
		return ""
	}
	return s.Name + ": " + v.away(lacks) + ". " + v.pen.w.Say("site.old.page", "time", v.pen.moments(s.Known))
}

// Why are the troubles of the sites of which nothing new comes, in full; "" for none.
func (v *view) Why() string {
	var list []string
	for i := range v.Sites {
		if s := &v.Sites[i]; s.Trouble != "" && s.old() {
			why := s.why()
			if v.Page != "computer" {
				why = s.Name + ": " + why
			}
			list = append(list, why)
		}
	}
	return strings.Join(list, "\n")
}

// Lacking says of which sites a wall shows nothing new, and why; "" for none. Many of them are only named.
func (v *view) Lacking() string {
	var list []string
	for i := range v.Sites {
		if s := &v.Sites[i]; s.old() {
			list = append(list, s.Name+": "+v.says(s))
		}
	}
	if len(list) > 2 {
		return v.pen.w.Say("sites.away", "list", strings.Join(v.missing(), ", "))
	}
	return strings.Join(list, " · ")
}

// Many reports whether the page is about many sites.
func (v *view) Many() bool { return v.fleet() }

// Stale reports whether what the page shows is not what happens.
func (v *view) Stale() bool { return v.SourceLost || !v.Past() && len(v.missing()) > 0 }

// source says how many sites there are, and how many of them are away; on a computer's page how old its site's data is.
func (v *view) source() string {
	w, list := v.pen.w, v.missing()
	if v.Page == "computer" {
		return v.Sites[0].Name + ", " + w.Say("site.old", "time", v.pen.at(v.Sites[0].Known))
	}
	text := w.Say(w.CountKey("sites.count", len(v.Sites)), "n", number(len(v.Sites)))
	switch {
	case len(v.Sites) == 0:
		return w.Say("sites.none")
	case len(list) > 0 && !v.Past():
		text += ", " + w.Say("sites.away.count", "n", number(len(list)))
	}
	return text
}

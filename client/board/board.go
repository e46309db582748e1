package board

import (
	"cmp"
	"errors"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The parts of a page that the script asks for by the header X-Fragment; "" is the whole page.
const (
	FragmentMain   = "main"   // what shows the moment: banner, head and content
	FragmentSlider = "slider" // what the slider stands on
)

// ErrFragment is the error for a part that a page does not have.
var ErrFragment = errors.New("no such part of the page")

// boardView is the board's page as its template sees it.
type boardView struct {
	view
	Query    Query
	Counts   []count
	Groups   []choice
	Servers  []choice
	Places   []choice // the sites to choose from
	Fleet    *fleetView
	Left     string // how many rows of a fleet are not listed
	Heads    []columnHead
	Sections []section
	Note     string // said instead of rows: nothing is there, or nothing matches
	NoteText string
	Unread   bool // nothing was read yet
	NoteHref string
}

// count is a number at the top, which filters.
type count struct {
	State, Icon, Text, Href string
	N                       int
	Chosen                  bool
}

// columnHead is the head of a column, which sorts.
type columnHead struct{ Name, Text, Href, Sorted, Arrow string }

// section is a group of rows.
type section struct {
	Name, Letters, Title, Note string
	N                          int
	Rows                       template.HTML
}

// Write writes the page. The error is the writer's.
func (b *Board) Write(w io.Writer) error { return write(w, "board", b.view("board", "/")) }

// WriteFragment writes a part of the page.
func (b *Board) WriteFragment(w io.Writer, name string) error {
	switch name {
	case FragmentMain:
		return write(w, "board-main", b.view("board", "/"))
	case FragmentSlider:
		return write(w, "track", b.view("board", "/"))
	}
	return ErrFragment
}

// line is a picture with what orders it.
type line struct {
	picture    *jobmon.Progress
	frame      *Frame // by whose clock it is drawn
	state, key string
	name       string
}

func (b *Board) view(page, path string) *boardView {
	v := &boardView{view: newView(&b.Frame, page, path), Query: b.Query}
	v.Query.Group, v.Query.Server = shown(b.Query.Group), shown(b.Query.Server)
	if !v.fleet() {
		if v.Query.Site = ""; v.Query.Sort == "site" {
			v.Query.Sort = ""
		}
	}
	v.query, v.servers, v.line = v.Query.Values(), serversOf(b.Pictures), b.Timeline
	lines := b.lines(v.Frame)
	v.counts(lines)
	v.choices(b.Pictures)
	v.sites(lines)
	v.heads()
	kept := v.filter(lines)
	v.Query.order(kept, newPen(v.Frame, false))
	v.sections(kept)
	v.note(len(b.Pictures), len(kept))
	v.Name = v.Say("board")
	if n := v.Counts[0].N; n > 0 {
		v.Name = number(n) + " " + v.Say("count."+StateFailed) + ", " + v.Name
	}
	return v
}

// lines are the pictures as they are drawn in a frame.
func (b *Board) lines(f *Frame) []line {
	lines := make([]line, len(b.Pictures))
	frames, p := f.frames(), newPen(f, false)
	for i := range b.Pictures {
		c := &b.Pictures[i]
		f := frames(c.Computer.Site)
		state := StateOf(c, f.Now)
		lines[i] = line{picture: c, frame: f, state: state, key: p.by(f).key(c, state),
			name: strings.ToLower(jobmon.ComputerName(c.Computer.ID, c.Computer.Name))}
	}
	return lines
}

// Search is what is looked for, as rows are compared with it.
func (v *boardView) Search() string { return strings.ToLower(strings.TrimSpace(v.Query.Text)) }

// Kept are what the form keeps of the address.
func (v *boardView) Kept() []field {
	return append(fields(v.query, "q", "group", "server", "site"),
		v.kept("at", v.At, "range", v.Range, "lang", v.Asked)...)
}

// counts are of all computers, of a fleet those of the sites that are chosen, whatever else is filtered.
func (v *boardView) counts(lines []line) {
	n, all := map[string]int{}, 0
	for i := range lines {
		if v.Query.shows(lines[i].picture.Computer.Site) {
			n[lines[i].state]++
			all++
		}
	}
	icons := []string{"cross", "alert", "play", "pause", "tick", "minus"}
	for i, state := range states() {
		if state == StateOther && n[state] == 0 && v.Query.State != state {
			continue
		}
		v.Counts = append(v.Counts, count{State: state, Icon: icons[i], Text: v.Say("count." + state),
			Href: v.address("state", state), N: n[state], Chosen: v.Query.State == state})
	}
	v.Counts = append(v.Counts, count{State: "all", Text: v.Say("count.all"), Href: v.address("state", ""),
		N: all, Chosen: v.Query.State == ""})
}

// choices lists the groups and servers to choose from, as they are shown: a browser sends control characters in another
// form than it got them.
func (v *boardView) choices(pictures []jobmon.Progress) {
	list := func(names []string, chosen string) []choice {
		if chosen != "" {
			names = append(names, chosen)
		}
		slices.Sort(names)
		var choices []choice
		for _, name := range slices.Compact(names) {
			choices = append(choices, choice{Name: name, Text: name, Chosen: name == chosen})
		}
		return choices
	}
	seen := map[string]bool{"": true}
	var groups, servers []string
	for i := range pictures {
		if group := shown(pictures[i].Computer.Group); !seen[group] {
			seen[group] = true
			groups = append(groups, group)
		}
	}
	v.Groups = list(groups, v.Query.Group)
	for _, server := range v.servers {
		servers = append(servers, shown(server))
	}
	if v.Servers = list(servers, v.Query.Server); len(v.Servers) < 2 || v.fleet() && v.Query.Server == "" {
		v.Servers = nil
	}
}

func (v *boardView) heads() {
	for _, name := range []string{"state", "name", "site", "now", "bar", "jobs", "ready", "why", "news"} {
		head := columnHead{Name: name, Text: v.Say("column." + name)}
		if name == "site" && !v.fleet() {
			continue
		}
		if name == "now" && v.Past() {
			head.Text = v.Say("column.now.past")
		}
		if sort := sortOf(name); sort != "" {
			desc := ""
			chosen := v.Query.Sort == sort || v.Query.Sort == "" && sort == "state"
			if chosen {
				head.Sorted, head.Arrow = "ascending", " ▴"
				if v.Query.Desc {
					head.Sorted, head.Arrow = "descending", " ▾"
				} else {
					desc = "1"
				}
			}
			q := v.Query
			q.Sort, q.Desc = sort, desc == "1"
			if q.Sort == "state" && !q.Desc {
				q.Sort = ""
			}
			other := v.view
			other.query = q.Values()
			head.Href = other.address("", "")
		}
		v.Heads = append(v.Heads, head)
	}
}

// sortOf is what the head of a column sorts by, "" for nothing.
func sortOf(column string) string {
	switch column {
	case "name":
		return "computer"
	case "state", "site", "now", "jobs", "ready", "news":
		return column
	}
	return ""
}

func (v *boardView) filter(lines []line) []line {
	search, q := v.Search(), v.Query
	var kept []line
	for i := range lines {
		c := lines[i].picture
		if q.State != "" && lines[i].state != q.State || q.Group != "" && shown(c.Computer.Group) != q.Group ||
			q.Server != "" && shown(c.Site) != q.Server || !q.shows(c.Computer.Site) ||
			search != "" && !strings.Contains(searchText(c), search) {
			continue
		}
		kept = append(kept, lines[i])
	}
	return kept
}

// order sorts the lines as the reader asked.
func (q Query) order(lines []line, p *pen) {
	compare := map[string]func(a, b *line) int{
		"computer": func(a, b *line) int { return cmp.Compare(a.name, b.name) },
		"site":     func(a, b *line) int { return cmp.Compare(a.picture.Computer.Site, b.picture.Computer.Site) },
		"now":      func(a, b *line) int { return cmp.Compare(nowName(a.picture), nowName(b.picture)) },
		"jobs":     func(a, b *line) int { return cmp.Compare(share(a.picture), share(b.picture)) },
		"ready": func(a, b *line) int {
			return cmp.Compare(p.by(a.frame).end(a.picture), p.by(b.frame).end(b.picture))
		},
		"news": func(a, b *line) int {
			return cmp.Compare(p.by(b.frame).common(b.picture.At), p.by(a.frame).common(a.picture.At))
		},
	}[q.Sort]
	slices.SortStableFunc(lines, func(a, b line) int {
		usual := cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.name, b.name),
			a.picture.Computer.Key().Compare(b.picture.Computer.Key()))
		if compare != nil {
			usual = cmp.Or(compare(&a, &b), usual)
		}
		if q.Desc {
			return -usual
		}
		return usual
	})
}

func nowName(c *jobmon.Progress) string {
	if c.Session != nil {
		if stage := current(c.Session); stage != nil {
			return strings.ToLower(stage.Name)
		}
	}
	return "\uffff"
}

func share(c *jobmon.Progress) int {
	if c.Session == nil {
		return -1
	}
	return c.Session.Percent
}

// notKnown is behind all times.
const notKnown jobmon.Instant = 1 << 62

// end is when a computer got ready or is expected to; what is not known comes last, and what is not ready after it.
func (p *pen) end(c *jobmon.Progress) jobmon.Instant {
	switch {
	case c.Session == nil, !c.Session.Unended() && !isReady(c.Session):
		return notKnown + 1
	case !c.Session.Unended():
		return p.common(c.Session.Ended)
	}
	eta, _, _ := c.Session.Estimate(p.now)
	return cmp.Or(p.common(eta), notKnown)
}

// rowRoom is how many bytes a row usually needs.
const rowRoom = 1600

// mostRows is how many rows the board of a fleet has: a browser cannot show those of 50 sites.
const mostRows = 1500

// sections groups the lines in the usual order; in any other they are one group without a head.
func (v *boardView) sections(lines []line) {
	groups := []section{{Name: "need", Letters: "01"}, {Name: "running", Letters: "2"}, {Name: "waiting", Letters: "3"},
		{Name: "ready", Letters: "4"}, {Name: "other", Letters: "9"}}
	if v.Query.Sort != "" || v.Query.Desc {
		groups = []section{{Name: "all", Letters: "012349"}}
	}
	then := ""
	if v.Past() {
		then = ".past"
	}
	written, left := 0, 0
	for _, g := range groups {
		for i := range lines {
			if strings.Contains(g.Letters, lines[i].key[:1]) {
				g.N++
			}
		}
		p := newPen(v.Frame, false)
		p.b = make([]byte, 0, min(g.N, 4*mostRows)*rowRoom)
		for i := range lines {
			if !strings.Contains(g.Letters, lines[i].key[:1]) {
				continue
			}
			if written == mostRows && v.fleet() {
				left++
				continue
			}
			written++
			p.by(lines[i].frame).row(lines[i].picture, lines[i].state)
			p.put("\n")
		}
		if g.Rows = p.html(); g.Name != "all" {
			g.Title = v.Say("group." + g.Name + then)
		}
		if g.Name == "running" {
			g.Note = v.Say("group.running.order")
		}
		v.Sections = append(v.Sections, g)
	}
	if left > 0 {
		v.Left = v.pen.w.Say("rows.left", "n", number(left))
	}
}

// note says why there are no rows.
func (v *boardView) note(all, kept int) {
	switch {
	case all == 0 && v.ReadAge < 0 && !v.Past():
		v.Unread, v.Note = true, v.Say("unread")
		if !v.SourceLost {
			v.NoteText = v.Say("unread.text")
		}
	case all == 0:
		v.Note = v.Say("empty")
		v.NoteText = v.pen.w.Say("empty.text", "time", v.Moment())
	case kept == 0:
		var what []string
		for _, value := range []string{v.Query.Text, v.Query.places(), v.Query.Group, v.Query.Server} {
			if value != "" {
				what = append(what, "“"+shown(value)+"”")
			}
		}
		if v.Query.State != "" {
			what = append(what, v.Say("count."+v.Query.State))
		}
		v.Note = v.pen.w.Say("no.match", "what", strings.Join(what, ", "))
		none := v.view
		none.query = nil
		v.NoteHref = none.address("", "")
	}
}

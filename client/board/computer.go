package board

import (
	"cmp"
	"html/template"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/waterfall"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// computerView is a computer's page as its template sees it.
type computerView struct {
	view
	c           *Computer
	Screen      *screen
	Head        string
	State       string
	Sign        template.HTML
	StateText   template.HTML
	Failed      template.HTML // "1 failure"
	Facts       string
	Failures    []failureLine
	Chart       template.HTML
	Deployments []deploymentLine
	DeployNote  string
	Other       string // the chart is of another deployment than the screen
	OtherEnd    string // a link to the end of the one that is drawn, "" while it goes on
	Events      []eventLine
	EventsNote  template.HTML
	Earlier     string // how many events are not listed
	Here        string // a link to the moment shown
	HereText    string
	PrintedAt   string
}

type failureLine struct {
	Href                string
	Title, Meaning, Raw template.HTML
	At                  string
}

type deploymentLine struct {
	Number, Began, Took, Result, Href, Icon string
	Shown                                   bool
}

type eventLine struct {
	Href, At, What, Detail string
	Bad                    bool
}

// Write writes the page. The error is the writer's.
func (c *Computer) Write(w io.Writer) error {
	v, err := c.view()
	if err != nil {
		return err
	}
	return write(w, "computer", v)
}

// WriteFragment writes a part of the page.
func (c *Computer) WriteFragment(w io.Writer, name string) error {
	v, err := c.view()
	switch {
	case err != nil:
		return err
	case name == FragmentMain:
		return write(w, "computer-main", v)
	case name == FragmentSlider:
		return write(w, "track", v)
	}
	return ErrFragment
}

func (c *Computer) view() (*computerView, error) {
	path := "/c/" + c.Key.String()
	v := &computerView{view: newView(&c.Frame, "computer", path), c: c}
	v.deploy, v.line = true, c.Timeline
	if c.Shown > 0 {
		v.query = url.Values{"deployment": {number(c.Shown)}}
	}
	p := v.pen
	v.Head = inFleet(c.Key.Site, number(int(c.Key.ID)))
	v.PrintedAt = p.w.Say("printed", "time", p.w.moment(c.wall(c.Until)))
	if pic := c.Picture; pic != nil {
		v.servers = []string{pic.Site}
		v.Screen = p.screenOf(pic, listed)
		v.Head = v.Screen.Name
		v.headline()
		v.failures()
	}
	v.Name = v.Head
	if c.Chart != nil {
		var b strings.Builder
		drawn := *c.Chart
		drawn.Words = p.drawing()
		if err := waterfall.Inline(&b, &drawn); err != nil {
			return nil, err
		}
		v.Chart = template.HTML(b.String()) //nolint:gosec // waterfall escapes every text
	}
	v.deployments()
	v.events()
	v.Here = v.address("at", cmp.Or(v.At, c.iso(c.Now)))
	v.HereText = p.w.Say("link.to", "time", p.today.Format("15:04"))
	return v, nil
}

// headline sets the chips beside the name, and what is known of the computer.
func (v *computerView) headline() {
	p, pic := v.pen, v.c.Picture
	v.State = StateOf(pic, v.Now)
	v.Sign = safe(sign(v.State))
	v.StateText = safe(p.w.phrase("state." + v.State))
	if s := pic.Session; s != nil {
		if s.Failed > 0 {
			v.Failed = safe(p.w.count("failures", s.Failed))
			if s.Unended() { // the failure has a chip of its own
				v.Sign, v.StateText = safe(icon("play")), safe(p.w.phrase("state.running"))
				if s.Current < 0 {
					v.Sign, v.StateText = safe(icon("pause")), safe(p.w.phrase("state.waiting"))
				}
			} else {
				v.Sign, v.StateText = safe(icon("minus")), safe(p.result(s))
			}
		}
		if v.Screen.End != "" && s.Unended() {
			v.StateText += ", " + v.Screen.End
		}
	}
	facts := []string{
		pic.Computer.Site, shown(pic.Computer.Group), shown(pic.Site),
		p.w.Say("id", "id", number(int(pic.Computer.ID))),
	}
	if name := pic.Computer.OSName; name != "" && !strings.EqualFold(name, pic.Computer.Name) {
		facts = append(facts, shown(name))
	}
	if s := pic.Session; s != nil && s.Jobs > 0 {
		facts = append(facts, p.w.Say("ended.jobs", "n", number(s.JobsDone), "all", number(s.Jobs)))
	}
	var said []string
	for _, fact := range facts {
		if fact != "" {
			said = append(said, fact)
		}
	}
	v.Facts = strings.Join(said, " · ")
}

// mostFailures is how many failures a page lists.
const mostFailures = 20

// failures lists what failed, newest first, with what its code means.
func (v *computerView) failures() {
	p := v.pen
	list := failures(v.c.Picture.Session)
	for i, f := range list {
		if i == mostFailures {
			more := safe(p.w.phrase("failed.more", "n", number(len(list)-i)))
			v.Failures = append(v.Failures, failureLine{Title: more})
			return
		}
		m := newPen(v.Frame, false)
		m.meaning(f.Code)
		if len(m.b) == 0 {
			m.put(p.w.phrase("code.unknown"))
		}
		name := f.Job
		if name == "" {
			name = f.Stage
		}
		v.Failures = append(v.Failures, failureLine{
			Href: v.moment(v.c.Failed[f.is], f.At), At: v.wall(f.At).Format(time.TimeOnly), Meaning: m.html(),
			Title: safe(p.w.phrase("failed.headline", "name", p.w.name(name), "code", esc(f.Code.String()))),
			Raw:   safe(p.w.phrase("failed.in", "name", p.w.name(f.Stage))),
		})
	}
}

func (v *computerView) deployments() {
	p := v.pen
	for _, d := range v.c.Deployments {
		l := deploymentLine{Number: number(d.Number), Result: p.value(d.Result), Icon: "play", Took: p.value(d.Took)}
		if d.Began != 0 {
			t := v.wall(d.Began)
			l.Began = p.w.day(t) + " " + t.Format("15:04")
		}
		switch {
		case d.Good:
			l.Icon = "tick"
		case d.Bad:
			l.Icon = "cross"
		case d.Ended != 0:
			l.Icon = "minus"
		}
		other := v.view
		other.Frame = &Frame{Asked: v.Asked}
		l.Href = other.address("deployment", l.Number)
		if l.Shown = d.Number == v.c.Shown; l.Shown {
			v.other(&d)
		}
		v.Deployments = append(v.Deployments, l)
	}
	if v.From != 0 {
		v.DeployNote = p.w.Say("log.begins", "time", p.w.dated("date.long", v.wall(v.From), false))
	}
}

// other says which deployment is drawn where the rest of the page is about another one.
func (v *computerView) other(d *Deployment) {
	screen := 0
	if pic := v.c.Picture; pic != nil && pic.Session != nil {
		screen = pic.Session.Number
	}
	if screen == d.Number {
		return
	}
	key := "deployment.other"
	if screen == 0 {
		key = "deployment.other.none"
	}
	v.Other = v.pen.w.Say(key, "n", number(d.Number), "screen", number(screen))
	if d.Ended != 0 {
		v.OtherEnd = v.moment(d.EndSeq, d.Ended)
	}
}

// moment is the page at an event. Where its number is not known it is the page at its time, which the server's clock
// may show again.
func (v *computerView) moment(seq uint64, at jobmon.Instant) string {
	if seq == 0 {
		return v.address("at", v.iso(at))
	}
	return v.address("at", "seq:"+strconv.FormatUint(seq, 10))
}

// SiteOf is the computer's site in the fleet, with its page.
func (v *computerView) SiteOf() *Link {
	if site := v.c.Key.Site; site != "" {
		return &Link{Text: site, Href: v.link("/", "site", site)}
	}
	return nil
}

// Newest is the page with the chart of the newest deployment.
func (v *computerView) Newest() string { return v.address("deployment", "") }

func (v *computerView) events() {
	for i := range v.c.Events {
		e := &v.c.Events[i]
		t := e.At.Wall(e.Offset).Time()
		at := t.Format(time.TimeOnly)
		if t.Format(time.DateOnly) != v.pen.today.Format(time.DateOnly) {
			at = v.pen.w.day(t) + " " + at
		}
		v.Events = append(v.Events, eventLine{Href: v.moment(e.Seq, e.At), At: at,
			What: v.pen.happened(e), Detail: v.pen.about(e), Bad: e.Bad()})
	}
	if v.c.MoreEvents > 0 {
		v.Earlier = v.pen.w.Say("events.more", "n", number(int(v.c.MoreEvents)))
	}
	v.EventsNote = safe(v.pen.w.count("events.note", len(v.Events)))
}

package board

import (
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// view is a page as its template sees it.
type view struct {
	*Frame
	pen     *pen
	Page    string // "board", "computer" ...
	Path    string
	Name    string     // what the title begins with
	query   url.Values // of the page, without at and range
	servers []string
	line    *Timeline
	deploy  bool // the page may show one deployment's time
}

func newView(f *Frame, page, path string) view {
	copied := *f
	if !slices.Contains(Languages(), copied.Lang) {
		copied.Lang = Languages()[0]
	}
	if copied.At != "" && (!strings.HasPrefix(copied.At, "seq:") || copied.fleet() && page != "computer") {
		// "14:20" means another moment tomorrow, and a number another one in the log of another site
		copied.At = copied.iso(copied.Now)
	}
	return view{Frame: &copied, pen: newPen(&copied, false), Page: page, Path: path, query: url.Values{}}
}

// Say is a text of the page's language.
func (v *view) Say(key string) string { return v.pen.w.Text(key) }

// Words are those that the script needs.
func (v *view) Words() string { return v.pen.w.forScript() }

// Past reports whether the page shows another moment than the present.
func (v *view) Past() bool { return v.past() }

// Title is the page's name in the window.
func (v *view) Title() string { return v.Name + " – " + v.Brand() }

// Brand is the site's name.
func (v *view) Brand() string {
	if strings.TrimSpace(v.Site) == "" {
		return v.Say("brand")
	}
	return shown(v.Site)
}

func (v *view) NowMS() int64         { return int64(v.Now) }
func (v *view) UntilMS() int64       { return int64(v.Until) }
func (v *view) OffsetMS() int64      { return int64(v.Offset) * 1000 }
func (v *view) Moment() string       { return v.pen.w.moment(v.pen.today) }
func (v *view) Day() string          { return v.pen.w.day(v.pen.today) }
func (v *view) Clock() string        { return v.pen.today.Format("15:04") }
func (v *view) Link(p string) string { return v.link(p) }

// Present is the address of a page that shows the present only.
func (v *view) Present(path string) string {
	return (&Frame{Asked: v.Asked}).link(path)
}

// NowLink is the page in the present.
func (v *view) NowLink() string { return v.address("at", "") }

// address is the page with one value of its query changed.
func (v *view) address(name, value string) string {
	q := url.Values{}
	for key, list := range v.query {
		q[key] = list
	}
	for key, text := range map[string]string{"at": v.At, "range": v.Range, "lang": v.Asked} {
		if text != "" {
			q.Set(key, text)
		}
	}
	if q.Set(name, value); value == "" {
		q.Del(name)
	}
	if len(q) == 0 {
		return v.Path
	}
	return v.Path + "?" + q.Encode()
}

// Trouble says that a page about the present lacks what only the log says, which cannot be read.
func (v *view) Trouble() bool { return len(v.Frame.Said) > 0 && !v.Past() }

// Said are the remarks of the page.
func (v *view) Said() string { return v.pen.phrases(v.Frame.Said...) }

// PastTitle is the banner's first words.
func (v *view) PastTitle() string { return v.pen.w.Say("past.title", "time", v.Moment()) }

// PastText says how long ago that is, and what there is to know about the moment.
func (v *view) PastText() string {
	text := v.Say("past.text")
	if v.Until > v.Now {
		text = v.pen.w.Say("past.ago", "time", v.pen.w.lasting(v.Until.Sub(v.Now))) + " " + text
	}
	return strings.TrimSpace(text + " " + v.Said())
}

// LostTitle says since when the source is lost.
func (v *view) LostTitle() string { return v.pen.w.Say("lost.title", "time", v.pen.at(v.LostSince)) }

// Source says how fresh the data is.
func (v *view) Source() template.HTML {
	w, name := v.pen.w, v.Say("source")
	if v.fleet() && (v.Page != "computer" || v.AwayText() != "") {
		return safe(esc(v.source()))
	}
	switch n := len(v.servers); {
	case v.fleet():
		name = v.Sites[0].Name
	case n > 3:
		name = w.Say("servers", "n", number(n))
	case n > 0:
		name = shown(strings.Join(v.servers, ", "))
	case strings.TrimSpace(v.Site) != "":
		name = shown(v.Site)
	}
	age := max(v.ReadAge, 0)
	switch {
	case v.SourceLost:
		return template.HTML(w.phrase("source.lost", "name", esc(name))) //nolint:gosec // escaped
	case v.ReadAge < 0 && v.Past():
		return template.HTML(w.phrase("source.then", "name", esc(name))) //nolint:gosec // escaped
	case v.ReadAge < 0:
		return template.HTML(w.phrase("source.unknown", "name", esc(name))) //nolint:gosec // escaped
	case v.Past():
		at := v.wall(v.Now.Add(-age)).Format(time.TimeOnly)
		return template.HTML(w.phrase("source.was", "name", esc(name), "time", at)) //nolint:gosec // escaped
	}
	ago := `<time id="read" data-age="` + strconv.FormatInt(age.Milliseconds(), 10) + `">` + w.lasting(age) + `</time>`
	return template.HTML(w.phrase("source.read", "name", esc(name), "time", ago)) //nolint:gosec // escaped
}

// serversOf are the DS servers that pictures come from, as names to be shown.
func serversOf(pictures []jobmon.Progress) []string {
	var list []string
	for i := range pictures {
		if site := pictures[i].Site; site != "" && !slices.Contains(list, site) {
			list = append(list, site)
		}
	}
	slices.Sort(list)
	return list
}

// field is a name and a value of a form.
type field struct{ Name, Value string }

// fields are the values of a query, without some, as hidden fields of a form.
func fields(q url.Values, without ...string) []field {
	var list []field
	for name, values := range q {
		for _, value := range values {
			if value != "" && !slices.Contains(without, name) {
				list = append(list, field{name, value})
			}
		}
	}
	slices.SortFunc(list, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// choice is one of several links or options.
type choice struct {
	Name, Text, Href string
	Chosen           bool
}

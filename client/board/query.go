package board

import (
	"net/url"
	"slices"
	"strings"
)

// Query is what a reader of the board asked for; all of it stands in the address.
type Query struct {
	Text, State, Group, Server string
	Site                       string // of a fleet; several as SitesIn joins them
	Sort                       string // "computer", "site", "now", "jobs", "ready" or "news"; "" for the usual order
	Desc                       bool
}

// ParseQuery reads an address. Nothing in it is an error: what is not known asks for nothing.
func ParseQuery(v url.Values) Query {
	q := Query{Text: v.Get("q"), Group: v.Get("group"), Server: v.Get("server"), Site: SitesIn(v),
		Desc: v.Get("desc") == "1"}
	if state := v.Get("state"); stateKnown(state) {
		q.State = state
	}
	if sort := v.Get("sort"); sortKnown(sort) {
		q.Sort = sort
	}
	return q
}

// SitesIn are the sites that an address names, in one text: site=DS01&site=DS02 is DS01,DS02. "" is all of them.
func SitesIn(v url.Values) string {
	list := SitesOf(strings.Join(v["site"], ","))
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ",")
}

// SitesOf are the names in such a text.
func SitesOf(text string) (list []string) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	return list
}

// shows reports whether computers of that site are asked for.
func (q Query) shows(site string) bool { return q.Site == "" || slices.Contains(SitesOf(q.Site), site) }

// places are those sites as they are shown.
func (q Query) places() string { return shown(strings.Join(SitesOf(q.Site), ", ")) }

// Values is the address's part that ParseQuery reads.
func (q Query) Values() url.Values {
	v := url.Values{}
	for key, value := range map[string]string{
		"q": q.Text, "state": q.State, "group": q.Group, "server": q.Server, "site": q.Site, "sort": q.Sort,
	} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if q.Desc {
		v.Set("desc", "1")
	}
	return v
}

func sortKnown(name string) bool {
	switch name {
	case "state", "computer", "site", "now", "jobs", "ready", "news":
		return true
	}
	return false
}

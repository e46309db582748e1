package board

import "net/url"

// Query is what a reader of the board asked for; all of it stands in the address.
type Query struct {
	Text, State, Group, Server string
	Site                       string // of a fleet
	Sort                       string // "computer", "site", "now", "jobs", "ready" or "news"; "" for the usual order
	Desc                       bool
}

// ParseQuery reads an address. Nothing in it is an error: what is not known asks for nothing.
func ParseQuery(v url.Values) Query {
	q := Query{Text: v.Get("q"), Group: v.Get("group"), Server: v.Get("server"), Site: v.Get("site"),
		Desc: v.Get("desc") == "1"}
	if state := v.Get("state"); stateKnown(state) {
		q.State = state
	}
	if sort := v.Get("sort"); sortKnown(sort) {
		q.Sort = sort
	}
	return q
}

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

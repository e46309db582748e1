package http

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// siteJSON is how it stands with a site of a fleet.
type siteJSON struct {
	Site      string     `json:"site"`
	Server    string     `json:"server,omitempty"` // name of its DS server
	At        time.Time  `json:"at"`               // the moment, by its server's clock
	UTCOffset string     `json:"utc_offset"`
	Known     *time.Time `json:"known_until,omitempty"`
	Away      string     `json:"away,omitempty"`     // site, nats or source
	Coverage  string     `json:"coverage,omitempty"` // before or after: the moment lies there, outside its log
	Unread    bool       `json:"unreadable,omitempty"`
	Behind    uint64     `json:"behind,omitempty"` // events that are on their way
	Computers int        `json:"computers"`
	Note      string     `json:"note,omitempty"` // what is to be known about the moment
	Trouble   string     `json:"trouble,omitempty"`
}

// sitesOf is how it stands with the sites of a fleet.
func sitesOf(m *Moment) (list []siteJSON) {
	for i := range m.Sites {
		s := &m.Sites[i]
		list = append(list, siteJSON{
			Site: s.Name, Server: s.Server, At: s.Now.Time(), UTCOffset: s.Offset.String(), Known: moment(s.Known),
			Away: s.Away, Coverage: s.Coverage, Unread: s.Unread, Behind: s.Behind, Computers: s.Computers,
			Note: note(s.Said), Trouble: s.Trouble,
		})
	}
	return list
}

// newest is the newest event that is shown; 0 for the present of a fleet, whose sites count each its own.
func newest(m *Moment) uint64 {
	if m.Number != nil {
		return 0
	}
	return m.Seq
}

// many says that the questions are about the sites of a fleet.
func (q questionsOf) many() bool {
	_, is := q.Web.(ManySites)
	return is
}

// only is what a moment shows of one site.
func only(m Moment, site string) (Moment, error) {
	named := func(s board.SiteState) bool { return s.Name == site }
	if !slices.ContainsFunc(m.Sites, named) {
		return Moment{}, &Unknown{Text: fmt.Sprintf("there is no site %q", site)}
	}
	m.Sites = slices.DeleteFunc(slices.Clone(m.Sites), func(s board.SiteState) bool { return !named(s) })
	pictures := []jobmon.Progress{}
	for i := range m.Pictures {
		if m.Pictures[i].Computer.Site == site {
			pictures = append(pictures, m.Pictures[i])
		}
	}
	m.Pictures = pictures
	return m, nil
}

// of is the computer that a question is about, or the site; the zero key for all.
func (q questionsOf) of(asked url.Values) (of jobmon.ComputerKey, err error) {
	text := asked.Get("computer")
	if key, ok := jobmon.ParseKey(text); q.many() && ok && key.Site != "" {
		return key, nil
	}
	id, err := whole(asked, "computer", 0, 0, 1<<31-1)
	if err == nil && q.many() && id != 0 && asked.Get("site") == "" {
		err = &Wrong{Text: "each site counts its own computers: write computer=SITE/" + text}
	}
	return jobmon.ComputerKey{Site: asked.Get("site"), ID: jobmon.ComputerID(id)}, err
}

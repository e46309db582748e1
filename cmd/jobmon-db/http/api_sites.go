package http

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
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
	Away      string     `json:"away,omitempty"`     // site, nats, source, refused or events
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

// only is what a moment shows of some sites.
func only(m Moment, site string) (Moment, error) {
	if err := m.knows(site); err != nil {
		return Moment{}, err
	}
	list := board.SitesOf(site)
	m.Sites = slices.DeleteFunc(slices.Clone(m.Sites), func(s board.SiteState) bool {
		return !slices.Contains(list, s.Name)
	})
	pictures := []jobmon.Progress{}
	for i := range m.Pictures {
		if slices.Contains(list, m.Pictures[i].Computer.Site) {
			pictures = append(pictures, m.Pictures[i])
		}
	}
	m.Pictures = pictures
	return m, nil
}

// siteOf is the site of the computer in the path, which from now on is the one that is asked for; "" at a site.
func (q questionsOf) siteOf(r *http.Request, asked url.Values) (string, error) {
	if !q.many() {
		return "", nil
	}
	site, id, all := r.PathValue("site"), r.PathValue("id"), board.SitesOf(board.SitesIn(asked))
	switch {
	case site == "" && len(all) == 1:
		site = all[0]
	case site == "":
		return "", &Wrong{Text: "each site counts its own computers: ask for computers/SITE/" + id}
	case len(all) > 0 && !slices.Contains(all, site):
		return "", Contradiction(strings.Join(all, ", "), site+"/"+id)
	}
	asked.Set("site", site)
	return site, nil
}

// of is the computer that a question is about, or the sites; the zero key for all.
func (q questionsOf) of(asked url.Values) (of jobmon.ComputerKey, err error) {
	text, site := asked.Get("computer"), board.SitesIn(asked)
	if !q.many() {
		id, err := whole(asked, "computer", 0, 0, 1<<31-1)
		return jobmon.ComputerKey{ID: jobmon.ComputerID(id)}, err
	}
	key, ok := jobmon.ParseKey(text)
	all := board.SitesOf(site)
	switch {
	case text == "" || text == "0":
		return jobmon.ComputerKey{Site: site}, nil
	case !ok || key.ID < 0:
		return of, &Wrong{Text: "computer must be a site and a computer's id there, such as DS01/5000001"}
	case key.Site == "" && len(all) != 1:
		return of, &Wrong{Text: "each site counts its own computers: write computer=SITE/" + text}
	case key.Site == "":
		key.Site = site
	case len(all) > 0 && !slices.Contains(all, key.Site):
		return of, Contradiction(strings.Join(all, ", "), text)
	}
	return key, nil
}

package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Computer implements http.Web. A name without a site may mean computers of several sites: the error lists them.
func (f *Fleet) Computer(ctx context.Context, site, name, at string, deployment int) (http.Computer, error) {
	found, err := f.find(ctx, site, name)
	if err != nil {
		return http.Computer{}, err
	}
	members, err := f.those(found.site)
	if err != nil {
		return http.Computer{}, err
	}
	m := members[0]
	c, err := m.Desk.Computer(ctx, "", found.name, at, deployment)
	if err != nil {
		return c, m.sited(err)
	}
	c.Key.Site, c.Site = m.Name, m.Name
	if c.Picture != nil {
		picture := *c.Picture
		picture.Computer.Site = m.Name
		c.Picture = &picture
	}
	state := m.State()
	state.Name, state.Now, state.Offset, state.Known = m.Name, c.Now, c.Offset, m.Site.Daemon.Info().Covered
	if at != "" {
		state.Away, state.Trouble = "", ""
	}
	c.Sites = []board.SiteState{state}
	return c, nil
}

// sited adds the site to the computers that an error lists.
func (m *member) sited(err error) error {
	var unknown *http.Unknown
	if errors.As(err, &unknown) {
		for i := range unknown.Closest {
			unknown.Closest[i].Site = m.Name
		}
	}
	return err
}

// place is where a computer is looked for.
type place struct{ site, name string }

// find finds the site of a computer, among the sites that are named.
func (f *Fleet) find(ctx context.Context, site, name string) (place, error) {
	members, err := f.those(site)
	if err != nil {
		return place{}, err
	}
	if first, rest, several := strings.Cut(name, "/"); several {
		is := func(m *member) bool { return m.Name == first }
		if slices.ContainsFunc(members, is) {
			return place{first, rest}, nil
		}
		if slices.ContainsFunc(f.all(), is) {
			return place{}, http.Contradiction(strings.Join(namesOf(members), ", "), name)
		}
	}
	if one(site) {
		return place{members[0].Name, name}, nil
	}
	found := make([][]jobmon.Computer, len(members))
	near := make([][]jobmon.Computer, len(members))
	errs := each(ctx, members, func(i int, m *member) error {
		return m.ask(ctx, func(p *past.Log) error {
			found[i], near[i] = called(p, m.Name, name)
			return nil
		})
	})
	if err := answered(ctx, errs); err != nil {
		return place{}, err
	}
	switch all := slices.Concat(found...); len(all) {
	case 0:
		list := interleaved(near)
		return place{}, &http.Unknown{
			Text: fmt.Sprintf("no computer %q in the log of any site", name), Closest: list[:min(len(list), mostNear)],
			Say: words.Phrase{Key: "problem.unknown.text", Places: []any{"name", name}},
		}
	case 1:
		return place{all[0].Site, fmt.Sprintf("id:%d", all[0].ID)}, nil
	default:
		return place{}, &http.Unknown{
			Text: several(name, all), Closest: all,
			Say: words.Phrase{Key: "problem.several.text", Places: []any{"name", name}},
		}
	}
}

// mostNear is how many names are proposed where none is meant.
const mostNear = 6

// called are a site's computers that a name means, or those with the most similar names.
func called(p *past.Log, site, name string) (found, near []jobmon.Computer) {
	computer := func(id jobmon.ComputerID) jobmon.Computer {
		c := p.Names[id].Computer
		c.Site = site
		return c
	}
	id, err := p.Names.Find(name)
	var unknown *names.UnknownError
	var several *names.AmbiguousError
	switch {
	case err == nil && p.Names[id] != nil:
		found = append(found, computer(id))
	case errors.As(err, &several):
		for _, k := range several.Found {
			found = append(found, computer(k.ID))
		}
	case errors.As(err, &unknown):
		for _, one := range unknown.Closest {
			if id, err := p.Names.Find(one); err == nil {
				near = append(near, computer(id))
			}
		}
	}
	return found, near
}

// interleaved are the first of each list, then the second of each, and so on.
func interleaved(lists [][]jobmon.Computer) (all []jobmon.Computer) {
	for i, more := 0, true; more; i++ {
		more = false
		for _, list := range lists {
			if i < len(list) {
				all, more = append(all, list[i]), true
			}
		}
	}
	return all
}

// several says in words that a name means computers of several sites.
func several(name string, all []jobmon.Computer) string {
	list := make([]string, len(all))
	for i, c := range all {
		list[i] = fmt.Sprintf("%s/id:%d (%s)", c.Site, c.ID, jobmon.ComputerName(c.ID, c.Name))
	}
	return names.Shared(len(all), name) + "; say which one: " + strings.Join(list, ", ")
}

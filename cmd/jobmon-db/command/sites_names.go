package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/nearest"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Which computers of which sites are meant.

// of takes the site off a computer that is named SITE/NAME. rest is what names it there; ok is false where another site
// is meant.
func (s *sites) of(p *opened, text string) (rest string, ok bool) {
	if p.Member == "" {
		return s.only.here([]string{text})[0], true
	}
	site, rest, found := strings.Cut(text, "/")
	if !found || !slices.ContainsFunc(s.list, func(p *opened) bool { return strings.EqualFold(p.Member, site) }) {
		return text, true
	}
	return rest, strings.EqualFold(p.Member, site)
}

// find finds the one computer that is meant, and its log. drawn says, where it is not nil, which records had a picture
// at the moment that is asked for: see past.Log.Find.
func (s *sites) find(text string, drawn func(*opened, jobmon.ComputerID) bool) (*opened, jobmon.ComputerID, error) {
	var found []*opened
	var ids []jobmon.ComputerID
	var all []string
	var failed error
	for _, p := range s.list {
		rest, ok := s.of(p, text)
		if !ok {
			continue
		}
		find := p.Names.Find
		if drawn != nil {
			find = func(text string) (jobmon.ComputerID, error) {
				return p.Find(text, func(id jobmon.ComputerID) bool { return drawn(p, id) })
			}
		}
		id, err := find(rest)
		var ambiguous *names.AmbiguousError
		if errors.As(err, &ambiguous) && s.several() {
			for _, k := range ambiguous.Found {
				all = append(all, fmt.Sprintf("%s/id:%d", p.Member, k.ID))
			}
			continue
		}
		if err != nil {
			if failed == nil {
				failed = err
			}
			continue
		}
		found, ids = append(found, p), append(ids, id)
		all = append(all, fmt.Sprintf("%s/id:%d", p.Member, id))
	}
	switch {
	case len(all) == 0 && s.several():
		return nil, 0, s.unknown(text, false)
	case len(all) == 0:
		return nil, 0, s.only.missed([]string{text}, failed)
	case len(all) > 1:
		return nil, 0, &ambiguousError{fmt.Errorf("%s; say which one: %s", names.Shared(len(all), text),
			strings.Join(all, ", "))}
	}
	return found[0], ids[0], nil
}

// ambiguousError says that a name means computers of several sites.
type ambiguousError struct{ error }

// unknown is the error of a computer that no site has. pattern says that several could have been meant.
func (s *sites) unknown(text string, pattern bool) error {
	e := &names.UnknownError{Asked: text, Pattern: pattern}
	var all []string
	for _, p := range s.list {
		rest, ok := s.of(p, text)
		if !ok {
			continue
		}
		var unknown *names.UnknownError
		if _, err := p.Names.All(rest); errors.As(err, &unknown) {
			for _, name := range unknown.Closest {
				all = append(all, p.Member+"/"+name)
			}
		}
	}
	if e.Closest = all; len(all) > 3 {
		_, rest, _ := strings.Cut(text, "/")
		e.Closest = nearest.First(cmp.Or(rest, text), all)
	}
	site, _, cut := strings.Cut(text, "/")
	if !cut || jobmon.CheckSite(site) != nil ||
		slices.ContainsFunc(s.list, func(p *opened) bool { return strings.EqualFold(p.Member, site) }) {
		return e
	}
	if slices.ContainsFunc(s.silent, func(name string) bool { return strings.EqualFold(name, site) }) {
		return &aboutFile{fmt.Sprintf("nothing has come from the site %s yet, so that %s is not known", site, text), e}
	}
	return elsewhere(text, site, filepath.Dir(filepath.Dir(s.list[0].dir)), e)
}

// missed is the error of computers that the one log that is asked does not have. typed is how they were named.
func (q question) missed(typed []string, err error) error {
	var unknown *names.UnknownError
	if !errors.As(err, &unknown) {
		return err
	}
	i := slices.Index(q.here(typed), unknown.Asked)
	if i < 0 {
		return err
	}
	site, _, cut := strings.Cut(typed[i], "/")
	switch {
	case !cut || jobmon.CheckSite(site) != nil:
		return err
	case q.site == "":
		return fmt.Errorf("%w; SITE/ before a name goes with the data folder of a hub", err)
	case !strings.EqualFold(q.site, site):
		return elsewhere(typed[i], site, filepath.Dir(filepath.Dir(q.dataDir)), err)
	}
	e := &names.UnknownError{Asked: typed[i], Pattern: unknown.Pattern}
	for _, name := range unknown.Closest {
		e.Closest = append(e.Closest, q.site+"/"+name)
	}
	return e
}

// elsewhere is the error of a computer of a site that is not asked: --site leaves it out, or there is no such site.
func elsewhere(text, site, hub string, err error) error {
	all, _ := hubSites(hub)
	if slices.ContainsFunc(all, func(name string) bool { return strings.EqualFold(name, site) }) {
		return &usageError{fmt.Errorf("--site leaves out %s, to which %s belongs: give one of the two", site, text)}
	}
	return fmt.Errorf("%w; no site is called %s", err, site)
}

// askedLog is a log with those of its computers that are asked for; nil for all.
type askedLog struct {
	*opened
	texts []string // as they were typed, without the site
	only  []jobmon.ComputerID
}

// meant finds the computers of each log that a list means. A log that has none of them is left out. What a name means
// beyond one computer is reported.
func (s *sites) meant(list []string, messages io.Writer) (all []askedLog, err error) {
	if !s.several() {
		p, typed := s.list[0], list
		list = s.only.here(list)
		only, _, err := p.Names.Meant(list)
		if err != nil {
			return nil, s.only.missed(typed, err)
		}
		for _, text := range p.Names.Several(list) {
			fmt.Fprintln(messages, text)
		}
		return []askedLog{{p, list, only}}, nil
	}
	known := map[string][]string{} // what each text means
	for _, p := range s.list {
		one := askedLog{opened: p}
		for _, text := range list {
			rest, ok := s.of(p, text)
			if !ok {
				continue
			}
			ids, _, err := p.Names.Meant([]string{rest})
			if err != nil {
				continue
			}
			one.texts, one.only = append(one.texts, rest), append(one.only, ids...)
			for _, id := range ids {
				known[text] = append(known[text], fmt.Sprintf("%s/id:%d", p.Member, id))
			}
		}
		slices.Sort(one.only)
		if one.only = slices.Compact(one.only); len(list) == 0 || len(one.texts) > 0 {
			all = append(all, one)
		}
	}
	for _, text := range list {
		switch found := known[text]; {
		case len(found) == 0:
			return nil, s.unknown(text, names.IsPattern(text))
		case len(found) > 1 && !names.IsPattern(text):
			fmt.Fprintf(messages, "%s is the name of %s, all are taken: %s.\n", text,
				words.Count(len(found), "record"), strings.Join(found, ", "))
		}
	}
	return all, nil
}

var errNoSite = &usageError{errors.New("--site names no site: leave it out, or name one")}

func missingSite(text string, all []string) error {
	if names.IsPattern(text) {
		return &noSiteError{fmt.Errorf("no site at this hub fits %q; there are %s", text, strings.Join(all, ", "))}
	}
	return &noSiteError{fmt.Errorf("no site %q at this hub; the closest names are %s", text,
		strings.Join(nearest.First(text, all), ", "))}
}

// noSiteError says that a hub has no site of a name.
type noSiteError struct{ error }

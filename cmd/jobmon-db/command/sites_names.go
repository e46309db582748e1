package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
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
		return nil, 0, s.unknown(text)
	case len(all) == 0:
		return nil, 0, failed
	case len(all) > 1:
		return nil, 0, &ambiguousError{fmt.Errorf("%d computers are called %q; say which one: %s", len(all), text,
			strings.Join(all, ", "))}
	}
	return found[0], ids[0], nil
}

// ambiguousError says that a name means computers of several sites.
type ambiguousError struct{ error }

// unknown is the error of a computer that no site has.
func (s *sites) unknown(text string) error {
	e := &names.UnknownError{Asked: text}
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
	if site, _, cut := strings.Cut(text, "/"); cut && jobmon.CheckSite(site) == nil &&
		!slices.ContainsFunc(s.list, func(p *opened) bool { return strings.EqualFold(p.Member, site) }) {
		return fmt.Errorf("%w; no site is called %s", e, site)
	}
	return e
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
		p := s.list[0]
		list = s.only.here(list)
		only, _, err := p.Names.Meant(list)
		if err != nil {
			return nil, err
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
			return nil, s.unknown(text)
		case len(found) > 1 && !names.IsPattern(text):
			fmt.Fprintf(messages, "%s is the name of %s, all are taken: %s.\n", text,
				words.Count(len(found), "record"), strings.Join(found, ", "))
		}
	}
	return all, nil
}

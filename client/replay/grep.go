package replay

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// finder looks for what --grep asks in the text of events. Events that look the same have the same text, which is
// searched once. It is not safe for concurrent use.
type finder struct {
	patterns []*regexp.Regexp
	apart    bool            // each part of a text can be searched by itself
	parts    map[string]bool // whether a part is found
	named    int             // the chronicle's, when the sightings were made
	seen     map[uint64]*sightings
	sights   int    // in all sightings
	sketch   Record // of the event that is looked through
	list     []string
}

// newFinder returns nil where nothing is asked. The error is a *Mistake.
func newFinder(asked []string) (*finder, error) {
	if len(asked) == 0 {
		return nil, nil
	}
	f := &finder{apart: true, parts: map[string]bool{}, seen: map[uint64]*sightings{}}
	for _, text := range asked {
		compiled, err := regexp.Compile(text)
		if err != nil {
			return nil, mistake("--grep %q: %w", text, err)
		}
		if text == strings.ToLower(text) {
			if anyCase, err := regexp.Compile("(?i:" + text + ")"); err == nil {
				compiled = anyCase
			}
		}
		f.patterns, f.apart = append(f.patterns, compiled), f.apart && withinWords(compiled)
	}
	return f, nil
}

// withinWords reports whether the expression finds the same in a text as in the parts between its blanks: it takes no
// blank and does not ask for the text's or a line's ends.
func withinWords(r *regexp.Regexp) bool {
	parsed, err := syntax.Parse(r.String(), syntax.Perl)
	if err != nil {
		return false
	}
	compiled, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(compiled.Inst, func(in syntax.Inst) bool {
		switch in.Op {
		case syntax.InstEmptyWidth:
			return syntax.EmptyOp(in.Arg)&^(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0
		case syntax.InstRune, syntax.InstRune1:
			return in.MatchRune(' ')
		}
		return in.Op == syntax.InstRuneAny || in.Op == syntax.InstRuneAnyNotNL
	})
}

// sightings are the sights of a computer's events about one job, as long as both are called the same.
type sightings struct {
	span
	list []sighting
}

type sighting struct {
	sight
	found bool
}

// sight is all else of an event on which its text depends.
type sight struct {
	kind  jobmon.Kind
	flags jobmon.Flags
	state jobmon.RowState
	set   bool  // it has a status
	code  int32 // of the status, or the number of runs
	start int64 // when it is to start, or the length of runs
	name  string
}

// sightOf is the event's sight; ok is false for rare kinds, whose text depends on more.
func (c *Chronicle) sightOf(e *jobmon.Event) (s sight, ok bool) {
	s = sight{kind: e.Kind, flags: e.Flags}
	switch {
	case e.Kind == jobmon.KindRefreshed || e.Kind == jobmon.KindExpected:
		s.name, s.start, s.code = e.Name, int64(e.Seconds), e.Count
		return s, true
	case !e.Kind.OfRow():
		return s, e.Kind == jobmon.KindAgentOnline || e.Kind == jobmon.KindAgentOffline ||
			e.Kind == jobmon.KindAgentUnknown
	}
	s.state, s.set, s.code, s.start = c.State(e), e.Status.Set, int32(e.Status.Code), int64(jobmon.NoStart)
	if s.state == jobmon.StateLater || e.Kind == jobmon.KindRescheduled || c.maybe(e, s.state) {
		s.start = int64(e.Start)
	}
	return s, true
}

// How many sights are remembered, and how many of one computer's events about one job.
const (
	mostSights    = 1 << 17
	mostSightings = 64
)

// finds reports whether one of the expressions finds the event.
func (f *finder) finds(e *jobmon.Event, c *Chronicle) bool {
	s, ok := c.sightOf(e)
	if !ok {
		return f.look(e, c)
	}
	known := f.of(e, c)
	for i := range known.list {
		if known.list[i].sight == s {
			return known.list[i].found
		}
	}
	if len(known.list) == mostSightings {
		known.list = known.list[:0]
	}
	found := f.look(e, c)
	known.list = append(known.list, sighting{s, found})
	f.sights++
	return found
}

// of returns what is known of events of that computer about that job.
func (f *finder) of(e *jobmon.Event, c *Chronicle) *sightings {
	if f.named != c.named || f.sights >= mostSights {
		clear(f.seen)
		f.named, f.sights = c.named, 0
	}
	key := uint64(uint32(e.Computer))<<32 | uint64(uint32(e.Job))
	known := f.seen[key]
	if known == nil {
		known = &sightings{}
		f.seen[key] = known
	}
	if !known.holds(e.Seq) {
		*known = sightings{span: always, list: known.list[:0]}
		during(&known.span, c.computers[e.Computer], e.Seq)
		during(&known.span, c.jobs[e.Job], e.Seq)
	}
	return known
}

// look searches the event's text.
func (f *finder) look(e *jobmon.Event, c *Chronicle) bool {
	c.tell(&f.sketch, e)
	if !f.apart {
		return f.search(f.sketch.Text())
	}
	f.list = f.sketch.parts(f.list[:0])
	return slices.ContainsFunc(f.list, func(part string) bool {
		found, known := f.parts[part]
		if !known {
			if len(f.parts) >= mostTexts {
				clear(f.parts)
			}
			found = f.search(part)
			f.parts[part] = found
		}
		return found
	})
}

func (f *finder) search(text string) bool {
	return slices.ContainsFunc(f.patterns, func(p *regexp.Regexp) bool { return p.MatchString(text) })
}

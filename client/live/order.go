package live

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// sortable are the columns by which the board can be sorted, as the keys 1 to 6 choose them.
var sortable = [...]term.BoardColumn{
	term.ColumnComputer, term.ColumnState, term.ColumnDone, term.ColumnReady, term.ColumnFailed, term.ColumnLate,
}

// order is how the board is sorted.
type order struct {
	by     term.BoardColumn
	turned bool // the other way round than usual
}

func (o order) next() order {
	i := slices.Index(sortable[:], o.by)
	return order{by: sortable[(i+1)%len(sortable)]}
}

// descending says whether high values come first: failures and late jobs usually do.
func (o order) descending() bool {
	return (o.by == term.ColumnFailed || o.by == term.ColumnLate) != o.turned
}

// sort puts the pictures in order; equal ones are in the order of their names.
func (o order) sort(list []jobmon.Progress, now func(*jobmon.Progress) jobmon.Instant) {
	type item struct {
		key     int64
		name    string
		picture jobmon.Progress
	}
	items := make([]item, len(list))
	for i := range list {
		p, c := &list[i], list[i].Computer
		items[i] = item{o.key(p, now(p)), strings.ToLower(jobmon.ComputerName(c.ID, c.Name)), *p}
	}
	slices.SortFunc(items, func(a, b item) int {
		x, y := &a.picture.Computer, &b.picture.Computer
		named := cmp.Or(cmp.Compare(x.Site, y.Site), cmp.Compare(a.name, b.name), cmp.Compare(x.ID, y.ID))
		keyed := cmp.Compare(a.key, b.key)
		switch {
		case keyed == 0 && o.by == term.ColumnComputer && o.descending():
			return -named
		case keyed != 0 && o.descending():
			return -keyed
		}
		return cmp.Or(keyed, named)
	})
	for i := range items {
		list[i] = items[i].picture
	}
}

// key is what a picture is sorted by, low to high.
func (o order) key(p *jobmon.Progress, now jobmon.Instant) int64 {
	const unknown = 1<<63 - 1
	s := p.Session
	if s == nil {
		s = &jobmon.SessionProgress{}
	}
	switch o.by {
	case term.ColumnState:
		return urgency(p, now)
	case term.ColumnDone:
		return int64(s.Percent)
	case term.ColumnReady:
		if at := cmp.Or(s.Ended, s.ETA); at != 0 {
			return int64(at)
		}
		return unknown
	case term.ColumnFailed:
		return int64(s.Failed)
	case term.ColumnLate:
		return int64(s.Late)
	}
	return 0
}

// urgency is low for what a person should look at first.
func urgency(p *jobmon.Progress, now jobmon.Instant) int64 {
	phases := []term.Phase{term.PhaseOverdue, term.PhaseRunning, term.PhaseWaiting, term.PhasePlanned,
		term.PhaseFinished, term.PhaseNone}
	rank := int64(slices.Index(phases, term.PhaseOf(p, now)))
	if p.Session != nil && p.Session.Failed > 0 {
		rank -= int64(len(phases))
	}
	return rank
}

// failed is the filter's word for computers with failures, whatever else they do.
const failed = "failed"

// filter says which computers are shown. Words of one sort are alternatives, and each sort must have a word that fits.
type filter struct {
	states []string
	names  []string // in small letters
}

// parseFilter reads words with blanks between them: states, and parts of names or, with * or ?, patterns of whole ones.
func parseFilter(text string) filter {
	var f filter
	for _, word := range strings.Fields(strings.ToLower(text)) {
		switch word {
		case failed, string(term.PhaseOverdue), string(term.PhaseRunning), string(term.PhaseWaiting),
			string(term.PhasePlanned),
			string(term.PhaseFinished):
			f.states = append(f.states, word)
		default:
			f.names = append(f.names, word)
		}
	}
	return f
}

func (f filter) passes(p *jobmon.Progress, now jobmon.Instant) bool {
	phase := term.PhaseOf(p, now)
	state := func(word string) bool {
		switch word {
		case failed:
			return p.Session != nil && p.Session.Failed > 0
		case string(term.PhaseRunning): // what is overdue runs as well
			return phase == term.PhaseRunning || phase == term.PhaseOverdue && p.Session.Current >= 0
		}
		return string(phase) == word
	}
	c := p.Computer
	id := "id:" + strconv.Itoa(int(c.ID))
	names := []string{strings.ToLower(jobmon.ComputerName(c.ID, c.Name)), strings.ToLower(c.OSName), id}
	if c.Site != "" {
		site := strings.ToLower(c.Site)
		names = append(names, site+"/", site+"/"+names[0], site+"/"+id)
	}
	name := func(word string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			if strings.ContainsAny(word, "*?") {
				ok, err := path.Match(word, name)
				return ok && err == nil
			}
			return strings.Contains(name, word)
		})
	}
	return (len(f.states) == 0 || slices.ContainsFunc(f.states, state)) &&
		(len(f.names) == 0 || slices.ContainsFunc(f.names, name))
}

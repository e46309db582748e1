package history

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Names holds every computer with all names that it ever had, in the console and in its operating system.
type Names map[jobmon.ComputerID]*Known

// Known is one computer as it is called now, and as it was called before.
type Known struct {
	jobmon.Computer
	Gone  bool     // no longer in the database
	Names []string // every name it ever had
}

// Clone is a copy that later events do not change.
func (n Names) Clone() Names {
	out := make(Names, len(n))
	for id, k := range n {
		copied := *k
		copied.Names = slices.Clone(k.Names)
		out[id] = &copied
	}
	return out
}

// Add takes note of an event: of the names that a computer has, or that there is a computer at all.
func (n Names) Add(e *jobmon.Event) {
	k := n[e.Computer]
	switch {
	case e.Kind == jobmon.KindComputer:
	case k == nil && (e.Kind.OfRow() || e.Kind == jobmon.KindRefreshed):
		n[e.Computer] = &Known{Computer: jobmon.Computer{ID: e.Computer}}
		return
	default:
		return
	}
	if k == nil {
		k = &Known{Computer: jobmon.Computer{ID: e.Computer}}
		n[e.Computer] = k
	}
	if k.Gone = e.Flags.Has(jobmon.Gone); k.Gone {
		return
	}
	k.Name, k.OSName, k.Group, k.Ghost = e.Name, e.Text, e.Place, e.Flags.Has(jobmon.Ghost)
	for _, name := range []string{e.Name, e.Text} {
		if name != "" && !slices.Contains(k.Names, name) {
			k.Names = append(k.Names, name)
		}
	}
}

// UnknownError says that no computer is meant by a name.
type UnknownError struct {
	Asked   string
	Closest []string // the most similar names, the best first
}

func (e *UnknownError) Error() string {
	if len(e.Closest) == 0 {
		return fmt.Sprintf("no computer %q: the log knows no names yet", e.Asked)
	}
	return fmt.Sprintf("no computer %q in the log; the closest names are %s", e.Asked, plain.Text(strings.Join(e.Closest, ", ")))
}

// AmbiguousError says that a name means several computers.
type AmbiguousError struct {
	Asked string
	Found []*Known
}

func (e *AmbiguousError) Error() string {
	var list []string
	for _, k := range e.Found {
		text := fmt.Sprintf("id:%d (%s", k.ID, jobmon.ComputerName(k.ID, k.Name))
		if k.Ghost {
			text += ", ghost"
		}
		if k.Gone {
			text += ", gone"
		}
		list = append(list, text+")")
	}
	return fmt.Sprintf("%d computers are called %q; say which one: %s", len(e.Found), strings.TrimPrefix(e.Asked, "name:"), strings.Join(list, ", "))
}

// Find resolves what a person typed: an id, a name (case does not matter), or either with "id:" or "name:" in front.
// It returns *UnknownError or *AmbiguousError when that means no or several computers.
func (n Names) Find(text string) (jobmon.ComputerID, error) {
	asID, asName := text, text
	if rest, ok := strings.CutPrefix(text, "id:"); ok {
		asID, asName = rest, ""
	} else if rest, ok := strings.CutPrefix(text, "name:"); ok {
		asID, asName = "", rest
	}
	if id, err := strconv.ParseInt(asID, 10, 32); err == nil {
		if k := n[jobmon.ComputerID(id)]; k != nil {
			return k.ID, nil
		}
	}
	var found []*Known
	for _, k := range n.sorted() {
		if asName != "" && slices.ContainsFunc(k.Names, func(name string) bool { return strings.EqualFold(name, asName) }) {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return 0, &UnknownError{Asked: text, Closest: n.closest(cmp.Or(asName, asID))}
	case 1:
		return found[0].ID, nil
	}
	return 0, &AmbiguousError{Asked: text, Found: found}
}

func (n Names) sorted() []*Known {
	list := make([]*Known, 0, len(n))
	for _, k := range n {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *Known) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// closest lists up to three names, those that need the fewest changes to become text.
func (n Names) closest(text string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var all []candidate
	for _, k := range n.sorted() {
		for _, name := range k.Names {
			all = append(all, candidate{name, levenshtein.ComputeDistance(strings.ToLower(text), strings.ToLower(name))})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, c := range all {
		if !slices.Contains(names, c.name) && len(names) < 3 {
			names = append(names, c.name)
		}
	}
	return names
}

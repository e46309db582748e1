// Package names finds the computer that people mean by a name or an id.
package names

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/nearest"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Computers holds every computer with the names that it ever had, in the console and in its operating system. What is
// known of a computer is replaced, never changed, so that a copy costs little while commits wait for it.
type Computers map[jobmon.ComputerID]*Known

// Known is one computer as it is called now, and as it was called before.
type Known struct {
	jobmon.Computer
	Names []string // that it ever had, the newest mostNames of them
}

// mostNames is how many names of one computer are known: a script that renames it for ever must not slow down what
// follows.
const mostNames = 1000

// Clone is a copy that later events do not change.
func (n Computers) Clone() Computers { return maps.Clone(n) }

// Add learns from an event: the names of a computer, or that there is a computer at all.
func (n Computers) Add(e *jobmon.Event) {
	known := n[e.Computer]
	switch {
	case e.Kind == jobmon.KindComputer:
	case known == nil && (e.Kind.OfRow() || e.Kind == jobmon.KindRefreshed):
		n[e.Computer] = &Known{Computer: jobmon.Computer{ID: e.Computer}}
		return
	default:
		return
	}
	k := &Known{Computer: jobmon.Computer{ID: e.Computer}}
	if known != nil {
		*k = *known
	}
	n[e.Computer] = k
	if k.Gone = e.Flags.Has(jobmon.Gone); k.Gone {
		return
	}
	k.Name, k.OSName, k.Group, k.Ghost = e.Name, e.Text, e.Place, e.Flags.Has(jobmon.Ghost)
	for _, name := range []string{e.Name, e.Text} {
		if name != "" && !slices.Contains(k.Names, name) {
			k.Names = append(slices.Clip(k.Names[max(0, len(k.Names)+1-mostNames):]), name)
		}
	}
}

// UnknownError says that no computer is meant by a name.
type UnknownError struct {
	Asked   string
	Closest []string // the most similar names, the best first
	Pattern bool     // several could have been meant, with * and ?
}

func (e *UnknownError) Error() string {
	closest := plain.Text(strings.Join(e.Closest, ", "))
	switch {
	case closest == "":
		return fmt.Sprintf("no computer %q: the log knows no names yet", e.Asked)
	case e.Pattern:
		return fmt.Sprintf("no computer in the log fits %q; among the names are %s", e.Asked, closest)
	}
	return fmt.Sprintf("no computer %q in the log; the closest names are %s", e.Asked, closest)
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
	return Shared(len(e.Found), e.Asked) + "; say which one: " + strings.Join(list, ", ")
}

// Shared says that several computers have the name or the id that a person typed.
func Shared(n int, text string) string {
	id, byID := strings.CutPrefix(text, "id:")
	name, byName := strings.CutPrefix(text, "name:")
	if _, err := strconv.ParseInt(id, 10, 32); byID || err == nil && !byName {
		return fmt.Sprintf("%d computers have the id %s", n, id)
	}
	return fmt.Sprintf("%d computers are called %q", n, name)
}

// Find resolves what a person typed: an id, a name, or either with "id:" or "name:" in front. Of several records with
// that name it takes those that still exist, that are called so now, and that go on under no other id, as far as
// there is one. It returns *UnknownError or *AmbiguousError when that means no or several computers.
func (n Computers) Find(text string) (jobmon.ComputerID, error) {
	found, err := n.All(text)
	if err != nil {
		return 0, err
	}
	for _, better := range []func(*Known) bool{
		func(k *Known) bool { return !k.Gone },
		func(k *Known) bool { return k.called(strings.TrimPrefix(text, "name:")) },
		func(k *Known) bool { _, goesOn := n.Successor(k.ID); return !goesOn },
	} {
		if slices.ContainsFunc(found, better) {
			found = slices.DeleteFunc(found, func(k *Known) bool { return !better(k) })
		}
	}
	if len(found) > 1 {
		return 0, &AmbiguousError{Asked: text, Found: found}
	}
	return found[0].ID, nil
}

// called says whether that is its name now, in the console or in its operating system.
func (k *Known) called(name string) bool { return SameName(k.Name, name) || SameName(k.OSName, name) }

// SameName compares as SQL Server does by default: neither case nor blanks at the end matter.
func SameName(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, " "), strings.TrimRight(b, " "))
}

// Successor is the one record that goes on under the name of another one, which is gone or a ghost: the PC got a new
// id.
func (n Computers) Successor(id jobmon.ComputerID) (next jobmon.ComputerID, ok bool) {
	old := n[id]
	if old == nil || !old.Gone && !old.Ghost || strings.TrimSpace(old.Name) == "" {
		return 0, false
	}
	for _, k := range n {
		if k.ID <= id || k.Gone || k.Ghost || !SameName(k.Name, old.Name) {
			continue
		}
		if ok {
			return 0, false // nobody can say which of them
		}
		next, ok = k.ID, true
	}
	return next, ok
}

// heirs are the records that exist and are shown in the console, by the keys of their names.
func (n Computers) heirs() map[string][]jobmon.ComputerID {
	list := map[string][]jobmon.ComputerID{}
	for _, k := range n {
		if !k.Gone && !k.Ghost {
			list[nameKey(k.Name)] = append(list[nameKey(k.Name)], k.ID)
		}
	}
	return list
}

// nameKey is the same for names that SameName takes for one, in the letters of any usual name.
func nameKey(name string) string { return strings.ToLower(strings.TrimRight(name, " ")) }

// Mark marks pictures of the present whose computers go on under another id. Nothing runs on those.
func (n Computers) Mark(pictures []jobmon.Progress) []jobmon.Progress {
	var heirs map[string][]jobmon.ComputerID // records that a PC may go on under, by name; made when it is needed
	for i := range pictures {
		p := &pictures[i]
		k := n[p.Computer.ID]
		if k == nil || !k.Gone && !k.Ghost {
			continue
		}
		if heirs == nil {
			heirs = n.heirs()
		}
		for _, id := range heirs[nameKey(k.Name)] {
			if id > k.ID {
				p.Continues, _ = n.Successor(k.ID) // which is one, or several and none
				break
			}
		}
	}
	return pictures
}

// All resolves what a person typed to every record that is meant, whether it still exists or not: an id, or a name
// that it has or had. The error is *UnknownError.
func (n Computers) All(text string) ([]*Known, error) {
	asID, asName := text, text
	if rest, ok := strings.CutPrefix(text, "id:"); ok {
		asID, asName = rest, ""
	} else if rest, ok := strings.CutPrefix(text, "name:"); ok {
		asID, asName = "", rest
	}
	if id, err := strconv.ParseInt(asID, 10, 32); err == nil {
		if k := n[jobmon.ComputerID(id)]; k != nil {
			return []*Known{k}, nil
		}
	}
	var found []*Known
	for _, k := range n.sorted() {
		if asName != "" && slices.ContainsFunc(k.Names, func(name string) bool { return SameName(name, asName) }) {
			found = append(found, k)
		}
	}
	if len(found) == 0 {
		return nil, &UnknownError{Asked: text, Closest: n.closest(cmp.Or(asName, asID))}
	}
	return found, nil
}

// Several says of each name in a list which records it means, where there is more than one.
func (n Computers) Several(list []string) []string {
	var said []string
	for _, text := range list {
		found, err := n.All(text)
		if err != nil || len(found) < 2 {
			continue
		}
		var ids []string
		for _, k := range found {
			one := fmt.Sprintf("id:%d", k.ID)
			switch next, ok := n.Successor(k.ID); {
			case ok && k.Gone:
				one += fmt.Sprintf(" (gone, continues as id:%d)", next)
			case ok:
				one += fmt.Sprintf(" (continues as id:%d)", next)
			case k.Gone:
				one += " (gone)"
			}
			ids = append(ids, one)
		}
		said = append(said, fmt.Sprintf("%d records are or were called %s, all are taken: %s.",
			len(found), strings.TrimPrefix(text, "name:"), strings.Join(ids, ", ")))
	}
	return said
}

func (n Computers) sorted() []*Known {
	list := make([]*Known, 0, len(n))
	for _, k := range n {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *Known) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// closest lists up to three names, those that need the fewest changes to become text.
func (n Computers) closest(text string) []string {
	var names []string
	for _, k := range n.sorted() {
		names = append(names, k.Names...)
	}
	return nearest.First(text, names)
}

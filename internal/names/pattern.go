package names

import (
	"regexp"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Pattern is a name as it is typed: * stands for any text, also none, and ? for one character; nothing else is
// special. Case does not matter. It is safe for concurrent use.
type Pattern struct{ compiled *regexp.Regexp }

// NewPattern makes a pattern; every text is one.
func NewPattern(text string) Pattern {
	quoted := regexp.QuoteMeta(strings.ToValidUTF8(text, "\ufffd"))
	return Pattern{regexp.MustCompile(`(?is)\A` + strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted) + `\z`)}
}

// NewFolderPattern is the same of a folder's path or name, in which / and \ are one and count for nothing at the ends.
func NewFolderPattern(text string) Pattern {
	return NewPattern(strings.Trim(strings.ReplaceAll(text, "/", `\`), `\`))
}

// IsPattern reports whether the text can mean several names.
func IsPattern(text string) bool { return strings.ContainsAny(text, "*?") }

// Fits reports whether a name is meant. Blanks at its end do not matter, as in SQL Server.
func (p Pattern) Fits(name string) bool {
	return p.compiled.MatchString(name) || p.compiled.MatchString(strings.TrimRight(name, " "))
}

// FitsAny reports whether one of the patterns means the name.
func FitsAny(patterns []Pattern, name string) bool {
	return slices.ContainsFunc(patterns, func(p Pattern) bool { return p.Fits(name) })
}

// Holds reports whether the folder, or one that it lies in, is meant: by its path or by its name.
func (p Pattern) Holds(folder string) bool {
	for path := folder; ; {
		cut := strings.LastIndex(path, `\`)
		if p.Fits(path) || p.Fits(path[cut+1:]) {
			return true
		}
		if cut < 0 {
			return false
		}
		path = path[:cut]
	}
}

// Meant returns the computers that are meant, by id. Each text is an id, a name, either with "id:" or "name:" in front,
// or a name with * and ?, which can mean several, as a name does that several records have or had. patterns are those
// with * and ?. The error is *UnknownError.
func (n Computers) Meant(wanted []string) (ids []jobmon.ComputerID, patterns []Pattern, err error) {
	for _, text := range wanted {
		if !IsPattern(text) {
			found, err := n.All(text)
			if err != nil {
				return nil, nil, err
			}
			for _, known := range found {
				ids = append(ids, known.ID)
			}
			continue
		}
		pattern, found := NewPattern(strings.TrimPrefix(text, "name:")), false
		for id, known := range n {
			if slices.ContainsFunc(known.Names, pattern.Fits) {
				ids, found = append(ids, id), true
			}
		}
		if !found {
			return nil, nil, &UnknownError{Asked: text, Closest: n.closest(text), Pattern: true}
		}
		patterns = append(patterns, pattern)
	}
	slices.Sort(ids)
	return slices.Compact(ids), patterns, nil
}

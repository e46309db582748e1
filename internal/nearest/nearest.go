// Package nearest finds the names that somebody may have meant by another one. It is the only place that says how near
// is near enough, and in which order names are proposed.
package nearest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/jobmon-db/jobmon-db/internal/words"
)

// few is how many names are proposed at most.
const few = 3

// Distance is the number of letters to change, insert or remove; upper and lower case are the same.
func Distance(a, b string) int {
	return levenshtein.ComputeDistance(strings.ToLower(a), strings.ToLower(b))
}

// Enough says that a text at this distance from a name may mean it.
func Enough(text string, distance int) bool {
	letters := len([]rune(text))
	return distance <= max(2, letters/4) && distance < letters
}

// First are the names that need the fewest changes to become text, the nearest first, each once, and at most three.
// Names at the same distance come in their alphabet.
func First(text string, names []string) []string {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "" })
	slices.Sort(names)
	names = slices.Compact(names)
	distance := make(map[string]int, len(names))
	for _, name := range names {
		distance[name] = Distance(text, name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(distance[a], distance[b]) })
	return names[:min(len(names), few)]
}

// Meant are those of First that are near enough to be meant.
func Meant(text string, names []string) []string {
	return slices.DeleteFunc(First(text, names), func(name string) bool { return !Enough(text, Distance(text, name)) })
}

// Hint ends a sentence with the names that may be meant: `; did you mean "a" or "b"?`. It is empty when none is near
// enough.
func Hint(text string, names []string) string { return Ask(Meant(text, names)...) }

// Ask is the hint with these names.
func Ask(names ...string) string {
	if len(names) == 0 {
		return ""
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return "; did you mean " + words.Or(quoted...) + "?"
}

// Package words makes the small parts of sentences that every message needs: counts, lists and proposals.
package words

import (
	"fmt"
	"strings"
)

// Count is "1 row" or "7 rows". many is the plural where an s does not make it.
func Count(n int, one string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(many) > 0:
		return fmt.Sprintf("%d %s", n, many[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// Or is "a, b or c".
func Or(list ...string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// Some lists the first few names, and how many more there are.
func Some(names []string, few int) string {
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// Phrase is a sentence that is said in several languages.
type Phrase struct {
	English string // what the command line and programs read; "" where they are not told
	Key     string // of a page's text, see client/board/words
	Places  []any  // names of the places in that text, each followed by what stands there
}

// String is the English sentence.
func (p Phrase) String() string { return p.English }

// Kind marks an error with its kind, for errors.Is, and adds nothing to the sentence: fmt.Errorf("...%w", Kind{err}).
type Kind struct{ error }

// KindOf is that mark.
func KindOf(err error) Kind { return Kind{err} }

// Error is empty.
func (Kind) Error() string { return "" }

// Unwrap is the kind.
func (k Kind) Unwrap() error { return k.error }

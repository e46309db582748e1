package replay

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// TestPartsAreSearchedLikeTheText: an expression that stays within words finds a text exactly if it finds a part of it.
func TestPartsAreSearchedLikeTheText(t *testing.T) {
	t.Parallel()
	atoms := []string{"a", "B", "ok", ".", " ", "^", "$", `\b`, `\B`, `\s`, `\S`, "[^a]", "[a-c]", "|", "*", "?", "(?i:b)", `\pL`}
	word := rapid.StringMatching(`[abBok0 ß-]{0,6}`)
	lawtest.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(atoms), 0, 5).Draw(t, "expression"), "")
		r, err := regexp.Compile(text)
		if err != nil || !withinWords(r) {
			return
		}
		parts := rapid.SliceOfN(word, 1, 5).Draw(t, "parts")
		if all, some := r.MatchString(strings.Join(parts, "  ")), slices.ContainsFunc(parts, r.MatchString); all != some {
			t.Fatalf("%q finds the text: %v, a part: %v", text, all, some)
		}
	})
}

// TestWithinWords: what can reach from one part of a text into the next is searched in the whole text.
func TestWithinWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"visio|1603": true, `\bok\b`: true, "(?i:pc-00[0-9]+)": true, `\S+`: true, "": true,
		"visio.*ok": false, "^started": false, "ok$": false, "a b": false, "[^x]": false, `\s`: false, "(?s).": false,
	} {
		if got := withinWords(regexp.MustCompile(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

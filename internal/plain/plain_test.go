package plain_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// hostile are the characters that make terminals and readers do something.
var hostile = []rune(
	"a \x00\x07\x1b[]\x7f\u0085\u009b\u009d\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\U000e0001\n\r\t\"\\😀é")

func TestNothingHiddenIsShown(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.SampledFrom(hostile), rapid.Rune())).Draw(t, "text")
		shown := plain.Text(text)
		for _, r := range shown {
			if !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d' {
				t.Fatalf("%q shows %U", text, r)
			}
		}
		if again := plain.Text(shown); again != shown {
			t.Fatalf("%q becomes %q", shown, again)
		}
		if lines := plain.Lines(text); strings.Count(lines, "\n") != strings.Count(text, "\n") {
			t.Fatalf("%q has other lines than %q", lines, text)
		}
	})
}

// JSON keeps its value, and holds no hidden character.
func TestJSONKeepsItsValue(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		value := rapid.MapOf(rapid.StringOf(rapid.SampledFrom(hostile)),
			rapid.StringOf(rapid.OneOf(rapid.SampledFrom(hostile), rapid.Rune()))).Draw(t, "value")
		var out bytes.Buffer
		e := plain.NewEncoder(&out)
		e.SetIndent("", "  ")
		if err := e.Encode(value); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d' {
				t.Fatalf("%U in %q", r, out.String())
			}
		}
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		for k, v := range value {
			if back[k] != v {
				t.Fatalf("%q became %q", v, back[k])
			}
		}
	})
}

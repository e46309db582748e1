package query

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestFormulasAreTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`=1+1`: `'=1+1`, `  +1`: `  '+1`, `x;=cmd|'/C calc'!A0`: `x;'=cmd|'/C calc'!A0`, `x; "=1"`: `x; "'=1"`, `a,@SUM(1)`: `a,'@SUM(1)`,
		"x\t=1": `x =1`, "\t=1": ` '=1`, `a;b;-2+3`: `a;b;'-2+3`, `;;=1`: `;;'=1`, `"=1"`: `"'=1"`, "x\u00a0;\u00a0=1": "x\u00a0;\u00a0'=1",
		`＝1`: `'＝1`, `PC-0001`: `PC-0001`, `a=b`: `a=b`, `2026-05-01`: `2026-05-01`, `UTC+01:00`: `UTC+01:00`, "a\x1b[2J\u202e": `a\x1b[2J\u202e`,
	} {
		if got := harmless(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Whatever separates cells where a file is opened, and whether or not quotes count there, no cell begins as a formula does, and no
// hidden character is in the file.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	begins := regexp.MustCompile(`^[\s\p{Zs}"]*[=+\-@＝＋－＠]`)
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOf(rapid.SampledFrom([]rune("a=+-@;,|\t\n\r\" '\x00\x1b\u0085\u00a0\u202e\u2028＝")))
		var out bytes.Buffer
		c, err := NewCSV(&out)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Line(cell.Draw(t, "first"), cell.Draw(t, "second")); err != nil {
			t.Fatal(err)
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\ufeff"), "\r\n")
		for _, r := range line {
			if !unicode.IsGraphic(r) {
				t.Fatalf("%U in %q", r, line)
			}
		}
		for _, separator := range []string{",", ";", "|", "\t"} {
			for _, cell := range strings.Split(line, separator) {
				if begins.MatchString(cell) {
					t.Fatalf("separated by %q, %q has the formula %q", separator, line, cell)
				}
			}
		}
	})
}

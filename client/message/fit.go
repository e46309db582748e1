package message

import (
	"bytes"
	"strings"
	"unicode/utf16"

	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// fit returns the text with each character in the form that escape gives it, cut to a limit. Characters are counted in
// UTF-16 code units: no service counts more of them than that. The limit holds for what is escaped, and no escape is
// cut in two; a text that is cut ends in "…".
func fit(text string, limit int, escape func(rune) string) string {
	var b strings.Builder
	used, keep := 0, 0 // keep: bytes that leave room for the "…"
	for _, r := range text {
		part := escape(r)
		more := size(part, asIs)
		if used+more > limit {
			return b.String()[:keep] + "…"
		}
		b.WriteString(part)
		if used += more; used < limit {
			keep = b.Len()
		}
	}
	return b.String()
}

// asIs leaves a character as it is.
func asIs(r rune) string { return string(r) }

// encode writes a body as JSON in one line.
func encode(body any) ([]byte, error) {
	var b bytes.Buffer
	if err := plain.NewEncoder(&b).Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// object is an object of JSON.
type object = map[string]any

// shortened is the list of a digest within a limit. Whole lines are left out and counted, as long as that is enough.
func (s *said) shortened(limit int, escape func(rune) string) string {
	n, left := 0, limit-size(s.list(0), escape)-1 // room for how many are left out
	for n < len(s.lines) {
		if left -= size(s.lines[n].text, escape) + 1; left < 0 {
			break
		}
		n++
	}
	return fit(s.list(n), limit, escape)
}

// size is how many UTF-16 code units a text has once it is escaped.
func size(text string, escape func(rune) string) int {
	sum := 0
	for _, r := range text {
		for _, c := range escape(r) {
			sum += max(1, utf16.RuneLen(c))
		}
	}
	return sum
}

// Package plain makes texts that others wrote safe to show: names from a database, what a server said, paths. Nothing
// that a terminal obeys or that changes how a line reads gets through: control characters (C0, C1, DEL), escape
// sequences, marks of direction, line separators. Errors, tables and logs use Text or Lines, JSON uses NewEncoder or
// Writer.
package plain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text shows whatever is invisible or commands something as the escape that Go source would use.
func Text(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return strings.ToValidUTF8(text, "\ufffd")
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Lines is Text for a text of several lines.
func Lines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = Text(lines[i])
	}
	return strings.Join(lines, "\n")
}

// hidden says whether a character must not be shown as it is. The two joiners only shape the letters beside them, and
// emoji are made with one.
func hidden(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return !unicode.IsGraphic(r) && r != nonJoiner && r != joiner
}

// NewEncoder writes JSON in which every hidden character of a string is escaped; the values stay the same. HTML is not
// escaped.
func NewEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(Writer(w))
	e.SetEscapeHTML(false)
	return e
}

// AppendJSON appends a text as a JSON string, as NewEncoder writes it.
func AppendJSON(dst []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c >= utf8.RuneSelf || c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			return appendEscaped(dst, text)
		}
	}
	dst = append(append(dst, '"'), text...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, text string) []byte {
	var b bytes.Buffer
	if err := NewEncoder(&b).Encode(text); err != nil {
		return append(dst, "null"...) // a string can always be encoded
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// WriteJSON writes a value as indented JSON, as NewEncoder does.
func WriteJSON(w io.Writer, value any) error {
	e := NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// Writer passes JSON on, with every hidden character of a string escaped. Each Write must hold whole characters.
func Writer(w io.Writer) io.Writer { return writer{w} }

type writer struct{ w io.Writer }

func (w writer) Write(p []byte) (int, error) {
	if n, err := w.w.Write(Escape(p)); err != nil {
		return min(n, len(p)), err
	}
	return len(p), nil
}

// Escape escapes the hidden characters of a JSON text. Below DEL an encoder leaves only white space between values.
func Escape(text []byte) []byte {
	if !bytes.ContainsFunc(text, escaped) {
		return text
	}
	out := make([]byte, 0, len(text)+16)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch high, low := utf16.EncodeRune(r); {
		case !escaped(r):
			out = append(out, text[:size]...)
		case high != utf8.RuneError:
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}

func escaped(r rune) bool { return r >= 0x7f && hidden(r) }

package replay

import (
	"bufio"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// mostTexts is how many texts are remembered in the form in which they are written.
const mostTexts = 1 << 14

// CSV writes a table as RFC 4180 says: commas, CRLF, quotes where need be. In front stands a byte order mark, without
// which Excel takes UTF-8 for the system's code page. Where a spreadsheet would see a formula, also behind a
// separator within a text, an apostrophe stands in front; numbers stay numbers, with a point. Nothing need reach the
// writer before Flush.
type CSV struct {
	w     *bufio.Writer
	line  []byte
	cells map[string]string // texts that were written before, as cells
}

// NewCSV writes the byte order mark.
func NewCSV(w io.Writer) (*CSV, error) {
	c := &CSV{w: bufio.NewWriterSize(w, 64<<10), cells: map[string]string{}}
	_, err := c.w.WriteString("\ufeff")
	return c, err
}

// Line writes a line of strings, numbers and bools; nil is an empty cell.
func (c *CSV) Line(values ...any) error {
	for _, v := range values {
		c.put(valueOf(v))
	}
	return c.end()
}

// put appends a cell to the line.
func (c *CSV) put(v value) {
	if v.is == isText {
		c.line = append(c.line, c.cell(v.text)...)
	} else {
		c.line = v.append(c.line)
	}
	c.line = append(c.line, ',')
}

// end writes the line.
func (c *CSV) end() error {
	line := append(c.line[:max(len(c.line), 1)-1], "\r\n"...)
	c.line = line[:0]
	_, err := c.w.Write(line)
	return err
}

// cell is a text as a cell. Names come again and again.
func (c *CSV) cell(text string) string {
	if isWord(text) {
		return text
	}
	cell, ok := c.cells[text]
	if ok {
		return cell
	}
	if cell = harmless(text); strings.ContainsAny(cell, `,"`) || startsBlank(cell) || cell == `\.` {
		cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
	}
	if len(c.cells) >= mostTexts {
		clear(c.cells)
	}
	c.cells[text] = cell
	return cell
}

// isWord reports whether a text is a cell as it is: it begins with a letter or digit, and nothing in it is special.
func isWord(text string) bool {
	for i := range len(text) {
		switch b := text[i]; {
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9':
		case i == 0 || b < ' ' || b > '~' || strings.IndexByte(`,;|"`, b) >= 0:
			return false
		}
	}
	return true
}

func startsBlank(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsSpace(first)
}

// Flush passes on what was written.
func (c *CSV) Flush() error { return c.w.Flush() }

// harmless keeps a text from being taken for a formula, and a line break inside it from ending the row for simple
// readers.
func harmless(text string) string {
	text = plain.Text(strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ", "\x00", "").Replace(text))
	return formula.ReplaceAllString(text, "$1'$2")
}

// formula finds where a spreadsheet could see one: at the beginning of a text, and behind what separates cells in
// some country or in some program's import, with blanks and quotes between. Excel in German splits at semicolons, and
// ignores quotes that begin within a cell.
var formula = regexp.MustCompile(`((?:^|[;,|])[\s\p{Zs}"]*)([=+\-@＝＋－＠])`)

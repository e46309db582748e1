package replay

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// CSV writes a table as RFC 4180 says: commas, CRLF, quotes where need be. In front stands a byte order mark, without which Excel
// takes UTF-8 for the system's code page. Where a spreadsheet would see a formula, also behind a separator within a text, an
// apostrophe stands in front; numbers stay numbers, with a point. Nothing reaches the writer before Flush.
type CSV struct{ w *csv.Writer }

// NewCSV writes the byte order mark.
func NewCSV(w io.Writer) (*CSV, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := &CSV{csv.NewWriter(w)}
	c.w.UseCRLF = true
	return c, nil
}

// Line writes a line of strings, numbers and bools; nil is an empty cell.
func (c *CSV) Line(values ...any) error {
	cells := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case string:
			cells[i] = harmless(v)
		case float64:
			cells[i] = strconv.FormatFloat(v, 'f', -1, 64)
		case jobmon.Code: // the number alone
			cells[i] = strconv.FormatInt(int64(v), 10)
		default:
			cells[i] = fmt.Sprint(v)
		}
	}
	return c.w.Write(cells)
}

// Flush passes on what was written.
func (c *CSV) Flush() error {
	c.w.Flush()
	return c.w.Error()
}

// harmless keeps a text from being taken for a formula, and a line break inside it from ending the row for simple readers.
func harmless(text string) string {
	text = plain.Text(strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ", "\x00", "").Replace(text))
	return formula.ReplaceAllString(text, "$1'$2")
}

// formula finds where a spreadsheet could see one: at the beginning of a text, and behind what separates cells in some country
// or in some program's import, with blanks and quotes between. Excel in German splits at semicolons, and ignores quotes that
// begin within a cell.
var formula = regexp.MustCompile(`((?:^|[;,|])[\s\p{Zs}"]*)([=+\-@＝＋－＠])`)

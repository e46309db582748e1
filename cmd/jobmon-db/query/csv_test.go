package query

import (
	"bytes"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestCodesInSheetsAreNumbers: a status code is a number to a spreadsheet, whatever people are shown.
func TestCodesInSheetsAreNumbers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c, err := NewCSV(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Line(jobmon.Code(-2147024809), jobmon.Code(2147942487), jobmon.Code(1<<40)); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err != nil || out.String() != "\ufeff-2147024809,2147942487,1099511627776\r\n" {
		t.Errorf("%q, %v", &out, err)
	}
}

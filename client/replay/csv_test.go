package replay

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
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

// TestNoCellIsAFormula: whatever separates cells where the file is opened, and whether or not quotes hold a cell
// together there, no cell of somebody's text begins a formula, and every line stays one line.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	begins := func(cell string) bool {
		cell = strings.TrimLeft(cell, " \t\u00a0\u2003\u3000\"")
		return cell != "" && strings.ContainsAny(string([]rune(cell)[:1]), "=+-@＝＋－＠")
	}
	check := func(t rapid.TB, texts []string) {
		var out bytes.Buffer
		c, err := NewCSV(&out)
		if err != nil {
			t.Fatal(err)
		}
		values := make([]any, len(texts))
		for i, text := range texts {
			values[i] = text
		}
		if err := c.Line(values...); err != nil {
			t.Fatal(err)
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		file := strings.TrimPrefix(out.String(), "\ufeff")
		if strings.Count(file, "\n") != 1 || strings.Count(file, "\r") != 1 {
			t.Fatalf("%q is more than one line: %q", texts, file)
		}
		for _, separator := range ",;|\t" {
			line := strings.TrimSuffix(file, "\r\n")
			reader := csv.NewReader(strings.NewReader(line))
			reader.Comma, reader.LazyQuotes = separator, true
			quoted, _ := reader.Read()
			for _, cell := range slices.Concat(quoted, strings.Split(line, string(separator))) {
				if begins(cell) {
					t.Fatalf("%q: a cell between %q is %q", texts, separator, cell)
				}
			}
		}
	}
	for _, text := range []string{
		"x;=cmd|' /C calc'!A0", "x\t=1", "x,=1", "a\r\n=1", "a\n=1", "a\r=1", "＝1", "x;＋1", " =1", "\u00a0=1", "\"=1", ";\"=1", "x|@SUM(1)", "-1+1",
	} {
		check(t, []string{text, "b"})
		check(t, []string{"b", text})
	}
	texts := rapid.SliceOfN(
		rapid.StringOf(rapid.RuneFrom([]rune("ab=+-@＝＋－＠;,|\t\r\n \"'\u00a0\u3000\u2028\x00"))),
		1,
		4,
	)
	lawtest.Check(t, func(t *rapid.T) { check(t, texts.Draw(t, "texts")) })
}

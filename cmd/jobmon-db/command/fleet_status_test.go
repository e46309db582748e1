package command

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
)

// A long trouble leaves the table as narrow as it is without it.
func TestTroubleStandsBelowTheTable(t *testing.T) {
	t.Parallel()
	trouble := "the stream holds another log\x1b[31m. " + strings.Repeat("word ", 100) + "end"
	var well, ill bytes.Buffer
	list := []control.FleetSite{{Site: "DS01", Last: 7}, {Site: "DS02", Last: 8}}
	if err := (&app{stdout: &well}).listSites(list); err != nil {
		t.Fatal(err)
	}
	list[0].Trouble = trouble
	if err := (&app{stdout: &ill}).listSites(list); err != nil {
		t.Fatal(err)
	}
	below, found := strings.CutPrefix(ill.String(), well.String())
	if !found || !strings.HasPrefix(below, "\nDS01: the stream holds another log") || !strings.HasSuffix(below, "end\n") ||
		strings.Contains(below, "\x1b") || strings.Contains(below, "DS02") {
		t.Errorf("%q\n%q", well.String(), ill.String())
	}
}

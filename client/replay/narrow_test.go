package replay

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestTheStoryFitsTheTerminal: whatever its width, no line is longer, and each says what happened and how long it took.
func TestTheStoryFitsTheTerminal(t *testing.T) {
	log, chronicle, names := morning(t, 3, 14*time.Hour)
	last, _, _ := log.Last()
	for _, width := range []int{70, 80, 90, 100, 120, 160, 200} {
		telling := telling(t, log, chronicle, names, Ask{Computers: []string{"id:5000007", "id:5000006"}})
		var out bytes.Buffer
		printer, err := NewPrinter(&out, Layout{Shape: "table", Look: term.Options{Width: width}}, telling.Chronicle)
		if err != nil {
			t.Fatal(err)
		}
		ended := 0
		for r, err := range telling.Forward(Range{From: 1, To: last}) {
			if err != nil {
				t.Fatal(err)
			}
			if err := printer.Print(r); err != nil {
				t.Fatal(err)
			}
			if r.event.Kind == jobmon.KindFinished {
				ended++
			}
		}
		for line := range strings.Lines(out.String()) {
			if n := term.Columns(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns: %d are written: %q", width, n, line)
			}
		}
		if told := strings.Count(out.String(), "running -> succeeded") + strings.Count(out.String(), "running -> failed"); told != ended {
			t.Errorf("%d columns: %d ends of %d are printed:\n%s", width, told, ended, out.String())
		}
		days := strings.Count(out.String(), "day, 2026-11-2")
		if want := map[bool]int{true: 2, false: 0}[width < 140]; days != want {
			t.Errorf("%d columns: %d lines with a date, want %d", width, days, want)
		}
	}
}

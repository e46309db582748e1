package board

import (
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// endedWith is a picture of a deployment that has ended with that result.
func endedWith(result jobmon.Result) *jobmon.Progress {
	for _, s := range samples.Pictures() {
		if s.Name == "ready" || s.Progress.Session != nil && !s.Progress.Session.Unended() {
			p, session := *s.Progress, *s.Progress.Session
			session.Result, session.Failed, session.Ended = result, 0, testNow().Add(-time.Hour)
			p.Session = &session
			return &p
		}
	}
	return nil
}

// cell is a row's cell of that class.
func cell(t *testing.T, p *jobmon.Progress, class string) string {
	t.Helper()
	f := testFrame()
	row, err := Row(p, &f)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(row), `<td class="`+class+`">`)
	text, _, ended := strings.Cut(rest, "</td>")
	if !found || !ended {
		t.Fatalf("no cell %s in %s", class, row)
	}
	return text
}

// TestEveryEndHasWords: also one whose result has no words of its own.
func TestEveryEndHasWords(t *testing.T) {
	t.Parallel()
	for _, result := range []jobmon.Result{"", "of a later version", jobmon.ResultEndedEarly, jobmon.ResultAbandoned} {
		if text := cell(t, endedWith(result), "c-why"); text == "" || strings.Contains(text, "result.") {
			t.Errorf("the result %q is shown as %q", result, text)
		}
	}
}

// TestOnlyReadyComputersHaveATimeOfReady: what ended in another way was never ready.
func TestOnlyReadyComputersHaveATimeOfReady(t *testing.T) {
	t.Parallel()
	for result, want := range map[jobmon.Result]bool{
		jobmon.ResultReady: true, jobmon.ResultAfterRetries: true, jobmon.ResultWithFailures: false,
		jobmon.ResultEndedEarly: false, jobmon.ResultAbandoned: false, "": false,
	} {
		if got := cell(t, endedWith(result), "c-ready"); (got == "13:12") != want || !want && got != "–" {
			t.Errorf("%q: ready at %q", result, got)
		}
	}
}

// TestAnotherDeploymentIsSaid: a chart of another deployment than the screen's never stands there without a word.
func TestAnotherDeploymentIsSaid(t *testing.T) {
	t.Parallel()
	c := testComputer()
	session := *c.Picture.Session
	session.Number = 3
	c.Picture.Session = &session
	for shown, want := range map[int]string{0: "", 3: "", 1: "Deployment 1 is drawn; the screen shows deployment 3."} {
		c.Shown = shown
		page := string(made(t, c))
		if got := strings.Contains(page, "is drawn"); got != (want != "") || !strings.Contains(page, want) {
			t.Errorf("deployment %d of 3: the page says that another one is drawn: %v", shown, got)
		}
		if want != "" && !strings.Contains(page, `<a href="/c/5000123?at=2026-`) {
			t.Error("no link leads to the end of the deployment that is drawn")
		}
	}
	c.Picture, c.Shown = nil, 2
	if !strings.Contains(string(made(t, c)), "Deployment 2 is drawn; the screen shows none of them.") {
		t.Error("without a screen, nothing says which deployment is drawn")
	}
}

package board

import (
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	texts "github.com/jobmon-db/jobmon-db/internal/words"
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

// TestBoundsAreNotRanked: "< 5 min" is no duration that could be longer than another one.
func TestBoundsAreNotRanked(t *testing.T) {
	t.Parallel()
	r := testReports()
	measured := func(n int) jobmon.Length { return jobmon.Length{Took: time.Duration(n) * time.Minute} }
	less := func(n int) jobmon.Length { return jobmon.Length{Most: time.Duration(n) * time.Minute} }
	upTo := jobmon.Length{Inexact: true, Most: 3 * time.Minute}
	row := func(name string, median, worst jobmon.Length) []Cell {
		return []Cell{{Text: name}, {Text: median, Share: 0.5, Worst: 0.9}, {Text: worst}}
	}
	slow := &Table{Name: TableSlowest, Columns: []string{"job", "median_s", "worst_s"}, Rows: [][]Cell{
		row("Office", less(5), measured(9)), row("Java", measured(4), less(8)), row("Fonts", upTo, upTo),
		row("Viewer", measured(2), measured(6)),
	}}
	r.Tables = []Table{*slow}
	var names, drawn []string
	for _, cells := range r.view().Tables[0].Rows {
		names = append(names, cells[0].Text)
		if drawing := string(cells[1].Drawing); strings.Contains(drawing, "s-bar") {
			drawn = append(drawn, cells[0].Text)
			if worst := strings.Contains(drawing, "s-worst"); worst == (cells[0].Text == "Java") {
				t.Errorf("%s: the mark of the worst is drawn: %v", cells[0].Text, worst)
			}
		}
	}
	if got := strings.Join(names, " "); got != "Java Viewer Office Fonts" {
		t.Errorf("the order is %s", got)
	}
	if got := strings.Join(drawn, " "); got != "Java Viewer" {
		t.Errorf("bars have %s", got)
	}
}

// TestFiguresSayWhatTheyCompare in words: two numbers and an arrow could be anything.
func TestFiguresSayWhatTheyCompare(t *testing.T) {
	t.Parallel()
	r := testReports()
	r.Figures = []Figure{{Name: "ended", Value: 32, Before: 39}, {Name: "worst", Value: time.Hour, Detail: "PC-7"}}
	for lang, want := range map[string]string{
		"en": "39 before → 32 now", "de": "davor 39 → jetzt 32", "fr": "avant 39 → maintenant 32",
	} {
		r.Lang = lang
		if v := r.view(); v.Figures[0].Detail != want || v.Figures[1].Detail != "PC-7" {
			t.Errorf("%s: %q and %q", lang, v.Figures[0].Detail, v.Figures[1].Detail)
		}
	}
}

// TestHeaderSaysHowOldItIs: one name on all pages, and no age of a moment that is past.
func TestHeaderSaysHowOldItIs(t *testing.T) {
	t.Parallel()
	f := testFrame()
	f.Site = "DS01"
	source := func(f Frame, servers ...string) string {
		v := newView(&f, "board", "/")
		v.servers = servers
		return string(v.Source())
	}
	if with, without := source(f, "DS01"), source(f); with != without || !strings.Contains(with, `data-age="2000"`) {
		t.Errorf("the header is %q and %q", with, without)
	}
	f.At, f.ReadAge = "14:00", -1
	if got := source(f); got != "DS01, as of that moment" {
		t.Errorf("the header of the past is %q", got)
	}
}

// TestFirstReadIsNotAnEmptyBoard: before the first read nobody knows that there is no deployment.
func TestFirstReadIsNotAnEmptyBoard(t *testing.T) {
	t.Parallel()
	f := testFrame()
	f.ReadAge = -1
	page := string(made(t, &Board{Frame: f}))
	if !strings.Contains(page, "The first read of the DS database is under way.") || strings.Contains(page, "Read at") {
		t.Error("the board of a daemon that has read nothing does not say so")
	}
	f.ReadAge = 0
	if page = string(made(t, &Board{Frame: f})); !strings.Contains(page, "No deployment has been seen yet") {
		t.Error("the board does not say that there is no deployment")
	}
}

// TestWrongTimeIsShort: the page has examples, not the whole help.
func TestWrongTimeIsShort(t *testing.T) {
	t.Parallel()
	p := &Problem{Frame: testFrame(), Kind: ProblemWrong, Text: `"x" is not a time: write 2026-11-22T14:05 (RFC 3339), ...`,
		Say: texts.Phrase{Key: "problem.wrong.text", Places: []any{"text", "x"}}}
	for lang, want := range map[string]string{
		"en": "“x” is not a moment. Write, for example: now, 14:20, Tue 9:00, -2h",
		"de": "„x“ ist kein Moment. Beispiele: jetzt, 14:20, Di 9:00, -2h",
		"fr": "« x » n’est pas un moment. Exemples : 14:20, mar. 9:00, -2h",
	} {
		p.Lang = lang
		if page := string(made(t, p)); strings.Contains(page, "RFC") || !strings.Contains(page, want) {
			t.Errorf("the page is %s", page)
		}
	}
	p.Text, p.Say = "There is no deployment 9: this computer's are 1, 2.", texts.Phrase{}
	if !strings.Contains(string(made(t, p)), "are 1, 2.") {
		t.Error("another sentence of the program is cut")
	}
}

// TestFilterOfAnyGroup: a browser sends back what the form holds, with each line end as CR LF.
func TestFilterOfAnyGroup(t *testing.T) {
	t.Parallel()
	for _, group := range append(samples.StrangeNames(), "a\rb", "a\nb", "a\r\nb", "\x00", strings.Repeat("\x01", 90),
		strings.Repeat("x", 300)) {
		p := *samples.Pictures()[1].Progress
		p.Computer.Group, p.Site = group, group
		b := &Board{Frame: testFrame(), Pictures: []jobmon.Progress{p}}
		groups := b.view("board", "/").Groups
		if len(groups) != 1 {
			if group != "" {
				t.Errorf("%q: the form has %d groups", group, len(groups))
			}
			continue
		}
		sent := strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(groups[0].Name)
		b.Query = Query{Group: sent, Server: sent}
		v := b.view("board", "/")
		if n := len(v.filter(b.lines(v.Frame))); n != 1 || !v.Groups[0].Chosen || len(v.Groups) != 1 {
			t.Errorf("%q: the filter keeps %d computers, and the form has %+v", group, n, v.Groups)
		}
		if row := string(v.Sections[1].Rows) + string(v.Sections[0].Rows) + string(v.Sections[2].Rows); !strings.Contains(
			row, `data-group="`+esc(v.Query.Group)+`"`) {
			t.Errorf("%q: no row has the group that the script compares, %q", group, v.Query.Group)
		}
	}
}

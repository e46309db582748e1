package board

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/board/boardtest"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestNoEnglishOnPagesInOtherLanguages: what a page in another language shares with the English one are names, and the
// few words that both languages have.
func TestNoEnglishOnPagesInOtherLanguages(t *testing.T) {
	t.Parallel()
	names := append(boardtest.Names(samples.Pictures()), "PC-0001", "PC-0002", "Brightwater Logistics", testFrame().Support, "BWL", "xFFFFFFF9", "Business apps", "Sales", "Design",
		"BER", "NYC", "ROM", "SYD")
	names = append(names, boardtest.Names(testComputer().Chart)...)
	names = append(names, boardtest.Names(testTimeline())...)
	for _, name := range names {
		names = append(names, shown(name))
	}
	english := map[string][]byte{}
	for name, page := range pagesIn("en") {
		english[name] = made(t, page)
	}
	for _, lang := range Languages()[1:] {
		found := map[string]string{}
		for name, page := range pagesIn(lang) {
			list, err := boardtest.Untranslated(english[name], made(t, page), lang, names...)
			if err != nil {
				t.Fatal(err)
			}
			for word, text := range list {
				found[word] = fmt.Sprintf("%s: %q", name, text)
			}
		}
		for word, text := range found {
			t.Errorf("%s has the English word %q on the page %s", lang, word, text)
		}
	}
}

// pagesIn are the pages of every sample in a language, each problem included.
func pagesIn(lang string) map[string]writer {
	pages := everyPage(lang, []string{"PC-0001", "PC-0002"})
	f := testFrame()
	f.Lang, f.Site = lang, ""
	for _, s := range samples.Pictures() {
		p := *s.Progress
		p.Computer.ID, p.SourceLost, p.SourceSince = 5000001, s.Name == "running", f.Now.Add(-1)
		pages["of "+s.Name] = &Computer{Frame: f, Key: p.Computer.Key(), Picture: &p}
		pages["row of "+s.Name] = &Board{Frame: f, Pictures: []jobmon.Progress{p}}
		pages["tile of "+s.Name] = &Wall{Board: Board{Frame: f, Pictures: []jobmon.Progress{p}}}
		pages["phone of "+s.Name] = &Phone{Frame: f, Picture: &p, Until: f.Now}
	}
	for _, kind := range []string{ProblemOutside, ProblemPeriod, ProblemNothing, ProblemCode, ProblemStopping, ProblemBusy,
		ProblemUnreadable} {
		pages[kind] = &Problem{Frame: f, Kind: kind, Ways: []Link{{"board.title", "/"}, {"problem.first", "/"}, {"back", "/"}}}
	}
	results := testComputer()
	results.Frame, results.Deployments = f, nil
	for i, word := range jobmon.Outcomes() {
		d := Deployment{Number: i, Result: jobmon.Outcome{Word: word, Failed: i}, Took: jobmon.Length{Took: 1e15, Most: 2e15}}
		results.Deployments = append(results.Deployments, d)
	}
	pages["results"] = results
	return pages
}

// TestTypedMoments: a moment can be typed in the words of the page's language, and in English on all pages.
func TestTypedMoments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, text, want string }{
		{"de", " jetzt ", "now"}, {"de", "heute 14:20", "today 14:20"}, {"de", "Di 9:00", "tuesday 9:00"},
		{"de", "dienstag 9:00", "tuesday 9:00"}, {"de", "26.11. 9:00", "11-26 9:00"}, {"de", "3.1.2026", "2026-01-03"},
		{"de", "gestern", "yesterday"}, {"de", "tue 9:00", "tue 9:00"}, {"de", "-2h", "-2h"}, {"de", "", ""},
		{"de", "2026-11-22 14:05", "2026-11-22 14:05"}, {"de", "14.5", "05-14"},
		{"fr", "maintenant", "now"}, {"fr", "aujourd'hui 8:00", "today 8:00"}, {"fr", "hier 9:00", "yesterday 9:00"},
		{"fr", "mar. 9:00", "tuesday 9:00"}, {"fr", "mer 9:00", "wednesday 9:00"}, {"fr", "26/11/2026 9:00", "2026-11-26 9:00"},
		{"en", "di 9:00", "di 9:00"}, {"en", "26.11.", "26.11."}, {"fr", "seq:120", "seq:120"},
	} {
		if got := Typed(c.lang, c.text); got != c.want {
			t.Errorf("%s, %q: %q, want %q", c.lang, c.text, got, c.want)
		}
	}
	for _, lang := range Languages() { // what the field proposes is understood
		for hint := range strings.SplitSeq(wordsOf(lang).Say("at.hint"), ", ") {
			english := slices.Contains([]string{"now", "14:20", "-2h"}, Typed(lang, hint))
			if day := strings.ToLower(Typed(lang, hint)); !english && day != "tue 9:00" && day != "tuesday 9:00" {
				t.Errorf("%s proposes %q, which is %q", lang, hint, day)
			}
		}
	}
}

package desk

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// stepped are sites whose server's clock is set back, or ahead, in the middle of the log.
func stepped(t *testing.T, by time.Duration) []*site {
	a, b := watchAt(t, "DS01", 3600, 7, 4, 300), watchAt(t, "DS02", -5*3600, 8, 5, 300)
	for _, s := range []*site{a, b} {
		s.pass(t, time.Hour, 30*time.Second)
		s.step(t, by)
		s.pass(t, 40*time.Minute, 30*time.Second)
	}
	return []*site{a, b}
}

// opened is the computer's page of an address.
func opened(t *testing.T, web http.Web, href string) (board.Computer, error) {
	to, err := url.Parse(href)
	if err != nil {
		t.Fatal(err)
	}
	site, id, several := strings.Cut(strings.TrimPrefix(to.Path, "/c/"), "/")
	if !several {
		site, id = "", site
	}
	c, err := web.Computer(t.Context(), site, "id:"+id, to.Query().Get("at"), 0)
	return c.Computer, err
}

// happened says whether the batch that a page is about holds such an event of the computer.
func happened(c *board.Computer, is func(kind jobmon.Kind, subject string, bad bool) bool) bool {
	for i := range c.Events {
		if e := &c.Events[i]; e.Seq >= c.First && e.Seq <= c.Seq && is(e.Kind, e.Subject, e.Bad()) {
			return true
		}
	}
	return false
}

// TestReportsLeadToWhatTheyName: wherever the server's clock was set since, a link of a report opens the computer at
// the read that saw the run begin.
func TestReportsLeadToWhatTheyName(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{-45 * time.Minute, 45 * time.Minute} {
		sites := stepped(t, by)
		for name, web := range map[string]http.Web{"a hub": fleetOf(sites...), "a site": New(sites[1])} {
			r, err := web.Reports(t.Context(), "", "", "")
			if err != nil {
				t.Fatal(err)
			}
			links := 0
			open := func(href, job string) {
				if !strings.HasPrefix(href, "/c/") {
					return
				}
				links++
				c, err := opened(t, web, href)
				if err != nil || c.Picture == nil || !happened(&c, func(k jobmon.Kind, subject string, _ bool) bool {
					return k == jobmon.KindStarted && (job == "" || subject == job)
				}) {
					t.Errorf("%s, %s: %s does not show the start of %q: %v", by, name, href, job, err)
				}
			}
			for _, figure := range r.Figures {
				open(figure.Href, "")
			}
			for _, table := range r.Tables {
				for _, row := range table.Rows {
					job := ""
					if table.Name == board.TableSlowest {
						job = fmt.Sprint(row[0].Text)
					}
					for _, cell := range row {
						open(cell.Href, job)
					}
				}
			}
			if links < 10 {
				t.Errorf("%s, %s: %d links", by, name, links)
			}
		}
	}
}

// TestLinksOfAComputerLeadToWhatTheyName: so do its failures, and every other link answers.
func TestLinksOfAComputerLeadToWhatTheyName(t *testing.T) {
	t.Parallel()
	anchors := regexp.MustCompile(`href="(/[^"]*)"`)
	failed := regexp.MustCompile(`<h2 class="bad">.*?</h2><a href="([^"]*)"`)
	for _, by := range []time.Duration{-3 * time.Hour, 45 * time.Minute} {
		f := fleetOf(stepped(t, by)...)
		get, failures, asked := browser(f), 0, map[string]bool{}
		for _, path := range []string{"/c/DS01/5000001", "/c/DS01/5000002", "/c/DS02/5000003", "/c/DS02/5000004"} {
			for _, query := range []string{"", "?deployment=1", "?at=seq:200", "?at=-10m"} {
				_, page := get(path+query, "")
				for _, m := range failed.FindAllStringSubmatch(page, -1) {
					failures++
					at := html.UnescapeString(m[1])
					c, err := opened(t, f, at)
					if err != nil || !happened(&c, func(_ jobmon.Kind, _ string, bad bool) bool { return bad }) {
						t.Errorf("%s, %s: %s shows no failure: %v", by, path+query, at, err)
					}
				}
				for _, m := range anchors.FindAllStringSubmatch(page, -1) {
					to := html.UnescapeString(m[1])
					if len(asked) >= 80 || asked[to] {
						continue
					}
					asked[to] = true
					if code, text := get(to, ""); code != 200 {
						t.Errorf("%s, %s leads to %s: %d %.300s", by, path+query, to, code, text)
					}
				}
			}
		}
		if failures == 0 || len(asked) < 50 {
			t.Errorf("%s: %d failures, %d links", by, failures, len(asked))
		}
	}
}

// TestATimeBeforeTheClockWasSetBackIsInTheLog, also where it is later than the present. So is a time after that, also
// where it is earlier than the first event.
func TestATimeBeforeTheClockWasSetBackIsInTheLog(t *testing.T) {
	t.Parallel()
	s := watch(t, 4, 300)
	s.pass(t, 30*time.Minute, 30*time.Second)
	d := New(s)
	ahead, last := s.ds.Now(), s.state.Seq
	want, _, _ := shown(t, s, seqText(last))
	s.pass(t, time.Minute, 30*time.Second)
	s.step(t, -2*time.Hour)
	s.pass(t, 30*time.Minute, 30*time.Second)
	got, err := d.At(t.Context(), "", ahead.String())
	if err != nil || string(file(t, got.Pictures)) != string(file(t, want)) {
		t.Errorf("a time later than the present: seq %d, want %d: %v", got.Seq, last, err)
	}
	_, early, _ := s.Last()
	if got, err := d.At(t.Context(), "", early.String()); err != nil || got.Seq != s.state.Seq {
		t.Errorf("a time before the first event: seq %d, want %d: %v", got.Seq, s.state.Seq, err)
	}
	never := []jobmon.Instant{begin().Add(-2 * time.Hour), begin().Add(-30 * time.Minute), ahead.Add(time.Hour)}
	for _, at := range never {
		if got, err := d.At(t.Context(), "", at.String()); err == nil {
			t.Errorf("%s, which no clock showed, is seq %d", at, got.Seq)
		}
	}
}

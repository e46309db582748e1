package board

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestATroubleIsShownAsAnAwaySite: whatever keeps a site's events away, every page says so, and nothing of what to do
// is cut off.
func TestATroubleIsShownAsAnAwaySite(t *testing.T) {
	t.Parallel()
	trouble := "the stream JOBMON_BER holds " + strings.Repeat("another log, ", 40) + "so stop the other daemon"
	whole := "T" + trouble[1:]
	for away, says := range map[string]string{
		"": "There is a problem", "refused": "The site may not publish its log", "nats": "NATS does not answer",
		"events": "Its newest events do not arrive",
	} {
		f := fleetFrame()
		f.Sites[0].Away, f.Sites[0].Trouble, f.Sites[0].Behind = away, trouble, 0
		board := &Board{Frame: f, Pictures: sited(12)}
		said := text(t, board)
		for _, want := range []string{"BER " + says + ". 3 ", whole, "4 sites, 3 away", "from: BER, NYC, ROM"} {
			if !strings.Contains(said, want) {
				t.Errorf("%q: the board lacks %q:\n%.600s", away, want, said)
			}
		}
		page := string(made(t, board))
		row := regexp.MustCompile(`<tr id="cBER/.*?</tr>`).FindString(page)
		if !strings.Contains(row, `data-old="1"`) || !strings.Contains(row, "as of 14:12") ||
			!strings.Contains(page, `<td class="bad"><svg class="i i-alert"`) {
			t.Errorf("%q: the board does not mark BER: %s", away, row)
		}
		f.Sites[1].Away = ""
		wall := string(made(t, &Wall{Board: Board{Frame: f, Pictures: sited(12)}}))
		tile := regexp.MustCompile(`<article id="tBER/.*?</article>`).FindString(wall)
		if !strings.Contains(wall, "BER: "+says+" ·") || !strings.Contains(wall, `title="BER: `+whole) ||
			!strings.Contains(tile, `w-site"><svg class="i i-alert"`) {
			t.Errorf("%q: the wall does not warn of BER: %s", away, tile)
		}
		c := fleetPages("en", []string{"PC-0001"}, Reports{})["computer-fleet"].(*Computer)
		c.Sites = f.Sites[:1]
		if said := text(t, c); !strings.Contains(said, "BER: "+says+". Everything on this page is from") ||
			!strings.Contains(said, whole) || strings.Contains(said, "is read") {
			t.Errorf("%q: the computer's page says %.400s", away, said)
		}
	}
}

// TestAnotherReasonIsAnotherStanding: an open page is drawn anew where the reason changes, and not with each number.
func TestAnotherReasonIsAnotherStanding(t *testing.T) {
	t.Parallel()
	f := fleetFrame()
	standing := func(trouble string) string {
		f.Sites[1].Trouble = trouble
		return f.Standing()
	}
	first := standing("77 events wait: no space left on device")
	if standing("124 events wait: no space left on device") != first || standing("no majority") == first ||
		standing("") != "BER: NYC:site ROM:source SYD:" || !strings.HasPrefix(first, "BER: NYC:site-") {
		t.Errorf("%q and %q", first, standing("no majority"))
	}
}

// TestTimesOfSeveralZonesNameThem: also where all sites have one zone and the hub another, or a clock that is wrong.
func TestTimesOfSeveralZonesNameThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sites, hub jobmon.Offset
		behind     time.Duration
		want       string
	}{
		{3600, 3600, 0, ""}, {3600, 3600, 4 * time.Minute, ""}, {9 * 3600, 0, 0, "UTC+09:00"},
		{3600, 3600, 7 * time.Minute, "UTC+01:00, clock 7 min behind"},
		{0, 3600, -2 * time.Hour, "UTC+00:00, clock 2 h 00 min ahead"},
	} {
		f := fleetFrame()
		f.Offset, f.Sites = c.hub, slices.Clone(f.Sites[:1])
		f.Sites[0].Offset, f.Sites[0].Now = c.sites, f.Now.Add(-c.behind)
		f.Sites = append(f.Sites, SiteState{Name: "NEW", Now: f.Now}) // never came: its zone is not known
		pictures := sited(12)[:3]
		wall := string(made(t, &Wall{Board: Board{Frame: f, Pictures: pictures}}))
		board := string(made(t, &Board{Frame: f, Pictures: pictures}))
		for what, part := range map[string]string{
			"the card": regexp.MustCompile(`<p class="w-site">.*?</p>`).FindString(wall),
			"the row":  regexp.MustCompile(`<td class="c-site">.*?</td>`).FindString(board),
		} {
			var said []string
			for _, m := range regexp.MustCompile(`<small.*?>(.*?)</small>`).FindAllStringSubmatch(part, -1) {
				said = append(said, m[1])
			}
			if zone := strings.Join(said, ", "); zone != c.want || part == "" {
				t.Errorf("%+v: %s has %q: %s", c, what, said, part)
			}
		}
		if c.want != "" && !strings.Contains(html.UnescapeString(wall), "Times of this server, "+zone(c.hub)) {
			t.Errorf("%+v: the wall does not name its own zone", c)
		}
		if !strings.Contains(board, `<td>–</td><td></td></tr>`) {
			t.Errorf("%+v: a site that never came has a zone", c)
		}
	}
}

// TestTheNextReadyNamesItsZone: it is the only time on a quiet wall that is a site's.
func TestTheNextReadyNamesItsZone(t *testing.T) {
	t.Parallel()
	f := fleetFrame()
	var calm []jobmon.Progress
	for _, c := range fleet(60) {
		if c.Computer.Site = "SYD"; StateOf(&c, f.Sites[3].Now) == StateRunning &&
			!newPen(f.of("SYD"), false).overdue(&c) {
			calm = append(calm, c)
		}
	}
	said := text(t, &Wall{Board: Board{Frame: f, Pictures: calm}})
	if !regexp.MustCompile(`next ready .*\d\d:\d\d UTC\+11:00`).MatchString(said) {
		t.Errorf("%.300s", said)
	}
}

// TestTheTilesCountTheChosenSites: those of the others stand in the list of the sites.
func TestTheTilesCountTheChosenSites(t *testing.T) {
	t.Parallel()
	f, list := fleetFrame(), sited(16)
	page := text(t, &Board{Frame: f, Pictures: list, Query: Query{Site: "BER,SYD"}})
	_, sites := Counts(list, &f)
	failed := sites["BER"][StateFailed] + sites["SYD"][StateFailed]
	if !strings.Contains(page, number(failed)+" failed") || !strings.Contains(page, " 8 all ") ||
		!strings.Contains(page, "NYC The site does not answer 4 ") {
		t.Errorf("want %d failed and 8 in all:\n%.400s", failed, page)
	}
}

// TestAReportIsOfEachSitesDays: its range covers all days that it draws.
func TestAReportIsOfEachSitesDays(t *testing.T) {
	t.Parallel()
	at := func(text string) jobmon.Instant {
		when, err := time.Parse("2006-01-02 15:04Z07:00", text)
		if err != nil {
			t.Fatal(err)
		}
		return jobmon.InstantOf(when)
	}
	r := &Reports{Frame: fleetFrame(), First: at("2026-11-15 00:00+01:00"), Last: at("2026-11-22 23:50+01:00"),
		Days: []Day{{Noon: at("2026-11-14 12:00+01:00"), First: 1}, {Noon: at("2026-11-23 12:00+01:00"), First: 1}}}
	want := "Saturday 14 November 2026 to Monday 23 November 2026, by each site’s own days"
	if said := text(t, r); !strings.Contains(said, want) {
		t.Errorf("%.300s", said)
	}
	r.Days, want = r.Days[:0], "Sunday 15 November 2026 to Sunday 22 November 2026"
	if said := text(t, r); !strings.Contains(said, want) {
		t.Errorf("%.300s", said)
	}
}

package board

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/jobmon-db/jobmon-db/internal/browsertest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestFleetLiveBrowser: rows and the counts of their site change in place, a site that goes away shows at once, and an
// arrow key moves by a minute.
func TestFleetLiveBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f, list := fleetFrame(), sited(12)
	s.pages["/"] = func(r *http.Request) writer {
		shown := f
		if at := r.URL.Query().Get("at"); at != "" {
			shown.At, shown.Now = at, f.Now.Add(-60_000_000_000)
		}
		return &Board{Frame: shown, Query: ParseQuery(r.URL.Query()), Pictures: list, Timeline: testTimeline()}
	}
	b := open(browsertest.Start(t), t, s.URL+"/?site=SYD&site=BER", 1366, 768)
	send := func(id int, away string, changed ...*jobmon.Progress) {
		rows := []map[string]any{}
		for _, c := range changed {
			row, err := Row(c, &f)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, map[string]any{"id": c.Computer.Key().String(), "html": string(row)})
		}
		var sites []map[string]any
		for i, site := range f.Sites {
			one := map[string]any{"name": site.Name, "away": site.Standing(), "counts": map[string]int{"all": 3, "failed": i}}
			if site.Name == "SYD" {
				one["away"] = away
			}
			sites = append(sites, one)
		}
		s.news <- event(t, id, "rows", map[string]any{"rows": rows, "sites": sites, "now": f.Now, "read_age": 1,
			"counts": map[string]int{"failed": 2, "all": 12}})
	}
	failed, other := list[6], list[6]
	failed.Computer, other.Computer.ID = list[10].Computer, 5009999 // of SYD, and one of another site
	send(1, "", &failed, &other)
	b.Until(`document.getElementById("cSYD/5000011")?.closest("tbody").classList.contains("g-need")`)
	if n := b.Text(`tr[data-of="SYD"] [data-n=failed], tr[data-of="NYC"] [data-n=failed]`); n != "1 | 3" {
		t.Errorf("the sites count %q", n)
	}
	if n := b.Text(`.counts [data-state=failed] b, .counts [data-state=all] b`); n != "3 | 6" {
		t.Errorf("the tiles count %q, want those of the two sites", n)
	}
	if browsertest.Do[bool](b, `document.getElementById("cROM/5009999") !== null`) {
		t.Error("a row of another site came in")
	}
	browsertest.Do[bool](b, `document.querySelector("details.sites").open = false,
		document.getElementById("moment").focus(), true`)
	b.Press(kb.ArrowLeft)
	b.Until(`new URL(location).searchParams.get("at") === "2026-11-22T14:11:30+01:00"`)
	if browsertest.Do[bool](b, `document.querySelector("details.sites").open`) {
		t.Error("the list of the sites opens by itself")
	}
	b.Press(kb.End)
	b.Until(`!document.documentElement.classList.contains("past")`)
	f.Sites = slices.Clone(f.Sites)
	f.Sites[3].Away = "site"
	send(2, "site")
	b.Until(`document.querySelector('tr[data-of="SYD"]').textContent.includes("does not answer")`)
	if said := b.Text(`.source span:last-child`); !strings.Contains(said, "3 away") {
		t.Errorf("the head says %q", said)
	}
	f.Sites = slices.Clone(f.Sites)
	f.Sites[3].Trouble = "call its administrator"
	send(3, f.Sites[3].Standing())
	b.Until(`document.querySelector("details.sites").textContent.includes("Call its administrator")`)
}

// TestFleetWallBrowser: the wall of two sites counts and shows theirs alone.
func TestFleetWallBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f, list := fleetFrame(), sited(12)
	s.pages["/wall"] = func(r *http.Request) writer {
		return &Wall{Board: Board{Frame: f, Query: ParseQuery(r.URL.Query()), Pictures: list}}
	}
	b := open(browsertest.Start(t), t, s.URL+"/wall?site=SYD&site=BER", 1920, 1080)
	if chosen := b.Text(".w-chosen"); chosen != "BER, SYD" {
		t.Errorf("the wall says that it shows %q", chosen)
	}
	rows := []map[string]any{}
	for i, site := range []string{"SYD", "ROM"} {
		failed := list[6]
		failed.Computer = jobmon.Computer{Site: site, ID: jobmon.ComputerID(5009990 + i), Name: "NEW"}
		tile, err := Tile(&failed, &f)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, map[string]any{"id": failed.Computer.Key().String(), "html": string(tile)})
	}
	var sites []map[string]any
	for i, site := range f.Sites {
		counts := map[string]int{"all": 3, "failed": 10 << i}
		sites = append(sites, map[string]any{"name": site.Name, "away": site.Away, "counts": counts})
	}
	s.news <- event(t, 1, "rows", map[string]any{"rows": rows, "sites": sites, "now": f.Now,
		"counts": map[string]int{"failed": 150, "all": 12}})
	b.Until(`document.getElementById("tSYD/5009990") !== null`)
	if browsertest.Do[bool](b, `document.getElementById("tROM/5009991") !== null`) {
		t.Error("a tile of another site came in")
	}
	if n := b.Text(`.count[data-state=failed] b`); n != "90" {
		t.Errorf("the two sites have %s failures, want 10 and 80", n)
	}
}

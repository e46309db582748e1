package board

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// showAll serves every page with names of that kind, and lists their addresses.
func showAll(s *site, names []string) []string {
	var paths []string
	for name, page := range everyPage("en", names) {
		if strings.HasPrefix(name, "computer") {
			name = "c/5000123"
		}
		s.show("/"+name, page)
		paths = append(paths, "/"+name)
	}
	slices.Sort(paths)
	return paths
}

// move shows another address in the same tab.
func (p *tab) move(address string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(address)); err != nil {
		p.t.Fatal(err)
	}
}

// TestPagesFitBrowser: no page is wider than its screen, with usual names and with hostile ones.
func TestPagesFitBrowser(t *testing.T) {
	ctx, s := browser(t), newSite(t)
	p := open(ctx, t, s.URL+showAll(s, []string{"BWL-1142"})[0], look{width: 360, height: 640})
	for _, names := range [][]string{{"BWL-1142", "Warehouse"}, samples.StrangeNames()} {
		for _, path := range showAll(s, names) {
			p.move(s.URL + path)
			for _, width := range []int64{360, 800, 1366, 1920, 3840} {
				if err := chromedp.Do(p.ctx, chromedp.EmulateViewport(width, width*9/16)); err != nil {
					t.Fatal(err)
				}
				if wide := do[int64](p, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("%s at %d is %d wide", path, width, wide)
				}
			}
		}
	}
}

// TestAccessibleBrowser has axe-core look at every page, light and dark.
func TestAccessibleBrowser(t *testing.T) {
	file := os.Getenv("JOBMON_TEST_AXE")
	if file == "" {
		t.Skip("JOBMON_TEST_AXE does not name axe-core's axe.min.js")
	}
	axe, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, s := browser(t), newSite(t)
	paths := showAll(s, []string{"BWL-1142", "Warehouse"})
	for _, scheme := range []string{"dark", "light"} {
		p := open(ctx, t, s.URL+paths[0], look{width: 1366, height: 768, scheme: scheme, reduced: true})
		for _, path := range paths {
			p.move(s.URL + path)
			do[bool](p, string(axe)+"; true")
			for _, found := range do[[]string](p, `axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map((v) =>
				v.id + ": " + v.help + " " + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + " " + (n.any[0] || n.all[0] || n.none[0] || {}).message).join(" | ")))`) {
				t.Errorf("%s, %s: %s", path, scheme, found)
			}
		}
	}
}

// moments is a board at any moment: an event a minute, the newest with the number 4720.
func moments(s *site, path string) {
	now := testNow()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = func(r *http.Request) writer {
		f := testFrame()
		f.Range = r.URL.Query().Get("range")
		at := r.URL.Query().Get("at")
		if text, ok := strings.CutPrefix(at, "seq:"); ok {
			n, err := strconv.Atoi(text)
			if err != nil || n > 4720 {
				return &Problem{Frame: f, Status: 404, Text: "no such event"}
			}
			f.At, f.Seq, f.Now = at, uint64(n), now.Add(time.Duration(n-4720)*time.Minute)
		} else if at != "" {
			t, err := time.Parse(time.RFC3339, at)
			if err != nil {
				return &Problem{Frame: f, Status: 400, Text: "“" + at + "” is no time"}
			}
			f.At, f.Now = at, jobmon.InstantOf(t)
			f.Seq = uint64(4720 + int(f.Now.Sub(now)/time.Minute))
		}
		return &Board{Frame: f, Query: ParseQuery(r.URL.Query()), Pictures: fleet(12), Timeline: testTimeline()}
	}
}

func (p *tab) press(key string) {
	p.t.Helper()
	do[bool](p, `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: `+quoted(key)+`, bubbles: true, cancelable: true })), true`)
}

func quoted(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "null"
	}
	return string(text)
}

// at is what ?at= of the address says.
const at = `new URL(location).searchParams.get("at")`

// TestSliderBrowser moves the slider by keys, by the mouse and by typing.
func TestSliderBrowser(t *testing.T) {
	ctx, s := browser(t), newSite(t)
	moments(s, "/")
	p := open(ctx, t, s.URL+"/", look{width: 1366, height: 768})
	do[bool](p, `document.getElementById("moment").focus(), true`)
	p.press("ArrowLeft")
	p.until(at + ` === "seq:4719" && document.documentElement.classList.contains("past")`)
	p.press("ArrowLeft")
	p.until(at + ` === "seq:4718"`)
	p.press("ArrowRight")
	p.until(at + ` === "seq:4719"`)
	if text := do[string](p, `document.getElementById("moment").getAttribute("aria-valuetext")`); !strings.Contains(text, "Sunday") ||
		!strings.Contains(text, "14:11:30") {
		t.Errorf("the slider's moment is read as %q", text)
	}
	p.press("PageUp")
	p.until(at + ` === "2026-11-22T13:11:30+01:00"`)
	p.press("Home")
	p.until(at + ` === "2026-11-15T14:12:30+01:00"`)
	do[bool](p, "history.back(), true")
	p.until(at + ` === "2026-11-22T13:11:30+01:00" && document.getElementById("shown").dataset.at === ` + at)
	p.press("End")
	p.until(at + ` === null && !document.documentElement.classList.contains("past")`)

	// Dragging asks for what is under the handle now, and the moment at its end stands in the address.
	do[bool](p, `(async () => { const m = document.getElementById("moment");
		for (let i = 0; i < 30; i++) { m.value = Number(m.min) + i * 3600000; m.dispatchEvent(new Event("input", { bubbles: true })); }
		m.dispatchEvent(new Event("change", { bubbles: true })); })(), true`)
	p.until(at + ` === "2026-11-16T19:12:30+01:00" && document.getElementById("shown").dataset.at === ` + at)
	do[bool](p, `(() => { const f = document.getElementById("at"); f.value = "gestern"; f.form.requestSubmit(); })(), true`)
	p.until(`document.getElementById("wrong").textContent.includes("gestern")`)
	if got := do[string](p, at); got != "2026-11-16T19:12:30+01:00" {
		t.Errorf("a wrong time moved the page to %s", got)
	}
	do[bool](p, `document.querySelector("[data-range='24h']").click(), true`)
	p.until(`new URL(location).searchParams.get("range") === "24h" && document.querySelector("[data-range='24h']").hasAttribute("aria-current")`)
	do[bool](p, `document.querySelector(".back").click(), true`)
	p.until(at + ` === null && !document.documentElement.classList.contains("past")`)

	// Playing moves on by itself.
	p.press("Escape")
	do[bool](p, `document.getElementById("moment").focus(), true`)
	p.press("Home")
	p.until(at + ` === "2026-11-15T14:12:30+01:00"`)
	do[bool](p, `document.querySelector("[data-rate='60']").click(), document.getElementById("play").click(), true`)
	p.until(at + ` > "2026-11-15T14:13:20+01:00"`)
	do[bool](p, `document.getElementById("play").click(), true`)
}

// event is a message of the stream.
func event(t *testing.T, id int, name string, data any) string {
	t.Helper()
	return fmt.Sprintf("id: %d-1-1\nevent: %s\ndata: %s\n\n", id, name, quoted(data))
}

type changedRow struct {
	ID   int    `json:"id"`
	HTML string `json:"html"`
}

// TestLiveBrowser: changed rows come in place and in order; nothing moves below the pointer; filters hold.
func TestLiveBrowser(t *testing.T) {
	ctx, s := browser(t), newSite(t)
	f, list := testFrame(), fleet(12)
	s.show("/", &Board{Frame: f, Pictures: list, Timeline: testTimeline()})
	p := open(ctx, t, s.URL+"/", look{width: 1366, height: 768})
	send := func(seq int, c *jobmon.Progress) {
		row, err := Row(c, &f)
		if err != nil {
			t.Fatal(err)
		}
		s.news <- event(t, seq, "rows", map[string]any{"rows": []changedRow{{int(c.Computer.ID), string(row)}},
			"counts": map[string]int{"failed": 2, "still": 1, "running": 4, "waiting": 2, "ready": 4, "all": 13}, "now": f.Now, "read_age": 1})
	}
	added := list[6] // failed
	added.Computer.ID, added.Computer.Name = 5009999, "BWL-9999"
	send(4721, &added)
	p.until(`document.getElementById("c5009999")?.closest("tbody").classList.contains("g-need")`)
	if n := do[string](p, `document.querySelector(".g-need .n").textContent + " " + document.querySelector(".k-failed b").textContent`); n != "3 2" {
		t.Errorf("the heads count %q", n)
	}
	if head := do[string](p, `document.querySelector(".g-need tr").className`); head != "group" {
		t.Errorf("a row stands before the head of its group")
	}
	done := list[5] // ready
	done.Computer = list[0].Computer
	send(4722, &done)
	p.until(`document.getElementById("c5000001").closest("tbody").classList.contains("g-ready")`)
	if age := do[string](p, `document.querySelector("#c5000001 .c-news time").textContent`); age == "" {
		t.Error("a row of the stream has no age")
	}

	// Under the focus nothing moves; a button offers to sort.
	do[bool](p, `document.querySelector("#c5000003 a").focus(), true`)
	failed := list[6]
	failed.Computer = list[2].Computer
	send(4723, &failed)
	p.until(`document.getElementById("c5000003").dataset.state === "failed" && !document.getElementById("unsorted").hidden`)
	if where := do[string](p, `document.getElementById("c5000003").closest("tbody").className + " " + document.activeElement.closest("tr").id`); where !=
		"g-running c5000003" {
		t.Errorf("the row below the focus is at %q", where)
	}
	do[bool](p, `document.querySelector("#unsorted button").click(), true`)
	p.until(`document.getElementById("c5000003").closest("tbody").classList.contains("g-need")`)
}

// TestFilterBrowser: what is typed and chosen stands in the address, and the field keeps the focus.
func TestFilterBrowser(t *testing.T) {
	ctx, s := browser(t), newSite(t)
	moments(s, "/")
	p := open(ctx, t, s.URL+"/", look{width: 1366, height: 768})
	do[bool](p, `(() => { const q = document.querySelector("[name=q]"); q.focus(); q.value = "1107"; q.dispatchEvent(new Event("input", { bubbles: true })); })(), true`)
	p.until(`new URL(location).searchParams.get("q") === "1107" && document.querySelectorAll("tr[data-key]").length === 1`)
	if name := do[string](p, "document.activeElement.name"); name != "q" {
		t.Errorf("the focus is at %q", name)
	}
	do[bool](p, `document.querySelector(".k-ready").click(), true`)
	p.until(`document.querySelector(".empty") !== null && new URL(location).searchParams.get("state") === "ready"`)
	do[bool](p, `document.querySelector(".empty a").click(), true`)
	p.until(`document.querySelectorAll("tr[data-key]").length === 12 && location.search === ""`)
	do[bool](p, `document.querySelector("thead .c-name a").click(), true`)
	p.until(`document.querySelector("tr[data-key] th a")?.textContent === "BWL-1101" && document.querySelector(".c-name[aria-sort=ascending]") !== null`)
}

// TestWallBrowser: pages turn, and a failure stays until somebody has acknowledged it, over a new start of the page too.
func TestWallBrowser(t *testing.T) {
	ctx, s := browser(t), newSite(t)
	f, list := testFrame(), fleet(42)
	s.show("/wall", &Wall{Board: Board{Frame: f, Pictures: list}, Seconds: 1})
	p := open(ctx, t, s.URL+"/wall", look{width: 1920, height: 1080})
	const shownTiles = `[...document.querySelectorAll("#others .tile:not([hidden])")].map((t) => t.id).join()`
	first := do[string](p, shownTiles)
	p.until(shownTiles + " !== " + quoted(first))
	if n := do[int](p, `document.querySelectorAll("#need .tile:not([hidden])").length`); n < 1 || n > 3 {
		t.Errorf("%d tiles that need somebody", n)
	}
	if n := do[int](p, `document.querySelectorAll("#others .tile:not([hidden])").length`); n < 1 || n > 8 {
		t.Errorf("%d other tiles", n)
	}
	repaired := list[1] // ready
	repaired.Computer = list[6].Computer
	tile, err := Tile(&repaired, &f)
	if err != nil {
		t.Fatal(err)
	}
	s.news <- event(t, 4721, "rows", map[string]any{"rows": []changedRow{{int(repaired.Computer.ID), string(tile)}}, "now": f.Now})
	p.until(`document.querySelector("#need .was h2")?.textContent === "BWL-1107"`)
	p.move(s.URL + "/wall")
	p.until(`document.querySelector("#need .tile h2") !== null`)
	do[bool](p, `document.querySelectorAll("#need .tile").forEach((t) => t.click()), true`)
	p.until(`document.querySelectorAll("#need .tile").length === 0 && document.getElementById("ack").hidden`)
	p.move(s.URL + "/wall")
	p.until(`document.querySelectorAll("#others .tile").length > 0 && document.querySelectorAll("#need .tile").length === 0`)
}

// TestComputerPrintsBrowser: a computer's page is one sheet of A4, without controls.
func TestComputerPrintsBrowser(t *testing.T) {
	ctx, s := browser(t), newSite(t)
	s.show("/c/5000123", testComputer())
	p := open(ctx, t, s.URL+"/c/5000123", look{width: 1366, height: 768})
	printed, err := chromedp.Run(p.ctx, chromedp.PrintToPDF(func(o *page.PrintToPDFParams) {
		css := true
		o.PreferCSSPageSize = &css
	}))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(printed, -1)); n != 1 {
		t.Errorf("it prints on %d sheets", n)
	}
	p.features(look{print: true})
	for _, part := range []string{"#slider", ".top nav", ".acts"} {
		if do[bool](p, `document.querySelector(`+quoted(part)+`).checkVisibility()`) {
			t.Errorf("%s is printed", part)
		}
	}
	if !do[bool](p, `document.querySelector(".printed").checkVisibility()`) {
		t.Error("it does not say when it was printed")
	}
}

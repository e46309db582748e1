package board

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/browsertest"
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

// pictured is a page of docs/screens.
type pictured struct {
	name          string
	page          writer
	width, height int64
	scheme        string
}

func everyPicture() []pictured {
	past, line, computer := testFrame(), testTimeline(), testComputer()
	past.At, past.Until = "2026-11-22T14:12:30+01:00", testNow().Add(48*time.Hour)
	line.To = past.Until
	quiet := slices.DeleteFunc(fleet(42), func(p jobmon.Progress) bool {
		state := StateOf(&p, testNow())
		return state == StateFailed || state == StateStill || term.PhaseOf(&p, testNow()) == term.PhaseOverdue
	})
	return []pictured{
		{"board", &Board{Frame: testFrame(), Pictures: fleet(42), Timeline: testTimeline()}, 1440, 900, "dark"},
		{"board-past", &Board{Frame: past, Pictures: fleet(24), Timeline: line}, 1440, 900, "dark"},
		{"board-computer", computer, 1440, 980, "dark"},
		{"wall", &Wall{Board: Board{Frame: testFrame(), Pictures: fleet(42)}}, 1920, 1080, "dark"},
		{"wall-quiet", &Wall{Board: Board{Frame: testFrame(), Pictures: quiet}}, 1920, 1080, "dark"},
		{"reports", testReports(), 1440, 1316, "light"},
		{"phone", &Phone{Frame: testFrame(), Picture: computer.Picture}, 390, 844, "dark"},
		{"login", &Login{Frame: testFrame()}, 800, 500, "dark"},
	}
}

// TestPagesFitBrowser: no page is wider than its screen, with usual names and with hostile ones. With -update it draws
// the pictures in docs/screens anew.
func TestPagesFitBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := open(browsertest.Start(t), t, s.URL+showAll(s, []string{"BWL-1142"})[0], 360, 640)
	for _, names := range [][]string{{"BWL-1142", "Warehouse"}, samples.StrangeNames()} {
		for _, path := range showAll(s, names) {
			b.Go(s.URL + path)
			for _, width := range []int64{360, 800, 1366, 1920, 3840} {
				b.Size(width, width*9/16)
				b.Fits(fmt.Sprintf("%s at %d", path, width))
			}
		}
	}
	for _, p := range everyPicture() {
		s.show("/picture/"+p.name, p.page)
		b.Size(p.width, p.height)
		b.Scheme(p.scheme)
		b.Go(s.URL + "/picture/" + p.name)
		b.Fits(p.name)
		if *update {
			b.Keep("../../docs/screens/" + p.name + ".png")
		}
	}
}

// TestAccessibleBrowser has axe-core look at every page, light and dark.
func TestAccessibleBrowser(t *testing.T) {
	t.Parallel()
	browsertest.NeedAxe(t)
	s := newSite(t)
	paths := showAll(s, []string{"BWL-1142", "Warehouse"})
	b := open(browsertest.Start(t), t, s.URL+paths[0], 1366, 768)
	b.LessMotion(true)
	for _, path := range paths {
		b.Go(s.URL + path)
		for _, scheme := range []string{"dark", "light"} {
			b.Scheme(scheme)
			b.Axe(path + ", " + scheme)
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

// at is what ?at= of the address says.
const at = `new URL(location).searchParams.get("at")`

// TestSliderBrowser moves the slider by keys, by the mouse and by typing.
func TestSliderBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moments(s, "/")
	b := open(browsertest.Start(t), t, s.URL+"/", 1366, 768)
	browsertest.Do[bool](b, `document.getElementById("moment").focus(), true`)
	b.Press(kb.ArrowLeft)
	b.Until(at + ` === "seq:4719" && document.documentElement.classList.contains("past")`)
	b.Press(kb.ArrowLeft)
	b.Until(at + ` === "seq:4718"`)
	b.Press(kb.ArrowRight)
	b.Until(at + ` === "seq:4719"`)
	text := browsertest.Do[string](b, `document.getElementById("moment").getAttribute("aria-valuetext")`)
	if !strings.Contains(text, "Sunday") || !strings.Contains(text, "14:11:30") {
		t.Errorf("the slider's moment is read as %q", text)
	}
	b.Press(kb.PageUp)
	b.Until(at + ` === "2026-11-22T13:11:30+01:00"`)
	b.Press(kb.Home)
	b.Until(at + ` === "2026-11-15T14:12:30+01:00"`)
	browsertest.Do[bool](b, "history.back(), true")
	b.Until(at + ` === "2026-11-22T13:11:30+01:00" && document.getElementById("shown").dataset.at === ` + at)
	b.Press(kb.End)
	b.Until(at + ` === null && !document.documentElement.classList.contains("past")`)

	// Dragging asks for what is under the handle now, and the moment at its end stands in the address.
	browsertest.Do[bool](b, `(async () => { const m = document.getElementById("moment");
		for (let i = 0; i < 30; i++) {
			m.value = Number(m.min) + i * 3600000;
			m.dispatchEvent(new Event("input", { bubbles: true }));
		}
		m.dispatchEvent(new Event("change", { bubbles: true })); })(), true`)
	b.Until(at + ` === "2026-11-16T19:12:30+01:00" && document.getElementById("shown").dataset.at === ` + at)
	browsertest.Do[bool](b, `(() => {
		const f = document.getElementById("at");
		f.value = "gestern";
		f.form.requestSubmit();
	})(), true`)
	b.Until(`document.getElementById("wrong").textContent.includes("gestern")`)
	if got := browsertest.Do[string](b, at); got != "2026-11-16T19:12:30+01:00" {
		t.Errorf("a wrong time moved the page to %s", got)
	}
	browsertest.Do[bool](b, `document.querySelector("[data-range='24h']").click(), true`)
	b.Until(`new URL(location).searchParams.get("range") === "24h" &&
		document.querySelector("[data-range='24h']").hasAttribute("aria-current")`)
	browsertest.Do[bool](b, `document.querySelector(".back").click(), true`)
	b.Until(at + ` === null && !document.documentElement.classList.contains("past")`)

	// Playing moves on by itself.
	b.Press(kb.Escape)
	browsertest.Do[bool](b, `document.getElementById("moment").focus(), true`)
	b.Press(kb.Home)
	b.Until(at + ` === "2026-11-15T14:12:30+01:00"`)
	browsertest.Do[bool](b, `document.querySelector("[data-rate='60']").click(), true`)
	browsertest.Do[bool](b, `document.getElementById("play").click(), true`)
	b.Until(at + ` > "2026-11-15T14:13:20+01:00"`)
	browsertest.Do[bool](b, `document.getElementById("play").click(), true`)
}

// event is a message of the stream.
func event(t *testing.T, id int, name string, data any) string {
	t.Helper()
	return fmt.Sprintf("id: %d-1-1\nevent: %s\ndata: %s\n\n", id, name, browsertest.Quoted(data))
}

type changedRow struct {
	ID   int    `json:"id"`
	HTML string `json:"html"`
}

// TestLiveBrowser: changed rows come in place and in order; nothing moves below the pointer; filters hold.
func TestLiveBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f, list := testFrame(), fleet(12)
	s.show("/", &Board{Frame: f, Pictures: list, Timeline: testTimeline()})
	b := open(browsertest.Start(t), t, s.URL+"/", 1366, 768)
	send := func(seq int, c *jobmon.Progress) {
		row, err := Row(c, &f)
		if err != nil {
			t.Fatal(err)
		}
		s.news <- event(t, seq, "rows", map[string]any{
			"rows":   []changedRow{{int(c.Computer.ID), string(row)}},
			"counts": map[string]int{"failed": 2, "still": 1, "running": 4, "waiting": 2, "ready": 4, "all": 13},
			"now":    f.Now, "read_age": 1,
		})
	}
	added := list[6] // failed
	added.Computer.ID, added.Computer.Name = 5009999, "BWL-9999"
	send(4721, &added)
	b.Until(`document.getElementById("c5009999")?.closest("tbody").classList.contains("g-need")`)
	if n := b.Text(".g-need .n, .k-failed b"); n != "2 | 3" {
		t.Errorf("the heads count %q", n)
	}
	if head := browsertest.Do[string](b, `document.querySelector(".g-need tr").className`); head != "group" {
		t.Errorf("a row stands before the head of its group")
	}
	done := list[5] // ready
	done.Computer = list[0].Computer
	send(4722, &done)
	b.Until(`document.getElementById("c5000001").closest("tbody").classList.contains("g-ready")`)
	if age := browsertest.Do[string](b, `document.querySelector("#c5000001 .c-news time").textContent`); age == "" {
		t.Error("a row of the stream has no age")
	}

	// Under the focus nothing moves; a button offers to sort.
	browsertest.Do[bool](b, `document.querySelector("#c5000003 a").focus(), true`)
	failed := list[6]
	failed.Computer = list[2].Computer
	send(4723, &failed)
	b.Until(`document.getElementById("c5000003").dataset.state === "failed" &&
		!document.getElementById("unsorted").hidden`)
	where := browsertest.Do[string](b, `document.getElementById("c5000003").closest("tbody").className + " " +
		document.activeElement.closest("tr").id`)
	if where != "g-running c5000003" {
		t.Errorf("the row below the focus is at %q", where)
	}
	browsertest.Do[bool](b, `document.querySelector("#unsorted button").click(), true`)
	b.Until(`document.getElementById("c5000003").closest("tbody").classList.contains("g-need")`)
}

// TestFilterBrowser: what is typed and chosen stands in the address, and the field keeps the focus.
func TestFilterBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moments(s, "/")
	b := open(browsertest.Start(t), t, s.URL+"/", 1366, 768)
	b.Type("[name=q]", "1107")
	b.Until(`new URL(location).searchParams.get("q") === "1107" &&
		document.querySelectorAll("tr[data-key]").length === 1`)
	if name := browsertest.Do[string](b, "document.activeElement.name"); name != "q" {
		t.Errorf("the focus is at %q", name)
	}
	browsertest.Do[bool](b, `document.querySelector(".k-ready").click(), true`)
	b.Until(`document.querySelector(".empty") !== null && new URL(location).searchParams.get("state") === "ready"`)
	browsertest.Do[bool](b, `document.querySelector(".empty a").click(), true`)
	b.Until(`document.querySelectorAll("tr[data-key]").length === 12 && location.search === ""`)
	browsertest.Do[bool](b, `document.querySelector("thead .c-name a").click(), true`)
	b.Until(`document.querySelector("tr[data-key] th a")?.textContent === "BWL-1101" &&
		document.querySelector(".c-name[aria-sort=ascending]") !== null`)
}

// TestBusyWallBrowser: what stands in large letters while all is well follows the fleet, also when news never pauses.
func TestBusyWallBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	quiet := fleet(3)
	for i := range quiet {
		ready := fleet(2)[1]
		ready.Computer, quiet[i] = quiet[i].Computer, ready
	}
	s.show("/wall", &Wall{Board: Board{Frame: testFrame(), Pictures: quiet[:2]}})
	b := open(browsertest.Start(t), t, s.URL+"/wall", 1920, 1080)
	if text := b.Text(".q-foot b"); !strings.HasPrefix(text, "2 ") {
		t.Fatalf("the wall shows %q", text)
	}
	s.show("/wall", &Wall{Board: Board{Frame: testFrame(), Pictures: quiet}})
	for n := range 600 {
		s.news <- event(t, 4721+n, "rows", map[string]any{"rows": []changedRow{{1, ""}}})
		if browsertest.Do[bool](b, `new Promise((done) => setTimeout(() =>
			done(document.querySelector(".q-foot b")?.textContent.startsWith("3 ")), 100))`) {
			return
		}
	}
	t.Error("a minute of news has not changed the number of computers that are ready")
}

// TestWallBrowser: pages turn, and a failure stays until somebody has acknowledged it, also when the page is loaded
// again.
func TestWallBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f, list := testFrame(), fleet(42)
	s.show("/wall", &Wall{Board: Board{Frame: f, Pictures: list}, Seconds: 1})
	b := open(browsertest.Start(t), t, s.URL+"/wall", 1920, 1080)
	const shownTiles = `[...document.querySelectorAll("#others .tile:not([hidden])")].map((t) => t.id).join()`
	first := browsertest.Do[string](b, shownTiles)
	b.Until(shownTiles + " !== " + browsertest.Quoted(first))
	if n := browsertest.Do[int](b, `document.querySelectorAll("#need .tile:not([hidden])").length`); n < 1 || n > 3 {
		t.Errorf("%d tiles that need somebody", n)
	}
	if n := browsertest.Do[int](b, `document.querySelectorAll("#others .tile:not([hidden])").length`); n < 1 || n > 8 {
		t.Errorf("%d other tiles", n)
	}
	repaired := list[1] // ready
	repaired.Computer = list[6].Computer
	tile, err := Tile(&repaired, &f)
	if err != nil {
		t.Fatal(err)
	}
	s.news <- event(t, 4721, "rows", map[string]any{
		"rows": []changedRow{{int(repaired.Computer.ID), string(tile)}}, "now": f.Now})
	b.Until(`document.querySelector("#need .was h2")?.textContent === "BWL-1107"`)

	// All tiles come anew, and no computer has failed.
	failures := browsertest.Do[int](b, `document.querySelectorAll("#need .tile[data-state=failed]").length`)
	ready := fleet(3)
	for i := range ready {
		c := ready[i].Computer
		ready[i] = list[1]
		ready[i].Computer = c
	}
	s.show("/wall", &Wall{Board: Board{Frame: f, Pictures: ready}, Seconds: 1})
	s.news <- event(t, 4722, "reload", map[string]any{})
	b.Until(`document.getElementById("shown").dataset.quiet === "1"`)
	b.Until(fmt.Sprintf(`document.querySelectorAll("#need .was").length === %d`, failures))
	s.show("/wall", &Wall{Board: Board{Frame: f, Pictures: list}, Seconds: 1})

	b.Go(s.URL + "/wall")
	b.Until(`document.querySelector("#need .tile h2") !== null`)
	browsertest.Do[bool](b, `document.querySelectorAll("#need .tile").forEach((t) => t.click()), true`)
	b.Until(`document.querySelectorAll("#need .tile").length === 0 && document.getElementById("ack").hidden`)
	b.Go(s.URL + "/wall")
	b.Until(`document.querySelectorAll("#others .tile").length > 0 &&
		document.querySelectorAll("#need .tile").length === 0`)
}

// TestComputerPrintsBrowser: a computer's page is one sheet of A4, without controls.
func TestComputerPrintsBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.show("/c/5000123", testComputer())
	b := open(browsertest.Start(t), t, s.URL+"/c/5000123", 1366, 768)
	css := true
	printed := browsertest.Call(b, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &css})
	if n := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(printed.Data, -1)); n != 1 {
		t.Errorf("it prints on %d sheets", n)
	}
	b.OnPaper()
	for _, part := range []string{"#slider", ".top nav", ".acts"} {
		if browsertest.Do[bool](b, `document.querySelector(`+browsertest.Quoted(part)+`).checkVisibility()`) {
			t.Errorf("%s is printed", part)
		}
	}
	if !browsertest.Do[bool](b, `document.querySelector(".printed").checkVisibility()`) {
		t.Error("it does not say when it was printed")
	}
}

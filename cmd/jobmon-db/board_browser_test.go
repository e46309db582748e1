//go:build !windows

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/jobmon-db/jobmon-db/internal/browsertest"
)

// widths are those of a phone, a small and a large screen, and a wall.
var widths = [][2]int64{{360, 740}, {1366, 768}, {1920, 1080}, {3840, 2160}}

// shots is a folder for pictures of what the tests look at, for people; none are taken without it.
var shots = os.Getenv("JOBMON_TEST_SHOTS")

func keepShot(b *browsertest.Tab, name string) {
	if shots == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(shots, name+".png"), b.Shot(), 0o600); err != nil {
		b.T.Error(err)
	}
}

// pagesOf are the addresses of all pages, with the status of each.
func pagesOf(s *boardSite, computer string) map[string]string {
	pages := map[string]string{"board": "/", "wall": "/wall", "reports": "/reports", "computer": "/c/" + computer,
		"unknown": "/c/nobody", "nothing": "/nothing", "outside": "/?at=2001-01-01", "no-code": "/q/AAAAAAAAAAAAAAAA"}
	if code := s.code(computer); code != "" {
		pages["phone"] = code
	}
	return pages
}

var linkOf = regexp.MustCompile(`HTTPS?://[^"/]+(/Q/[A-Z0-9]+)`)

// code is the address of the phone's page, which the computer's file has; "" where there is none.
func (s *boardSite) code(computer string) string {
	s.t.Helper()
	answer, err := http.Get(s.address + "/evt/" + computer)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if found := linkOf.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

// made are elements and attributes that no page has; a name that is not text makes one.
const made = `[...document.querySelectorAll("iframe, base, object, embed, img, style, math, meta[http-equiv], " +
	"form[action^='//'], [style]:not(#handle, #screen), script:not([src]), a[href^='javascript'], " +
	"[onload], [onerror], [onfocus], [onmouseover]")].map((e) => e.outerHTML.slice(0, 200)).join()`

// look opens pages in windows of all sizes: nothing is wider than the window, the console is silent, no policy is
// broken, no other server is asked, and a name makes nothing but text.
func look(b *browsertest.Tab, s *boardSite, set string, pages map[string]string, axe bool) {
	b.T.Helper()
	for page, path := range pages {
		b.Allow("Failed to load resource: the server responded with a status of 404 (Not Found) " + s.address + path)
		b.Go(s.address + path)
		for _, size := range widths {
			b.Size(size[0], size[1])
			b.Fits(fmt.Sprintf("%s, %d wide", page, size[0]))
			keepShot(b, fmt.Sprintf("%s-%s-%d", set, page, size[0]))
		}
		if axe {
			for _, scheme := range []string{"light", "dark"} {
				b.Scheme(scheme)
				b.Axe(page + ", " + scheme)
			}
		}
		if got := browsertest.Do[string](b, made); got != "" {
			b.T.Errorf("%s: what no page makes: %s", page, got)
		}
		b.Clean(page)
	}
}

// TestBoardBrowser looks at the board of real daemons in a browser, as people do.
func TestBoardBrowser(t *testing.T) {
	browser := browsertest.Start(t)
	const public = "  public_url: https://board.example\n"
	tab := func(t *testing.T) *browsertest.Tab { return browsertest.Open(browser, t, 1366, 768) }
	for _, computers := range []int{0, 1, 1000} {
		t.Run(fmt.Sprintf("%d computers", computers), func(t *testing.T) {
			s := newBoardSite(t, recorded(recording(t, computers, nil)), public)
			pages := pagesOf(s, "5000001")
			if computers == 1000 {
				pages = map[string]string{"board": "/", "wall": "/wall"}
			}
			b := tab(t)
			b.Go(s.address + "/")
			b.Until(`document.querySelectorAll("tr[data-key]").length === ` + fmt.Sprint(computers))
			look(b, s, fmt.Sprint(computers), pages, computers == 0)
		})
	}
	t.Run("hostile names", func(t *testing.T) {
		s := newBoardSite(t, recorded(recording(t, 60, owaspNames)), public)
		look(tab(t), s, "hostile", pagesOf(s, "5000003"), false)
	})
	t.Run("tokens", func(t *testing.T) { tokens(t, tab(t)) })
	s := newBoardSite(t, simulated(60), public)
	b := tab(t)
	b.Go(s.address + "/")
	b.Until(`["failed", "running", "ready"].every((state) =>
		document.querySelector(".k-" + state + " b").textContent !== "0")`)
	b.Clean("the board")
	for _, c := range []struct {
		name string
		try  func(t *testing.T, b *browsertest.Tab, s *boardSite)
	}{
		{"60 computers", func(_ *testing.T, b *browsertest.Tab, s *boardSite) {
			look(b, s, "60", pagesOf(s, "5000003"), true)
		}},
		{"the past", thePast},
		{"the slider", theSlider},
		{"links", theLinks},
		{"without script", withoutScript},
		{"the daemon restarts", theDaemonRestarts},
		{"the wall", theWall},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t, s.program.t = t, t
			c.try(t, tab(t), s)
		})
	}
}

// row is what the board shows of a computer.
type row struct{ ID, State, Jobs, Now string }

const rows = `[...document.querySelectorAll("tr[data-key]")].filter((r) => r.checkVisibility()).map((r) => ({
	ID: r.id.slice(1), State: r.dataset.state, Jobs: r.querySelector(".c-jobs").textContent,
	Now: r.querySelector(".c-now b")?.textContent ?? "" }))`

func rowsOf(b *browsertest.Tab) []row {
	b.T.Helper()
	return browsertest.Do[[]row](b, rows)
}

// picture is one of "replay show -o json", as far as the board shows the same.
type picture struct {
	Computer struct {
		ID   int
		Name string
	}
	Session *struct {
		Number        int
		State, Result string
	}
	Counts struct {
		Jobs, Failed int
		Done         int `json:"jobs_done"`
	}
	Stages []struct{ Name, State string }
}

// pictures is what "replay show" prints of a moment.
func (s *boardSite) pictures(at string) (pictures []picture) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.ask("replay", "show", "--at", at, "-o", "json")), &pictures); err != nil {
		s.t.Fatal(err)
	}
	return pictures
}

// agrees compares the rows of the board with the pictures of "replay show".
func agrees(t *testing.T, where string, shown []row, pictures []picture) {
	t.Helper()
	byID := map[string]row{}
	for _, r := range shown {
		byID[r.ID] = r
	}
	n := 0
	for _, p := range pictures {
		if p.Session == nil {
			continue
		}
		n++
		got, id := byID[fmt.Sprint(p.Computer.ID)], fmt.Sprint(p.Computer.ID)
		if jobs := fmt.Sprintf("%d/%d", p.Counts.Done, p.Counts.Jobs); p.Counts.Jobs > 0 && got.Jobs != jobs {
			t.Errorf("%s: %s shows %q jobs, replay show %q", where, id, got.Jobs, jobs)
		}
		if failed := p.Counts.Failed > 0; failed != (got.State == "failed") {
			t.Errorf("%s: %s is %s, and %d jobs failed", where, id, got.State, p.Counts.Failed)
		}
		ready := strings.HasPrefix(p.Session.Result, "ready") && p.Counts.Failed == 0
		if ready != (got.State == "ready") {
			t.Errorf("%s: %s is %s, its deployment %s", where, id, got.State, p.Session.Result)
		}
		for _, stage := range p.Stages {
			if stage.State == "running" && got.Now != stage.Name {
				t.Errorf("%s: %s shows %q, and %q runs", where, id, got.Now, stage.Name)
			}
		}
	}
	if n != len(shown) {
		t.Errorf("%s: %d rows, %d pictures", where, len(shown), n)
	}
}

// hours opens the board and waits until its log covers two hours, and some minutes.
func hours(b *browsertest.Tab, s *boardSite) {
	b.T.Helper()
	b.Go(s.address + "/?range=all")
	b.Until(`fetch("/?range=all", { headers: { "X-Fragment": "slider" } }).then((a) => a.text()).then((text) => {
		const [, from, to] = text.match(/data-from="(\d+)" data-to="(\d+)"/);
		return to - from > 7.5e6;
	})`)
	b.Reload()
	b.Until(`document.getElementById("moment")`)
}

// thePast compares what the board shows at a moment with what "replay show" prints.
func thePast(t *testing.T, b *browsertest.Tab, s *boardSite) {
	hours(b, s)
	from, to := browsertest.Do[int64](b, `Number(document.getElementById("track").dataset.from)`),
		browsertest.Do[int64](b, `Number(document.getElementById("track").dataset.to)`)
	for _, part := range []int64{5, 30, 55, 80, 99} {
		at := time.UnixMilli(from + (to-from)*part/100).UTC().Truncate(time.Second).Format(time.RFC3339)
		b.Go(s.address + "/?at=" + at)
		agrees(t, at, rowsOf(b), s.pictures(at))
		if !strings.Contains(b.Text(".past-banner"), "Back") {
			t.Errorf("%s: the banner says %q", at, b.Text(".past-banner"))
		}
	}
	b.Clean("the past")
}

// withoutScript: pages show the present, links work, and an address shows the same as with a script.
func withoutScript(t *testing.T, b *browsertest.Tab, s *boardSite) {
	b.Script(false)
	b.Go(s.address + "/")
	if n := len(rowsOf(b)); n < 60 {
		t.Errorf("%d rows", n)
	}
	b.Click(".count.k-ready")
	b.Until(`location.search === "?state=ready" &&
		document.querySelector(".count.k-ready").getAttribute("aria-current") === "true"`)
	b.Click("tr[data-state=ready] th a")
	b.Until(`location.pathname.startsWith("/c/") &&
		document.querySelector(".its-screen .s-name").textContent.startsWith("PC-")`)
	b.Click(".events td a")
	b.Until(`location.search.startsWith("?at=") && document.querySelector(".past-banner")`)
	b.Click(".past-banner a.back")
	b.Until(`location.search === "" && !document.querySelector(".past-banner")`)
	for _, path := range []string{"/reports", "/wall", "/"} {
		b.Click(`a[href="` + path + `"]`)
		b.Until(`location.pathname === ` + browsertest.Quoted(path) + ` &&
			document.querySelector("#content").innerText !== ""`)
	}
	b.Type("#filter [name=q]", "PC-0003\r")
	b.Until(`new URL(location).searchParams.get("q") === "PC-0003" && document.readyState === "complete"`)
	called(t, b, s, "PC-0003")
	b.Type("#at", "-5m\r")
	b.Until(`document.querySelector(".past-banner") && document.readyState === "complete"`)
	for key, want := range map[string]string{"q": "PC-0003", "at": "-5m"} {
		got := browsertest.Do[string](b, `new URL(location).searchParams.get(`+browsertest.Quoted(key)+`)`)
		if got != want {
			t.Errorf("the address in the past has %s=%q, want %q", key, got, want)
		}
	}
	called(t, b, s, "PC-0003")
	b.Clean("without script")
}

// called compares the rows with the computers of a name, of which the log knows several: a computer that is installed
// anew gets another id.
func called(t *testing.T, b *browsertest.Tab, s *boardSite, name string) {
	t.Helper()
	var ids, want []string
	for _, r := range rowsOf(b) {
		ids = append(ids, r.ID)
	}
	for _, p := range s.pictures("seq:" + browsertest.Do[string](b, shown+`.seq`)) {
		if p.Computer.Name == name && p.Session != nil {
			want = append(want, fmt.Sprint(p.Computer.ID))
		}
	}
	slices.Sort(ids)
	slices.Sort(want)
	if !slices.Equal(ids, want) || len(ids) == 0 {
		t.Errorf("the rows are those of %v, and %v are called %s", ids, want, name)
	}
}

// theLinks: an address shows the same with and without script, and to everybody.
func theLinks(t *testing.T, b *browsertest.Tab, s *boardSite) {
	b.Go(s.address + "/")
	b.Until(`document.getElementById("moment")`)
	b.Type("#at", "-10m\r")
	b.Until(`document.documentElement.classList.contains("past")`)
	at := browsertest.Do[string](b, `new URL(location).searchParams.get("at")`)
	for _, query := range []string{"", "&state=running", "&state=failed&sort=computer", "&sort=computer&desc=1",
		"&sort=ready", "&q=PC-000", "&q=security&sort=jobs", "&group=All+Computers&sort=news",
		"&state=nothing&sort=nothing&q=&lang=xx"} {
		address := s.address + "/?at=" + url.QueryEscape(at) + query
		b.Go(address)
		with := rowsOf(b)
		b.Script(false)
		b.Go(address)
		without := rowsOf(b)
		if !slices.Equal(with, without) || len(with) == 0 && !strings.Contains(query, "=security") {
			t.Errorf("%q: %v with script, %v without", query, with, without)
		}
		b.Script(true)
	}
	b.Go(s.address + "/?at=" + url.QueryEscape(at))
	all := rowsOf(b)
	b.Click("th.c-name a")
	b.Until(`new URL(location).searchParams.get("sort") === "computer"`)
	b.Type("#filter [name=q]", "pc-000")
	b.Until(`new URL(location).searchParams.get("q") === "pc-000" &&
		document.querySelectorAll("tr[data-key]").length < ` + fmt.Sprint(len(all)))
	seen := rowsOf(b)
	here := browsertest.Do[string](b, `location.href`)
	b.Go(s.address + "/wall")
	b.Go(here)
	if again := rowsOf(b); !slices.Equal(seen, again) {
		t.Errorf("%s shows %v to its sender, %v to others", here, seen, again)
	}
	b.Click("#filter [name=q]")
	for range len("pc-000") {
		b.Press(kb.Backspace)
	}
	b.Until(`!new URL(location).searchParams.has("q") &&
		document.querySelectorAll("tr[data-key]").length === ` + fmt.Sprint(len(all)))
	b.Clean("links")
}

package desk

import (
	"fmt"
	"html"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
)

// browser asks a hub for pages, or for a part of one.
func browser(f *Fleet) func(path, part string) (int, string) {
	handler := http.Handler(http.Routes{Web: f}, http.NewAccess(nil, func() []byte { return nil }, zerolog.Nop()))
	return func(path, part string) (int, string) {
		r := httptest.NewRequest(nethttp.MethodGet, "http://127.0.0.1"+path, nil)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("X-Fragment", part)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
}

// TestPagesShowTheSitesThatAreNamed: one, several, and a sentence for a name that no site has.
func TestPagesShowTheSitesThatAreNamed(t *testing.T) {
	t.Parallel()
	f, _ := fleet(t)
	get := browser(f)
	shown := regexp.MustCompile(`id="[ct](DS\d+)/`)
	for _, c := range []struct {
		path  string
		sites string
	}{
		{"/?", "DS01 DS02 DS03"}, {"/wall?", "DS01 DS02 DS03"}, {"/?site=DS02", "DS02"}, {"/wall?site=DS02", "DS02"},
		{"/?site=DS03&site=DS01", "DS01 DS03"}, {"/wall?site=DS01&site=DS03", "DS01 DS03"}, {"/?site=DS01,DS03", "DS01 DS03"},
		{"/?site=", "DS01 DS02 DS03"}, {"/?site=NOPE", ""}, {"/wall?site=NOPE", ""}, {"/?site=DS01&site=NOPE", ""},
		{"/reports?site=DS01&site=NOPE", ""}, {"/?site=ds01", ""},
	} {
		for _, moment := range []string{"", "&at=-10m"} {
			code, page := get(c.path+moment, "")
			var sites []string
			for _, m := range shown.FindAllStringSubmatch(page, -1) {
				sites = append(sites, m[1])
			}
			slices.Sort(sites)
			if got := strings.Join(slices.Compact(sites), " "); got != c.sites {
				t.Errorf("%s shows %q, want %q", c.path+moment, got, c.sites)
			}
			names := strings.Contains(page, "The sites are DS01, DS02, DS03.")
			if none := c.sites == ""; none != (code == 404) || none != names || !none && code != 200 {
				t.Errorf("%s: %d %s", c.path+moment, code, page)
			}
		}
	}
	_, page := get("/?site=DS03&site=DS01", "")
	for _, want := range []string{
		`<option value="DS01,DS03" selected>DS01, DS03</option>`, `data-site="DS01,DS03"`, `href="/?site=DS03"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the board of two sites lacks %s", want)
		}
	}
	_, two := get("/?site=DS03&site=DS01&range=all", "slider")
	if _, all := get("/?range=all", "slider"); two == all || !strings.Contains(two, "data-from=") {
		t.Errorf("the slider of two sites: %.300s", two)
	}
}

// TestPagesOfAFleetSayWhatTheyAreAbout: a name that several computers have asks for one of them, the page of one is
// headed by its site, and tiles count the sites that are chosen.
func TestPagesOfAFleetSayWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	f, _ := fleet(t)
	get := browser(f)
	m, err := f.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	two := len(of(m.Pictures, "DS01")) + len(of(m.Pictures, "DS02"))
	for _, c := range []struct {
		path, want string
		code       int
	}{
		{"/c/PC-0002", "<h1>Which one?</h1>", 404}, {"/c/PC-0099", "<h1>No such computer</h1>", 404},
		{"/c/DS02/PC-0002", `<a class="brand" href="/">DS02</a>`, 200},
		{"/?site=DS01,DS02", fmt.Sprintf("<b>%d</b> <span>all</span>", two), 200},
		{"/c/DS02/PC-0002", "<span>DS02 is read, <time", 200},
	} {
		if code, page := get(c.path, ""); code != c.code || !strings.Contains(page, c.want) {
			t.Errorf("%s: %d, want %d and %s in %.1500s", c.path, code, c.code, c.want, page)
		}
	}
}

// TestAHubOffersNoDeadLink: whatever a page of a hub leads to is there.
func TestAHubOffersNoDeadLink(t *testing.T) {
	t.Parallel()
	a, b := watchAt(t, "DS01", 3600, 7, 3, 300), watchAt(t, "DS02", -5*3600, 8, 4, 300)
	a.pass(t, 2*time.Hour, 30*time.Second)
	b.pass(t, 2*time.Hour, 30*time.Second)
	get := browser(fleetOf(a, b))
	asked, links := map[string]bool{}, regexp.MustCompile(`(?:href|action)="(/[^"]*)"`)
	for _, path := range []string{
		"/", "/?site=DS01&site=DS02", "/wall", "/reports", "/c/DS01/5000001", "/c/DS02/PC-0001?at=-30m", "/c/PC-0001",
		"/?site=NOPE", "/?at=-10m",
	} {
		_, page := get(path, "")
		found := links.FindAllStringSubmatch(page, -1)
		if len(found) < 3 {
			t.Errorf("%s has %d links", path, len(found))
		}
		for _, m := range found {
			to, err := url.Parse(html.UnescapeString(m[1]))
			if kind := strings.Split(to.Path, "/")[1]; err != nil || kind == "q" || kind == "evt" {
				t.Errorf("%s leads to %s: %v", path, m[1], err)
			}
			to.Fragment = ""
			if asked[to.String()] || len(asked) > 150 {
				continue
			}
			asked[to.String()] = true
			if code, text := get(to.String(), ""); code != 200 {
				t.Errorf("%s leads to %s: %d %.200s", path, to, code, text)
			}
		}
	}
}

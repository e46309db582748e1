package http_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// browse asks for a page on this computer.
func browse(t *testing.T, routes web.Routes, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", target, nil)
	r.Host = "127.0.0.1:8080"
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	web.Handler(routes, open()).ServeHTTP(w, r)
	return w.Result()
}

func TestPages(t *testing.T) {
	t.Parallel()
	routes := web.Routes{Web: newShown(7, known), Links: links}
	for _, c := range []struct {
		path   string
		header []string
		code   int
		text   string // in the page
	}{
		{"/", nil, 200, "PC-5000001"},
		{"/?at=14:20", nil, 200, "PC-7"},
		{"/", []string{"X-Fragment", "main"}, 200, "PC-7"},
		{"/", []string{"X-Fragment", "slider"}, 200, ""},
		{"/", []string{"X-Fragment", "other"}, 400, "no such part"},
		{"/c/7", nil, 200, "PC-7"},
		{"/c/7?deployment=-1", nil, 200, "PC-7"},
		{"/c/7", []string{"X-Fragment", "slider"}, 200, ""},
		{"/wall?seconds=20", nil, 200, "PC-7"},
		{"/reports", nil, 200, ""},
		{"/reports/stages.csv", nil, 200, "stage,median_s"},
		{"/reports/stages", nil, 404, ""},
		{"/reports/nothing.csv", nil, 404, ""},
		{"/reports/stages.csv?until=1999", nil, 404, ""},
		{"/?at=rubbish", nil, 400, "rubbish"},
		{"/?at=rubbish", []string{"X-Fragment", "main"}, 400, "rubbish"},
		{"/?at=1999", nil, 404, ""},
		{"/c/7?at=1999", nil, 404, ""},
		{"/c/PC-8", nil, 404, "/c/7"},
		{"/?at=busy", nil, 503, ""},
		{"/nothing", []string{"Accept", "text/html"}, 404, "<html"},
		{"/nothing", nil, 404, "what is served here is"},
		{"/q/" + links.Code(7, 1), nil, 200, "PC-7"},
		{"/q/AAAA", nil, 404, "<html"},
	} {
		t.Run(c.path, func(t *testing.T) {
			r := browse(t, routes, c.path, c.header...)
			text := body(t, r)
			if r.StatusCode != c.code || !strings.Contains(text, c.text) {
				t.Errorf("%d %s", r.StatusCode, text)
			}
			again := c.code == 503
			if again != (r.Header.Get("Retry-After") != "") || again && r.Header.Get("Refresh") == "" {
				t.Errorf("%v", r.Header)
			}
			if strings.HasPrefix(c.path, "/q/") && strings.Contains(text, "PC-5000001") {
				t.Error("a phone sees another computer")
			}
		})
	}
}

// A table of the reports opens in a spreadsheet without running anything.
func TestATableIsNoFormula(t *testing.T) {
	t.Parallel()
	r := browse(t, web.Routes{Web: newShown(7)}, "/reports/stages.csv")
	if got := body(t, r); got != "\ufeffstage,median_s\r\n'=cmd(),60\r\n" ||
		r.Header.Get("Content-Type") != "text/csv; charset=utf-8" ||
		r.Header.Get("Content-Disposition") != `attachment; filename="stages.csv"` {
		t.Errorf("%q %v", got, r.Header)
	}
}

func TestTheLanguageOfAPage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ target, accepts, want string }{
		{"/", "", "en"}, {"/", "de-CH", "de"}, {"/", "it, fr;q=0.5, de;q=0.7", "de"}, {"/", "de;q=0, fr;q=0.1", "fr"},
		{"/", "it", "en"}, {"/", "*", "en"}, {"/", "fr;q=x, en", "en"}, {"/", ";;,,q=1", "en"},
		{"/?lang=fr", "de", "fr"}, {"/?lang=xx", "de", "de"}, {"/?lang=DE", "", "de"},
		{"/", strings.Repeat("it,", 100_000) + "de", "en"},
	} {
		r := browse(t, web.Routes{Web: newShown(7)}, c.target, "Accept-Language", c.accepts)
		if text := body(t, r); !strings.Contains(text, `<html lang="`+c.want+`"`) {
			t.Errorf("%s with %.40q: %.100s", c.target, c.accepts, text)
		}
	}
}

func TestPagesArePacked(t *testing.T) {
	t.Parallel()
	routes := web.Routes{Web: newShown(7)}
	plain := body(t, browse(t, routes, "/"))
	for accepts, packed := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "*": true, "gzip;q=0": false, "br": false, "": false,
	} {
		r := browse(t, routes, "/", "Accept-Encoding", accepts)
		if packed != (r.Header.Get("Content-Encoding") == "gzip") {
			t.Errorf("%q: %v", accepts, r.Header)
			continue
		}
		var from io.Reader = r.Body
		if packed {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			from = z
		}
		if got, err := io.ReadAll(from); err != nil || string(got) != plain {
			t.Errorf("%q: %d bytes, %v", accepts, len(got), err)
		}
	}
}

func TestAssetsMayBeKept(t *testing.T) {
	t.Parallel()
	routes := web.Routes{Web: newShown(7)}
	for _, name := range []string{"board.css", "board.js"} {
		r := browse(t, routes, board.AssetPath(name))
		want, mediaType, _ := board.Asset(name)
		if got := body(t, r); r.StatusCode != 200 || got != string(want) || r.Header.Get("Content-Type") != mediaType ||
			!strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, r.StatusCode, r.Header)
		}
	}
	for _, path := range []string{"/assets/0/board.css", "/assets/board.css", "/assets/..%2f/board.css", "/assets/"} {
		if r := browse(t, routes, path); r.StatusCode != 404 || strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, r.StatusCode, r.Header)
		}
	}
}

// A page whose answer takes long does not keep the daemon from stopping: it says that it comes back by itself.
func TestALongAnswerEndsWithTheDaemon(t *testing.T) {
	t.Parallel()
	running, stop := context.WithCancel(t.Context())
	answered := make(chan *http.Response)
	go func() { answered <- browse(t, web.Routes{Web: newShown(7), Running: running}, "/?at=never") }()
	stop()
	if r := <-answered; r.StatusCode != 503 || r.Header.Get("Refresh") == "" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
}

func TestTheLogCannotBeRead(t *testing.T) {
	t.Parallel()
	s := newShown(7)
	s.fails = errors.New("the log cannot be read: disk gone")
	r := browse(t, web.Routes{Web: s}, "/")
	if text := body(t, r); r.StatusCode != 503 || strings.Contains(text, "disk gone") ||
		!strings.Contains(text, "messages say why") || r.Header.Get("Refresh") == "" {
		t.Errorf("%d %s", r.StatusCode, text)
	}
	r = browse(t, web.Routes{Web: s, Links: links}, "/q/"+links.Code(7, 1))
	if text := body(t, r); r.StatusCode != 503 || strings.Contains(text, "disk gone") {
		t.Errorf("a phone: %d %s", r.StatusCode, text)
	}
}

// A code opens its page until a day after the deployment, and never another deployment.
func TestACodeEnds(t *testing.T) {
	t.Parallel()
	s := newShown(7)
	code := "/q/" + links.Code(7, 1)
	see := func() int { return browse(t, web.Routes{Web: s, Links: links}, code).StatusCode }
	session := s.pictures[0].Session
	for _, c := range []struct {
		name   string
		change func()
		want   int
	}{
		{"it goes on", func() {}, 200},
		{"it has ended", func() { session.State, session.Ended = jobmon.SessionComplete, s.now }, 200},
		{"a day later", func() { s.now = s.now.Add(link.Lifetime) }, 200},
		{"after that", func() { s.now = s.now.Add(time.Second) }, 404},
		{"the next one goes on", func() { session.Number, session.Ended = 2, 0 }, 404},
	} {
		s.set(c.change)
		if got := see(); got != c.want {
			t.Errorf("%s: %d", c.name, got)
		}
	}
	if r := browse(t, web.Routes{Web: s}, code); r.StatusCode != 404 {
		t.Errorf("without a key: %d", r.StatusCode)
	}
}

// The slider of a computer's page reaches over the deployment that is shown, unless another range is asked for.
func TestTheSliderReachesOverTheDeployment(t *testing.T) {
	t.Parallel()
	s := newShown(7)
	from, until := s.now-3_600_000, s.now
	s.began = []board.Deployment{{Number: 2, Began: s.now - 60_000}, {Number: 1, Began: s.now - 900_000, Ended: s.now - 800_000}}
	slider := func(query string) (jobmon.Instant, jobmon.Instant) {
		if r := browse(t, web.Routes{Web: s}, "/c/7?"+query, "X-Fragment", "slider"); r.StatusCode != 200 {
			t.Errorf("%s: %d", query, r.StatusCode)
		}
		return s.lines[0], s.lines[1]
	}
	for query, want := range map[string][2]jobmon.Instant{
		"":                              {s.now - 60_000, until},
		"range=deployment":              {s.now - 60_000, until},
		"range=deployment&deployment=2": {s.now - 60_000, until},
		"range=deployment&deployment=1": {s.now - 900_000, s.now - 800_000},
		"deployment=1":                  {s.now - 900_000, s.now - 800_000},
		"range=deployment&deployment=9": {from, until},
		"range=all":                     {from, until},
		"range=7d&deployment=1":         {from, until},
	} {
		if begin, end := slider(query); begin != want[0] || end != want[1] {
			t.Errorf("%q: %s to %s, want %s to %s", query, begin, end, want[0], want[1])
		}
	}
	// a moment within it does not know yet when it ended
	s.began = s.began[1:]
	if begin, end := slider("at=14:20"); begin != s.now-900_000 || end != s.now-800_000 {
		t.Errorf("in the past: %s to %s", begin, end)
	}
}

// Where the log cannot be read, the present is shown all the same, and the page says so in words.
func TestThePresentIsShownWithoutTheLog(t *testing.T) {
	t.Parallel()
	s := newShown(7)
	s.trouble = errors.New("read /srv/data/jobmon-db.log: disk gone")
	for _, path := range []string{"/", "/wall", "/c/7"} {
		for _, header := range [][]string{nil, {"X-Fragment", "main"}} {
			r := browse(t, web.Routes{Web: s}, path, header...)
			text := body(t, r)
			if r.StatusCode != 200 || !strings.Contains(text, "PC-7") ||
				!strings.Contains(text, "The log cannot be read") || strings.Contains(text, "/srv/data") {
				t.Errorf("%s: %d %s", path, r.StatusCode, text)
			}
		}
	}
}

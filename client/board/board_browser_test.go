package board

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var update = flag.Bool("update", false, "write the pictures in docs/screens anew")

// policy is what the daemon sends with every page; the browser reports what breaks it.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp"

// site serves pages with made-up data as the daemon serves them.
type site struct {
	*httptest.Server
	t     *testing.T
	mu    sync.Mutex
	pages map[string]func(r *http.Request) writer // by path
	news  chan string                             // what the stream sends, as it is on the wire
	asked []string                                // addresses, with the fragment asked for
}

// writer is a page.
type writer interface{ Write(w io.Writer) error }

// fragments is a page that has parts.
type fragments interface {
	WriteFragment(w io.Writer, name string) error
}

func newSite(t *testing.T) *site {
	s := &site{t: t, pages: map[string]func(r *http.Request) writer{}, news: make(chan string, 16)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Server.Close)
	t.Cleanup(s.Server.CloseClientConnections)
	return s
}

func (s *site) show(path string, page writer) {
	s.pages[path] = func(*http.Request) writer { return page }
}

// ServeHTTP answers as the daemon does.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(r.URL.String()+" "+r.Header.Get("X-Fragment")))
	page := s.pages[r.URL.Path]
	s.mu.Unlock()
	if rest, ok := strings.CutPrefix(r.URL.Path, "/assets/"); ok {
		_, name, _ := strings.Cut(rest, "/")
		if content, kind, ok := Asset(name); ok {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(content)
			return
		}
	}
	switch {
	case r.URL.Path == "/csp":
		report, _ := io.ReadAll(r.Body)
		s.t.Errorf("the policy was broken: %s", report)
	case r.URL.Path == "/api/v1/stream":
		s.stream(w, r)
	case page == nil:
		s.t.Errorf("a page asked for %s", r.URL)
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		var err error
		if parts, ok := page(r).(fragments); ok && r.Header.Get("X-Fragment") != "" {
			err = parts.WriteFragment(w, r.Header.Get("X-Fragment"))
		} else {
			err = page(r).Write(w)
		}
		if err != nil && r.Context().Err() == nil {
			s.t.Errorf("%s: %v", r.URL, err)
		}
	}
}

func (s *site) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, ": hello\n\n")
	w.(http.Flusher).Flush()
	for {
		select {
		case text := <-s.news:
			_, _ = io.WriteString(w, text)
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

// browser starts the browser that JOBMON_TEST_BROWSER names.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("JOBMON_TEST_BROWSER")
	if path == "" {
		t.Skip("JOBMON_TEST_BROWSER does not name a Chromium to show the pages in")
	}
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(chromedp.ExecPath(path),
		chromedp.NoSandbox, chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-US")))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is a page in a tab of its own.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// look says how a page is looked at.
type look struct {
	width, height int64
	scheme        string // "dark" or "light"
	reduced       bool
	print         bool
}

// open shows a page. What the page writes on the console fails the test.
func open(browser context.Context, t *testing.T, address string, l look) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	p.features(l)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(l.width, l.height)); err != nil {
		t.Fatal(err)
	}
	console := chromedp.Console(ctx)
	go func() {
		for message, err := range console {
			if err != nil {
				return
			}
			t.Errorf("%s: the console says %+v", address, message)
		}
	}()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *tab) features(l look) {
	p.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: cmp.Or(l.scheme, "dark")}}
	if l.reduced {
		features = append(features, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
	}
	params := emulation.SetEmulatedMediaParams{Features: features}
	if l.print {
		params.Media = "print"
	}
	if _, err := chromedp.Run(p.ctx, func(ctx context.Context, tab *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, tab, emulation.SetEmulatedMedia, params)
	}); err != nil {
		p.t.Fatal(err)
	}
}

// do runs a script in the page and gives its value, also a promised one.
func do[T any](p *tab, script string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return value
}

// until waits until a script's value is true.
func (p *tab) until(condition string) {
	p.t.Helper()
	do[bool](p, `new Promise((done, no) => { const ends = Date.now() + 60000, look = () => { if (`+condition+
		`) done(true); else if (Date.now() > ends) no(new Error("never: " + `+"`"+condition+"`"+
		`)); else setTimeout(look, 20); }; look(); })`)
}

// shot keeps a picture of the page in docs/screens when -update is given.
func (p *tab) shot(name string) {
	p.t.Helper()
	taken, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if !*update {
		return
	}
	full, err := png.Decode(bytes.NewReader(taken))
	if err != nil {
		p.t.Fatal(err)
	}
	var packed bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&packed, paletted(full, 64)); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("../../docs/screens", name+".png"), packed.Bytes(), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// paletted takes the picture's most frequent colours, and for the others the nearest of these.
func paletted(full image.Image, most int) *image.Paletted {
	counts, bounds := map[color.RGBA]int{}, full.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	colours := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int { return cmp.Compare(counts[b], counts[a]) })
	var palette color.Palette
	for _, c := range colours[:min(most, len(colours))] {
		palette = append(palette, c)
	}
	packed, nearest := image.NewPaletted(bounds, palette), map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			index, known := nearest[c]
			if !known {
				index = uint8(palette.Index(c))
				nearest[c] = index
			}
			packed.SetColorIndex(x, y, index)
		}
	}
	return packed
}

// TestScreensBrowser shows every page and keeps its picture.
func TestScreensBrowser(t *testing.T) {
	if !*update {
		t.Skip("draws the pictures in docs/screens with -update; TestPagesFitBrowser looks at the same pages")
	}
	ctx, s := browser(t), newSite(t)
	past := testFrame()
	past.At, past.Until = "2026-11-22T14:12:30+01:00", testNow().Add(48*time.Hour)
	line := testTimeline()
	line.To = past.Until
	quiet := slices.DeleteFunc(fleet(42), func(p jobmon.Progress) bool {
		state := StateOf(&p, testNow())
		return state == StateFailed || state == StateStill || term.PhaseOf(&p, testNow()) == term.PhaseOverdue
	})
	phone := testComputer()
	for path, page := range map[string]writer{
		"/":          &Board{Frame: testFrame(), Pictures: fleet(42), Timeline: testTimeline()},
		"/past":      &Board{Frame: past, Pictures: fleet(24), Timeline: line},
		"/c/5000123": testComputer(),
		"/wall":      &Wall{Board: Board{Frame: testFrame(), Pictures: fleet(42)}},
		"/wallquiet": &Wall{Board: Board{Frame: testFrame(), Pictures: quiet}},
		"/reports":   testReports(),
		"/q/code":    &Phone{Frame: testFrame(), Picture: phone.Picture},
		"/login":     &Login{Frame: testFrame()},
		"/problem": &Problem{Frame: testFrame(), Status: 404, Kind: "unknown", Text: "No computer is called BWL-9999.",
			Links: []Link{{"BWL-1199", "/c/5000099"}}},
	} {
		s.show(path, page)
	}
	for _, c := range []struct {
		path, name    string
		width, height int64
		scheme        string
	}{
		{"/", "board", 1440, 900, "dark"},
		{"/past", "board-past", 1440, 900, "dark"},
		{"/c/5000123", "board-computer", 1440, 980, "dark"},
		{"/wall", "wall", 1920, 1080, "dark"},
		{"/wallquiet", "wall-quiet", 1920, 1080, "dark"},
		{"/reports", "reports", 1440, 1316, "light"},
		{"/q/code", "phone", 390, 844, "dark"},
		{"/login", "login", 800, 500, "dark"},
	} {
		t.Run(c.name, func(t *testing.T) {
			open(ctx, t, s.URL+c.path, look{width: c.width, height: c.height, scheme: c.scheme}).shot(c.name)
		})
	}
}

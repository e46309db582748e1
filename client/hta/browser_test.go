package hta_test

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// delivered is where the stand-in's files lie: the one that DS copies, and the monitor's own folder.
const (
	delivered = `C:\Windows\Temp\JobMon.txt`
	ownFolder = `C:\JobMon\`
	plainLine = `"C:\JobMon\JobMon.hta"`
)

// browser starts the browser that JOBMON_TEST_BROWSER names, once for all monitors of a test.
func browser(t testing.TB) context.Context {
	t.Helper()
	path := os.Getenv("JOBMON_TEST_BROWSER")
	if path == "" {
		t.Skip("JOBMON_TEST_BROWSER does not name a Chromium to show the monitor in")
	}
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-US")))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// monitor is a monitor in a tab of its own.
type monitor struct {
	t    testing.TB
	ctx  context.Context
	cuts bool // names are so long that they may be shortened
}

// setup says how a monitor is started.
type setup struct {
	width, height int64
	files         map[string]string // what lies there, besides the monitor
	line          string            // its command line, plainLine if empty
	reduced       bool              // whether the browser asks for less motion
	script        string            // run before it starts
}

// start opens the monitor in a tab, with the stand-in for Windows in front of it.
func start(browser context.Context, t testing.TB, s setup) *monitor {
	t.Helper()
	if s.width == 0 {
		s.width, s.height = 1920, 1080
	}
	held := map[string]any{"files": s.files, "line": cmp.Or(s.line, plainLine)}
	if s.files == nil {
		held["files"] = map[string]string{}
	}
	before := "<head><script>" + read(t, "testdata/standin.js") + "\nObject.assign(stand, " + quoted(held) + ");\n" +
		s.script + "</script>"
	page := strings.Replace(read(t, "JobMon.hta"), "<head>", before, 1)
	files := http.NewServeMux()
	files.HandleFunc("/JobMon.hta", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(page))
	})
	files.HandleFunc("/logo.png",
		func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/logo.png") })
	server := httptest.NewServer(files)
	t.Cleanup(server.Close)

	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	m := &monitor{t: t, ctx: ctx}
	if s.reduced {
		m.wantsLessMotion()
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(s.width, s.height),
		chromedp.Navigate(server.URL+"/JobMon.hta")); err != nil {
		t.Fatal(err)
	}
	return m
}

// wantsLessMotion has the browser ask pages for it.
func (m *monitor) wantsLessMotion() {
	m.t.Helper()
	if _, err := chromedp.Run(m.ctx, func(ctx context.Context, tab *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
		})
	}); err != nil {
		m.t.Fatal(err)
	}
}

// quoted gives a value of texts, numbers and the like as a script writes it.
func quoted(value any) string {
	data, err := json.Marshal(value) // escapes < as well
	if err != nil {
		return "undefined"
	}
	return string(data)
}

// do runs a script in the page and gives its value, also a promised one.
func do[T any](m *monitor, script string) T {
	m.t.Helper()
	value, err := chromedp.Run(m.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		m.t.Fatal(err)
	}
	return value
}

// pass lets seconds go by on the stand-in's clock.
func (m *monitor) pass(seconds float64) {
	m.t.Helper()
	do[bool](m, "advance("+quoted(seconds)+"), true")
}

// put places a file; lose takes it away.
func (m *monitor) put(path, text string) {
	m.t.Helper()
	do[bool](m, "stand.files["+quoted(path)+"] = "+quoted(text)+", true")
}

func (m *monitor) lose(path string) {
	m.t.Helper()
	do[bool](m, "delete stand.files["+quoted(path)+"]")
}

// deliver has DS copy a file, and waits until the monitor has looked.
func (m *monitor) deliver(text string) {
	m.t.Helper()
	m.put(delivered, text)
	m.pass(5)
}

// texts gives what stands in the parts of a name ("row", "notice"), from top to bottom.
func (m *monitor) texts(part string) []string {
	m.t.Helper()
	return do[[]string](
		m, `Array.from(document.querySelectorAll("[data-part='`+part+`']")).map(function (e) { return `+
			`e.innerText.replace(/\u00a0/g, " "); })`)
}

func (m *monitor) text(part string) string {
	m.t.Helper()
	return strings.Join(m.texts(part), " / ")
}

// shows compares the texts of parts with what they are to be, joined by " / ", wherever their lines break.
func (m *monitor) shows(want map[string]string) {
	m.t.Helper()
	unbroken := func(text string) string { return strings.ReplaceAll(text, " / ", " ") }
	for part, text := range want {
		if got := m.text(part); unbroken(got) != unbroken(text) {
			m.t.Errorf("%s: %q, want %q", part, got, text)
		}
	}
}

// sound ends a test of a monitor: nothing was complained of, no letter is too small, and nothing lies outside of the
// screen or over something else of its part. The computer's name, counts, the end and notices are there in full.
func (m *monitor) sound() {
	m.t.Helper()
	for _, what := range do[[]string](m, "stand.errors") {
		m.t.Error(what)
	}
	for _, what := range do[[]string](m, `(function () {
		var found = [], all = document.querySelectorAll(".text"), i, k, a, b, height = document.body.clientHeight, boxes = [];
		var whole = /^(computer|clock|done|end|notice|notice-text|call|todo)$/;
		for (i = 0; i < all.length; i++) {
			a = all[i].getBoundingClientRect();
			if (parseFloat(all[i].style.fontSize) < 0.022 * Math.min(height, document.body.clientWidth)) found.push("too small: " + all[i].innerText);
			if (a.left < 0 || a.top < 0 || a.right > document.body.clientWidth + 0.5 || a.bottom > height) found.push("outside: " + all[i].innerText);
			if (all[i].scrollWidth > all[i].clientWidth + 1) found.push("cut: " + all[i].innerText);
			if (/\u2026/.test(all[i].innerText) && whole.test(all[i].getAttribute("data-part"))) found.push("shortened: " + all[i].innerText);
			if (all[i].innerText === "") found.push("empty: " + all[i].outerHTML);
			boxes.push(a);
		}
		for (i = 0; i < boxes.length; i++) for (k = i + 1; k < boxes.length; k++) {
			a = boxes[i]; b = boxes[k];
			// Lines may be as near as letters allow: what they write on is 0.2 of the height from the edges.
			if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
				Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.25 * Math.min(a.height, b.height) + 1)
				found.push("over one another: " + all[i].innerText + " | " + all[k].innerText);
		}
		return found;
	}())`) {
		if !m.cuts || !strings.HasPrefix(what, "shortened: ") {
			m.t.Error(what)
		}
	}
}

package hta_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/browsertest"
)

// delivered is where the stand-in's files lie: the one that DS copies, and the monitor's own folder.
const (
	delivered = `C:\Windows\Temp\JobMon.txt`
	ownFolder = `C:\JobMon\`
	plainLine = `"C:\JobMon\JobMon.hta"`
)

// window opens a window for one monitor after another.
func window(t testing.TB) *browsertest.Tab {
	t.Helper()
	return browsertest.Open(browsertest.Start(t), t, 1920, 1080)
}

// monitor is a monitor in a window.
type monitor struct {
	*browsertest.Tab
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

// start opens the monitor in a window, with the stand-in for Windows in front of it. The monitor before it ends.
func start(b *browsertest.Tab, t testing.TB, s setup) *monitor {
	t.Helper()
	if s.width == 0 {
		s.width, s.height = 1920, 1080
	}
	held := map[string]any{"files": s.files, "line": cmp.Or(s.line, plainLine)}
	if s.files == nil {
		held["files"] = map[string]string{}
	}
	before := "<head><script>" + read(t, "testdata/standin.js") +
		"\nObject.assign(stand, " + browsertest.Quoted(held) + ");\n" + s.script + "</script>"
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

	b.T = t
	b.Size(s.width, s.height)
	b.LessMotion(s.reduced)
	b.Go(server.URL + "/JobMon.hta")
	return &monitor{Tab: b}
}

// do runs a script in the page and returns its value, also a promised one.
func do[T any](m *monitor, script string) T {
	m.T.Helper()
	return browsertest.Do[T](m.Tab, script)
}

// pass lets seconds go by on the stand-in's clock.
func (m *monitor) pass(seconds float64) {
	m.T.Helper()
	do[bool](m, "advance("+browsertest.Quoted(seconds)+"), true")
}

// put places a file; lose takes it away.
func (m *monitor) put(path, text string) {
	m.T.Helper()
	do[bool](m, "stand.files["+browsertest.Quoted(path)+"] = "+browsertest.Quoted(text)+", true")
}

func (m *monitor) lose(path string) {
	m.T.Helper()
	do[bool](m, "delete stand.files["+browsertest.Quoted(path)+"]")
}

// deliver has DS copy a file, and waits until the monitor has looked.
func (m *monitor) deliver(text string) {
	m.T.Helper()
	m.put(delivered, text)
	m.pass(5)
}

// texts gives what stands in the parts of a name ("row", "notice"), from top to bottom.
func (m *monitor) texts(part string) []string {
	m.T.Helper()
	return do[[]string](
		m, `Array.from(document.querySelectorAll("[data-part='`+part+`']")).map(function (e) { return `+
			`e.innerText.replace(/\u00a0/g, " "); })`)
}

func (m *monitor) text(part string) string {
	m.T.Helper()
	return strings.Join(m.texts(part), " / ")
}

// shows compares the texts of parts with what they are to be, joined by " / ", wherever their lines break.
func (m *monitor) shows(want map[string]string) {
	m.T.Helper()
	unbroken := func(text string) string { return strings.ReplaceAll(text, " / ", " ") }
	for part, text := range want {
		if got := m.text(part); unbroken(got) != unbroken(text) {
			m.T.Errorf("%s: %q, want %q", part, got, text)
		}
	}
}

// sound ends a test of a monitor: nothing was complained of, no letter is too small, and nothing lies outside of the
// screen or over something else of its part. The computer's name, counts, the end and notices are there in full.
func (m *monitor) sound() {
	m.T.Helper()
	for _, what := range do[[]string](m, "stand.errors") {
		m.T.Error(what)
	}
	for _, what := range do[[]string](m, `(function () {
		var found = [], all = document.querySelectorAll(".text"), boxes = [], i, k, a, b;
		var width = document.body.clientWidth, height = document.body.clientHeight;
		var whole = /^(computer|clock|done|end|notice|notice-text|call|todo)$/;
		for (i = 0; i < all.length; i++) {
			a = all[i].getBoundingClientRect();
			if (parseFloat(all[i].style.fontSize) < 0.022 * Math.min(height, width)) {
				found.push("too small: " + all[i].innerText);
			}
			if (a.left < 0 || a.top < 0 || a.right > width + 0.5 || a.bottom > height) {
				found.push("outside: " + all[i].innerText);
			}
			if (all[i].scrollWidth > all[i].clientWidth + 1) found.push("cut: " + all[i].innerText);
			if (/\u2026/.test(all[i].innerText) && whole.test(all[i].getAttribute("data-part"))) {
				found.push("shortened: " + all[i].innerText);
			}
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
			m.T.Error(what)
		}
	}
}

//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/jobmon-db/jobmon-db/internal/browsertest"
)

const shown = `document.getElementById("shown").dataset`

// theSlider moves through time by keys, by the mouse, by typing, and back.
func theSlider(t *testing.T, b *browsertest.Tab, s *boardSite) {
	hours(b, s)
	number := func(script string) int64 { return browsertest.Do[int64](b, "Number("+script+")") }
	at := func(want func(seq, now int64) bool, what string) (seq, now int64) {
		t.Helper()
		b.Until(`document.getElementById("busy").hidden`)
		if seq, now = number(shown+".seq"), number(shown+".now"); !want(seq, now) {
			t.Errorf("%s: seq %d at %s", what, seq, time.UnixMilli(now).UTC())
		}
		return seq, now
	}
	press := func(key string) {
		t.Helper()
		before := browsertest.Do[string](b, `location.href`)
		b.Press(key)
		b.Until(`location.href !== ` + browsertest.Quoted(before))
	}
	browsertest.Do[bool](b, `document.getElementById("moment").focus(), true`)
	loaded := number(shown + ".seq")
	b.Until(`document.querySelector(".lit")`) // news, after which the newest event is another one
	press(kb.ArrowLeft)
	first, now := at(func(seq, _ int64) bool { return seq >= loaded }, "one event back")
	before := number(shown+".first") - 1 // several events are recorded together
	press(kb.ArrowLeft)
	at(func(seq, _ int64) bool { return seq == before }, "two events back")
	press(kb.ArrowRight)
	at(func(seq, _ int64) bool { return seq == first }, "an event on")
	press(kb.PageUp)
	at(func(_, then int64) bool { return then == now-now%1000-3600_000 }, "an hour back")
	press(kb.PageDown)
	at(func(_, then int64) bool { return then == now-now%1000 }, "an hour on")
	press(kb.Home)
	least := `document.getElementById("moment").min`
	at(func(_, then int64) bool { return then-number(least) < 1000 }, "the first moment")
	if focus := browsertest.Do[string](b, `document.activeElement.id`); focus != "moment" {
		t.Errorf("the focus is at %q", focus)
	}
	press(kb.End)
	b.Until(`!document.documentElement.classList.contains("past") && !new URL(location).searchParams.has("at")`)

	theMouse(t, b)
	b.Click(".past-banner .back")
	b.Until(`!document.documentElement.classList.contains("past")`)
	b.Back()
	b.Until(`document.documentElement.classList.contains("past") && new URL(location).searchParams.has("at")`)
	typedTimes(t, b)
	b.Clean("the slider")
}

// theMouse clicks into the middle of the slider and drags it from there.
func theMouse(t *testing.T, b *browsertest.Tab) {
	type box struct{ Left, Top, Width, Height float64 }
	r := browsertest.Do[box](b, `(({ left, top, width, height }) =>
		({ Left: left, Top: top, Width: width, Height: height }))(
		document.getElementById("moment").getBoundingClientRect())`)
	y := r.Top + r.Height/2
	b.Mouse(chromedp.MouseClickXY(r.Left+r.Width/2, y))
	b.Until(`document.documentElement.classList.contains("past") && new URL(location).searchParams.has("at") &&
		document.getElementById("busy").hidden`)
	const part = `((m) => (` + shown + `.now - m.min) / (m.max - m.min))(document.getElementById("moment"))`
	if got := browsertest.Do[float64](b, part); got < 0.45 || got > 0.55 {
		t.Errorf("a click into the middle shows %.2f", got)
	}
	before := browsertest.Do[string](b, `location.href`)
	mouse := func(does input.DispatchMouseEventType, part float64, clicks int) {
		b.Mouse(chromedp.MouseEvent(does, r.Left+r.Width*part, y, chromedp.ButtonLeft, chromedp.ClickCount(clicks)))
	}
	mouse(input.DispatchMouseEventTypeMousePressed, 0.5, 1)
	for i := range 10 {
		mouse(input.DispatchMouseEventTypeMouseMoved, 0.5-float64(i)*0.025, 0)
	}
	mouse(input.DispatchMouseEventTypeMouseReleased, 0.25, 1)
	b.Until(`location.href !== ` + browsertest.Quoted(before) + ` && document.getElementById("busy").hidden &&
		!document.documentElement.classList.contains("dragging")`)
	b.Until(`Math.abs(` + part + ` - 0.25) < 0.06`)
}

// typedTimes writes moments into the field: right ones are shown, wrong ones move nothing and are explained.
func typedTimes(t *testing.T, b *browsertest.Tab) {
	before := browsertest.Do[string](b, `location.href + `+shown+`.now`)
	hint := browsertest.Do[string](b, `document.getElementById("at").placeholder`)
	for _, c := range []struct{ typed, says string }{
		{"half past two", "“half past two” is not a moment. Write, for example: " + hint}, {"2001-01-01", "covers"},
	} {
		browsertest.Do[bool](b, `document.getElementById("at").value = "", true`)
		b.Type("#at", c.typed+"\r")
		b.Until(`document.getElementById("wrong").textContent.includes(` + browsertest.Quoted(c.says) + `)`)
		if after := browsertest.Do[string](b, `location.href + `+shown+`.now`); after != before {
			t.Errorf("%q moved from %s to %s", c.typed, before, after)
		}
	}
	b.Allow("the server responded with a status of 400")
	b.Allow("the server responded with a status of 404")
	browsertest.Do[bool](b, `document.getElementById("at").value = "", true`)
	b.Type("#at", "seq:40\r")
	b.Until(`new URL(location).searchParams.get("at") === "seq:40" &&
		document.getElementById("wrong").textContent === ""`)
}

// theDaemonRestarts: pages say that the daemon is gone, and come back by themselves.
func theDaemonRestarts(t *testing.T, b *browsertest.Tab, s *boardSite) {
	other := browsertest.Open(b.Browser(), t, 1366, 768)
	b.Go(s.address + "/")
	other.Go(s.address + "/c/5000003")
	for _, tab := range []*browsertest.Tab{b, other} {
		tab.Allow("ERR_") // of requests while nobody answers
		tab.Until(`document.getElementById("broken").hidden`)
	}
	s.kill()
	for _, tab := range []*browsertest.Tab{b, other} {
		tab.Until(`!document.getElementById("broken").hidden &&
			document.getElementById("broken").innerText.includes("does not answer")`)
	}
	keepShot(b, "gone")
	s.run()
	for _, tab := range []*browsertest.Tab{b, other} {
		tab.Until(`document.getElementById("broken").hidden`)
		seq := browsertest.Do[string](tab, shown+`.seq`)
		browsertest.Do[bool](tab, `window.stays = true`)
		tab.Until(shown + `.seq !== ` + browsertest.Quoted(seq) + ` || document.querySelector(".lit") !== null`)
		if !browsertest.Do[bool](tab, `window.stays === true`) {
			t.Error("the page was loaded anew, although the program is the same")
		}
		tab.Clean("after the new start")
	}
}

// newToken makes a token, and the configuration's entry for it.
func newToken(t *testing.T, args ...string) (token, entry string) {
	t.Helper()
	for line := range strings.Lines(printed(t, append([]string{"config", "new-token"}, args...)...)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case "token":
			token = strings.TrimSpace(value)
		case "entry":
			entry = "    - '" + strings.TrimSpace(value) + "'\n"
		}
	}
	return token, entry
}

// tokens: a browser logs in over TLS, stays so over a new start, and is out when its token is taken back.
func tokens(t *testing.T, b *browsertest.Tab) {
	s := prepareBoardSite(t, recorded(recording(t, 1, nil)), certificate(t))
	helpdesk, first := newToken(t, "--name", "helpdesk")
	monitor, second := newToken(t, "--name", "monitors", "--scope", "screen")
	other, third := newToken(t, "--name", "others")
	text := s.text + "  tokens:\n"
	s.write(text + first + second + third)
	s.run()
	s.wait("the first read", func(string) bool {
		_, err := os.Stat(filepath.Join(filepath.Dir(s.file), "data", "evt", "5000001.evt"))
		return err == nil
	})
	b.Allow("the server responded with a status of 403") // a wrong token
	b.Go(s.address + "/c/5000001?lang=en")
	b.Until(`location.pathname === "/login"`)
	keepShot(b, "login")
	for _, wrong := range []string{"guess", monitor} {
		b.Type("#token", wrong+"\r")
		b.Until(`document.querySelector("[role=alert]") && document.getElementById("token").value === ""`)
		b.Fits("login")
		b.Axe("login")
		b.Go(s.address + "/login?next=" + "/c/5000001")
	}
	b.Type("#token", helpdesk+"\r")
	b.Until(`location.pathname === "/c/5000001" && document.querySelector(".logout")`)
	if cookie := browsertest.Do[string](b, `document.cookie`); cookie != "" {
		t.Errorf("a script reads the cookie %q", cookie)
	}
	s.signal(syscall.SIGTERM)
	s.end()
	s.run()
	b.Allow("ERR_")
	b.Go(s.address + "/")
	b.Until(`location.pathname === "/" && document.querySelector(".logout")`)

	s.write(text + second + third) // the token is taken back
	s.signal(syscall.SIGHUP)
	b.Allow("the server responded with a status of 401")
	b.Until(`location.pathname === "/login"`)
	b.Type("#token", helpdesk+"\r")
	b.Until(`document.querySelector("[role=alert]")`)
	b.Type("#token", other+"\r")
	b.Until(`document.querySelector(".logout")`)
	b.Click(".logout button")
	b.Until(`location.pathname === "/login"`)
	b.Go(s.address + "/")
	b.Until(`location.pathname === "/login"`)
	b.Clean("tokens")
}

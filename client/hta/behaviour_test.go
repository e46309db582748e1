package hta_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/browsertest"
)

// The story of a deployment as the daemon's own tests deliver it, played in a browser: texts, states, order and signs.
func TestStoryBrowser(t *testing.T) {
	t.Parallel()
	m := start(window(t), t,
		setup{files: map[string]string{ownFolder + "JobMon.ini": "support = Service desk: 12345\n"}})
	m.shows(map[string]string{"label": "One moment", "hero": "Waiting for the first status",
		"line": "The file is not there.", "age": "No status yet", "clock": "",
		"todo": "Nothing after 10 minutes? Please call 12345"})
	found, err := filepath.Glob("testdata/story/*.evt")
	if err != nil || len(found) != 13 {
		t.Fatalf("%d files (%v)", len(found), err)
	}
	for i, path := range found {
		m.deliver(read(t, path))
		switch i {
		case 1:
			m.shows(map[string]string{
				"computer": "PC-0001", "clock": "10:00", "label": "Now", "hero": "Drivers", "done": "0 of 3 done",
				"notice": "", "tag": "",
				"row": "Drivers / Domain / Office",
			})
		case 5:
			m.shows(map[string]string{
				"hero": "Office", "done": "2 of 4 done", "notice": "Domain failed", "tag": "added",
				"row":  "Drivers / Domain / Office / Extras",
				"call": "Please call 12345", "support": "Service desk: 12345",
			})
			if got := m.text("notice-text"); !strings.HasPrefix(got, "Join domain · code 1603 / at 10:0") {
				t.Errorf("the failure is told as %q", got)
			}
			if got := do[string](
				m, `Array.from(document.querySelectorAll("#list [data-shape]")).map(function (e) { return `+
					`e.getAttribute("data-shape"); }).join()`); got != "check,cross,play,ring" {
				t.Errorf("the shapes are %s", got)
			}
		case 8:
			m.shows(map[string]string{"hero": "Almost ready", "done": "4 of 4 done", "notice": "Domain failed"})
			m.pass(40)
			m.shows(map[string]string{"label": "", "hero": "Ready, with failures", "notice": "Domain failed"})
			// A second look at the same file is no news.
			m.pass(7200)
			m.shows(map[string]string{"hero": "Ready, with failures"})
		case 9:
			m.shows(map[string]string{"label": "Next", "hero": "Drivers", "done": "0 of 3 done", "notice": "",
				"row": "Drivers / Domain / Office"})
		}
		m.sound()
	}
}

// Signs that something is wrong with the picture, or with the clock, and that they go when it is over.
func TestStaleSignsBrowser(t *testing.T) {
	t.Parallel()
	m := start(window(t), t, setup{files: map[string]string{delivered: read(t, golden+"running.evt")}})
	m.pass(10)
	m.shows(map[string]string{"age": "Status of 14:12:05, age not known", "clock": "14:12", "notice": ""})
	do[bool](m, "step(86400), true") // somebody sets the clock
	m.pass(10)
	m.shows(map[string]string{"age": "Status of 14:12:05, age not known", "clock": "14:12"})
	m.pass(745)
	m.shows(map[string]string{"notice": "Takes longer than usual"})
	m.deliver(read(t, golden+"source-lost.evt")[:500])
	m.pass(9)
	m.shows(map[string]string{"notice": "Takes longer than usual", "hero": "Installing Anti-virus"})
	m.pass(5)
	m.shows(map[string]string{"notice": "Takes longer than usual / No new status can be read"})
	m.lose(delivered)
	m.pass(5)
	m.shows(map[string]string{"notice-text": "20 min instead of 10 min / The file is not there."})
	m.deliver(edited(t, "source-lost", "4711", "4800"))
	m.shows(map[string]string{"notice": "The server cannot see the deployment",
		"age": "Status of 14:12:05, under 1 min old", "call": "Please call the service desk"})
	do[bool](m, `stand.files["C:\\Windows\\Temp\\JobMon.txt"] = null, true`) // somebody holds it open
	m.pass(15)
	m.shows(map[string]string{"notice": "The server cannot see the deployment / No new status can be read",
		"hero": "Installing Anti-virus"})
	m.deliver(read(t, golden+"stopped.evt"))
	m.shows(map[string]string{"row": "", "done": "", "label": "The monitor's server has stopped"})
	m.sound()
}

// The folder and the computer's id come from the command line; the rest from the settings, also while it runs.
func TestSetupBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	settings := "language = de\r\ntitle = Übergabe\r\nlogo = logo.png\r\ncolour.back = #102030\r\n"
	m := start(b, t, setup{line: plainLine + ` "D:\evt" 5000123`, files: map[string]string{
		`D:\evt\JobMon.txt`: read(t, golden+"running.evt"), ownFolder + "JobMon.ini": settings, ownFolder +
			"logo.png": "there",
		ownFolder + `languages\de.txt`: "letters = ÄÖÜßéà’€\nnow = Gerade\n",
	}})
	m.pass(10)
	m.shows(map[string]string{"label": "Gerade", "done": "3 von 7 fertig", "hero": "Installing Anti-virus"})
	if got := do[string](
		m, `getComputedStyle(document.body).backgroundColor + `+
			`document.querySelectorAll("img").length`); got != "rgb(16, 32, 48)1" {
		t.Errorf("colour and logo: %s", got)
	}
	m.put(`D:\evt\JobMon.txt`, strings.ReplaceAll(read(t, golden+"ready.evt"), "5000123", "5000124"))
	m.pass(60)
	m.shows(map[string]string{"hero": "Installing Anti-virus",
		"notice-text": "Die Datei gehört zu einem anderen Computer."})
	m.put(ownFolder+"JobMon.ini", "language = fr\nforeground = off\nkeep.awake = off\n")
	m.pass(60)
	m.shows(map[string]string{"hero": "Installing Anti-virus", "done": "3 sur 7 terminés"})
	before := do[[]int](m, "[stand.fronts, stand.keys.length]")
	m.pass(120)
	if after := do[[]int](m, "[stand.fronts, stand.keys.length]"); before[0] < 10 || before[1] < 2 ||
		after[0] != before[0] || after[1] != before[1] {
		t.Errorf("brought to the front and keys pressed: %v, then %v with both turned off", before, after)
	}
	if keys := do[string](m, `stand.keys[0]`); keys != "{F15}" {
		t.Errorf("the key is %s", keys)
	}
	m.sound()
	// A language file in the wrong encoding is none.
	m = start(b, t, setup{files: map[string]string{
		ownFolder + "JobMon.ini": "language = de", ownFolder +
			`languages\de.txt`: "letters = ÄÖÜ\u0102\u0178\nfirst = Ein\u0102\nfirst.name = x\n",
	}})
	m.pass(2)
	m.shows(map[string]string{"label": "Einen Moment", "hero": "Warten auf den ersten Stand"})
	m.sound()
}

// It ends when it is told to, and when a newer one runs in the same folder; else never.
func TestEndBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	for name, c := range map[string]struct{ file, text string }{
		"stop file": {"JobMon.stop", ""}, "switch": {"JobMon.ini", "close = on"},
		"newer one": {"JobMon.running", "1234-5678"},
	} {
		m := start(b, t, setup{})
		m.pass(65)
		if do[bool](m, "stand.closed") {
			t.Errorf("%s: it ended before", name)
		}
		m.put(ownFolder+c.file, c.text)
		m.pass(65)
		if !do[bool](m, "stand.closed") {
			t.Errorf("%s: it goes on", name)
		}
	}
	// A folder that it may not write to, and without any of Windows' objects.
	m := start(b, t, setup{script: "stand.readOnly = true;",
		files: map[string]string{ownFolder + "JobMon.running": "1234-5678", delivered: read(t, golden+"ready.evt")}})
	m.pass(60)
	m.shows(map[string]string{"hero": "Ready"})
	m.sound()
	m = start(b, t, setup{script: "window.ActiveXObject = function () { throw new Error('429'); };"})
	m.pass(60)
	m.shows(map[string]string{"hero": "Waiting for the first status"})
	m.sound()
}

// Where its folder is not this computer's alone, or not known, nothing is written and nothing of others is heeded.
func TestFolderOfOthersBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	for _, line := range []string{`"N:\JobMon\JobMon.hta"`, `"\\server\share\JobMon.hta"`, `JobMon.hta`} {
		m := start(b, t, setup{line: line, files: map[string]string{
			`N:\JobMon\JobMon.running`: "1234-5678", `\\server\share\JobMon.running`: "1234-5678", `\JobMon.stop`: "",
			`JobMon.stop`: "", delivered: read(t, golden+"ready.evt"),
		}})
		m.pass(60)
		if got := do[string](
			m, `[stand.closed, stand.runs.length, Object.keys(stand.files).length].join()`); got != "false,0,5" {
			t.Errorf("%s: closed, programs run, files: %s", line, got)
		}
		m.shows(map[string]string{"hero": "Ready"})
	}
}

// Whatever breaks while it runs, it goes on: no error is shown and the next tick comes.
func TestNothingEndsItBrowser(t *testing.T) {
	t.Parallel()
	m := start(window(t), t, setup{files: map[string]string{delivered: read(t, golden+"running.evt")}})
	m.pass(10)
	if !do[bool](m, `window.onerror("message", "address", 1) === true`) {
		t.Error("an error would be shown")
	}
	do[bool](
		m, `window.ActiveXObject = function () { throw new Error("gone"); }, `+
			`document.getElementById("list").innerHTML = "", document.getElementById("hero").remove(), true`)
	m.pass(10)
	m.shows(map[string]string{"clock": "14:12"})
	m.pass(60)
	m.shows(map[string]string{"clock": "14:13"})
	if n := do[int](m, "Object.keys(stand.timers).length"); n != 2 { // one for all, one for what moves
		t.Errorf("%d timers run", n)
	}
	// Keys, menus and help open nothing.
	for _, event := range []string{"keydown", "contextmenu", "dragstart", "selectstart"} {
		if do[bool](m, `document.body.dispatchEvent(new Event("`+event+`", {bubbles: true, cancelable: true}))`) {
			t.Errorf("%s is let through", event)
		}
	}
	m.sound()
}

// The agent's connection is looked up without a window and without waiting, and nothing is said where it is not known.
func TestAgentBrowser(t *testing.T) {
	t.Parallel()
	m := start(window(t), t, setup{files: map[string]string{delivered: read(t, golden+"running.evt")}})
	m.pass(20)
	m.shows(map[string]string{"agent": ""})
	want := `"C:\Windows\System32\cmd.exe" /d /c ""C:\Windows\System32\netstat.exe" -n -p TCP > ` +
		`"C:\JobMon\JobMon.net.new" && move /y "C:\JobMon\JobMon.net.new" "C:\JobMon\JobMon.net""`
	if got := do[string](m, "stand.runs.length + JSON.stringify(stand.runs[0])"); got != "1"+browsertest.Quoted(
		[]any{want, 0, false}) && got != do[string](m, "'1' + JSON.stringify(["+quote(want)+", 0, false])") {
		t.Errorf("what was run: %s", got)
	}
	m.pass(13)
	m.put(ownFolder+"JobMon.net", "  TCP    10.0.0.5:49731   10.0.0.1:402    ESTABLISHED\r\n")
	m.pass(10)
	m.shows(map[string]string{"agent": "connected to the deployment server"})
	m.sound()
	// Each time it is asked anew.
	m.pass(20)
	m.put(ownFolder+"JobMon.net", "  TCP    10.0.0.5:49731   10.0.0.1:445    ESTABLISHED\r\n")
	m.pass(10)
	m.shows(map[string]string{"agent": "not connected to the deployment server"})
	m.sound()
	m.pass(60)
	m.shows(map[string]string{"agent": ""})
}

// The feed: asked for by id, with the tag of what is there; live while it answers, and the file at once when it does
// not.
func TestLiveFeedBrowser(t *testing.T) {
	t.Parallel()
	answers := `stand.live = function (request) {
		if (stand.answer === "200") return {
			status: 200, text: stand.body, headers: {ETag: '"a1"', Date: "Sun, 22 Nov 2026 13:12:10 GMT"}
		};
		if (stand.answer === "304") return {status: 304};
		if (stand.answer === "404") return {status: 404, text: "no"};
		if (stand.answer === "refused") return {fails: true};
		return null;
	}; stand.answer = "200"; stand.body = ` + browsertest.Quoted(late(t)) + ";"
	m := start(window(t), t, setup{script: answers, files: map[string]string{
		delivered: read(t, golden+"running.evt"), ownFolder +
			"JobMon.ini": "monitor.url = http://127.0.0.1:8080/evt/{id}",
	}})
	m.pass(3)
	m.shows(map[string]string{"age": "Live, last change under 1 min ago", "notice": ""})
	if got := m.text("after"); !strings.Contains(got, "job 2 of 3") {
		t.Errorf("live it says %q", got)
	}
	do[bool](m, `stand.answer = "304", true`)
	m.pass(300)
	m.shows(map[string]string{"age": "Live, last change 5 min ago"})
	if got := do[string](m, "JSON.stringify([stand.asked[0], stand.asked[stand.asked.length - 1]])"); got !=
		`[["http://127.0.0.1:8080/evt/5000123","",true,2],["http://127.0.0.1:8080/evt/5000123","\"a1\"",true,2]]` {
		t.Errorf("asked was %s", got)
	}
	for _, answer := range []string{"refused", "404", "nothing"} {
		do[bool](m, `stand.answer = "`+answer+`", true`)
		m.pass(12)
		if got := m.text("age"); !strings.HasPrefix(got, "Status of 14:12:05, ") {
			t.Errorf("%s: %s", answer, got)
		}
		m.shows(map[string]string{"notice": "No live connection"})
	}
	m.deliver(edited(t, "ready", "4711", "4900"))
	m.pass(30)
	m.shows(map[string]string{"hero": "Ready"})
	do[bool](m, `stand.answer = "200", true`)
	m.pass(12)
	m.shows(map[string]string{"hero": "Installing Anti-virus"})
	m.sound()
}

// The token is for an encrypted address alone.
func TestTokenBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	for url, want := range map[string]string{
		"https://ds01:8443/evt/{id}":  `[["https://ds01:8443/evt/5000123","",true,2,"Bearer jobmon-token-ABC"]]`,
		"http://127.0.0.1:8080/evt/":  `[["http://127.0.0.1:8080/evt/5000123","",true,2]]`,
		"https://ds01/{id}?a=\"b c\"": `[]`,
	} {
		m := start(b, t, setup{script: "stand.live = function () { return null; };", files: map[string]string{
			delivered: read(t, golden+"running.evt"), ownFolder + "JobMon.ini": "monitor.url = " + url +
				"\nmonitor.token = jobmon-token-ABC",
		}})
		m.pass(3)
		if got := do[string](m, "JSON.stringify(stand.asked)"); got != want {
			t.Errorf("%s: asked was %s", url, got)
		}
		m.sound()
	}
}

package hta_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// told gives a story the lines of a script, with the golden files as RUNNING and so on.
func told(t *testing.T, lines ...string) *engine {
	t.Helper()
	e := newEngine(t)
	for _, name := range []string{"running", "failed-late", "repaired", "overdue", "asked", "ready",
		"ready-with-failures", "source-lost", "stopped",
		"idle", "unknown-computer", "due-later", "agent-offline", "ghost", "watched-since", "abandoned", "ended-early",
		"hidden-names", "many-stages", "stale",
		"planned", "silent", "standing-still", "agent-away"} {
		e.run("var " + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + " = " + quote(read(t, golden+name+".evt")))
	}
	e.run("var s = new Story();")
	for _, line := range lines {
		e.run(line)
	}
	return e
}

func TestWhatRuns(t *testing.T) {
	t.Parallel()
	e := told(t, "s.file(null).pass(5).file(FAILED_LATE).pass(65)")
	e.is("s.hero()", `"Now | Installing Anti-virus | since 14:05 · 8 min | usually 10 min, 3 jobs | Next: Cisco `+
		`VPN client"`)
	e.is("s.rows()", `["check|Configuring computer||done, 6 min","check|Joining the domain||done, 3 `+
		`min","cross|Install Plugins||failed, 1603",`+
		`"play|Installing Anti-virus||running, 8 min","ring|Cisco VPN client|added|about 14:14","ring|Office `+
		`2024||to come","ring|Security updates||to come","ring|Final checks||to come"]`)
	e.is("s.notices()", `["Install Plugins failed | Java plug-in · code 1603 fatal error in the installation · at `+
		`13:58 | Please call the service desk"]`)
	e.is("(function (v) { return [v.computer, v.place.replace(/\\u00a0/g, ' '), v.clock, v.done, v.end.text, "+
		"v.end.left, v.age]; }(s.view()))",
		`["CXNRD02","Windows 11 build · DS01","14:13","3 of 8 done","ready 14:41 or later","","Status of 14:12:05, 1 `+
			`min old"]`)
	e.is("s.view().segments.length", "8")
	e.is("[s.view().segments[2].tone, s.view().segments[3].part, s.view().segments[4].part]", `["bad",0.86,0]`)
}

// The end and the starts of what waits do not move with the clock; an estimate that is used up says so.
func TestWhatIsExpected(t *testing.T) {
	t.Parallel()
	e := told(t, "s.file(null).pass(5).file(RUNNING)")
	e.is("[s.view().end.text, s.view().end.left, s.rows()[4], s.rows()[6]]",
		`["ready about 14:41","28 min left","ring|Office 2024||about 14:14","ring|Final checks||about 14:32"]`)
	e.is("s.pass(300), [s.view().end.text, s.view().end.left, s.rows()[4], s.rows()[6]]",
		`["ready 14:41 or later","","ring|Office 2024||to come","ring|Final checks||to come"]`)
	e.is("s.pass(1500), [s.view().end.text, s.view().end.left]",
		`["end not known since 14:24","20 min of usual work has not begun"]`)
	e = told(t, "s.file(null).pass(5).file(WATCHED_SINCE).pass(9)")
	e.is("[s.view().end.text, s.hero()]",
		`["","Now | Installing Anti-virus | since 14:05 · 7 min | usually 10 min, 3 jobs | Next: Office 2024"]`)
}

// A file that was there before the monitor can be of any age; one that came while it looked cannot.
func TestAge(t *testing.T) {
	t.Parallel()
	e := told(t, "s.file(RUNNING).pass(20)")
	e.is("[s.old(), s.view().age]", `["at least 20","Status of 14:12:05, age not known"]`)
	// The same again is no news, whatever else it says.
	e.is("s.file(RUNNING).pass(100).file(RUNNING.replace('Anti-virus', 'Something')), [s.view().age, "+
		"s.view().hero.name]", `["Status of 14:12:05, at least 2 min old","Installing Anti-virus"]`)
	e.is("s.file(FAILED_LATE).pass(7), [s.old(), s.view().age]", `["7","Status of 14:12:05, under 1 min old"]`)
	// A lower number is news: the log was begun again.
	e.is("s.pass(60).file(RUNNING).pass(3), s.old()", `"3"`)
}

// An old entry of the computer says so: the deployment may go on under another id.
func TestOldRecord(t *testing.T) {
	t.Parallel()
	e := told(t, "s.file(GHOST).pass(5)")
	e.is("s.notices()[0]",
		`"This is an old entry of the computer | The console no longer shows it. The computer may go on under `+
			`another one. | Look in the console"`)
	e = told(t, `s.file(READY.replace('"computer":{', '"computer":{"gone":true,')).pass(60)`)
	e.is("s.notices()[0]",
		`"This entry of the computer was deleted | Nothing more is installed under it. This is the last that is `+
			`known. | Look in the console"`)
}

// Setting the clock, by hours and in both directions, and sleeping change neither age nor sense.
func TestClockIsNotTrusted(t *testing.T) {
	t.Parallel()
	e := told(t, "s.file(null).pass(5).file(RUNNING).pass(60)")
	e.is("s.step(7200).pass(60), [s.view().age, s.view().clock]", `["Status of 14:12:05, at least 2 min old","14:14"]`)
	e.is("s.step(-90000).pass(60), [s.view().age, s.view().clock]",
		`["Status of 14:12:05, at least 3 min old","14:15"]`)
	// A busy computer ticks late, and a small correction is none worth a word.
	e.is("s.file(RUNNING).pass(5).file(FAILED_LATE).step(20).pass(10), s.old()", `"30"`)
	// What came behind a sleep can have lain there all the time.
	e.is("s.step(3600).pass(1).file(RUNNING).pass(4), s.old()", `"at least 4"`)
	// A picture may be shown for days.
	e.is("s.pass(200000), s.view().age", `"Status of 14:12:05, at least 2 days old"`)
}

func TestOverdueQuietAndLast(t *testing.T) {
	t.Parallel()
	e := told(t, "s.file(null).pass(5).file(RUNNING)")
	// 570 s are usual, 425 s were over: overdue beyond 1170 s, 745 s from now.
	e.is("s.pass(745).notices()", `[]`)
	e.is("s.pass(1).notices()", `["Takes longer than usual | 19 min instead of 10 min | Check this PC for a message"]`)
	// Without what is usual: an hour without news.
	e = told(t, "s.file(null).pass(5).file(RUNNING.replace(/\"expected_s\":570,\"runs\":20,/, ''))")
	e.is("s.pass(3600).notices()", `[]`)
	e.is("s.pass(1).notices()", `["No news for 1 h 00 min | It may still be working. | Check this PC for a message"]`)
	e = told(t, "s.file(null).pass(5).file(DUE_LATER).pass(9000)")
	e.is("s.notices()", `["Last update | No newer status will come | Look in the console"]`)
	e = told(t, "s.file(null).pass(5).file(OVERDUE)")
	e.is("s.notices().length > 0 && s.notices()[0].indexOf('Takes longer') === 0", "true")
}

func TestReadyOnlyWhenSettled(t *testing.T) {
	t.Parallel()
	e := told(t, "s.file(null).pass(5).file(READY)")
	e.is("s.pass(19).hero()",
		`"One moment | Almost ready | Looking whether anything more comes. Please do not switch it off yet."`)
	e.is("s.pass(1).hero()",
		`" | Ready | Everything has been installed. | took 32 min · 18 of 18 jobs · ended 14:12 | It can be `+
			`handed over"`)
	// Something was added at the last moment.
	e.is("s.file(RUNNING.replace('4711', '4799')).hero().indexOf('Now | Installing Anti-virus')", "0")
	for name, want := range map[string]string{
		"READY_WITH_FAILURES": "Ready, with failures", "ENDED_EARLY": "Ended early", "ABANDONED": "Not finished",
	} {
		e.is("s.file("+name+").pass(60).view().hero.name", plain(want))
	}
	e.is(`s.file(READY.replace('"result":"ready",', '').replace('4711', '99')).pass(60).view().hero.name`,
		`"Nothing left to do"`)
	e.is(`s.file(READY.replace('"result":"ready"', '"result":"splendid"').replace('4711', `+
		`'98')).pass(60).view().hero.name`, `"Nothing left to do"`)
}

// The previous deployment, or another computer's, is never the present one.
func TestNothingOfBeforeStays(t *testing.T) {
	t.Parallel()
	e := told(t, "s.file(null).pass(5).file(READY_WITH_FAILURES).pass(60)")
	e.is("s.notices().length", "1")
	e.is(`s.file(RUNNING.replace('"number":2', '"number":3').replace('4711', '5000')), [s.notices(), `+
		`s.view().rows.length, s.view().hero.name]`, `[[],7,"Installing Anti-virus"]`)
	e.is("s.file(STOPPED).pass(5), [s.hero(), s.view().rows.length, s.view().done, s.view().computer, s.old()]",
		`["The monitor's server has stopped | Büro & \"Office\" 100% | The installation goes on; this screen cannot `+
			`follow it. | Leave it on. Please call the service desk",0,"","CXNRD02","5"]`)
	// Another stopped file is news when it names another job.
	e.is("s.file(STOPPED).pass(5).old()", `"10"`)
	e.is("s.file(STOPPED.replace('Office', 'Drivers')).pass(2).old()", `"2"`)
	e.is("s.file(IDLE), [s.hero(), s.view().rows.length]",
		`["Idle | No deployment | Nothing is being installed on this computer. | To begin, schedule its jobs",0]`)
	e.is("s.file(UNKNOWN_COMPUTER.replace('4711', '77')).hero()",
		`"Idle | No deployment | The deployment server does not know this computer. | Please call the service desk"`)
	e = told(t, "var s = new Story({}, 5000124).file(null).pass(5).file(RUNNING).pass(5)")
	e.is("[s.hero(), s.intake.trouble]",
		`["One moment | Waiting for the first status | The file is another computer's. | Nothing after 10 minutes? `+
			`Please call the service desk","other"]`)
}

// The last good picture stays, with its age; a word comes once the trouble lasts.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	e := told(t)
	e.is("[s.hero(), s.view().clock, s.view().computer]",
		`["One moment | Waiting for the first status | The file is not there. | Nothing after 10 minutes? Please `+
			`call the service desk","","Deployment"]`)
	e.run("s.file(null).pass(5).file(RUNNING)")
	for _, c := range []struct{ bad, said string }{
		{"null", "The file is not there."}, {"''", "The file is empty."},
		{"RUNNING.substr(0, 900)", "The file is not whole."},
		{"'hello'", "The file is not from the monitor's server."},
		{`RUNNING.replace('"v":1', '"v":9')`, "This monitor is too old for its file."},
		{"RUNNING + RUNNING", "The file is damaged."},
		{"RUNNING.replace('[', '[' + new Array(70000).join(' '))", "The file is too large."},
	} {
		e.is("s.pass(5).file("+c.bad+").pass(5).file("+c.bad+").notices()", "[]")
		e.is("s.pass(5).file("+c.bad+").notices()",
			`["No new status can be read | `+c.said+` | Please call the service desk"]`)
		e.is("[s.view().hero.name, s.view().aged]", `["Installing Anti-virus",true]`)
		e.is("s.pass(5).file(RUNNING).notices()", "[]")
	}
	e.is("s.view().age", `"Status of 14:12:05, 2 min old"`)
}

func TestWhyNothingRuns(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"DUE_LATER":     "Next | Encryption | Continues at 14:30",
		"AGENT_OFFLINE": "Waiting: the agent",
		"GHOST":         "Waiting: it is assigned to an old entry of this computer",
	} {
		e := told(t, "s.file(null).pass(5).file("+name+")")
		if got := e.gives("s.hero()"); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	e := told(t, "s.file(null).pass(5).file(PLANNED)")
	e.is("[s.hero(), s.notices(), s.view().done, s.view().end.text, s.view().percent]",
		`["Planned | Configuring computer | `+
			`Waiting: the agent has not been connected since 14:05 or before | 2 jobs | Check power and `+
			`network",[],"0 `+
			`of 3 done","takes 16 min or longer",0]`)
	e = told(t, "s.file(null).pass(5).file(SILENT)")
	e.is("s.notices()", `["Abandoned: nothing has started since 22/11 14:05 | The deployment is still open. | Look `+
		`in the console"]`)
	e = told(t, "s.file(null).pass(5).file(STANDING_STILL)")
	e.is("s.notices()", `["Stands still since 14:31 | 04. (JM) Office 2024 is due and has not begun. | Look in the `+
		`console"]`)
	e.is(`s.file(STANDING_STILL.replace('"idle"', '"dusk"').replace('4711', '4712')).notices()`, `[]`)
	e = told(t, "s.file(null).pass(5).file(AGENT_AWAY)")
	e.is("s.notices()", `["Stands still since 14:06 | Virus scanner counts as running; the agent is away. | Check `+
		`power and network"]`)
	e.is("s.hero().indexOf('not been connected since 14:06; the job still counts as running.') > 0", "true")
	e.is("s.rows().slice(7)", `["clock|Wake up||running","clock|Inventory||waits","clock|Defragment||later, 22:00"]`)
	e = told(t, "s.file(null).pass(5).file(DUE_LATER)")
	e.is("s.rows()", `["check|Preparation||done, 12 min","ring|Encryption||to come","clock|Nightly inventory||later, `+
		`22:00","clock|Defragment||not started","clock|Wake on LAN test||not scheduled"]`)
	e = told(t, "s.file(null).pass(5).file(SOURCE_LOST)")
	e.is("[s.notices(), s.view().aged]",
		`[["The server cannot see the deployment | Last seen at 14:12 | Please call the service desk"],true]`)
	e = told(t, "s.file(null).pass(5).file(STALE)")
	e.is("s.notices()", `["This status may be old | The server could not look again in time. | It goes on by itself"]`)
	e = told(t, "s.file(null).pass(5).file(HIDDEN_NAMES)")
	e.is("s.notices()[0].indexOf('Java')", "-1")
	e = told(t, "s.file(null).pass(5).file(REPAIRED)")
	e.is("[s.notices(), s.rows()[2]]", `[[],"check|Install Plugins|attempt 2|done, 16 min"]`)
	e = told(t, "s.file(null).pass(5).file(MANY_STAGES)")
	e.is("[s.view().done, s.view().rows.length + s.view().before + s.view().after]", `["2700 of 3000 done",3000]`)
}

// The daemon's own word wins while it comes; the file takes over at once when it ends, and never goes back in time.
func TestLiveFeed(t *testing.T) {
	t.Parallel()
	e := told(t, "var at = 'Sun, 22 Nov 2026 13:12:35 GMT'",
		"s.file(RUNNING).pass(1).live({text: FAILED_LATE, date: at}).pass(5)")
	e.is("[s.old(), s.view().age, s.hero()]",
		`["35","Live, last change under 1 min ago","Now | Installing Anti-virus | since 14:05 · 7 min | usually 10 `+
			`min, job 2 of 3 | Next: Cisco VPN client"]`)
	e.is("s.live({same: true}).pass(15).file(RUNNING), s.old()", `"50"`)
	// A marker's file comes while the feed is there: it is older.
	e.is("s.live({same: true}).file(IDLE).view().hero.name", `"Installing Anti-virus"`)
	// The feed ends: the last picture stays, and the same file is no news.
	e.is("s.pass(5).live({error: 'live'}).file(IDLE), [s.view().hero.name, s.old(), s.notices()[1]]",
		`["Installing Anti-virus","55","No live connection | This screen shows what was delivered. | "]`)
	e.is("s.hero().indexOf('3 jobs') > 0", "true")
	e.is("s.pass(5).file(READY).pass(30).view().hero.name", `"Ready"`)
	e.is("s.live({text: RUNNING.replace('4711', '4799'), date: ''}).view().hero.name", `"Installing Anti-virus"`)
	// "Nothing has changed" is no answer where the picture is not the daemon's.
	e = told(t, "s.file(RUNNING).live({same: true})")
	e.is("[s.intake.live(), s.intake.liveTrouble]", "[false,true]")
	e.is("s.live({text: 'nonsense'}), s.intake.liveTrouble", "true")
	e.is("[JobMon.address('http://a:1/evt/{id}', 7), JobMon.address('http://a:1/evt', 7), "+
		"JobMon.address('http://a:1/evt/', 7), JobMon.address('', 7), JobMon.address('http://a', null)]",
		`["http://a:1/evt/7","http://a:1/evt/7","http://a:1/evt/7","",""]`)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.is(`(function (s) { return [s.language, s.title, s.support, s.logo, s.poll, s.awake, s.foreground, s.close, s.stop, s.file, s.url, s.token, s.colours.back]; }(
		JobMon.settings(JobMon.pairs("[x]\r\nLanguage = DE\n# a = b\n;c=d\n title=\"B\u00fcro = 3\" \nsupport=\u202eabc\nlogo=..\\secret.png\npoll=0\nkeep.awake=off\nforeground = nein\nclose=maybe\nstop.file=C:\\x\nfile=con:\nmonitor.url=javascript:alert(1)\nmonitor.token=a b\r\nX: y\ncolour.back=#12AB9f\ncolour.text=red\n__proto__=1"))))`,
		`["de","Büro = 3","abc","",5,false,false,false,"JobMon.stop","JobMon.txt","","","#12ab9f"]`)
	e.is(`JobMon.settings({}).colours.text`, `"#f4f8fc"`)
	for text, want := range map[string]string{
		// UTF-8, read in the Western code page
		"B\u00c3\u00bcro \u00e2\u201a\u00ac \u00f0\u0178\u0161\u20ac": "Büro € 🚀",
		"B\u00fcro": "Büro", "B\u00c3": "BÃ", "caf\u00e9 \u00c3\u00a9": "café Ã©", "\u0416": "Ж", "plain": "plain",
		"\u00c0\u00af": "À¯", "\u00ed\u00a0\u20ac": "í\u00a0€",
	} {
		e.is("JobMon.asUtf8("+quote(text)+")", plain(want))
	}
	for line, want := range map[string]string{
		`"C:\JobMon\JobMon.hta" "C:\Win Temp" 5000123`: `{"folder":"C:\\Win Temp","id":5000123}`,
		`C:\JobMon\JobMon.hta C:\Temp`:                 `{"folder":"C:\\Temp","id":null}`,
		`"C:\JobMon\JobMon.hta"`:                       `{"folder":"","id":null}`,
		`"C:\JobMon\JobMon.hta" %ID%`:                  `{"folder":"","id":null}`,
		`"C:\JobMon\JobMon.hta" "\\s\evt" -7`:          `{"folder":"\\\\s\\evt","id":-7}`,
		``:                                             `{"folder":"","id":null}`,
	} {
		e.is("JobMon.commandLine("+quote(line)+")", want)
	}
	e.run(read(t, "src/main.js"))
	for _, c := range [][3]string{
		{"file:///C:/Job%20Mon/JobMon.hta", "", `C:\Job Mon`}, {"file:///C:/JobMon.hta?x", "", `C:\`},
		{"file://server/share/m/JobMon.hta", "", `\\server\share\m`},
		{"about:blank", `"D:\x\JobMon.hta" "C:\y"`, `D:\x`}, {"about:blank", `D:\x\JobMon.hta C:\y.hta`, `D:\x`},
		{"about:blank", "JobMon.hta", ""},
		{"file:///C:/100%/JobMon.hta", "", `C:\100%`}, {"file:///JobMon.hta", "", ""},
	} {
		e.is("JobMon.ownFolder("+quote(c[0])+", "+quote(c[1])+")", plain(c[2]))
	}
	for name, c := range map[string]struct{ text, want string }{
		"connected": {"\r\n  Proto  Local  Foreign  State\r\n  TCP    10.0.0.5:49731   10.0.0.1:402    ESTABLISHED\r\n",
			"true"},
		"German":   {"  TCP    10.0.0.5:49731   10.0.0.1:402    HERGESTELLT\r\n", "true"},
		"incoming": {"  TCP    10.0.0.5:402   10.0.0.1:50000    ESTABLISHED\r\n", "false"},
		"closing":  {"  TCP    10.0.0.5:49731   10.0.0.1:402    TIME_WAIT\r\n", "false"},
		"other":    {"  TCP    10.0.0.5:49731   10.0.0.1:4020    ESTABLISHED\r\n", "false"},
		"unknown":  {"  TCP    10.0.0.5:49731   10.0.0.1:402    CONECTADO\r\n", "null"},
		"nothing":  {"access denied", "null"},
	} {
		if got := e.gives("JobMon.agentConnected(" + quote(c.text) +
			", 402, 'ESTABLISHED HERGESTELLT')"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// What one sees of a name is the name: nothing that hides, turns or breaks what is around it.
func TestNamesAreMadeSafe(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for text, want := range map[string]string{
		"a\tb\r\nc\x00d\x1b[31m\u009b1m\u2028e": "a b c d [31m 1m e", "right \u202etxt.exe\u202c": "right txt.exe",
		"\u200b\u00ad\ufeffa\u2066b": "ab", "  a   b ": "a b",
		"<b>&amp;": "<b>&amp;", "\u05e9\u05dc": "\u05e9\u05dc", "😀é": "😀é", "": "", "\u0001": "",
	} {
		e.is("JobMon.clean("+quote(text)+")", plain(want))
	}
	e.is(`JobMon.clean("a\ud83db") + JobMon.clean("\ude00c") + JobMon.clean("\ud83d")`, `"a�b�c�"`)
	e.is(`[JobMon.rightToLeft("\u05e9 a"), JobMon.rightToLeft("12 \u0645"), JobMon.rightToLeft("a \u05e9"), `+
		`JobMon.rightToLeft("12")]`, "[true,true,false,false]")
	e.is(`JobMon.fill("{a} {b} {c} {", {a: "{b}", b: "$&", toString: 1})`, `"{b} $& {c} {"`)
}

// A list shows what runs, and says what it leaves out; whatever its length and place, it counts right.
func TestListIsCutAroundWhatRuns(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.is(`(function () {
		for (var count = 1; count < 70; count++) for (var places = 4; places < 16; places++) for (var focus = 0; focus < count; focus++)
			for (var before = 0; before < 9; before += 8) for (var after = 0; after < 9; after += 8) {
			var v = JobMon.visible(count, focus, places, before, after), lines = v.end - v.first + (v.above > 0 ? 1 : 0) + (v.below > 0 ? 1 : 0);
			if (v.first > focus || v.end <= focus || lines > places || v.above !== v.first + before || v.below !== count - v.end + after ||
				(count + (before ? 1 : 0) + (after ? 1 : 0) <= places && v.end - v.first !== count) || (lines < places && v.end - v.first < count))
				return [count, places, focus, before, after, v];
		}
		return "good";
	}())`, `"good"`)
}

// A shape is drawn within its square, smoothly, and no two are alike.
func TestShapes(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.is(`(function () {
		var names = ["check", "cross", "play", "ring", "dot", "clock", "none", "pause", "question", "warn"], drawn = {}, i, k, size, runs, r;
		for (i = 0; i < names.length; i++) for (size = 10; size < 200; size += 37) {
			runs = JobMon.runs(names[i], size);
			if (runs.length < 5) return [names[i], size, "empty"];
			for (k = 0; k < runs.length; k++) {
				r = runs[k];
				if (r[0] < 0 || r[1] < 0 || r[0] + r[2] > size || r[1] + r[3] > size || r[4] <= 0 || r[4] > 1) return [names[i], size, r];
			}
			if (drawn[runs.join()]) return [names[i], "like", drawn[runs.join()]];
			drawn[runs.join()] = names[i];
		}
		return [JobMon.mix("#000000", "#ffffff", 0.5), JobMon.mix("#0a1420", "#0a1420", 1)];
	}())`, `["#808080","#0a1420"]`)
}

// What DS delivers to one PC, from the first file to the second build of it, seen every five seconds.
func TestStoryIsToldAsItHappened(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob("testdata/story/*.evt")
	if err != nil || len(found) == 0 {
		t.Fatalf("no story (%v)", err)
	}
	e := newEngine(t)
	e.run("var s = new Story().file(null)")
	at := 0
	var seen []string
	for _, path := range found {
		var h, m, sec, n int
		if _, err := fmt.Sscanf(filepath.Base(path), "%2d%2d%2d-%2d.evt", &h, &m, &sec, &n); err != nil {
			t.Fatal(err)
		}
		if now := h*3600 + m*60 + sec; at > 0 {
			e.run(fmt.Sprintf("s.pass(%d)", now-at))
			at = now
		} else {
			e.run("s.pass(5)")
			at = now
		}
		if h == 10 && m == 20 && sec < 20 {
			seen = append(seen, "before: "+e.gives("s.view().hero.name"))
		}
		e.run("s.file(" + quote(read(t, path)) + ")")
		seen = append(seen, e.gives(
			"[s.view().hero.label, s.view().hero.name, s.view().done, s.notices().join(' / '), s.view().clock]"))
	}
	got, want := strings.Join(seen, "\n")+"\n", read(t, "testdata/story.txt")
	if *update {
		write(t, "testdata/story.txt", got)
		return
	}
	if got != want {
		t.Errorf("the story is told as\n%s\nwant\n%s", got, want)
	}
}

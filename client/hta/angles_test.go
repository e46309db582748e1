package hta_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// angle is how large capitals of so many pixels appear at four metres, in arc minutes, on a screen of 24 inches and
// 1920x1080.
func angle(pixels float64) float64 {
	const inches, distance = 24, 4000.0
	pitch := inches * 25.4 / math.Hypot(1920, 1080)
	return math.Atan(pixels*pitch/distance) * 180 / math.Pi * 60
}

// parts of the screen as they are named in the table of docs/monitor.md, the least angle that each must have up to ten
// stages, and what it had before the sizes were chosen by angle.
var seen = []struct {
	part, name    string
	least, before float64
}{
	{"computer", "computer's name", 13.6, 13.6},
	{"clock", "time", 13.6, 13.6},
	{"hero", "stage", 13.6, 13.6},
	{"notice", "what is wrong", 10, 5.4},
	{"notice-text", "failed job, code, time", 10, 4.8},
	{"call", "whom to call, what to do", 10, 4.8},
	{"todo", "what to do", 10, 0},
	{"end", "end", 9, 6.4},
	{"done", "counts", 9, 6.4},
	{"line", "since", 9, 6.2},
	{"label", "now, next", 7, 5.3},
	{"after", "usual duration", 7, 6.2},
	{"row", "stage in the list", 7, 5.1},
	{"right", "its state", 7, 5.1},
	{"left", "time left", 7, 6.4},
	{"tag", "added", 5, 4.2},
	{"place", "title, group, server", 5, 5.1},
	{"agent", "connected", 5, 5.1},
	{"age", "age", 5, 4.4},
	{"support", "service desk", 5, 4.4},
	{"phone", "what the phone's code is for", 5, 0},
}

// What matters can be read from four metres, by the letters that the browser really draws. With -update the table in
// the documents is written anew.
func TestAnglesBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	ini := map[string]string{ownFolder + "JobMon.ini": "title = Contoso workplace\nsupport = Service desk: 12345\n"}
	smallest, sizes := map[string]float64{}, map[string]float64{}
	for name, file := range map[string]string{
		"running": read(t, golden+"running.evt"), "failed": read(t, golden+"failed-late.evt"),
		"lost":  read(t, golden+"source-lost.evt"),
		"ready": read(t, golden+"ready.evt"), "with failures": read(t, golden+"ready-with-failures.evt"),
		"still":   read(t, golden+"standing-still.evt"),
		"planned": read(t, golden+"planned.evt"), "waiting": read(t, golden+"due-later.evt"),
		"stopped": read(t, golden+"stopped.evt"), "linked": read(t, golden+"linked.evt"),
		"stale": read(t, golden+"stale.evt"), "overdue": read(t, golden+"overdue.evt"),
		"agent away": read(t, golden+"agent-away.evt"), "ten stages": ten(t),
	} {
		m := start(b, t, setup{files: ini, script: agent})
		m.pass(10)
		m.deliver(file)
		m.pass(30)
		for part, px := range do[map[string]float64](m, `(function () {
			var found = {}, pen = document.createElement("canvas").getContext("2d");
			Array.from(document.querySelectorAll(".text")).forEach(function (e) {
				var style = getComputedStyle(e), part = e.getAttribute("data-part"), px = parseFloat(style.fontSize);
				// A second line of small facts has no part of its own.
				if (part === "line" && style.color !== "rgb(195, 208, 222)") part = "after";
				pen.font = style.fontWeight + " 1000px " + style.fontFamily;
				px *= pen.measureText("H").actualBoundingBoxAscent / 1000;
				found[part] = Math.min(found[part] || 1e9, px);
			});
			return found;
		}())`) {
			if old, ok := smallest[part]; !ok || px < old {
				smallest[part], sizes[part] = px, px
			}
			if got := angle(px); got < leastOf(part)-0.05 {
				t.Errorf("%s: %s has %.1f arc minutes", name, part, got)
			}
		}
		m.sound()
	}
	var table strings.Builder
	table.WriteString("| what | before | now |\n|---|---|---|\n")
	for _, s := range seen {
		px, ok := smallest[s.part]
		if !ok {
			t.Errorf("no %s is drawn", s.part)
		}
		before := "none"
		if s.before > 0 {
			before = fmt.Sprintf("%.1f", s.before)
		}
		fmt.Fprintf(&table, "| %s | %s | %.1f |\n", s.name, before, angle(px))
		delete(smallest, s.part)
	}
	t.Logf("arc minutes of capitals at four metres:\n%s", table.String())
	if len(smallest) > 0 {
		t.Errorf("not in the table: %v", slices.Collect(maps.Keys(smallest)))
	}
	const from, to = "<!-- angles -->\n", "<!-- /angles -->"
	docs := read(t, "../../docs/monitor.md")
	head, rest, _ := strings.Cut(docs, from)
	held, tail, ok := strings.Cut(rest, to)
	if !ok {
		t.Fatal("docs/monitor.md has no place for the table")
	}
	if *update {
		write(t, "../../docs/monitor.md", head+from+table.String()+to+tail)
	} else if held != table.String() {
		t.Errorf("docs/monitor.md has another table: go test ./client/hta -run AnglesBrowser -update")
	}
}

func leastOf(part string) float64 {
	for _, s := range seen {
		if s.part == part {
			return s.least
		}
	}
	return 5
}

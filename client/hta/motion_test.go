package hta_test

import (
	"image"
	"image/draw"
	"strings"
	"testing"
)

// The arrow goes from the package to the PC in 2.5 s and rests there for 0.5 s; the line glows up and down in 2 s, by
// three shades. No frame depends on a clock.
func TestFrames(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.is("[JobMon.frame(0), JobMon.frame(1250), JobMon.frame(2500), JobMon.frame(2750), JobMon.frame(3000), "+
		"JobMon.frame(4250)]",
		`[{"arrow":0,"glow":0},{"arrow":0.5,"glow":1},{"arrow":-1,"glow":0.5},{"arrow":-1,"glow":0.5},`+
			`{"arrow":0,"glow":1},{"arrow":0.5,"glow":0}]`)
	e.is(`(function () {
		var before = JobMon.frame(0), shades = {}, count = 0, ms, f, k;
		for (ms = 0; ms < 60000; ms += JobMon.every) {
			f = JobMon.frame(ms);
			if ((f.arrow !== -1 && (f.arrow < 0 || f.arrow >= 1)) || f.glow < 0 || f.glow > 1) return [ms, f];
			// It never jumps, except back to the package; nothing flashes.
			if (f.arrow > before.arrow + 0.11 && before.arrow >= 0 || Math.abs(f.glow - before.glow) > 0.5) {
				return [ms, before, f];
			}
			shades[f.glow] = true;
			before = f;
		}
		for (k in shades) count++;
		return count;
	}())`, "3")
}

// Something moves only while a stage runs as far as is known now.
func TestWhatMoves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		moves  string
	}{
		"running":          {"s.file(RUNNING).pass(30)", "true"},
		"a failure before": {"s.file(FAILED_LATE).pass(30)", "true"},
		"the last marker": {
			"s.file(RUNNING.replace('\"stages\"', '\"no_more_updates\":true,\"stages\"')).pass(30)", "true"},
		"overdue":             {"s.file(RUNNING).pass(1500)", "false"},
		"overdue, as DS says": {"s.file(OVERDUE).pass(5)", "false"},
		"no news": {"s.file(RUNNING.replace(/\"expected_s\":570,\"runs\":20,/, '')).pass(3601)",
			"false"},
		"no news will come": {
			"s.file(RUNNING.replace(/\"expected_s\":570,\"runs\":20,/, " +
				"'\"no_more_updates\":true,').replace('\"stages\"', '\"no_more_updates\":true,\"stages\"')).pass(3601)",
			"false"},
		"ready":                  {"s.file(READY).pass(60)", "false"},
		"almost ready":           {"s.file(READY).pass(5)", "false"},
		"planned":                {"s.file(PLANNED).pass(5)", "false"},
		"waiting":                {"s.file(DUE_LATER).pass(5)", "false"},
		"stands still":           {"s.file(STANDING_STILL).pass(5)", "false"},
		"agent away":             {"s.file(AGENT_AWAY).pass(5)", "false"},
		"agent offline":          {"s.file(RUNNING.replace('\"online\"', '\"offline\"')).pass(5)", "false"},
		"source lost":            {"s.file(SOURCE_LOST).pass(5)", "false"},
		"stale":                  {"s.file(STALE).pass(5)", "false"},
		"file gone":              {"s.file(RUNNING).pass(5).file(null).pass(5).file(null).pass(5).file(null)", "false"},
		"server stopped":         {"s.file(STOPPED).pass(5)", "false"},
		"no deployment":          {"s.file(IDLE).pass(5)", "false"},
		"no file yet":            {"s", "false"},
		"turned off":             {"s.settings = JobMon.settings({motion: 'off'}), s.file(RUNNING).pass(30)", "false"},
		"silent for a long time": {"s.file(SILENT).pass(5)", "false"},
	} {
		e := told(t, "s.file(null).pass(5)", c.script)
		if got := e.gives("s.view().moves"); got != c.moves {
			t.Errorf("%s: %s, want %s", name, got, c.moves)
		}
	}
	// This computer's agent has no connection: no newer status can come.
	e := told(t, "s.file(null).pass(5).file(RUNNING).pass(5)")
	e.is("[true, false, null].map(function (agent) { return JobMon.view(s.intake, s.settings, s.words, "+
		"agent).moves; })", "[true,false,true]")
}

// differing counts the pixels in which two pictures differ.
func differing(a, b image.Image) int {
	x, y := image.NewRGBA(a.Bounds()), image.NewRGBA(b.Bounds())
	draw.Draw(x, a.Bounds(), a, image.Point{}, draw.Src)
	draw.Draw(y, b.Bounds(), b, image.Point{}, draw.Src)
	n := 0
	for i := 0; i < len(x.Pix); i += 4 {
		if [4]byte(x.Pix[i:i+4]) != [4]byte(y.Pix[i:i+4]) {
			n++
		}
	}
	return n
}

// From the door one sees that something runs; nothing at all moves when nothing runs, when it is not known, or when
// somebody wants it so.
func TestMotionBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	const visible = 20000 // of 2 million pixels: a line of 860x60 changes its shade, and an arrow is elsewhere
	away := `stand.netstat = "  TCP    10.0.0.5:49731   10.0.0.1:445    ESTABLISHED\r\n";`
	for _, c := range []struct {
		name, file, ini, script string
		passed                  float64
		reduced                 bool
		moves                   bool
	}{
		{name: "running", file: read(t, golden+"running.evt"), passed: 65, moves: true},
		{name: "running, just begun", file: read(t, golden+"running.evt"), passed: 3, moves: true},
		{name: "running after a failure", file: read(t, golden+"failed-late.evt"), passed: 65, moves: true},
		{name: "60 stages", file: sixty(t), passed: 40, moves: true},
		{name: "ready", file: read(t, golden+"ready.evt"), passed: 65},
		{name: "ready, just now", file: read(t, golden+"ready.evt"), passed: 25},
		{name: "stale", file: read(t, golden+"stale.evt"), passed: 5},
		{name: "source lost", file: read(t, golden+"source-lost.evt"), passed: 5},
		{name: "overdue", file: read(t, golden+"running.evt"), passed: 1500},
		{name: "agent away", file: read(t, golden+"agent-away.evt"), passed: 5},
		{name: "standing still", file: read(t, golden+"standing-still.evt"), passed: 5},
		{name: "waiting", file: read(t, golden+"due-later.evt"), passed: 5},
		{name: "planned", file: read(t, golden+"planned.evt"), passed: 5},
		{name: "server stopped", file: read(t, golden+"stopped.evt"), passed: 5},
		{name: "this agent not connected", file: read(t, golden+"running.evt"), passed: 40, script: away},
		{name: "turned off", file: read(t, golden+"running.evt"), passed: 5, ini: "motion = off\n"},
		{name: "less motion wanted", file: read(t, golden+"running.evt"), passed: 5, reduced: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setup{files: map[string]string{ownFolder + "JobMon.ini": c.ini}, script: c.script, reduced: c.reduced}
			m := start(b, t, s)
			m.pass(10)
			m.deliver(c.file)
			m.pass(c.passed)
			first := m.Image()
			m.pass(1)
			n := differing(first, m.Image())
			t.Logf("%d pixels differ", n)
			if c.moves && n < visible || !c.moves && n > 0 {
				t.Errorf("%d pixels differ", n)
			}
			if timers := do[int](m, "Object.keys(stand.timers).length"); timers > 1 != c.moves {
				t.Errorf("%d timers run", timers)
			}
			m.sound()
		})
	}
	t.Run("it stops when the file goes", func(t *testing.T) {
		m := start(b, t, setup{})
		m.pass(10)
		m.deliver(read(t, golden+"running.evt"))
		m.lose(delivered)
		m.pass(20)
		m.shows(map[string]string{"notice": "No new status can be read"})
		first := m.Image()
		m.pass(2)
		if n := differing(first, m.Image()); n > 0 {
			t.Errorf("%d pixels differ", n)
		}
		m.deliver(strings.Replace(read(t, golden+"running.evt"), "4711", "4712", 1))
		first = m.Image()
		m.pass(1)
		if n := differing(first, m.Image()); n < visible {
			t.Errorf("%d pixels differ when it goes on", n)
		}
	})
}

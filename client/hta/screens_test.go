package hta_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// edited gives a golden file with parts of its text replaced.
func edited(t *testing.T, name string, pairs ...string) string {
	t.Helper()
	text := read(t, golden+name+".evt")
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%s.evt does not hold %s", name, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func late(t *testing.T) string {
	return edited(t, "failed-late", `"state":"failed"`, `"state":"succeeded"`, `"failed":1`, `"failed":0`, `"failures"`,
		`"past"`)
}

// names has what people call things: umlauts, emoji, markup, letters that run from right to left, and much of it.
func names(t *testing.T) string {
	return edited(t, "failed-late", "Windows 11 build", `B\u00fcror\u00e4ume Stra\u00dfe 3`, "Configuring computer",
		`Grundger\u00fcst f\u00fcr \u00dcbergr\u00f6\u00dfen`,
		"Joining the domain", `Dom\u00e4ne beitreten \ud83d\ude80`, "Install Plugins",
		`\u003cimg src=x onerror=alert(1)\u003e`,
		"Installing Anti-virus", `Virenschutz \ud83d\udee1\ufe0f \u0026 Verschl\u00fcsselung`,
		"Office 2024", `\u05e9\u05dc\u05d5\u05dd Office 2024 \u0645\u0631\u062d\u0628\u0627`,
		"Security updates", `Sicherheitsaktualisierungen der Fachabteilungen und aller Au\u00dfenstellen, zweiter Teil`,
		"Java plug-in", `\u003cscript\u003ealert(2)\u003c/script\u003e`)
}

// sixty has 60 stages, the 24th of which runs.
func sixty(t testing.TB) string {
	p := samples.ManyStages(60)
	for i := range p.Session.Stages {
		s := &p.Session.Stages[i]
		switch {
		case i < 24:
			continue
		case i == 24:
			s.State = jobmon.StateRunning
			s.Began, s.Ended, s.Expected = p.At.Add(-3*time.Minute), 0, 8*time.Minute
			s.JobsDone = 0
		default:
			s.State, s.Began, s.Ended, s.JobsDone, s.Failed, s.Failures = jobmon.StateWaiting, 0, 0, 0, 0, nil
			s.Expected = time.Minute
		}
	}
	p.Session.Current, p.Session.Next, p.Session.StagesDone, p.Session.Failed = 24, 25, 24, 0
	p.Session.ETA = p.At.Add(40 * time.Minute)
	data, err := evt.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// unkept are pictures that are looked at by the test only.
var unkept = []string{
	"phone-code-1366", "phone-code-portrait", "small-long-names", "strange", "many", "long", "idle", "hour",
}

// agent has netstat find the agent's connection.
const agent = `stand.netstat = "  TCP    10.0.0.5:49731   10.0.0.1:402    ESTABLISHED\r\n";`

const golden = "../evt/testdata/v1/"

func TestScreensBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	ini := "title = Contoso workplace\nsupport = Service desk: 12345\n"
	for _, c := range []struct {
		name, file    string
		width, height int64
		passed        int
		ini           string
	}{
		{"in-progress", read(t, golden+"running.evt"), 1920, 1080, 20, ini},
		{"failed", read(t, golden+"failed-late.evt"), 1920, 1080, 65, ini},
		{"late-job", late(t), 1920, 1080, 65, ini},
		{"overdue", read(t, golden+"running.evt"), 1920, 1080, 1500, ini},
		{"stale", edited(t, "running", `"server"`, `"stale":true,"server"`), 1920, 1080, 65, ini},
		{"source-lost", read(t, golden+"source-lost.evt"), 1920, 1080, 95, ini},
		{"ready", read(t, golden+"ready.evt"), 1920, 1080, 40, ini},
		{"ready-with-failures", read(t, golden+"ready-with-failures.evt"), 1920, 1080, 40, ini},
		{"names", names(t), 1920, 1080, 40, ini},
		{"60-stages", sixty(t), 1920, 1080, 40, ini},
		{"hour", sixty(t), 3840, 2160, 3600, ini + "motion = off\n"},
		{"4k", read(t, golden+"failed-late.evt"), 3840, 2160, 30, ini},
		{"800x600", read(t, golden+"failed-late.evt"), 800, 600, 30, ini},
		{"portrait", read(t, golden+"failed-late.evt"), 1080, 1920, 30, ini},
		{"server-stopped", read(t, golden+"stopped.evt"), 1920, 1080, 30, ini},
		{"waiting", read(t, golden+"due-later.evt"), 1920, 1080, 30, ini},
		{"planned", read(t, golden+"planned.evt"), 1920, 1080, 30, ini},
		{"standing-still", read(t, golden+"standing-still.evt"), 1920, 1080, 30, ini},
		{"agent-away", read(t, golden+"agent-away.evt"), 800, 600, 30, ini + "language = de\n"},
		{"french", read(t, golden+"failed-late.evt"), 1366, 768, 30, ini + "language = fr\n"},
		{"phone-code", read(t, golden+"linked.evt"), 1920, 1080, 30, ini},
		{"phone-code-1366", read(t, golden+"linked.evt"), 1366, 768, 30, ini + "language = fr\n"},
		{"phone-code-portrait", read(t, golden+"linked.evt"), 1080, 1920, 30, ini},
		{"german", names(t), 1280, 1024, 1500, ini + "language = de\n"},
		{"one-stage", variant(t, 4801, 1, "Image ", "DESKTOP-W0RKM01", nil), 1920, 1080, 30, ini},
		{"ten-stages", ten(t), 1920, 1080, 30, ini},
		{"portrait-lost", variant(t, 4802, 10, "Installation ", "DESKTOP-W0RKM01", lost), 1080, 1920, 30, ini},
		{"long-names", variant(t, 4803, 8, longName, longName+"02", nil), 1920, 1080, 30, ini},
		{"small-long-names", variant(t, 4804, 8, longName, "DESKTOP-W0RKM01", lost), 800, 600, 30, ini},
		{"strange", read(t, golden+"strange-names.evt"), 1920, 1080, 30, ini},
		{"many", read(t, golden+"many-stages.evt"), 800, 600, 30, ini + "language = de\n"},
		{"long", read(t, golden+"long-names.evt"), 1024, 768, 30, ini + "language = fr\n"},
		{"idle", read(t, golden+"idle.evt"), 1080, 1920, 30, ini},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := start(b, t, setup{width: c.width, height: c.height,
				files: map[string]string{ownFolder + "JobMon.ini": c.ini}, script: agent})
			m.pass(10)
			m.deliver(c.file)
			m.pass(float64(c.passed))
			m.cuts = c.name == "long" // its names have 200 letters
			m.sound()
			if *update && !slices.Contains(unkept, c.name) {
				m.Keep("../../docs/screens/" + c.name + ".png")
			}
		})
	}
}

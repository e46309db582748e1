package hta_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// variant is the golden file failed-late with so many stages, of names that begin alike, on a computer of a name.
func variant(t *testing.T, seq, stages int, name, computer string, change func(map[string]any)) string {
	t.Helper()
	var f map[string]any
	if err := json.Unmarshal([]byte(read(t, golden+"failed-late.evt")), &f); err != nil {
		t.Fatal(err)
	}
	all, made, current := f["stages"].([]any), []any{}, min(3, stages-1)
	for i := range stages {
		from := all[min(i, len(all)-1)]
		switch {
		case i == current:
			from = all[3]
		case i < current:
			from = all[i]
		}
		stage := map[string]any{}
		for key, value := range from.(map[string]any) {
			stage[key] = value
		}
		stage["name"] = name + fmt.Sprint(i)
		if failures, ok := all[2].(map[string]any)["failures"]; ok && i == max(0, current-1) {
			stage["failures"], stage["failed"] = failures, 1
			failures.([]any)[0].(map[string]any)["job"] = name + "job"
		}
		made = append(made, stage)
	}
	f["seq"], f["stages"], f["current"] = seq, made, current
	f["computer"].(map[string]any)["name"] = computer
	f["counts"].(map[string]any)["stages"], f["counts"].(map[string]any)["stages_done"] = stages, current
	delete(f, "next")
	if change != nil {
		change(f)
	}
	return line(t, f)
}

func ten(t *testing.T) string { return variant(t, 4800, 10, "Installation ", "CXNRD02", nil) }

// longName has 58 letters.
const longName = "Sicherheitsaktualisierungen der Fachabteilungen, zweiter T"

func lost(f map[string]any) { f["source"], f["source_since_local"] = "lost", "2026-11-22T14:10:00" }

// Whatever the screen, the number of stages and the names: nothing that matters is cut or lost. Whom to call, the job,
// its code and the time are there, and that the server cannot see the deployment.
func TestRoomBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	names := []struct{ stage, computer string }{
		{"Installation-", "DESKTOP-W0RKM" + "01"}, {"WWWWWWWWWWWWWW", "WWWWWWWWWWWWWWW"}, {longName, longName + "02"},
		{strings.Repeat("W", 59), strings.Repeat("M", 60)}, {"<b>&amp; \u202e\u05e9\u05dc\u05d5\u05dd ",
			"\u05e9\u05dc\u05d5\u05dd & <img src=x> \U0001F680"},
	}
	for _, size := range [][2]int64{{800, 600}, {1366, 768}, {1920, 1080}, {3840, 2160}, {1080, 1920}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			m := start(b, t, setup{width: size[0], height: size[1],
				files: map[string]string{ownFolder + "JobMon.ini": "support = Service desk: 12345\n"}})
			m.pass(10)
			seq := 5000
			for _, n := range names {
				for _, stages := range []int{1, 10, 60} {
					for _, change := range []func(map[string]any){nil, lost} {
						seq++
						m.deliver(variant(t, seq, stages, n.stage, n.computer, change))
						m.roomy(stages, n.computer, change != nil)
					}
				}
			}
			// Counts of many digits, an end on another day.
			m.deliver(variant(t, seq+1, 60, "Stage ", "PC", func(f map[string]any) {
				f["counts"].(map[string]any)["stages"], f["counts"].(map[string]any)["stages_done"] = 3000, 2700
				f["eta_local"] = "2026-11-23T14:41:00"
			}))
			m.roomy(60, "PC", false)
		})
	}
}

// roomy says what is missing of what matters.
func (m *monitor) roomy(stages int, computer string, lost bool) {
	m.T.Helper()
	before := m.T.Failed()
	m.sound()
	said := strings.Join(append(append(m.texts("notice"), m.texts("notice-text")...), m.texts("call")...), "|")
	for _, want := range []string{"1603", "13:58", "Please call 12345"} {
		if !strings.Contains(said, want) {
			m.T.Errorf("%q is not said: %s", want, said)
		}
	}
	if joined := strings.ReplaceAll(said, "|", " "); lost &&
		!strings.Contains(joined, "The server cannot see the deployment") {
		m.T.Errorf("it is not said that the server is blind: %s", said)
	}
	if got := strings.Join(m.texts("computer"), ""); len(computer) < 16 && computer[0] < 128 && got != computer {
		m.T.Errorf("the name is %q, want %q", got, computer)
	}
	if m.T.Failed() && !before {
		m.T.Logf("%d stages, computer %s, source lost: %v; the first that fails", stages, computer, lost)
	}
}

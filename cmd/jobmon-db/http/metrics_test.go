package http

import (
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.yaml.in/yaml/v3"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/gallery"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

func ask(t *testing.T, c daemon.Condition) string {
	t.Helper()
	w := httptest.NewRecorder()
	Metrics(
		func() daemon.Condition { return c },
	).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	text, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != 200 {
		t.Fatalf("%d, %v", w.Code, err)
	}
	return string(text)
}

func TestFigures(t *testing.T) {
	text := ask(t, daemon.Condition{
		Version: "v1.2.3", Site: `DS "01"`, Lost: "login refused", Cycles: 41,
		Source: ingest.Metrics{
			Reads:  40,
			Failed: 1,
			Total:  3 * time.Second,
			Latest: 50 * time.Millisecond,
			Good:   time.Now().Add(-time.Hour),
		},
		Files: evtdir.Stats{Written: 7, Pending: 2, Away: errors.New("gone")}, Events: 1234,
		Counts:  gallery.Counts{Open: 3, Failing: 1},
		Targets: []control.Target{{Name: "ops", Waiting: 3, AgeMS: 1500, Sent: 9, Failed: 4, GivenUp: 2}, {Name: "it"}},
		Fleet: []control.FleetSite{{
			Site: "DS01", Last: 1234, Published: 1200, DelayMS: 40, Away: "nats", Refused: true, Lost: 7,
		}},
	})
	for _, want := range []string{
		`jobmon_info{site="DS \"01\"",version="v1.2.3"} 1`, "jobmon_source_lost 1", "jobmon_cycles_total 41", "jobmon_source_reads_total 40",
		"jobmon_source_read_seconds_total 3", "jobmon_source_last_read_seconds 0.05", "jobmon_evt_files_written_total 7",
		"jobmon_evt_files_pending 2", "jobmon_evt_folder_away 1", "jobmon_log_events_total 1234", "jobmon_deployments_open 3",
		"jobmon_deployments_open_failing 1", `jobmon_notify_waiting{target="ops"} 3`,
		`jobmon_notify_sent_total{target="ops"} 9`, `jobmon_notify_failed_total{target="ops"} 4`,
		`jobmon_notify_given_up_total{target="ops"} 2`, `jobmon_notify_oldest_age_seconds{target="ops"} 1.5`,
		`jobmon_notify_waiting{target="it"} 0`, `jobmon_fleet_connected{site="DS01"} 0`,
		`jobmon_fleet_published_seq{site="DS01"} 1200`, `jobmon_fleet_lag_events{site="DS01"} 34`,
		`jobmon_fleet_delay_seconds{site="DS01"} 0.04`, `jobmon_fleet_refused{site="DS01"} 1`,
		`jobmon_fleet_lost_events_total{site="DS01"} 7`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	if age := regexp.MustCompile(`(?m)^jobmon_source_last_read_age_seconds 3\d\d\d\.`); !age.MatchString(text) {
		t.Error("the last read is not an hour old")
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "jobmon_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestNothingIsSaidOfReadsBeforeTheFirst(t *testing.T) {
	if text := ask(t, daemon.Condition{}); strings.Contains(text, "\njobmon_source_last_read") {
		t.Error("a read that never was has an age")
	}
}

// A hub's figures are those of each site, and nothing is said of what is not known.
func TestFiguresOfAHub(t *testing.T) {
	w := httptest.NewRecorder()
	HubMetrics("1.2", func() []control.FleetSite {
		return []control.FleetSite{
			{Site: "DS01", Last: 1234, Has: 1200, AgeMS: 2500, DelayMS: 40, Computers: 7, Aside: 1, Unbelieved: 4},
			{Site: "DS02", Away: "site", AgeMS: -1, DelayMS: -1, Trouble: "away"},
		}
	}, func() []control.Target { return []control.Target{{Name: "DS01/ops", Waiting: 3}} }).
		ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	text := w.Body.String()
	for _, want := range []string{
		`jobmon_hub_info{version="1.2"} 1`, `jobmon_fleet_site_age_seconds{site="DS01"} 2.5`,
		`jobmon_fleet_site_behind_events{site="DS01"} 34`, `jobmon_fleet_site_away{site="DS01"} 0`,
		`jobmon_fleet_site_away{site="DS02"} 1`, `jobmon_fleet_site_delay_seconds{site="DS01"} 0.04`,
		`jobmon_fleet_site_events_total{site="DS01"} 1200`, `jobmon_fleet_site_trouble{site="DS02"} 1`,
		`jobmon_fleet_site_computers{site="DS01"} 7`, `jobmon_fleet_site_logs_aside{site="DS01"} 1`,
		`jobmon_fleet_site_refused_total{site="DS01"} 4`,
		`jobmon_notify_waiting{target="DS01/ops"} 3`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	if strings.Contains(text, `seconds{site="DS02"}`) {
		t.Error("DS02 has an age or a delay")
	}
	if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || slices.ContainsFunc(problems,
		func(p promlint.Problem) bool { return strings.HasPrefix(p.Metric, "jobmon_") }) {
		t.Error(problems, err)
	}
}

// TestExamplesNameWhatThereIs looks at the alert rules, the dashboard and the documentation.
func TestExamplesNameWhatThereIs(t *testing.T) {
	descriptions := make(chan *prometheus.Desc, 100)
	collector(nil).Describe(descriptions)
	(&hubs{}).Describe(descriptions)
	close(descriptions)
	name := regexp.MustCompile(`jobmon_[a-z_]+`)
	var known []string
	for d := range descriptions {
		known = append(known, name.FindString(d.String()))
	}
	for _, file := range []string{"configs/prometheus/alerts.yaml", "configs/grafana/jobmon-db.json", "docs/monitoring.md"} {
		text, err := os.ReadFile("../../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		if !strings.HasSuffix(file, ".md") {
			if err := yaml.Unmarshal(text, &tree); err != nil { // JSON is YAML
				t.Errorf("%s: %v", file, err)
			}
		}
		used := name.FindAllString(string(text), -1)
		for _, n := range used {
			if !slices.Contains(known, n) {
				t.Errorf("%s names %s, which is not told", file, n)
			}
		}
		for _, n := range known {
			if strings.HasSuffix(file, ".md") && !slices.Contains(used, n) {
				t.Errorf("%s says nothing of %s", file, n)
			}
		}
	}
}

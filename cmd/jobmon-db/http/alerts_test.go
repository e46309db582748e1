package http

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"text/template"
	"time"

	"go.yaml.in/yaml/v3"
)

// alerts is a file of rules as Prometheus takes it; it refuses other keys.
type alerts struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr string
			For         time.Duration
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

// TestAlertRules checks what promtool would, and that no rule is about all servers at once.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../../configs/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all alerts
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil || len(all.Groups) != 1 || len(all.Groups[0].Rules) < 8 {
		t.Fatalf("%+v, %v", all, err)
	}
	functions := template.FuncMap{"humanizeDuration": func(any) string { return "" }}
	summed := regexp.MustCompile(`\b(sum|min|max|avg|count|group|topk|bottomk|quantile)\b|\bon\b|ignoring`)
	seen := map[string]bool{}
	for _, r := range all.Groups[0].Rules {
		if !regexp.MustCompile(`^Jobmon[A-Za-z]+$`).MatchString(r.Alert) || seen[r.Alert] ||
			r.Labels["severity"] == "" ||
			r.Annotations["summary"] == "" {
			t.Errorf("%+v", r)
		}
		seen[r.Alert] = true
		if strings.Count(r.Expr, "(") != strings.Count(r.Expr, ")") ||
			strings.Count(r.Expr, "[") != strings.Count(r.Expr, "]") ||
			summed.MatchString(r.Expr) {
			t.Errorf("%s: %s", r.Alert, r.Expr)
		}
		if !strings.Contains(r.Annotations["summary"], "$labels.instance") {
			t.Errorf("%s does not name the server", r.Alert)
		}
		for _, text := range r.Annotations {
			made, err := template.New("").Funcs(functions).Parse("{{$labels := .Labels}}{{$value := .Value}}" + text)
			if err == nil {
				err = made.Execute(io.Discard, map[string]any{"Labels": map[string]string{}, "Value": 1.0})
			}
			if err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
		}
	}
}

// TestOneServerOfSeveralIsMissed: absent() is silent as long as one server answers; up has a value for each of them.
func TestOneServerOfSeveralIsMissed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../configs/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `up{job="jobmon-db"} == 0 or absent(up{job="jobmon-db"})`) ||
		strings.Count(string(text), "absent(") != 1 {
		t.Error("a server that is down is missed while another answers")
	}
	guide, err := os.ReadFile("../../../docs/monitoring.md")
	if err != nil || !strings.Contains(string(guide), "- job_name: jobmon-db\n") {
		t.Errorf("the guide gives the job another name: %v", err)
	}
}

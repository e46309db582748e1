package command

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNotifyTry: rules are tried over a log, by a copy of the configuration, and nobody is sent anything.
func TestNotifyTry(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "changed.yaml")
	watch(t, data, 2*time.Hour)
	write(t, file, `data_dir: data
notices: {language: de}
notify:
  - {on: [ready, failed, disk-full], to: [chat, ops]}
  - {on: ready, computers: PC-0001, to: ops}
  - {on: ready, hours: "sat 00:00-24:00", to: chat}
targets:
  ops: {kind: webhook, url: "https://127.0.0.1:1/hidden-part"}
  chat: {kind: slack, url_file: missing}
`)
	try := func(args ...string) []tried {
		t.Helper()
		got := jobmondb(t, append([]string{"notify", "try", "--config=" + file, "-o=json"}, args...)...)
		var list []tried
		if err := json.Unmarshal([]byte(got.stdout), &list); err != nil || got.code != exitOK || got.stderr != "" {
			t.Fatalf("%v: %+v, %v", args, got, err)
		}
		return list
	}
	all := try()
	ids := map[string]bool{}
	for i, m := range all {
		if ids[m.ID+m.Target] || m.Title == "" || m.Problem == "" || !strings.HasPrefix(m.ID, "msg_") {
			t.Errorf("%+v", m)
		}
		ids[m.ID+m.Target] = true
		rules := []int{1}
		if m.Topic == "ready" && m.Computer == "PC-0001" && m.Target == "ops" {
			rules = []int{1, 2} // one message that two rules send
		}
		if !slices.Equal(m.Rules, rules) || i > 0 && m.Seq < all[i-1].Seq {
			t.Errorf("%+v", m)
		}
	}
	inGerman := func(m tried) bool { return m.Topic == "ready" && strings.Contains(m.Title, "Bereit") }
	if !slices.ContainsFunc(all, inGerman) {
		t.Errorf("%+v", all)
	}
	second := try("--rule=2")
	if len(second) == 0 || slices.ContainsFunc(second, func(m tried) bool { return m.Computer != "PC-0001" }) {
		t.Errorf("%+v", second)
	}
	if list := try("--rule=3"); len(list) != 0 { // it is a Sunday
		t.Errorf("%+v", list)
	}
	early, late := try("--until=14:20"), try("--since=14:20")
	if len(early) == 0 || len(late) == 0 || len(early)+len(late) != len(all) {
		t.Errorf("%d before and %d after, of %d", len(early), len(late), len(all))
	}
	table := jobmondb(t, "notify", "try", "--config="+file)
	if table.code != exitOK || strings.Count(table.stdout, "\n") != len(all)+1 ||
		!strings.Contains(table.stderr, "to chat, ops; what it would have sent about disk-full stands in no log") ||
		!strings.Contains(table.stderr, "Rule 3 would have sent 0 messages to chat") {
		t.Errorf("%+v", table)
	}
	lines := jobmondb(t, "notify", "try", "--config="+file, "-o=csv").stdout
	sheet, err := csv.NewReader(strings.NewReader(lines)).ReadAll()
	if err != nil || len(sheet) != len(all)+1 {
		t.Errorf("%d lines, %v", len(sheet), err)
	}
	for args, says := range map[string]string{
		"--rule=4": "has 3 rules", "--rule=-1": "has 3 rules", "--since=tomorrow": "is not a time",
	} {
		if got := jobmondb(t, "notify", "try", "--config="+file, args); got.code == exitOK ||
			!strings.Contains(got.stderr, says) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := jobmondb(t, "notify", "try", "--data-dir="+data); got.code != exitUsage ||
		!strings.Contains(got.stderr, "no rules") {
		t.Errorf("%+v", got)
	}
}

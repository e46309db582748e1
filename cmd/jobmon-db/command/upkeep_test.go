package command

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestUpkeep backs up, compacts and restores a log, with a daemon on it and without: the history stays the same.
func TestUpkeep(t *testing.T) {
	dir := watched(t)
	newest := regexp.MustCompile(`"last_seq":\d+`) // of the log that its first line names
	history := func() string {
		t.Helper()
		got := jobmondb(t, "replay", "--data-dir="+dir, "-o", "ndjson")
		if got.code != exitOK {
			t.Fatalf("%+v", got)
		}
		return newest.ReplaceAllString(got.stdout, "")
	}
	at := func(name string) string { return filepath.Join(t.TempDir(), name) }
	do := func(want int, args ...string) outcome {
		t.Helper()
		got := jobmondb(t, append(args, "--data-dir="+dir)...)
		if got.code != want {
			t.Errorf("%v: %+v", args, got)
		}
		return got
	}
	before := history()
	cold, warm := at("cold.db"), at("warm.db")
	if got := do(exitOK, "backup", cold); !strings.Contains(got.stdout, cold+"  events 1 to ") {
		t.Errorf("%+v", got)
	}
	do(exitThere, "backup", cold)
	do(exitUsage, "backup")
	do(exitUsage, "restore", cold, cold)
	if got := do(exitOK, "compact", "--dry-run"); !strings.Contains(got.stdout, "as much room beside it") {
		t.Errorf("%+v", got)
	}
	if got := do(exitOK, "compact"); !strings.Contains(got.stdout, "now has") || history() != before {
		t.Errorf("%+v", got)
	}

	p := lostDaemon(t, dir)
	running := history()
	if got := do(exitOK, "backup", warm); !strings.Contains(got.stdout, "events 1 to ") {
		t.Errorf("%+v", got)
	}
	do(exitThere, "backup", warm)
	do(exitOK, "compact", "--dry-run")
	for range 3 {
		if got := do(exitOK, "compact"); !strings.Contains(got.stdout, "now has") || history() != running {
			t.Errorf("%+v", got)
		}
	}
	if name, err := os.ReadFile(filepath.Join(dir, "CURRENT")); string(name) != "log-000005.db\n" {
		t.Errorf("%s, %v", name, err)
	}
	do(exitLocked, "restore", warm)
	do(exitLocked, "restore", warm, "--dry-run")
	// the daemon writes to the new generation, which the next one reads
	if got := jobmondb(t, "refresh", "5000001", "--data-dir="+dir); got.code != exitSource {
		t.Errorf("%+v", got)
	}
	p.stop()
	if last := history(); !strings.HasPrefix(last, running) || !strings.Contains(last, `"daemon-stopped"`) {
		t.Error("the end of the run is not in the log")
	}

	if got := do(exitOK, "restore", cold, "--dry-run"); !strings.Contains(got.stdout, "of them are not in the backup") {
		t.Errorf("%+v", got)
	}
	if got := do(exitOK, "restore", warm); !strings.Contains(got.stdout, ".aside") || history() != running {
		t.Errorf("%+v", got)
	}
	if got := do(exitOK, "restore", cold); history() != before {
		t.Errorf("%+v", got)
	}
	// a daemon on a restored log says what is lost, and gives no number a second time
	p = lostDaemon(t, dir)
	if got := jobmondb(t, "replay", "--data-dir="+dir, "--output=table"); !strings.Contains(got.stdout,
		"restored from a backup") {
		t.Errorf("%+v", got)
	}
	p.stop()
	do(exitFailed, "restore", at("nothing.db"))
	if err := os.WriteFile(cold, []byte("not a log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := do(exitNoLog, "restore", cold); !strings.Contains(got.stderr, cold) {
		t.Errorf("%+v", got)
	}
	if got := jobmondb(t, "compact", "--data-dir="+at("empty")); got.code != exitNoLog {
		t.Errorf("%+v", got)
	}
}

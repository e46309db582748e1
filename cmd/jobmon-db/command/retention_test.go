package command

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
)

// TestHistoryThatIsTooOld cuts off years, with a daemon on the log and without, and asks before and after it.
func TestHistoryThatIsTooOld(t *testing.T) {
	do := func(dir string, want int, args ...string) outcome {
		t.Helper()
		got := jobmondb(t, append(args, "--data-dir="+dir)...)
		if got.code != want {
			t.Fatalf("%v: %+v", args, got)
		}
		return got
	}
	dir := t.TempDir()
	old := strings.ReplaceAll(do(watched(t), exitOK, "export").stdout, "2026-11-22T", "2019-11-22T")
	text := filepath.Join(t.TempDir(), "old.ndjson")
	if err := os.WriteFile(text, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	do(dir, exitOK, "import", text)
	lostDaemon(t, dir).stop() // what it records is of today
	pictures := func(dir string) string {
		t.Helper()
		all := do(dir, exitOK, "replay", "show", "-o", "json").stdout
		for _, pc := range []string{"PC-0001", "PC-0003"} {
			all += do(dir, exitOK, "replay", "show", pc, "-o", "evt").stdout
		}
		return all
	}
	// of all, the last of each computer stays; what came before the log makes durations uncertain
	sessions := func(dir string) []string {
		t.Helper()
		return strings.Fields(strings.ReplaceAll(do(dir, exitOK, "replay", "sessions", "--all").stdout, "~", ""))
	}
	told := sessions(dir)
	before, events := pictures(dir), do(dir, exitOK, "replay", "-o", "ndjson").stdout
	do(dir, exitOK, "replay", "show", "--at=seq:7")

	do(dir, exitUsage, "compact", "--keep=30d")
	do(dir, exitUsage, "compact", "--keep=soon")
	if got := do(dir, exitOK, "compact", "--keep=forever", "--dry-run"); strings.Contains(got.stdout, "cut off") {
		t.Errorf("%+v", got)
	}
	dry := do(dir, exitOK, "compact", "--keep=365d", "--dry-run")
	if !strings.Contains(dry.stdout, "would be cut off: ") ||
		do(dir, exitOK, "replay", "-o", "ndjson").stdout != events {
		t.Errorf("%+v", dry)
	}

	// once by a daemon and once without give the same
	twin := t.TempDir()
	saved := filepath.Join(t.TempDir(), "saved.db")
	do(dir, exitOK, "backup", saved)
	do(twin, exitOK, "restore", saved)
	done := do(twin, exitOK, "compact", "--keep=365d")
	if !strings.Contains(done.stdout, "is cut off: ") {
		t.Errorf("%+v", done)
	}
	p := lostDaemon(t, dir)
	client := &control.Client{Transport: &endpoint.Client{DataDir: dir}, Context: t.Context()}
	eventually(t, p.stderr.String, func() bool { _, err := client.Info(t.Context()); return err == nil })
	if got := do(dir, exitOK, "compact", "--keep=365d", "--dry-run"); !strings.Contains(got.stdout,
		"would be cut off: ") {
		t.Errorf("%+v", got)
	}
	do(dir, exitOK, "compact", "--keep=365d")
	for _, running := range []bool{true, false} {
		if !running {
			p.stop()
		}
		for _, dir := range []string{dir, twin} {
			if got := pictures(dir); dir == twin && got != before {
				t.Errorf("the pictures became\n%s\nfrom\n%s", got, before)
			}
			if got := sessions(dir); !slices.Equal(got, told) {
				t.Errorf("the sessions became %q from %q", got, told)
			}
			do(dir, exitOK, "replay", "waterfall", "PC-0001")
			replayed := do(dir, exitOK, "replay")
			if !strings.Contains(replayed.stdout, "cut") ||
				!strings.Contains(replayed.stdout, "history before this was cut off: events 1 to ") ||
				!strings.Contains(replayed.stderr, "older history was cut off") ||
				strings.Contains(replayed.stderr, "seq 1 to") {
				t.Errorf("%+v", replayed)
			}
			for _, at := range []string{"--at=seq:7", "--at=2019-11-22T14:10:00+01:00"} {
				if got := do(dir, exitOutside, "replay", "show", at); !strings.Contains(got.stderr,
					"older history was cut off") {
					t.Errorf("%+v", got)
				}
			}
			do(dir, exitOutside, "replay", "--until=seq:7")
			kept := events[strings.Index(events, `"daemon-started"`):]
			kept = kept[strings.Index(kept, "\n")+1:]
			kept = kept[strings.Index(kept, `"daemon-started"`):]
			if got := do(dir, exitOK, "replay", "-o", "ndjson").stdout; !strings.Contains(got, kept) {
				t.Errorf("what is younger became\n%s\nfrom\n%s", got, kept)
			}
			if got := do(dir, exitOK, "replay", "--computer=PC-0001"); strings.Contains(got.stdout, "2019") {
				t.Errorf("%+v", got)
			}
		}
	}
	first := ""
	for line := range strings.SplitSeq(do(twin, exitOK, "replay", "-o", "ndjson").stdout, "\n") {
		if !strings.Contains(line, `"kind":"cut"`) {
			break
		}
		first = line
	}
	var seq int
	if _, err := fmt.Sscanf(first, `{"seq":%d,`, &seq); err != nil || !strings.Contains(first, `"kind":"cut"`) {
		t.Fatalf("%s: %v", first, err)
	}
	do(twin, exitOK, "replay", "show", fmt.Sprintf("--at=seq:%d", seq)) // right at the cut
	do(twin, exitOutside, "replay", "show", fmt.Sprintf("--at=seq:%d", seq-1))
	if got := do(twin, exitOK, "verify"); !strings.Contains(got.stdout, "none different") {
		t.Errorf("%+v", got)
	}
	if got := do(twin, exitOK, "compact", "--keep=365d"); !strings.Contains(got.stdout, "No history is old enough") ||
		pictures(twin) != before {
		t.Errorf("%+v", got)
	}

	again, restored := t.TempDir(), t.TempDir()
	if err := os.WriteFile(text, []byte(do(twin, exitOK, "export").stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	do(again, exitOK, "import", text)
	saved = filepath.Join(t.TempDir(), "cut.db")
	do(twin, exitOK, "backup", saved)
	do(restored, exitOK, "restore", saved)
	for _, copied := range []string{again, restored} {
		do(copied, exitOK, "verify")
		if pictures(copied) != before || do(copied, exitOK, "replay").stdout != do(twin, exitOK, "replay").stdout {
			t.Error("a copy of the log that was cut says something else")
		}
		do(copied, exitOutside, "replay", "show", "--at=seq:7")
	}
}

//go:build !windows

package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestClientShowElsewhere(t *testing.T) {
	for _, args := range [][]string{{}, {"--user"}, {"--explain"}, {"--dry-run"}, {"--stop"}, {"--once"},
		{"--follow"}} {
		if got := jobmondb(t, append([]string{"client", "show"}, args...)...); got.code != exitScreen ||
			!strings.Contains(got.stderr, "Windows 10 or later") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	for _, args := range [][]string{{"--id=x"}, {"--id=99999999999"}, {"--once", "--stop"}, {"more"}} {
		if got := jobmondb(t, append([]string{"client", "show"}, args...)...); got.code != exitUsage {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

func TestWatcherRunsNoFileThatDSCopies(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	self := filepath.Join(dir, "jobmon-db.exe")
	if err := os.WriteFile(self, []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := watcherProgram(self, dir+"/")
		if content, readErr := os.ReadFile(got); err != nil || got == self || readErr != nil ||
			string(content) != "program" {
			t.Errorf("%s holds %q: %v, %v", got, content, err, readErr)
		}
	}
	if got, err := watcherProgram(self, elsewhere); err != nil || got != self {
		t.Errorf("%s, %v", got, err)
	}
}

package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	usedAction   = regexp.MustCompile(`(?m)^\s*(?:- )?uses: *(\S+)(.*)$`)
	pinnedAction = regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`)
	anyJob       = regexp.MustCompile(`(?m)^  ([\w-]+):\n`)
	writing      = regexp.MustCompile(`(?m)^ +([\w-]+): write\b`)
)

// TestWorkflowsAreNarrow: every action is pinned by its commit, with the version beside it; no job may write but the
// one that publishes, and that one neither checks out nor builds.
func TestWorkflowsAreNarrow(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	published, attested := false, false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole, name := string(text), filepath.Base(file)
		head, jobs, ok := strings.Cut(whole, "\njobs:\n")
		if !ok || !strings.Contains(head, "\npermissions:") || writing.MatchString(head) {
			t.Errorf("%s does not begin with the least permissions", name)
		}
		for _, m := range usedAction.FindAllStringSubmatch(whole, -1) {
			if !pinnedAction.MatchString(m[1]) || !strings.HasPrefix(strings.TrimSpace(m[2]), "# v") {
				t.Errorf("%s: %s is not pinned by a commit with its version beside it", name, m[1])
			}
		}
		at := anyJob.FindAllStringSubmatchIndex(jobs, -1)
		for i, m := range at {
			end := len(jobs)
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			job, text := jobs[m[2]:m[3]], jobs[m[0]:end]
			switch {
			case writing.MatchString(text) && job != "publish":
				t.Errorf("%s: job %s may write", name, job)
			case job == "publish":
				published, attested = true, strings.Contains(text, "attest-build-provenance@")
				if strings.Contains(text, "actions/checkout") || strings.Contains(text, "make ") ||
					strings.Contains(text, ".ci/run") {
					t.Errorf("%s: the job that publishes builds", name)
				}
			case strings.Contains(text, "actions/checkout") && !strings.Contains(text, "persist-credentials: false"):
				t.Errorf("%s: job %s keeps the credentials of its checkout", name, job)
			}
		}
	}
	if !published || !attested {
		t.Errorf("published %v, with a record of its origin %v", published, attested)
	}
}

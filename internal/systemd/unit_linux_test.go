package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const folder = "../../configs/systemd"

// worst is the exposure, in tenths, that systemd-analyze may find in the unit: 0 is none, 100 all there is.
const worst = "15"

// TestSystemdUnit has systemd look at the unit: every line is understood, and the service is shut in well.
func TestSystemdUnit(t *testing.T) {
	analyze := os.Getenv("JOBMON_TEST_SYSTEMD")
	if analyze == "" {
		t.Skip("needs systemd-analyze: JOBMON_TEST_SYSTEMD is not set (.ci/run systemd)")
	}
	unit, err := os.ReadFile(filepath.Join(folder, "jobmon-db.service"))
	if err != nil {
		t.Fatal(err)
	}
	installed := filepath.Join(t.TempDir(), "jobmon-db.service")
	// which need not be installed
	here := strings.Replace(string(unit), "ExecStart=/usr/bin/jobmon-db ", "ExecStart=/bin/true ", 1)
	if here == string(unit) {
		t.Fatal("the unit does not start /usr/bin/jobmon-db")
	}
	if err := os.WriteFile(installed, []byte(here), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", installed},
		{"security", "--offline=yes", "--no-pager", "--threshold=" + worst, installed},
	} {
		out, err := exec.Command(analyze, args...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
		if args[0] == "verify" && len(out) > 0 { // what it does not understand it only mentions
			t.Errorf("systemd-analyze verify: %s", out)
		}
	}
}

func TestSystemdSysusers(t *testing.T) {
	analyze := os.Getenv("JOBMON_TEST_SYSTEMD")
	if analyze == "" {
		t.Skip("needs systemd-sysusers: JOBMON_TEST_SYSTEMD is not set (.ci/run systemd)")
	}
	path, err := filepath.Abs(filepath.Join(folder, "jobmon-db.sysusers"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(filepath.Dir(analyze), "systemd-sysusers"), "--dry-run",
		"--root="+t.TempDir(), path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "jobmon-db") {
		t.Errorf("systemd-sysusers: %v\n%s", err, out)
	}
}

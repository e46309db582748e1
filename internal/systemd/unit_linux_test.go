package systemd

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const folder = "../../configs/systemd"

// worst is the exposure, in tenths, that systemd-analyze may find in the unit: 0 is none, 100 all there is.
const worst = "15"

// TestSystemdUnit has systemd look at the units: every line is understood, and the services are shut in well.
func TestSystemdUnit(t *testing.T) {
	for _, name := range []string{"jobmon-db.service", "jobmon-db-hub.service"} {
		t.Run(name, func(t *testing.T) { analyzed(t, name) })
	}
}

func analyzed(t *testing.T, name string) {
	analyze := os.Getenv("JOBMON_TEST_SYSTEMD")
	if analyze == "" {
		t.Skip("needs systemd-analyze: JOBMON_TEST_SYSTEMD is not set (.ci/run systemd)")
	}
	unit, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	installed := filepath.Join(t.TempDir(), name)
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

// TestTheHubsUnit: what shuts the daemon in shuts the hub in, too.
func TestTheHubsUnit(t *testing.T) {
	settings := func(name string) map[string]string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for line := range strings.Lines(string(text)) {
			key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			if ok && !strings.HasPrefix(key, "#") {
				found[key] += value + "\n"
			}
		}
		return found
	}
	daemon, hub := settings("jobmon-db.service"), settings("jobmon-db-hub.service")
	own := []string{"Description", "ExecStart", "ExecReload", "StateDirectory", "RuntimeDirectory", "RuntimeDirectoryMode"}
	for _, key := range own {
		if daemon[key] == hub[key] {
			t.Errorf("%s is the same in both", key)
		}
		delete(daemon, key)
		delete(hub, key)
	}
	if !maps.Equal(daemon, hub) {
		t.Errorf("the daemon's unit has\n%q\nand the hub's\n%q", daemon, hub)
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

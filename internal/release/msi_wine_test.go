package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/winetest"
)

const (
	installedProgram = `C:\Program Files\jobmon-db\jobmon-db.exe`
	// The folders are named since Wine 8 gives services another ProgramData than people.
	madeUpSource = `source: {kind: simulator, poll_interval: 250ms}
data_dir: C:\ProgramData\jobmon-db
evt: {dir: C:\ProgramData\jobmon-db\evt}
`
	exitNoService = 20 // docs/exit-codes.md
)

// server is a Windows on which an administrator installs packages.
type server struct {
	*winetest.Windows
	t *testing.T
}

// TestWineInstaller installs, upgrades, refuses and removes, with two versions of the commit that is checked out.
func TestWineInstaller(t *testing.T) {
	s := &server{winetest.New(t), t}
	s.pack("v0.1.0", "old.msi")
	s.pack("v0.2.0", "new.msi")

	// Nothing to watch yet: the program is there, the service is not.
	s.msiexec("/i", "old.msi", true)
	s.program("v0.1.0")
	if page, err := os.Stat(s.C("Program Files", "jobmon-db", "docs", "screens", "README.md")); err != nil ||
		page.Size() == 0 {
		t.Errorf("a document in a folder of a folder: %v", err)
	}
	if status := s.Run(installedProgram, "service", "status"); status.Code != exitNoService {
		t.Fatalf("without a configuration: %+v", status)
	}
	s.msiexec("/x", "old.msi", true)
	s.absent("Program Files", "jobmon-db")

	// With a source named, all by itself.
	config := s.C("ProgramData", "jobmon-db", "jobmon-db.yaml")
	if err := os.MkdirAll(filepath.Dir(config), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(madeUpSource), 0o644); err != nil {
		t.Fatal(err)
	}
	s.msiexec("/i", "old.msi", true)
	s.program("v0.1.0")
	first := s.running()

	s.msiexec("/i", "new.msi", true)
	s.program("v0.2.0")
	second := s.running()
	if second == first {
		t.Errorf("process %d goes on after the upgrade", first)
	}

	s.msiexec("/i", "old.msi", false)
	s.program("v0.2.0")
	if now := s.running(); now != second {
		t.Errorf("a refused downgrade left process %d, not %d", now, second)
	}

	// What the service saw is there, with both programs, and stays.
	spare := s.C("spare.exe")
	content, err := os.ReadFile(s.C("Program Files", "jobmon-db", "jobmon-db.exe"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(spare, content, 0o755); err != nil {
		t.Fatal(err)
	}
	s.msiexec("/x", "new.msi", true)
	s.absent("Program Files", "jobmon-db")
	if status := s.Run(`C:\spare.exe`, "service", "status"); status.Code != exitNoService {
		t.Errorf("after removing: %+v", status)
	}
	if text, err := os.ReadFile(config); err != nil || string(text) != madeUpSource {
		t.Errorf("the configuration: %q, %v", text, err)
	}
	history := s.Run(`C:\spare.exe`, "replay", "-o", "ndjson", "--kind", "daemon-started")
	var starts []string
	for line := range strings.Lines(history.Stdout) {
		var event struct{ Text string } // the version
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		starts = append(starts, event.Text)
	}
	if want := []string{"v0.1.0", "v0.2.0"}; !slices.Equal(starts, want) {
		t.Errorf("the history names as started %q, want %q", starts, want)
	}
}

// pack makes the installer of a version and puts it at that name on C:.
func (s *server) pack(version, name string) {
	s.t.Helper()
	r, err := newRelease(s.t.Context(), options{repo: "../..", commit: "HEAD", version: version}, s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, step := range []func(context.Context) error{r.buildWindows, r.msi} {
		if err := step(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(r.made, r.files[0]), s.C(name)); err != nil {
		s.t.Fatal(err)
	}
}

// msiexec does that with a package, asking nothing, and expects it to succeed or to be refused.
func (s *server) msiexec(do, name string, succeeds bool) {
	s.t.Helper()
	if got := s.Run("msiexec", do, `C:\`+name, "/qn"); (got.Code == 0) != succeeds {
		s.t.Fatalf("msiexec %s %s ends with %d:\n%s%s", do, name, got.Code, got.Stdout, got.Stderr)
	}
}

// program asserts which version is installed.
func (s *server) program(version string) {
	s.t.Helper()
	if got := s.Run(installedProgram, "version"); got.Code != 0 ||
		!strings.HasPrefix(got.Stdout, "jobmon-db "+version+",") {
		s.t.Fatalf("want %s: %+v", version, got)
	}
}

// running asserts that the service runs, and returns its process.
func (s *server) running() (pid int) {
	s.t.Helper()
	got := s.Run(installedProgram, "service", "status", "-o", "json")
	var status struct {
		State string
		PID   int
	}
	if err := json.Unmarshal([]byte(got.Stdout), &status); err != nil || got.Code != 0 || status.State != "running" {
		s.t.Fatalf("%v: %+v", err, got)
	}
	return status.PID
}

func (s *server) absent(path ...string) {
	s.t.Helper()
	if _, err := os.Stat(s.C(path...)); !errors.Is(err, fs.ErrNotExist) {
		s.t.Errorf("%s is still there: %v", strings.Join(path, `\`), err)
	}
}

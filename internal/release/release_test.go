package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestNotesAreTheVersionsOwn(t *testing.T) {
	const changelog = "# Changelog\n\nIntro\n\n## Unreleased\n\n- new\n\n## [0.2.0] - 2026-12-01\n\n### Added\n\n- " +
		"more\n\n## 0.1.0\n\n- first\n"
	for version, want := range map[string]string{
		"0.2.0": "# jobmon-db 0.2.0\n\n### Added\n\n- more\n",
		"0.1.0": "# jobmon-db 0.1.0\n\n- first\n",
		"0.3.0": "# jobmon-db 0.3.0\n\n- new\n",
	} {
		if got, err := sectionOf(changelog, version); got != want || err != nil {
			t.Errorf("%s: %q, %v", version, got, err)
		}
	}
	if _, err := sectionOf("# Changelog\n", "0.1.0"); err == nil {
		t.Error("notes of nothing")
	}
}

// What is published says what the version is, not what was mended on the way to it.
func TestNotesOfTheFirstVersion(t *testing.T) {
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	notes, err := sectionOf(string(changelog), "0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"no longer", "(issue ", "### Fixed", "way to 0.1.0"} {
		if strings.Contains(notes, word) {
			t.Errorf("%q stands in\n%s", word, notes)
		}
	}
}

// The package for Debian brings a configuration of Linux, manual pages and completion, and needs no kill of its own.
func TestDebianPackage(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs dpkg-deb on Linux for amd64")
	}
	r, err := newRelease(t.Context(), options{repo: "../..", commit: "HEAD", version: "v0.1.0"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func(context.Context) error{r.buildLinux, r.deb} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	if _, err := output(t.Context(), "", nil, "dpkg-deb", "--extract", filepath.Join(r.made, r.files[0]),
		root); err != nil {
		t.Fatal(err)
	}
	text := func(path string) string {
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || len(content) == 0 {
			t.Errorf("%s: %v", path, err)
		}
		return string(content)
	}
	config := text("etc/jobmon-db/jobmon-db.yaml")
	if !strings.Contains(config, "#data_dir: /var/lib/jobmon-db\n") ||
		regexp.MustCompile(`(?m)^ *#[a-z_]+: [A-Z]:`).MatchString(config) {
		t.Errorf("defaults of another system:\n%s", config)
	}
	if unit := text("usr/lib/systemd/system/jobmon-db.service"); strings.Contains(unit, "=/bin/kill") ||
		!strings.Contains(unit, "ExecReload=/bin/sh ") {
		t.Errorf("%s", unit)
	}
	for _, path := range []string{
		"usr/lib/systemd/system/jobmon-db-hub.service", "usr/share/man/man1/jobmon-db.1.gz",
		"usr/share/man/man1/jobmon-db-replay-show.1.gz",
		"usr/share/zsh/vendor-completions/_jobmon-db",
		"usr/share/bash-completion/completions/jobmon-db", "usr/share/fish/vendor_completions.d/jobmon-db.fish",
	} {
		text(path)
	}
}

func TestVersions(t *testing.T) {
	r := release{version: "v1.22.333-rc.1"}
	if parts, err := r.parts(); err != nil || parts != [3]uint16{1, 22, 333} {
		t.Errorf("%v, %v", parts, err)
	}
	r.version = "v1.2.70000"
	if _, err := r.parts(); err == nil {
		t.Error("a number that Windows cannot hold was taken")
	}
}

func TestTheSignerGetsThePathAndItsFailureIsTold(t *testing.T) {
	path := t.TempDir() + "/a b.exe"
	r := release{options: options{sign: "cp /dev/null"}}
	if err := r.signed(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	r.sign = "false"
	if err := r.signed(t.Context(), path); err == nil || !strings.Contains(err.Error(), "a b.exe") {
		t.Errorf("%v", err)
	}
}

func TestAVersionIsNeverReplaced(t *testing.T) {
	out, made := t.TempDir(), t.TempDir()
	if err := os.WriteFile(made+"/x", []byte("1"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := release{options: options{out: out}, made: made, version: "v1.0.0"}
	if err := r.publish(); err != nil {
		t.Fatal(err)
	}
	if err := r.publish(); err == nil || !strings.Contains(err.Error(), "remove it first") {
		t.Errorf("%v", err)
	}
}

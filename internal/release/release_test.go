package main

import (
	"os"
	"strings"
	"testing"
)

func TestNotesAreTheVersionsOwn(t *testing.T) {
	const changelog = "# Changelog\n\nIntro\n\n## Unreleased\n\n- new\n\n## [0.2.0] - 2026-12-01\n\n### Added\n\n- more\n\n## 0.1.0\n\n- first\n"
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

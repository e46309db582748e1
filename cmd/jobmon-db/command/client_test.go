package command

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestClientPack(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	args := []string{"client", "pack", "--out", out, "--evt-share", `\\DS01\eXpress\temp\jobmon\`,
		"--support=Hotline 1234", "--language=de"}
	if got := jobmondb(t, append(args, "--dry-run")...); got.code != exitOK ||
		!strings.Contains(got.stdout, "Nothing was written") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a dry run made the folder")
	}
	got := jobmondb(t, args...)
	if got.code != exitOK || !strings.Contains(got.stdout, "written  tasks/marker.batch.txt") ||
		!strings.Contains(got.stderr, "--client-program") {
		t.Errorf("%+v", got)
	}
	read := func(path string) string {
		content, err := os.ReadFile(filepath.Join(out, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	for path, words := range map[string][]string{
		"JobMon/JobMon.ini": {"language = de", "support = Hotline 1234"},
		"tasks/marker.batch.txt": {`set "JM_EVT=\\DS01\eXpress\temp\jobmon"`,
			`Source             \\DS01\eXpress\temp\jobmon\%ID%.evt`, "(1,1,15)"},
		"tasks/marker.program.txt": {`"C:\Program Files\jobmon-db\jobmon-db.exe" refresh %JM_ID% --job - --best-effort` + "\r\n"},
		"tasks/build-job.program.txt": {`\\DS01\eXpress\jobmon-db\JobMon`,
			`client show --dir "C:\Windows\JobMon" --id "%ID%"`},
	} {
		for _, want := range words {
			if !strings.Contains(read(path), want) {
				t.Errorf("%s does not hold %q:\n%s", path, want, read(path))
			}
		}
	}
	// what the administrator changed stays, and is said
	settings := filepath.Join(out, "JobMon", "JobMon.ini")
	if err := os.WriteFile(settings, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := jobmondb(t, args...); got.code != exitOK || !strings.Contains(got.stdout, "somebody changed it") ||
		read("JobMon/JobMon.ini") != "mine" {
		t.Errorf("%+v", got)
	}
	// who may write there decides what runs as SYSTEM
	if runtime.GOOS != "windows" {
		for mode, warned := range map[os.FileMode]bool{0o777: true, 0o755: false} {
			if err := os.Chmod(filepath.Join(out, "JobMon"), mode); err != nil {
				t.Fatal(err)
			}
			if got := jobmondb(t, args...); got.code != exitOK ||
				strings.Contains(got.stderr, "run the files in JobMon as SYSTEM") != warned {
				t.Errorf("%o: %+v", mode, got)
			}
		}
	}
	// a program for the computers has to be one for Windows
	program := filepath.Join(dir, "program")
	for content, code := range map[string]int{"MZ and so on": exitOK, "\x7fELF": exitUsage} {
		if err := os.WriteFile(program, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		got := jobmondb(t, append(args, "--client-program", program)...)
		if got.code != code || strings.Contains(got.stdout, "JobMon/jobmon-db.exe") != (code == exitOK) {
			t.Errorf("%q: %+v", content, got)
		}
	}
	if got := read("JobMon/jobmon-db.exe"); got != "MZ and so on" {
		t.Errorf("the program is %q", got)
	}
	for what, wrong := range map[string][]string{
		"no out":         {"client", "pack"},
		"an argument":    append(args, "more"),
		"no share":       {"client", "pack", "--out", out},
		"no host":        {"client", "pack", "--out", out, "--evt-share", `D:\evt`, "--site", "Server of Köln"},
		"a hostile path": {"client", "pack", "--out", out, "--evt-share", `D:\"&del`},
		"no program":     append(args, "--client-program", filepath.Join(dir, "nothing")),
	} {
		if got := jobmondb(t, wrong...); got.code != exitUsage || got.stderr == "" {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

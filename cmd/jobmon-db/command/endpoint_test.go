package command

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// lostDaemon is a daemon in a process of its own whose SQL Server cannot be reached: its log stands still.
func lostDaemon(t *testing.T, dir string) *process {
	t.Helper()
	p := start(t, []string{"JOBMON_SOURCE_DSN=sqlserver://reader:secret@127.0.0.1:1?database=eXpress",
		"JOBMON_DATA_DIR=" + dir, "JOBMON_SITE=DS01"}, "run")
	eventually(t, func() string { return "the daemon answers: " + p.stderr.String() }, func() bool {
		got := jobmondb(t, "replay", "--data-dir="+dir, "-o", "ndjson")
		return got.code == exitOK && strings.Contains(got.stdout, `"source-lost"`)
	})
	return p
}

// TestEveryCommandBothWays: a running daemon's answers are, byte for byte, what the file says.
func TestEveryCommandBothWays(t *testing.T) {
	dir := watched(t)
	p := lostDaemon(t, dir)
	for code, flags := range map[int][]string{exitSource: nil, exitOK: {"--best-effort"}} {
		got := jobmondb(t, append([]string{"refresh", "5000001", "--job=(JM) Ready", "--data-dir=" + dir}, flags...)...)
		if got.code != code || !strings.Contains(got.stdout, "from the state known") ||
			(got.stderr == "") != (code == exitOK) {
			t.Errorf("%+v", got)
		}
		file, err := os.ReadFile(filepath.Join(dir, "evt", "5000001.evt"))
		if err != nil || strings.Contains(string(file), `"stopped"`) {
			t.Errorf("%v: %s", err, file)
		}
	}
	commands := [][]string{
		{"replay"}, {"replay", "-o", "ndjson"}, {"replay", "--computer=PC-0001"},
		{"replay", "--computer=PC-0003", "-o", "ndjson"}, {"replay", "--since=14:10", "--until=14:20"},
		{"replay", "show"}, {"replay", "show", "-o", "json"}, {"replay", "show", "PC-0001"},
		{"replay", "show", "PC-0001", "-o", "evt"},
		{"replay", "show", "PC-0001", "--at=14:30"}, {"replay", "show", "PC-0001", "--at=14:30", "-o", "evt"},
		{"replay", "show", "--at=seq:200"}, {"replay", "show", "--at=14:20"},
		{"replay", "show", "PC-0001", "--delivered"}, {"replay", "show", "PC-0001", "--delivered", "-o", "evt"},
		{"replay", "show", "PC-0003", "--delivered"}, {"replay", "show", "nobody"}, {"replay", "show", "PC-0002"},
		{"replay", "show", "--at=10:00"},
		{"status"}, {"status", "-o", "json"}, {"status", "PC-0001"}, {"export"},
	}
	ask := func() (answers []outcome) {
		for _, c := range commands {
			got := jobmondb(t, append(c, "--data-dir="+dir)...)
			if strings.HasPrefix(c[0], "status") {
				got.stderr = "" // how long ago the source was read
			}
			answers = append(answers, got)
		}
		return answers
	}
	asked := ask()
	for i, c := range commands {
		if c[0] == "status" && len(c) != 3 && !strings.Contains(asked[i].stdout,
			"!! The DS database has not been readable since") {
			t.Errorf("%v does not say that the source is lost: %s", c, asked[i].stdout)
		}
	}
	p.kill()
	for i, read := range ask() {
		if asked[i] != read {
			t.Errorf("%v\n asked %+v\n read  %+v", commands[i], asked[i], read)
		}
	}
	for i, c := range commands {
		if strings.Contains(strings.Join(c, " "), "PC-0001 --delivered") &&
			!strings.Contains(asked[i].stderr, "identical") {
			t.Errorf("%v: %+v", c, asked[i])
		}
	}
}

func TestTheSecondDaemonSaysWhoIsThere(t *testing.T) {
	dir := t.TempDir()
	lostDaemon(t, dir)
	second := start(t, []string{"JOBMON_DATA_DIR=" + dir, "JOBMON_SOURCE_DSN=sqlserver://reader:secret@127.0.0.1:1"},
		"run")
	err := second.cmd.Wait()
	if err == nil || second.cmd.ProcessState.ExitCode() != exitLocked ||
		!strings.Contains(second.stderr.String(), "jobmon-db run") {
		t.Errorf("%v %s", err, second.stderr.String())
	}
}

func TestRefreshWithoutADaemon(t *testing.T) {
	dir := t.TempDir()
	if got := jobmondb(t, "refresh", "5000001", "--data-dir="+dir); got.code != exitNoDaemon || got.stdout != "" {
		t.Errorf("%+v", got)
	}
	path := filepath.Join(dir, "evt", "5000001.evt")
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was left without --best-effort")
	}
	got := jobmondb(t, "refresh", "5000001", "--job", `03. (JM) "Office" & more 100%`, "--best-effort",
		"--data-dir="+dir)
	if got.code != exitOK || !strings.Contains(got.stderr, "no daemon") {
		t.Errorf("%+v", got)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := evt.Decode(content); err != nil || f.Kind != evt.KindStopped ||
		f.Asked != `03. (JM) "Office" & more 100%` {
		t.Errorf("%v in %s", err, content)
	}
	// a file of somebody else is not ours to replace
	if err := os.WriteFile(path, []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := jobmondb(t, "refresh", "5000001", "--best-effort", "--data-dir="+dir); got.code != exitOK ||
		!strings.Contains(got.stderr, "not written by") {
		t.Errorf("%+v", got)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "theirs" {
		t.Errorf("%q %v", content, err)
	}
	// whatever is wrong with what a script did not ask about, there is a file afterwards
	for what, wrong := range map[string]struct{ flag, variable string }{
		"no such file": {flag: "--config=/nonexist.yaml"}, "a time that is none": {flag: "--timeout=-1s"},
		"a variable": {variable: "JOBMON_LOG_LEVEL=loud"},
	} {
		path := filepath.Join(dir, "evt", "77.evt")
		os.Remove(path)
		args := []string{"refresh", " 77 ", "--best-effort", "--data-dir=" + dir}
		if wrong.flag != "" {
			args = append(args, wrong.flag)
		}
		var out bytes.Buffer
		code := Main(t.Context(), args, []string{wrong.variable}, strings.NewReader(""), &out, &out)
		if content, err := os.ReadFile(path); code != exitOK || err != nil || !evt.Ours(content) {
			t.Errorf("%s: code %d, %v: %s", what, code, err, out.String())
		}
	}
	// a standard input that never ends is not waited for
	quiet, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer quiet.Close()
	var out bytes.Buffer
	if code := Main(t.Context(), []string{"refresh", "78", "--job=-", "--timeout=100ms", "--best-effort",
		"--data-dir=" + dir}, nil, quiet, &out, &out); code != exitOK {
		t.Errorf("%d: %s", code, out.String())
	}
	for _, args := range [][]string{{"refresh"}, {"refresh", "1", "2"}, {"refresh", "1", "--timeout=0s"}} {
		if got := jobmondb(t, append(args, "--data-dir="+dir)...); got.code != exitUsage {
			t.Errorf("%v: %+v", args, got)
		}
	}
	// a token that DS did not replace names no computer
	for _, computer := range []string{"%ID%", " %COMPNAME% ", "id:%ID%"} {
		for code, flags := range map[int][]string{exitUsage: nil, exitOK: {"--best-effort"}} {
			got := jobmondb(t, append([]string{"refresh", computer, "--data-dir=" + dir}, flags...)...)
			if got.code != code || !strings.Contains(got.stderr,
				"DS has not replaced the token "+strings.TrimSpace(computer)) {
				t.Errorf("%s: %+v", computer, got)
			}
		}
	}
	if got := jobmondb(t, "refresh", "79", "--job=%JOBNAME%", "--best-effort",
		"--data-dir="+dir); !strings.Contains(got.stderr, "token %JOBNAME%") {
		t.Errorf("%+v", got)
	}
	if file, err := os.ReadFile(filepath.Join(dir, "evt", "79.evt")); err != nil ||
		strings.Contains(string(file), "JOBNAME") {
		t.Errorf("%v: %s", err, file)
	}
}

// TestNoAnswerDependsOnCaches: with the caches that a daemon leaves, with more of them, with damaged ones, with those
// of a newer program and without any, every command says the same.
func TestNoAnswerDependsOnCaches(t *testing.T) {
	dir := watched(t)
	commands := [][]string{
		{"replay", "--computer=PC-0001"}, {"replay", "--computer=PC-0003", "-o", "ndjson"},
		{"replay", "--computer=PC-0003", "--since=14:10", "--until=14:20"},
		{"replay", "show", "-o", "json"}, {"replay", "show", "PC-0001", "-o", "evt"}, {"replay", "show", "--at=14:05"},
		{"replay", "show", "--at=14:30", "-o", "json"},
		{"replay", "show", "PC-0001", "--at=14:30", "-o", "evt"}, {"replay", "show", "--at=seq:200", "-o", "json"},
		{"replay", "show", "PC-0002"},
		{"status", "-o", "json"}, {"replay", "show", "nobody"},
	}
	ask := func() (answers []outcome) {
		for _, c := range commands {
			got := jobmondb(t, append(c, "--data-dir="+dir)...)
			if c[0] == "status" {
				got.stderr = "" // how long ago the source was read
			}
			answers = append(answers, got)
		}
		return answers
	}
	want := ask()
	// Read without the chronicle, the history of a computer is the same, but for what a line says of those around it.
	alone := regexp.MustCompile(`"(more":true|after":\d+|export":\{[^}]*\}),`)
	all := jobmondb(t, "replay", "-o", "ndjson", "--data-dir="+dir)
	var of []string
	for line := range strings.Lines(all.stdout) {
		if strings.Contains(line, `"computer_id":5000003,`) {
			of = append(of, alone.ReplaceAllString(line, ""))
		}
	}
	if strings.Join(of, "") != alone.ReplaceAllString(want[1].stdout, "") || len(of) < 20 {
		t.Errorf("PC-0003 has %d events:\n%s\nand alone\n%s", len(of), strings.Join(of, ""), want[1].stdout)
	}
	for _, condition := range []struct {
		name   string
		change func(log *store.Log, c *store.Cache) error
	}{
		{"damaged", func(log *store.Log, c *store.Cache) error {
			c.Data = []byte("damaged")
			return log.KeepCaches(*c)
		}},
		{"newer", func(log *store.Log, c *store.Cache) error { c.Version += 1 << 16; return log.KeepCaches(*c) }},
		{"dropped", func(log *store.Log, _ *store.Cache) error { return log.DropCaches() }},
		{"more", nil},
	} {
		log, err := store.Open(dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := log.Caches()
		if err != nil || len(list) == 0 && condition.name != "more" {
			t.Fatalf("%s: caches %v, %v", condition.name, list, err)
		}
		if condition.change == nil {
			keeper := &history.Keeper{Log: log, CheckpointEvery: 40, BytesPerEvent: 1 << 20}
			state, err := keeper.Load(func(err error) { t.Error(err) })
			if err != nil {
				t.Fatal(err)
			}
			if err := keeper.Keep(keeper.Pack(state, true)...); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range list {
			if err := condition.change(log, &c); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		for i, got := range ask() {
			if got != want[i] {
				t.Errorf("%s: %v\n got  %+v\n want %+v", condition.name, commands[i], got, want[i])
			}
		}
	}
}

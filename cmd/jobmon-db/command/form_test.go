package command

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// phase is a run of the daemon, by one form of its files: what lay on the share at its end, and what did when a script
// had been answered last.
type phase struct {
	form   jobmon.Form
	public string // the board's address
	last   uint64
	files  map[string][]byte            // by path
	given  map[jobmon.ComputerID][]byte // kept from phase to phase
}

// form is a template as a site could have it.
func form(text, encoding string) jobmon.Form {
	return jobmon.Form{Template: text, Encoding: encoding, Newline: jobmon.NewlineCRLF}
}

// inPhases watches simulated deployments by one form after the other. Nobody knows of the phases but the settings.
func inPhases(t *testing.T, dir string, phases []phase) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var d *daemon.Daemon
		evtDir, given := filepath.Join(dir, "evt"), map[jobmon.ComputerID][]byte{}
		source, err := simulator.New(simulator.Options{
			Seed: 1, Speed: 1, Computers: 3, Start: time.Date(2026, 11, 22, 14, 0, 0, 0, time.FixedZone("", 3600)),
			Hook: simulator.Deliverer{EvtDir: evtDir, ClientsDir: filepath.Join(dir, "clients"),
				Refresh: func(ctx context.Context, id jobmon.ComputerID, job string) {
					if a, err := d.Refresh(ctx, control.RefreshRequest{Computer: id, Job: job}); err == nil &&
						a.Error == "" {
						given[id], _ = os.ReadFile(a.Path)
					}
				}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range phases {
			p := &phases[i]
			settings := jobmon.DefaultSettings()
			settings.Site, settings.Form, settings.PublicURL = "DS01", p.form, p.public
			d, err = daemon.Open(daemon.Options{
				DataDir: dir, EvtDir: evtDir, Settings: settings, Interval: 5 * time.Second, Timeout: 15 * time.Second,
				Version: "test", Logger: zerolog.Nop(),
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 7*time.Minute)
			playing := make(chan error, 1)
			go func() { playing <- source.Run(ctx) }()
			if err := d.Run(ctx, source); err != nil {
				t.Fatal(err)
			}
			stop()
			<-playing
			p.last = d.Info().Last
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			p.files, p.given = contents(t, filepath.Join(evtDir, "*.evt")), maps.Clone(given)
		}
	})
}

func contents(t *testing.T, pattern string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		if all[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// The past is shown by the template of the past, byte for byte, whatever is configured now.
func TestThePastKeepsItsTemplate(t *testing.T) {
	line, err := os.ReadFile("../../../configs/templates/line.txt")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	data := "--data-dir=" + dir
	phases := []phase{
		{form: form(string(line), "windows-1252")},
		{form: form("{{.Computer.Name}} {{.Percent}} % {{.Current.Name}} event {{.Seq}} {{.Link.URL}}\n", "utf-16le"),
			public: "https://board.example.org"},
		{public: "https://new.example.org:8443"},
		{form: form(string(line), "cp850")},
	}
	inPhases(t, dir, phases)
	for i, p := range phases {
		for path, content := range p.files {
			id := strings.TrimSuffix(filepath.Base(path), ".evt")
			got := jobmondb(t, "replay", "show", "id:"+id, data, "-o", "evt", fmt.Sprintf("--at=seq:%d", p.last))
			if got.code != exitOK || got.stdout != string(content) {
				t.Errorf("phase %d, %s: %+v\n%q", i, id, got, content)
			}
			if named := bytes.Contains(content, []byte(strings.ToUpper(p.public)+"/Q/")); i == 2 && !named {
				t.Errorf("phase %d, %s: no link in %s", i, id, content)
			}
			if isJSON := evt.Ours(content); isJSON != (p.form == jobmon.Form{}) {
				t.Errorf("phase %d, %s: %.60q", i, id, content)
			}
		}
		if len(p.given) != 3 {
			t.Errorf("phase %d: %d computers were given files", i, len(p.given))
		}
		for id, content := range p.given {
			got := jobmondb(t, "replay", "show", fmt.Sprintf("id:%d", id), data, "--delivered", "-o", "evt",
				fmt.Sprintf("--at=seq:%d", p.last))
			if got.code != exitOK || got.stdout != string(content) || !strings.Contains(got.stderr, "identical") {
				t.Errorf("phase %d, %d: %+v\n%q", i, id, got, content)
			}
		}
	}
	got := jobmondb(t, "verify", data, "--evt-dir="+filepath.Join(dir, "evt"))
	if got.code != exitOK || !strings.Contains(got.stdout, "0 different") {
		t.Errorf("%+v", got)
	}
	if got := jobmondb(t, "replay", data); strings.Contains(got.stdout, "define") ||
		!strings.Contains(got.stdout, "bytes)") {
		t.Error("the table shows a template's text, or not how long it is")
	}

	// A running daemon's answers are those of the file.
	p := start(t, []string{"JOBMON_SOURCE_DSN=sqlserver://reader:secret@127.0.0.1:1?database=eXpress",
		"JOBMON_DATA_DIR=" + dir, "JOBMON_SITE=DS01"}, "run")
	eventually(t, func() string { return p.stderr.String() }, func() bool {
		return strings.Contains(jobmondb(t, "replay", data, "-o", "ndjson").stdout, `"source-lost"`)
	})
	for path, content := range phases[1].files {
		id := strings.TrimSuffix(filepath.Base(path), ".evt")
		got := jobmondb(t, "replay", "show", "id:"+id, data, "-o", "evt", fmt.Sprintf("--at=seq:%d", phases[1].last))
		if got.stdout != string(content) {
			t.Errorf("asked, %s: %+v", id, got)
		}
	}
}

// A template that fails for one computer leaves that one's file as it was, and nobody else notices.
func TestATemplateFailsForOneComputer(t *testing.T) {
	dir := t.TempDir()
	phases := []phase{
		{form: form("{{.Computer.ID}} {{.Time}}\n", "utf-8")},
		{form: form(`{{.Computer.ID}} {{.Time}} {{if eq .Computer.ID 5000001}}{{(index .Later 99).Name}}{{end}}`+"\n",
			"utf-8")},
	}
	inPhases(t, dir, phases)
	same, other := 0, 0
	for path, content := range phases[1].files {
		kept := bytes.Equal(content, phases[0].files[path])
		if filepath.Base(path) == "5000001.evt" {
			same++
			if !kept {
				t.Errorf("%q became %q", phases[0].files[path], content)
			}
		} else if !kept {
			other++
		}
	}
	if same != 1 || other == 0 {
		t.Errorf("%d kept, %d others written", same, other)
	}
	got := jobmondb(t, "replay", "show", "id:5000001", "--data-dir="+dir, "-o", "evt")
	if got.code != exitNothing || !strings.Contains(got.stderr, "line 1") || !strings.Contains(got.stderr, "stayed") {
		t.Errorf("%+v", got)
	}
	if got := jobmondb(t, "verify", "--data-dir="+dir, "--evt-dir="+filepath.Join(dir, "evt")); got.code != exitOK ||
		!strings.Contains(got.stdout, "0 different") {
		t.Errorf("%+v", got)
	}
}

func TestFaultyTemplates(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "site.txt")
	if err := os.WriteFile(path, []byte("{{.Computer.Nam}}\n{{.Percnt}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	env := []string{"JOBMON_SOURCE_KIND=simulator", "JOBMON_SITE=DS01", "JOBMON_DATA_DIR=" + filepath.Join(dir, "data"),
		"JOBMON_EVT_TEMPLATE=" + path}
	p := start(t, env, "run")
	if err := p.cmd.Wait(); err == nil || p.cmd.ProcessState.ExitCode() != exitUsage ||
		!strings.Contains(p.stderr.String(), path+", line 1: there is no field Nam; did you mean \"Name\"?") ||
		!strings.Contains(p.stderr.String(), path+", line 2: ") {
		t.Errorf("%v: %s", err, p.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Error("something was written for a configuration that is wrong")
	}
	if l := stateOf(t, checked(t, env, "-o", "json"), "template"); l.State != "fail" ||
		!strings.Contains(l.Found, "line 2") {
		t.Errorf("%+v", l)
	}
	if err := os.WriteFile(path, []byte("{{.Computer.Name}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if l := stateOf(t, checked(t, env, "-o", "json"), "template"); l.State != "ok" {
		t.Errorf("%+v", l)
	}
}

// Without a daemon the file says by the site's own template that nobody answers; the next daemon knows that file for
// ours.
func TestStoppedByTheTemplate(t *testing.T) {
	dir := t.TempDir()
	template, evtDir := filepath.Join(t.TempDir(), "site.txt"), filepath.Join(dir, "evt")
	if err := os.WriteFile(template, []byte("{{.Kind}} {{.Computer.ID}} {{.Asked}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	phases := []phase{{form: form("{{.Kind}} {{.Computer.ID}} {{.Percent}}\n", "utf-8")}}
	inPhases(t, dir, phases)
	refresh := func(id string) string {
		t.Helper()
		got := jobmondb(t, "refresh", id, "--job=03. (JM) Büro", "--best-effort", "--data-dir="+dir,
			"--evt-template="+template, "--evt-encoding=windows-1252")
		content, err := os.ReadFile(filepath.Join(evtDir, id+".evt"))
		if got.code != exitOK || err != nil {
			t.Fatalf("%+v %v", got, err)
		}
		return string(content)
	}
	for _, id := range []string{"5000001", "5000777"} { // one that has a file, and one that has none
		if got := refresh(id); got != "stopped "+id+" 03. (JM) B\xfcro\r\n" {
			t.Errorf("%q", got)
		}
	}
	inUse := filepath.Join(evtDir, "5000002.evt")
	if err := os.WriteFile(inUse, []byte("somebody else's"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := refresh("5000002"); got != "somebody else's" {
		t.Errorf("%q", got)
	}
	written := filepath.Join(dir, evtdir.LedgerName)
	if l := evtdir.NewLedger(written); !l.Knows(5000777, []byte("stopped 5000777 03. (JM) B\xfcro\r\n")) {
		t.Error("the ledger knows nothing")
	}
	line := stateOf(t, checked(t, []string{"JOBMON_SOURCE_KIND=simulator"}, "--data-dir="+dir, "-o", "json"),
		"evt folder")
	if !strings.Contains(line.Found, "1 file of another program: 5000002.evt") {
		t.Errorf("%+v", line)
	}

	// A template that is gone is no reason to leave an old "ready" there.
	if err := os.Remove(template); err != nil {
		t.Fatal(err)
	}
	if got := refresh("5000001"); !evt.Ours([]byte(got)) || !strings.Contains(got, "stopped") {
		t.Errorf("%q", got)
	}
	daemon := start(t, []string{"JOBMON_SOURCE_DSN=sqlserver://reader:secret@127.0.0.1:1?database=eXpress",
		"JOBMON_DATA_DIR=" + dir, "JOBMON_SITE=DS01"}, "run")
	eventually(t, func() string { return "the file is replaced: " + daemon.stderr.String() }, func() bool {
		content, err := os.ReadFile(filepath.Join(evtDir, "5000001.evt"))
		return err == nil && evt.Ours(content) && !strings.Contains(string(content), "stopped")
	})
	if content, err := os.ReadFile(inUse); err != nil || string(content) != "somebody else's" {
		t.Errorf("%q, %v", content, err)
	}
}

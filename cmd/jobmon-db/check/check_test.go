package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

const planted = "Planted-Secret-1"

// site is what is checked: folders of this test's own and a configuration that names them.
type site struct {
	*testing.T
	dir     string
	options check.Options
}

// newSite has a data dir that does not exist yet and no source.
func newSite(t *testing.T, env ...string) *site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	config := load(t, configs.LoadOptions{Env: append([]string{"JOBMON_SITE=DS01", "JOBMON_SOURCE_KIND=simulator",
		"JOBMON_DATA_DIR=" + dir}, env...)})
	return &site{t, dir, check.Options{
		Config:   config,
		Running:  func(context.Context) (string, bool, error) { return "", false, nil },
		DataLock: filepath.Join(dir, "LOCK"), Requests: filepath.Join(config.Evt.Dir, "requests"),
	}}
}

func load(t *testing.T, o configs.LoadOptions) *configs.Config {
	t.Helper()
	o.Places = []string{}
	config, err := configs.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// watching gives the site a database.
func (s *site) watching(source check.Source) *site {
	s.options.Source = source
	return s
}

// run makes the checks and sees to it that they left nothing behind.
func (s *site) run() []check.Line {
	s.Helper()
	before := tree(s.T, filepath.Dir(s.dir))
	lines := check.Run(s.Context(), s.options)
	if after := tree(s.T, filepath.Dir(s.dir)); !slices.Equal(before, after) {
		s.Errorf("the checks left something behind:\n%q\n%q", before, after)
	}
	for _, l := range lines {
		wanted := l.State == check.Warn || l.State == check.Fail
		if l.Found == "" || (l.Next != "") != wanted || wanted && strings.Contains(l.Found, l.Next) {
			s.Errorf("not what was found, and a next step where one is needed: %+v", l)
		}
	}
	return lines
}

// tree lists files with their content, and folders.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		text := path
		if entry.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += ": " + string(content)
		}
		list = append(list, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func line(t *testing.T, lines []check.Line, name string) check.Line {
	t.Helper()
	at := slices.IndexFunc(lines, func(l check.Line) bool { return l.Check == name })
	if at < 0 {
		t.Fatalf("no line %q in %+v", name, lines)
	}
	return lines[at]
}

// expect asserts a line's state and words of what was found and what is next.
func (s *site) expect(lines []check.Line, name string, state check.State, words ...string) {
	s.Helper()
	l := line(s.T, lines, name)
	if l.State != state {
		s.Errorf("%s is %s, not %s: %+v", name, l.State, state, l)
	}
	for _, word := range words {
		if !strings.Contains(l.Found+" / "+l.Next, word) {
			s.Errorf("%s: %q is not in %+v", name, word, l)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func TestAFreshInstallationOnTheSimulator(t *testing.T) {
	s := newSite(t)
	lines := s.run()
	for _, name := range []string{"database", "login", "tables", "rows", "stuck rows", "markers", "closing marker",
		"clock"} {
		s.expect(lines, name, check.Skip, "simulator")
	}
	s.expect(lines, "configuration", check.OK, "3 from the environment")
	s.expect(lines, "evt folder", check.OK, filepath.Join(s.dir, "evt"), "will be made")
	s.expect(lines, "request folder", check.OK, "will be made")
	s.expect(lines, "backup folder", check.Skip, "backup.every")
	s.expect(lines, "data folder", check.OK, s.dir, "will be made")
	s.expect(lines, "log", check.OK, "none yet")
	s.expect(lines, "daemon", check.Warn, "none runs", "jobmon-db run")
	if err := check.Failed(lines); err != nil {
		t.Errorf("%v", err)
	}
}

func TestConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jobmon-db.yaml")
	text := "site: DS01\nsource:\n  dsn: sqlserver://reader:" + planted + "@db01?database=eXpress\n"
	write(t, file, text)
	s := newSite(t)
	s.options.Config = load(t, configs.LoadOptions{File: file, Env: []string{"JOBMON_DATA_DIR=" + s.dir}})
	s.expect(s.run(), "configuration", check.OK, file+" (2 values)", "1 from the environment")

	if runtime.GOOS != "windows" { // where a mode says nothing
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		s.expect(s.run(), "configuration", check.Warn, "everybody", "chmod o-r "+file)
	}

	flags := pflag.NewFlagSet("check", pflag.ContinueOnError)
	configs.AddFlags(flags)
	if err := flags.Parse([]string{"--data-dir=" + s.dir, "--source-dsn=sqlserver://reader:" + planted +
		"@db01"}); err != nil {
		t.Fatal(err)
	}
	s.options.Config = load(t, configs.LoadOptions{Flags: flags})
	s.expect(s.run(), "configuration", check.Warn, "2 from flags", "list of processes", "environment")

	s.options.Config = load(t, configs.LoadOptions{Env: []string{"JOBMON_DATA_DIR=" + s.dir}})
	s.expect(s.run(), "configuration", check.Fail, "no value comes from a file", "no source", "--config", "setup")
}

func TestWhoCanReadThePassword(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // where a mode says nothing
	}
	dir := t.TempDir()
	file, password := filepath.Join(dir, "jobmon-db.yaml"), filepath.Join(dir, "password")
	write(t, password, planted+"\n")
	s := newSite(t)
	mode := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}

	write(t, file, "source: {server: ds, user: reader, password_file: "+password+"}\n")
	mode(file, 0o644) // there is no secret in it
	mode(password, 0o640)
	s.options.Config = load(t, configs.LoadOptions{File: file, Env: []string{"JOBMON_DATA_DIR=" + s.dir}})
	s.expect(s.run(), "configuration", check.Warn, "others than its owner", "chmod go-r "+password)
	mode(password, 0o600)
	s.expect(s.run(), "configuration", check.OK)

	write(t, file, "source: {server: ds, user: reader, password: "+planted+"}\n")
	mode(file, 0o644)
	s.options.Config = load(t, configs.LoadOptions{File: file, Env: []string{"JOBMON_DATA_DIR=" + s.dir}})
	s.expect(s.run(), "configuration", check.Warn, "source.password in it", "chmod o-r "+file)
	mode(file, 0o640)
	s.expect(s.run(), "configuration", check.OK)

	flags := pflag.NewFlagSet("check", pflag.ContinueOnError)
	configs.AddFlags(flags)
	if err := flags.Parse([]string{"--data-dir=" + s.dir, "--source-server=ds", "--source-user=reader",
		"--source-password=" + planted}); err != nil {
		t.Fatal(err)
	}
	s.options.Config = load(t, configs.LoadOptions{Flags: flags})
	s.expect(s.run(), "configuration", check.Warn, "source.password", "list of processes", "source.password_file")
}

func TestFailedTellsTheSourceFromTheRest(t *testing.T) {
	for _, c := range []struct {
		lines  []check.Line
		source bool
		text   string
	}{
		{[]check.Line{{Check: "rows", State: check.Warn}, {Check: "log", State: check.OK},
			{Check: "clock", State: check.Skip}}, false, ""},
		{[]check.Line{{Check: "log", State: check.Fail}}, false, "a check failed: log"},
		{[]check.Line{{Check: "table computer", State: check.Fail}, {Check: "evt folder", State: check.Fail}}, true,
			"2 checks failed: table computer, evt folder"},
		{[]check.Line{{Check: "database", State: check.Fail}}, true, "a check failed: database"},
	} {
		err := check.Failed(c.lines)
		var failed *check.Error
		if (err != nil) != (c.text != "") || err != nil && (!errors.As(err, &failed) || failed.Source != c.source ||
			err.Error() != c.text) {
			t.Errorf("%+v: %v", c.lines, err)
		}
	}
}

// hanging neither answers nor listens to its context.
type hanging struct{ until chan struct{} }

func (h hanging) Inspect(context.Context) (*mssql.Inspection, error) {
	<-h.until
	return nil, errors.New("too late")
}

func (h hanging) ReadAll(context.Context) (*jobmon.Snapshot, error) {
	<-h.until
	return nil, errors.New("too late")
}

func TestNothingHangs(t *testing.T) {
	s := newSite(t, "JOBMON_SOURCE_TIMEOUT=10s")
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		defer close(until)
		s.options.Source = hanging{until}
		s.options.Running = func(context.Context) (string, bool, error) { <-until; return "", true, nil }
		start := time.Now()
		lines := check.Run(t.Context(), s.options)
		if took := time.Since(start); took > 12*time.Second {
			t.Errorf("it took %v", took)
		}
		s.expect(lines, "database", check.Fail, "no answer within 10s")
		s.expect(lines, "login", check.Skip)
		s.expect(lines, "daemon", check.Fail, "no answer within 10s")
		s.expect(lines, "evt folder", check.OK)
		s.expect(lines, "log", check.OK)
	})
}

func (h hanging) Close() error { return nil }

// hangingRead answers Inspect and hangs then.
type hangingRead struct {
	*database
	hanging
}

func (h hangingRead) Inspect(ctx context.Context) (*mssql.Inspection, error) {
	return h.database.Inspect(ctx)
}

func (h hangingRead) ReadAll(ctx context.Context) (*jobmon.Snapshot, error) {
	return h.hanging.ReadAll(ctx)
}

func (h hangingRead) Close() error { return nil }

func TestAReadThatHangs(t *testing.T) {
	s := newSite(t, "JOBMON_SOURCE_TIMEOUT=10s")
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		defer close(until)
		s.options.Source = hangingRead{healthy(), hanging{until}}
		lines := check.Run(t.Context(), s.options)
		s.expect(lines, "database", check.OK)
		s.expect(lines, "rows", check.Fail, "no answer within 10s")
		s.expect(lines, "markers", check.Skip)
		s.expect(lines, "clock", check.OK)
	})
}

func TestStoppedByTheCaller(t *testing.T) {
	s := newSite(t)
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		defer close(until)
		s.options.Source = hanging{until}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		check.Run(ctx, s.options)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// printed are lines of every state, one of them with what a hostile name can hold.
func printed() []check.Line {
	return []check.Line{
		{Check: "configuration", State: check.OK,
			Found: "/etc/jobmon-db/jobmon-db.yaml (4 values), 1 from the environment"},
		{Check: "database", State: check.OK,
			Found: "eXpress at ds01:1433, which calls itself DS01, Microsoft SQL Server 2008 R2 (SP3) - " +
				"10.50.6000.34 (X64)"},
		{Check: "login", State: check.Warn, Found: "sa is in sysadmin; reading is all that is needed",
			Next: "make a login that can only read with configs/readonly-login.sql, and name it in source.dsn"},
		{Check: "table event_schedule", State: check.Fail,
			Found: "[dbo].[event_schedule]: schedule_id int; no column status_code (whether the job waits, runs or " +
				"has ended, and how)", Next: "check that source.tables.event_schedule names the right table"},
		{Check: "stuck rows", State: check.Warn, Found: "2 rows on 1 computer: \x1b[31mPC\u202e <script> Bücher (2)",
			Next: "delete them"},
		{Check: "clock", State: check.Skip, Found: "the database cannot be read"},
	}
}

func TestPrinted(t *testing.T) {
	for name, look := range map[string]term.Options{"pipe": {}, "80": {Width: 80}, "color": {Width: 120, Color: true}} {
		var out bytes.Buffer
		if err := check.Print(&out, printed(), look); err != nil {
			t.Fatal(err)
		}
		golden(t, "table-"+name+".txt", out.Bytes())
	}
	var out bytes.Buffer
	if err := check.PrintJSON(&out, printed()); err != nil {
		t.Fatal(err)
	}
	golden(t, "lines.json", out.Bytes())
	var back []check.Line
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || !slices.Equal(back, printed()) {
		t.Errorf("the JSON gives %+v, %v", back, err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		write(t, path, string(got))
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

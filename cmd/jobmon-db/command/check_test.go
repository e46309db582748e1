package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// checked runs check alone, with this environment and no configuration file.
func checked(t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{env: append([]string{"JOBMON_SITE=DS01"}, env...), stdin: strings.NewReader(""), stdout: &stdout,
		stderr: &stderr}
	c := a.check()
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	if err == nil {
		return outcome{exitOK, stdout.String(), stderr.String()}
	}
	return outcome{exitCode(err), stdout.String(), stderr.String() + err.Error()}
}

// stateOf is what the lines of -o json say of a check.
func stateOf(t *testing.T, got outcome, name string) check.Line {
	t.Helper()
	var lines []check.Line
	if err := json.Unmarshal([]byte(got.stdout), &lines); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	for _, l := range lines {
		if l.Check == name {
			return l
		}
	}
	t.Fatalf("no %q in %+v", name, lines)
	return check.Line{}
}

func TestCheckOnAFreshInstallation(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	got := checked(t, []string{"JOBMON_DATA_DIR=" + dir, "JOBMON_SOURCE_KIND=simulator"})
	if got.code != exitOK || got.stderr != "" || !strings.Contains(got.stdout,
		"\nok    data folder     "+dir+" is not there yet and will be made\n") ||
		!strings.Contains(got.stdout, "\nskip  database        source.kind is simulator\n") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the data folder was made: %v", err)
	}
}

func TestCheckByKeys(t *testing.T) {
	server := tdstest.New(t)
	host, port, _ := strings.Cut(server.Address(), ":")
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(tdstest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"JOBMON_DATA_DIR=" + t.TempDir(), "JOBMON_SOURCE_SERVER=" + host + "," + port,
		"JOBMON_SOURCE_USER=" + tdstest.User,
		"JOBMON_SOURCE_PASSWORD_FILE=" + password, "JOBMON_SOURCE_TLS_ENCRYPT=disable"}
	got := checked(t, env, "-o", "json")
	if line := stateOf(t, got, "database"); line.State != check.Warn ||
		!strings.Contains(line.Found, "encrypt is disable") ||
		!strings.Contains(line.Found, "eXpress at 127.0.0.1:"+port) {
		t.Errorf("%+v %s", line, got.stderr)
	}
	if err := os.Remove(password); err != nil {
		t.Fatal(err)
	}
	got = checked(t, env, "-o", "json")
	if line := stateOf(t, got, "database"); line.State != check.Fail ||
		!strings.Contains(line.Found, "source.password_file") || got.code == exitOK {
		t.Errorf("without its password: %+v, code %d", line, got.code)
	}
}

func TestCheckOnALogThatNobodyUses(t *testing.T) {
	dir := watched(t)
	if err := os.WriteFile(filepath.Join(dir, simulator.StateFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := checked(t, nil, "--data-dir="+dir, "--source-kind=simulator", "-o", "json")
	log := stateOf(t, got, "log")
	if got.code != exitOK || log.State != check.OK || !strings.Contains(log.Found,
		"2026-11-22 13:00:00 to 2026-11-22 13:59:") {
		t.Errorf("%+v", got)
	}
	if l := stateOf(t, got, "daemon"); l.State != check.Warn {
		t.Errorf("%+v", l)
	}
}

func TestCheckBesideARunningDaemon(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	env := []string{"JOBMON_DATA_DIR=" + dir, "JOBMON_SOURCE_KIND=simulator", "JOBMON_SITE=DS01"}
	daemon := start(t, env, "run")
	var got outcome
	eventually(t, func() string { return fmt.Sprintf("the daemon has read: %+v", got) }, func() bool {
		got = checked(t, env, "-o", "json")
		return strings.Contains(stateOf(t, got, "daemon").Found, "last read the source")
	})
	if got.code != exitOK || stateOf(t, got, "log").State != check.OK ||
		stateOf(t, got, "evt folder").State != check.OK || stateOf(t, got, "request folder").State != check.OK {
		t.Errorf("%+v", got)
	}
	daemon.kill() // its word about itself stays, and nobody is fooled
	if got = checked(t, env, "-o", "json"); stateOf(t, got, "daemon").State != check.Warn ||
		!strings.Contains(stateOf(t, got, "log").Found, "event") {
		t.Errorf("%+v", got)
	}
}

func TestCheckExitCodes(t *testing.T) {
	const planted = "Planted-Secret-1"
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "evt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	data := "--data-dir=" + dir
	away := []string{"JOBMON_SOURCE_DSN=sqlserver://reader:" + planted + "@127.0.0.1:1?database=eXpress"}
	for _, c := range []struct {
		env  []string
		args []string
		code int
		said string
	}{
		{[]string{"JOBMON_SOURCE_KIND=simulator"}, []string{data}, exitCheck,
			"2 checks failed: evt folder, request folder"},
		{nil, []string{data}, exitCheck, "3 checks failed: configuration, evt folder, request folder"},
		{away, []string{data}, exitSource, "database"},
		{away, []string{data, "-o", "json"}, exitSource, "database"},
		{[]string{"JOBMON_SOURCE_DSN=sqlserver://reader:" + planted + "%@db01"}, []string{data}, exitSource,
			"database"},
		{nil, []string{data, "-o", "csv"}, exitUsage, "table or json"},
		{[]string{"JOBMON_SOURCE_TIMEOUT=soon"}, []string{data}, exitUsage, "source.timeout"},
		{nil, []string{data, "everything"}, exitUsage, "too many"},
	} {
		got := checked(t, c.env, c.args...)
		if got.code != c.code || !strings.Contains(got.stderr, c.said) {
			t.Errorf("%q %q: %+v", c.env, c.args, got)
		}
		if strings.Contains(got.stdout+got.stderr, planted) {
			t.Errorf("the password is shown: %+v", got)
		}
	}
}

func TestCheckASQLServer(t *testing.T) {
	db := mssqltest.New(t)
	env := []string{"JOBMON_SOURCE_DSN=" + db.DSN(), "JOBMON_DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	got := checked(t, env, "-o", "json")
	if got.code != exitOK || stateOf(t, got, "rows").State != check.OK || stateOf(t, got, "login").State != check.Warn {
		t.Errorf("%+v", got)
	}
	db.AddJob(7, "Office", 0)
	db.AddComputer(5000001, "PC-0001", 0)
	row := db.Schedule(7, 5000001, db.Now())
	path := filepath.Join(t.TempDir(), "site.ndjson")
	if got := checked(t, env, "-o", "json", "--record="+path); got.code != exitOK ||
		stateOf(t, got, "recording").State != check.OK {
		t.Errorf("%+v", got)
	}
	r := load(t, path)
	if tables := r.Tables; len(tables.Rows) != 1 || tables.Rows[0].ID != row || len(tables.Agents) != 1 ||
		tables.Jobs[0].Name != "Office" || r.Server == "" {
		t.Errorf("%+v %+v", r, tables)
	}
	content, err := os.ReadFile(path)
	if password, _ := db.URL().User.Password(); err != nil || strings.Contains(string(content), password) ||
		strings.Contains(string(content), db.URL().Host) {
		t.Errorf("%v, or more than was to be told:\n%s", err, content)
	}
	db.Exec("ALTER TABLE event DROP COLUMN name")
	if got = checked(t, env, "-o", "json"); got.code != exitSource ||
		!strings.Contains(stateOf(t, got, "table event").Found, "no column name") {
		t.Errorf("%+v", got)
	}
}

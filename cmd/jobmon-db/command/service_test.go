package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
	"github.com/jobmon-db/jobmon-db/store"
)

// serviceFile writes a configuration and works in another folder than its own.
func serviceFile(t *testing.T, text string) string {
	t.Helper()
	t.Chdir(t.TempDir()) // what changes the working directory is undone at the end
	path := filepath.Join(t.TempDir(), configs.FileName)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// asService runs what Windows starts, until it is ready and stopped, or ends by itself.
func asService(t *testing.T, args ...string) (ready bool, err error) {
	t.Helper()
	a := &app{env: []string{"JOBMON_SITE=DS01"}, stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	c := a.serviceRun()
	configured := func() (*configs.Config, error) {
		return configs.Load(configs.LoadOptions{File: c.Flags().Lookup("config").Value.String(), Env: a.env,
			Flags: c.Flags()})
	}
	if err := c.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	err = a.serve(ctx, c, "jobmon-db", configured, func() { ready = true; stop() })
	return ready, err
}

func TestServiceRuns(t *testing.T) {
	for name, source := range map[string]string{
		"made up": "{kind: simulator}",
		"away":    "{server: '127.0.0.1:1', user: u, password_file: history/source.password, tls.encrypt: disable}",
	} {
		file := serviceFile(t, "data_dir: history\nsource: "+source+"\n")
		dataDir := filepath.Join(filepath.Dir(file), "history") // beside the configuration, wherever it was started
		if err := os.Mkdir(dataDir, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dataDir, "source.password"), []byte("geheim"), 0o600); err != nil {
			t.Fatal(err)
		}
		ready, err := asService(t, "--config", file)
		if err != nil || !ready {
			t.Fatalf("%s: ready %v, %v", name, ready, err)
		}
		log, err := os.ReadFile(filepath.Join(dataDir, "jobmon-db.log"))
		if err != nil || !bytes.Contains(log, []byte("watching")) || !bytes.Contains(log, []byte("has stopped")) ||
			bytes.Contains(log, []byte("geheim")) {
			t.Errorf("%s: the log says %s, %v", name, log, err)
		}
		if got := jobmondb(t, "replay", "-o", "ndjson", "--data-dir", dataDir); !strings.Contains(got.stdout,
			"daemon-stopped") {
			t.Errorf("%s: the end is not on record: %+v", name, got)
		}
	}
}

func TestServiceSaysWhyNot(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		code       int
	}{
		"a setting that is wrong": {"source: {kind: simulator, timeout: soon}\n", "source.timeout", exitUsage},
		"a key that is none":      {"source: {kind: simulator, tiemout: 5s}\n", "tiemout", exitUsage},
		"no source":               {"site: DS01\n", "source.server", exitUsage},
	} {
		file, dataDir := serviceFile(t, c.text), filepath.Join(t.TempDir(), "data")
		ready, err := asService(t, "--config", file, "--data-dir", dataDir)
		if ready || exitCode(err) != c.code {
			t.Errorf("%s: ready %v, code %d: %v", name, ready, exitCode(err), err)
		}
		if log, err := os.ReadFile(filepath.Join(dataDir, "jobmon-db.log")); !strings.Contains(string(log), c.want) {
			t.Errorf("%s: the log says %q, %v", name, log, err)
		}
	}
}

func TestServiceElsewhere(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are services here")
	}
	file := serviceFile(t, "source: {kind: simulator}\ndata_dir: "+filepath.Join(t.TempDir(), "none")+"\n")
	for _, args := range [][]string{{"install", "--config", file}, {"uninstall"}, {"start"}, {"stop"}, {"restart"},
		{"status"}, {"run", "--config", file}} {
		got := jobmondb(t, append([]string{"service"}, args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, "systemd") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

func TestServiceInstallRefuses(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "letters.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const good = "source: {kind: simulator}\n"
	for name, c := range map[string]struct {
		text string
		args []string
		want string
		code int
	}{
		"no configuration":           {good, []string{"--config", "none.yaml"}, "config init", exitUsage},
		"no source":                  {"site: DS01\n", nil, "source.server", exitUsage},
		"a setting that is wrong":    {"source: {kind: simulator, timeout: soon}\n", nil, "source.timeout", exitUsage},
		"a folder of somebody":       {good, []string{"--data-dir", taken}, "letters.txt", exitNoLog},
		"a password of two lines":    {good, []string{"--password-file", password}, "password-file", exitUsage},
		"a password that is no file": {good, []string{"--password-file", taken + "x"}, "password-file", exitUsage},
		"a password as an argument":  {good, []string{"--password", "geheim"}, "unknown flag", exitUsage},
	} {
		file := serviceFile(t, c.text+"evt.dir: "+filepath.Join(t.TempDir(), "evt")+"\n")
		args := slices.Concat([]string{"service", "install", "--config", file}, c.args)
		if !slices.Contains(c.args, "--data-dir") {
			args = append(args, "--data-dir", filepath.Join(t.TempDir(), "data"))
		}
		got := jobmondb(t, args...)
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || strings.Contains(got.stderr, "geheim") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestGrants(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	file := serviceFile(t, `
data_dir: `+path("data")+`
evt.dir: `+path("evt")+`
backup: {dir: `+path("backup")+`, every: 24h}
endpoint.allow: 'EXAMPLE\ds'
source: {server: ds01, user: reader, password_file: `+path("password")+`}
fleet: {site: DS01, nats: 'nats://hub:4222', credentials: `+path("ds01.nk")+`, tls: {ca: `+path("ca.pem")+`}}
http: {listen: 127.0.0.1:0, tls: {cert: `+path("cert.pem")+`, key: `+path("key.pem")+`}}
`)
	config, err := configs.Load(configs.LoadOptions{File: file})
	if err != nil {
		t.Fatal(err)
	}
	want := []winservice.Grant{
		{Path: path("program"), Right: winservice.Read, Trusted: true},
		{Path: path("data"), Right: winservice.Modify, Folder: true, Private: true},
		{Path: file, Right: winservice.Read, Private: true},
		{Path: path("evt"), Right: winservice.Modify, Folder: true},
		{Path: path("backup"), Right: winservice.Modify, Folder: true},
		{Path: path("password"), Right: winservice.Read, Trusted: true},
		{Path: path("ds01.nk"), Right: winservice.Read, Trusted: true},
		{Path: path("ca.pem"), Right: winservice.Read, Trusted: true},
		{Path: path("cert.pem"), Right: winservice.Read, Trusted: true},
		{Path: path("key.pem"), Right: winservice.Read, Trusted: true},
		{Path: file, Right: winservice.Read, For: `EXAMPLE\ds`},
		{Path: path("evt"), Right: winservice.Read, For: `EXAMPLE\ds`},
		{Path: filepath.Join(path("evt"), "requests"), Right: winservice.Modify, Folder: true, For: `EXAMPLE\ds`},
	}
	if got := grants(config, path("program"), file); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	config.Source.Password = "geheim"
	for _, g := range grants(config, path("program"), file) {
		if g.Path == file && g.For != "" {
			t.Errorf("a file with a password in it is given to %s", g.For)
		}
	}
}

func TestPurge(t *testing.T) {
	dir := t.TempDir()
	config := &configs.Config{DataDir: filepath.Join(dir, "data"), Evt: configs.Evt{Dir: filepath.Join(dir, "evt [1]")}}
	file := serviceFile(t, "source: {kind: simulator}\nsimulator.speed: 600\n")
	if _, err := asService(t, "--config", file, "--data-dir", config.DataDir, "--evt-dir", config.Evt.Dir); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(config.Evt.Dir, "7.evt")
	if err := os.WriteFile(foreign, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := leaveStopped(config, refreshOptions{computer: "5000001", job: "(JM) Ready"}); err != nil {
		t.Fatal(err)
	}
	if err := purge(config); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(config.Evt.Dir); err != nil || len(left) != 1 || left[0].Name() != "7.evt" {
		t.Errorf("left is %v, %v", left, err)
	}
	if _, err := os.Stat(config.DataDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data folder is still there: %v", err)
	}
	other := &configs.Config{DataDir: config.Evt.Dir, Evt: config.Evt}
	if err := purge(other); !errors.Is(err, store.ErrNotOurs) {
		t.Errorf("a folder of somebody else: %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

func TestExitCodesOfServices(t *testing.T) {
	for err, want := range map[error]int{
		winservice.ErrDenied:                            exitElevate,
		winservice.ErrNotInstalled:                      exitNoService,
		winservice.ErrAccount:                           exitUsage,
		winservice.ErrAnother:                           exitUsage,
		winservice.ErrMarked:                            exitFailed,
		winservice.ErrTimeout:                           exitFailed,
		errNotRunning:                                   exitNoDaemon,
		&winservice.EndedError{Code: exitLocked}:        exitLocked,
		&winservice.EndedError{Code: 3_221_225_786}:     exitFailed,
		&winservice.EndedError{System: "Access denied"}: exitFailed,
		&check.Error{Source: true}:                      exitSource,
	} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

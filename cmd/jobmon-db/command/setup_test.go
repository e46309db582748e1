package command

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// freshSite is a database and the folders of an installation that is yet to come.
type freshSite struct {
	*tdstest.Server
	t                    *testing.T
	dir, path, data, evt string
	comma                string // the address as SQL Server writes it
}

func newFreshSite(t *testing.T) *freshSite {
	needsNoElevation(t)
	server := tdstest.New(t)
	server.Change(func(tables *tdstest.Tables) {
		tables.Insert("event", 10, nil, "Office", nil)
		tables.Insert("event", 11, nil, "01. (JM) Office", nil)
		tables.Insert("computer", 5000001, nil, "PC-0001", "PC-0001")
		tables.Insert("event_schedule", 1, 11, 5000001, -1, nil)
		tables.Insert("event_schedule", 2, 10, 5000001, nil, nil)
	})
	dir := t.TempDir()
	host, port, _ := strings.Cut(server.Address(), ":")
	return &freshSite{server, t, dir, filepath.Join(dir, "etc", "jobmon-db.yaml"), filepath.Join(dir, "data"),
		filepath.Join(dir, "share"), host + "," + port}
}

// setup runs it unattended, with this password on standard input.
func (n *freshSite) setup(password string, more ...string) outcome {
	n.t.Helper()
	var stdout, stderr bytes.Buffer
	args := append([]string{"setup", "--config=" + n.path, "--site=DS01", "--data-dir=" + n.data, "--evt-dir=" + n.evt,
		"--source-server=" + n.comma,
		"--source-user=" + tdstest.User, "--source-tls-encrypt=disable", "--no-service", "--password-file=-"}, more...)
	code := Main(n.t.Context(), args, nil, strings.NewReader(password+"\n"), &stdout, &stderr)
	got := outcome{code, stdout.String(), stderr.String()}
	if strings.Contains(got.stdout+got.stderr, password) {
		n.t.Errorf("the password is shown: %+v", got)
	}
	return got
}

// untouched expects that nothing was made.
func (n *freshSite) untouched() {
	n.t.Helper()
	if entries, err := os.ReadDir(n.dir); err != nil || len(entries) != 0 {
		n.t.Errorf("left behind: %v, %v", entries, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestSetupUnattended(t *testing.T) {
	n := newFreshSite(t)
	if got := n.setup(tdstest.Password, "--dry-run"); got.code != exitOK ||
		!strings.Contains(got.stdout, "Nothing was done") || !strings.Contains(got.stdout, "source.server: "+n.comma) {
		t.Errorf("%+v", got)
	}
	n.untouched()
	got := n.setup(tdstest.Password, "--yes")
	if got.code != exitOK || !strings.Contains(got.stdout, n.path+" is written") ||
		!strings.Contains(got.stdout, "jobmon-db run --config "+n.path) {
		t.Fatalf("%+v", got)
	}
	content := read(t, n.path)
	if strings.Contains(content, tdstest.Password) || !strings.Contains(content, "  #poll_interval: 5s") ||
		!strings.Contains(content, "  user: '"+tdstest.User+"'") {
		t.Errorf("written:\n%s", content)
	}
	if info, err := os.Stat(filepath.Join(filepath.Dir(n.path), secretKey)); err != nil || runtime.GOOS != "windows" &&
		info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if got := checked(t, nil, "--config="+n.path, "-o", "json"); stateOf(t, got, "rows").State != "ok" ||
		stateOf(t, got, "database").State == "fail" {
		t.Errorf("%+v", got)
	}
	got = n.setup(tdstest.Password, "--yes")
	if again := read(t, n.path); got.code != exitOK || again != content ||
		!strings.Contains(got.stdout, "stays as it is") {
		t.Errorf("repeated: %+v", got)
	}
	// What is configured need not be given again.
	var stdout, stderr bytes.Buffer
	if code := Main(t.Context(), []string{"setup", "--yes", "--no-service", "--config=" + n.path}, nil,
		strings.NewReader(""), &stdout, &stderr); code != exitOK || read(t, n.path) != content {
		t.Errorf("%d %s %s", code, &stdout, &stderr)
	}
}

func TestSetupThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		password string
		args     []string
		code     int
		said     string
	}{
		"wrong password":     {"Wrong-One-1", nil, exitSource, "database"},
		"unreachable server": {tdstest.Password, []string{"--source-server=127.0.0.1,1"}, exitSource, "127.0.0.1"},
		"not allowed":        {tdstest.Password, []string{"--source-tls-min=9"}, exitUsage, "source.tls.min"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newFreshSite(t)
			got := n.setup(c.password, append(c.args, "--yes")...)
			if got.code != c.code || !strings.Contains(got.stderr, c.said) {
				t.Errorf("%+v", got)
			}
			n.untouched()
		})
	}
	t.Run("a share that cannot be written", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("needs a folder that nobody can write to: Linux has /proc")
		}
		n := newFreshSite(t)
		if got := n.setup(tdstest.Password, "--yes", "--evt-dir=/proc"); got.code != exitCheck ||
			!strings.Contains(got.stderr, "/proc") || !strings.Contains(got.stderr, "nothing was written") {
			t.Errorf("%+v", got)
		}
		n.untouched()
		n.path = "/proc/jobmon-db.yaml"
		if got := n.setup(tdstest.Password, "--yes"); got.code == exitOK ||
			!strings.Contains(got.stderr, "write the ") {
			t.Errorf("a folder of the configuration that cannot be written: %+v", got)
		}
		n.untouched()
	})
	t.Run("nothing is given", func(t *testing.T) {
		n := newFreshSite(t)
		var stdout, stderr bytes.Buffer
		code := Main(t.Context(), []string{"setup", "--config=" + n.path}, nil, strings.NewReader(""), &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), "--source-server") ||
			!strings.Contains(stderr.String(), "--yes") || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%d %s", code, &stderr)
		}
		n.untouched()
	})
}

// A configuration that somebody wrote stays, but for what is said to change.
func TestSetupWithAConfiguration(t *testing.T) {
	n := newFreshSite(t)
	if err := os.MkdirAll(filepath.Dir(n.path), 0o755); err != nil {
		t.Fatal(err)
	}
	before := "# ours\nsource:\n  server: old-server # retired\n  user: reader\n  password: Old-Secret-7\n  " +
		"database: eXpress\njobs:\n  success: [0, 3010]\n"
	if err := os.WriteFile(n.path, []byte(before), 0o640); err != nil {
		t.Fatal(err)
	}
	if got := n.setup("Wrong-One-1", "--yes"); got.code != exitSource || read(t, n.path) != before {
		t.Errorf("%+v", got)
	}
	got := n.setup(tdstest.Password, "--yes")
	after := read(t, n.path)
	if got.code != exitOK || !strings.Contains(got.stdout, "source.server: "+n.comma+", now old-server") ||
		strings.Contains(got.stdout, "jobs.success") || strings.Contains(got.stdout, "Old-Secret-7") {
		t.Errorf("%+v", got)
	}
	if !strings.HasPrefix(after, "# ours\nsource:\n  server: '"+n.comma+"' # retired\n") ||
		!strings.Contains(after, "success: [0, 3010]") {
		t.Errorf("%s", after)
	}
	if info, err := os.Stat(n.path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("%v %v", info, err)
	}
	// Windows PowerShell 5.1 writes UTF-16 for `config init > jobmon-db.yaml`.
	unit := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(configs.Example()) + "# Zürich\r\n")) {
		unit = binary.LittleEndian.AppendUint16(unit, u)
	}
	if err := os.WriteFile(n.path, unit, 0o640); err != nil {
		t.Fatal(err)
	}
	after = ""
	if got = n.setup(tdstest.Password, "--yes"); got.code == exitOK {
		after = read(t, n.path)
	}
	if !strings.Contains(after, "\n  server: '"+n.comma+"'\n") || !strings.Contains(after, "# Zürich") {
		t.Errorf("UTF-16: %+v\n%s", got, after)
	}
	if err := os.WriteFile(n.path, []byte("sites: DS01\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if got := n.setup(tdstest.Password, "--yes"); got.code != exitUsage ||
		!strings.Contains(got.stderr, `did you mean "site"`) || read(t, n.path) != "sites: DS01\n" {
		t.Errorf("one with a mistake: %+v", got)
	}
}

// answers are somebody who answers in this order; "" is the default.
type answers struct {
	t     *testing.T
	list  []string
	asked []string
}

func (a *answers) line(_ context.Context, prompt, def string) (string, error) {
	a.asked = append(a.asked, prompt)
	if len(a.list) == 0 {
		return "", errStopped
	}
	answer := a.list[0]
	a.list = a.list[1:]
	if answer == "" {
		return def, nil
	}
	return answer, nil
}

func (a *answers) secret(ctx context.Context, prompt string) (string, error) {
	return a.line(ctx, prompt, "")
}

// process is a host that runs the daemon beside the test.
type processHost struct {
	t        *testing.T
	broken   string // the step that fails
	daemon   *process
	path     string
	prepared int
}

func (h *processHost) name() string    { return "a process" }
func (h *processHost) account() string { return "" }
func (h *processHost) fails(step string) error {
	if h.broken == step {
		return errors.New("broken on purpose")
	}
	return nil
}
func (h *processHost) prepare(context.Context) error { h.prepared++; return h.fails("prepare") }
func (h *processHost) install(_ context.Context, _ *configs.Config, path string) error {
	h.path = path
	return h.fails("install")
}
func (h *processHost) start(context.Context) error {
	if err := h.fails("start"); err != nil {
		return err
	}
	if h.daemon == nil {
		h.daemon = start(h.t, nil, "run", "--config", h.path)
	}
	return nil
}

func (n *freshSite) asking(list ...string) (*setup, *answers, *bytes.Buffer) {
	var out bytes.Buffer
	who := &answers{t: n.t, list: list}
	return &setup{app: &app{stdin: strings.NewReader(""), stdout: &out, stderr: &out}, path: n.path,
		settings: map[string]string{"site": "DS01"}, ask: who}, who, &out
}

// Somebody types a wrong password and a folder that cannot be, and then the right ones; the service then shows what it
// read.
func TestSetupAsks(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a folder that nobody can write to: Linux has /proc")
	}
	n := newFreshSite(t)
	s, who, out := n.asking(none, "two words", n.comma, "", "perhaps", "disable", none, tdstest.User, "", "Wrong-One-1",
		"", "", "", "", tdstest.Password, n.data, `\\DS01\eXpress`, "/proc/evt", "", n.evt, "perhaps", "")
	h := &processHost{t: t}
	s.host = h
	if err := s.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s\n%q", err, out, who.asked)
	}
	for _, said := range []string{"First read: 1 computers, 1 deployments under way", "PC-0001",
		filepath.Join(n.evt, "5000001.evt"), "Give other answers", "source.tls.encrypt",
		"A server is needed", `"two words" is not allowed`, "A login is needed", "password is needed", "mounted " +
			"first", "Answer yes or no"} {
		if !strings.Contains(out.String(), said) {
			t.Errorf("not said: %s\n%s", said, out)
		}
	}
	if strings.Contains(out.String(), tdstest.Password) || len(who.list) != 0 {
		t.Errorf("left: %q\n%s", who.list, out)
	}
	h.daemon.stop()
	if strings.Contains(h.daemon.stderr.String(), tdstest.Password) {
		t.Error("the daemon shows the password")
	}
	notIn(t, n.data, tdstest.Password)
	notIn(t, n.evt, tdstest.Password)
}

// README's trial: a file that names the simulator. Enter keeps it, a server takes its place, and never in the same
// folders.
func TestSetupAfterATrial(t *testing.T) {
	n := newFreshSite(t)
	if err := os.MkdirAll(filepath.Dir(n.path), 0o755); err != nil {
		t.Fatal(err)
	}
	const trial = "# a trial\nsource: {kind: simulator} # made up\n"
	again := func(answers ...string) (string, error) {
		s, who, out := n.asking(answers...)
		s.before, s.settings = []byte(read(t, n.path)), map[string]string{}
		err := s.run(t.Context())
		if len(who.list) != 0 {
			t.Errorf("left: %q\n%s", who.list, out)
		}
		return out.String(), err
	}
	if err := os.WriteFile(n.path, []byte(trial), 0o640); err != nil {
		t.Fatal(err)
	}
	if out, err := again("", n.data, "", ""); err != nil || !strings.Contains(out, "Press Enter to keep that") ||
		read(t, n.path) != trial+"data_dir: '"+n.data+"'\n" {
		t.Fatalf("%v\n%s\n%s", err, out, read(t, n.path))
	}
	jobmondb(t, "demo", "--for=1s", "--speed=600", "--computers=1", "--data-dir="+n.data)
	real := filepath.Join(n.dir, "real")
	out, err := again(n.comma, "", "disable", tdstest.User, tdstest.Password, "", "", real, "", "")
	want := trial[:len("# a trial\nsource: {kind: ")] + "'sqlserver', server: '" + n.comma + "', user: '" +
		tdstest.User + "', "
	if err != nil || !strings.Contains(out, "holds the history of a made-up") ||
		!strings.HasPrefix(read(t, n.path), want) ||
		!strings.Contains(read(t, n.path), "# made up\ndata_dir: '"+real+"'\n") {
		t.Errorf("%v\n%s\n%s", err, out, read(t, n.path))
	}
}

func TestSetupStopped(t *testing.T) {
	n := newFreshSite(t)
	s, _, out := n.asking(n.comma, "", "disable", tdstest.User, tdstest.Password, n.data, n.evt, "no")
	if err := s.run(t.Context()); err != nil || !strings.Contains(out.String(), "Nothing was done.") {
		t.Errorf("%v %s", err, out)
	}
	n.untouched()
	s, _, _ = n.asking(n.comma)
	if err := s.run(t.Context()); !errors.Is(err, errStopped) {
		t.Errorf("%v", err)
	}
	n.untouched()
}

// Each step that fails is named, and done by the next run.
func TestSetupStepByStep(t *testing.T) {
	n := newFreshSite(t)
	for i, broken := range []string{"prepare", "install", "start", ""} {
		s, _, out := n.asking()
		s.ask, s.password = nil, tdstest.Password
		s.yes = true
		for key, text := range map[string]string{"source.server": n.comma, "source.user": tdstest.User,
			"source.tls.encrypt": "disable", "data_dir": n.data, "evt.dir": n.evt} {
			s.settings[key] = text
		}
		if content, err := os.ReadFile(n.path); err == nil {
			s.before = content
		}
		h := &processHost{t: t, broken: broken}
		s.host = h
		err := s.run(t.Context())
		if broken == "" {
			if err != nil || !strings.Contains(out.String(), "First read:") {
				t.Errorf("%v\n%s", err, out)
			}
			h.daemon.stop()
			break
		}
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("step %d of 5", []int{1, 3, 4}[i])) ||
			!strings.Contains(err.Error(), "next: ") {
			t.Errorf("%s: %v", broken, err)
		}
		if _, missing := os.Stat(n.path); (missing == nil) != (broken != "prepare") {
			t.Errorf("%s: the configuration: %v", broken, missing)
		}
	}
}

package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// reloading is a reloader over a file, whose changes are kept instead of made.
type reloading struct {
	*reloader
	t     *testing.T
	file  string
	log   sharedLog
	paces []ingest.Pace
}

// sharedLog is written by one goroutine and read by another.
type sharedLog struct {
	sync.Mutex
	bytes.Buffer
}

func (l *sharedLog) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(p)
}

// handOver orders what this goroutine did before what the next holder of the lock does.
func handOver(l sync.Locker) {
	l.Lock()
	defer l.Unlock()
}

func newReloading(t *testing.T, text string) *reloading {
	t.Helper()
	r := &reloading{t: t, file: filepath.Join(t.TempDir(), "jobmon-db.yaml")}
	r.write(text)
	load := func() (*configs.Config, error) { return configs.Load(configs.LoadOptions{File: r.file}) }
	config, err := load()
	if err != nil {
		t.Fatal(err)
	}
	level := newLogLevel(config.Log.Level)
	r.reloader = &reloader{
		again: again{load: load}, running: config, file: r.file, level: level,
		logger: level.governs(zerolog.New(&r.log)), form: jobmon.Form{Template: "x"},
		change: func(_ context.Context, pace ingest.Pace) error { r.paces = append(r.paces, pace); return nil },
	}
	return r
}

func (r *reloading) write(text string) {
	r.t.Helper()
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

const sourced = "site: DS01\nsource: {server: ds, user: reader, password: Planted1, poll_interval: 5s}\n"

func TestReload(t *testing.T) {
	ask := control.ReloadRequest{}
	t.Run("good", func(t *testing.T) {
		r := newReloading(t, sourced)
		r.write(sourced + "jobs: {success: [0, 3010]}\nlog: {level: error}\nsource.reconcile: 1m\n")
		if got := r.reload(t.Context(), control.ReloadRequest{DryRun: true}); len(got.Changed) != 3 ||
			len(r.paces) != 0 || r.log.Len() != 0 {
			t.Fatalf("%+v, %d changes, %s", got, len(r.paces), &r.log)
		}
		got := r.reload(t.Context(), ask)
		if !got.Taken() || len(got.Changed) != 3 || got.Changed[1] != (control.Setting{Key: "jobs.success", Old: "0",
			New: "0, 3010"}) {
			t.Errorf("%+v", got)
		}
		if len(r.paces) != 1 || len(r.paces[0].Settings.Success) != 2 || r.paces[0].Reconcile != time.Minute ||
			r.paces[0].Settings.Form.Template != "x" {
			t.Errorf("%+v", r.paces)
		}
		if !strings.Contains(r.log.String(), "jobs.success") {
			t.Errorf("the log does not say what changed: %s", &r.log)
		}
		r.log.Reset()
		r.logger.Warn().Msg("less than error")
		if r.log.Len() != 0 {
			t.Errorf("log.level is not in force: %s", &r.log)
		}
		if got := r.reload(t.Context(), ask); len(got.Changed) != 0 || len(r.paces) != 1 {
			t.Errorf("the second time: %+v", got)
		}
	})
	for name, c := range map[string]struct{ text, problem, restart string }{
		"one bad value":  {sourced + "jobs: {success: [0, 3010], marker: '('}\n", "jobs.marker", ""},
		"no YAML":        {"site: [", "is not YAML", ""},
		"an unknown key": {sourced + "session: {gapp: 1h, late: 5s}\n", "session.gap", ""},
		"another server": {strings.Replace(sourced, "server: ds", "server: other", 1) +
			"session: {late: 5s}\n", "", "source.server"},
		"another password": {strings.Replace(sourced, "Planted1", "Planted2", 1), "", "source.password"},
		"another folder and HTTP": {sourced + "data_dir: /elsewhere\nhttp: {listen: '127.0.0.1:1'}\n", "",
			"data_dir, evt.dir, http.listen"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReloading(t, sourced)
			before := r.running
			r.write(c.text)
			got := r.reload(t.Context(), ask)
			if got.Taken() || len(r.paces) != 0 || r.running != before {
				t.Fatalf("something was taken up: %+v", got)
			}
			if !strings.Contains(strings.Join(got.Problems, "\n"), c.problem) ||
				strings.Join(keysOf(got.Restart), ", ") != c.restart {
				t.Errorf("answered: %+v", got)
			}
			if text := r.log.String(); !strings.Contains(text, c.problem) || !strings.Contains(text, c.restart) {
				t.Errorf("logged: %s", text)
			}
			answer, err := json.Marshal(got)
			if err != nil || strings.Contains(r.log.String()+string(answer), "Planted") {
				t.Errorf("the password is shown, or %v: %s %s", err, answer, &r.log)
			}
		})
	}
	t.Run("the log cannot be written", func(t *testing.T) {
		r := newReloading(t, sourced)
		r.change = func(context.Context, ingest.Pace) error { return errors.New("disk full") }
		r.write(sourced + "names: {hide: true}\n")
		if got := r.reload(t.Context(), ask); got.Waits != "disk full" || !r.running.Names.Hide {
			t.Errorf("%+v", got)
		}
	})
}

// What changes between the start's look at the file and the first one of the watch is no less a change.
func TestAChangeDuringTheStartIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReloading(t, sourced)
		r.write(sourced + "names: {hide: true}\n")
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.watch(ctx); close(done) }()
		time.Sleep(3 * lookAtFile)
		stop()
		<-done
		if len(r.paces) != 1 || !r.running.Names.Hide {
			t.Errorf("%+v", r.paces)
		}
	})
}

// The file is taken once it has changed and rests; what is written in pieces is not read before it is whole.
func TestTheFileIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReloading(t, sourced)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.watch(ctx); close(done) }()
		pass := func(d time.Duration) {
			handOver(&r.mu)
			handOver(&r.log)
			time.Sleep(d)
			synctest.Wait()
		}
		pass(time.Minute)
		if len(r.paces) != 0 || r.log.Len() != 0 {
			t.Fatalf("nothing has changed: %s", &r.log)
		}
		text := sourced + "session: {gap: 1h}\n"
		for i := 1; i <= 20; i++ {
			r.write(text[:len(text)*i/20])
			pass(2 * time.Second)
		}
		if len(r.paces) != 0 || r.log.Len() != 0 {
			t.Errorf("half a file was read: %+v %s", r.paces, &r.log)
		}
		pass(3 * lookAtFile)
		if len(r.paces) != 1 || r.paces[0].Settings.Gap != time.Hour {
			t.Errorf("%+v", r.paces)
		}
		if err := os.Remove(r.file); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if n := strings.Count(r.log.String(), "is gone"); n != 1 || r.running.Session.Gap != time.Hour {
			t.Errorf("said %d times that the file is gone: %s", n, &r.log)
		}
		r.write(sourced)
		pass(time.Minute)
		if len(r.paces) != 2 || r.paces[1].Settings.Gap != 30*time.Minute {
			t.Errorf("%+v", r.paces)
		}
		stop()
		<-done
	})
}

// A running daemon takes up its file by command, by itself and at a hangup, and nothing that it says or writes holds
// its password.
func TestReloadOfARunningDaemon(t *testing.T) {
	needsNoElevation(t)
	const planted = tdstest.Password
	server := tdstest.New(t)
	host, port, _ := strings.Cut(server.Address(), ":")
	dir, address := t.TempDir(), freeAddress(t)
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "jobmon-db.yaml")
	write := func(more string) {
		t.Helper()
		text := fmt.Sprintf("site: DS01\ndata_dir: '%s'\nhttp: {listen: '%s'}\nsource: {server: '%s,%s', user: %s, "+
			"password: '%s', poll_interval: 250ms, tls: {encrypt: disable}}\n%s",
			data, address, host, port, tdstest.User, planted, more)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	var said strings.Builder
	do := func(args ...string) outcome {
		got := jobmondb(t, append(args, "--config="+file)...)
		said.WriteString(got.stdout + got.stderr)
		return got
	}
	daemon := start(t, nil, "run", "--config", file, "--log-level=trace")
	eventually(t, func() string { return "the daemon has read" }, func() bool {
		got := checked(t, nil, "--config="+file, "-o", "json")
		return strings.Contains(stateOf(t, got, "daemon").Found, "last read the source")
	})

	write("jobs: {marker: '(JM'}\n")
	if got := do("config", "reload"); got.code != exitUsage || !strings.Contains(got.stderr, "jobs.marker") {
		t.Errorf("a bad file: %+v", got)
	}
	write("jobs: {success: [0, 3010]}\nevt: {takeover: true}\n")
	if got := do("config", "reload", "--dry-run"); got.code != exitRestart ||
		!strings.Contains(got.stdout, "jobs.success") || !strings.Contains(got.stderr, "evt.takeover") {
		t.Errorf("one that needs a new start: %+v", got)
	}
	got := checked(t, nil, "--config="+file, "-o", "json")
	if line := stateOf(t, got, "daemon"); line.State != check.Warn || !strings.Contains(line.Found, "evt.takeover") {
		t.Errorf("%+v", line)
	}
	said.WriteString(got.stdout + got.stderr)

	write("jobs: {success: [0, 3010]}\n")
	// The daemon may have been the first to see it.
	if got := do("config", "reload"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	if got := do("replay", "--kind", "configured"); strings.Count(got.stdout, "settings changed") != 2 {
		t.Errorf("the change is not on record: %+v", got)
	}
	write("names: {hide: true}\n")
	if runtime.GOOS != "windows" {
		if err := daemon.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() string { return "a third record" }, func() bool {
		return strings.Count(do("replay", "--kind", "configured").stdout, "settings changed") == 3
	})
	if got := do("config", "reload"); got.code != exitOK || !strings.Contains(got.stdout, "already") {
		t.Errorf("%+v", got)
	}
	do("config", "show")
	do("status")
	do("export")
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		response, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || len(body) == 0 {
			t.Errorf("%s: %q, %v", path, body, err)
		}
		said.Write(body)
	}
	daemon.stop()
	said.WriteString(daemon.stderr.String())
	if strings.Contains(said.String(), planted) {
		t.Errorf("the password is shown:\n%s", said.String())
	}
	if !strings.Contains(daemon.stderr.String(), `"key":"jobs.success"`) {
		t.Errorf("the daemon does not say what changed: %s", daemon.stderr.String())
	}
	notIn(t, data, planted)
}

// notIn looks through all files below the folder.
func notIn(t *testing.T, dir, planted string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(planted)) {
			t.Errorf("%s holds the password", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

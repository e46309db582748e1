package command

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/winetest"
)

// programFolder is where the program lies on the computer, and its path there.
const (
	programPath = `C:\Program Files\jobmon-db\jobmon-db.exe`
	tryOut      = "source: {kind: simulator, poll_interval: 250ms}\nsimulator.speed: 60\n"
)

var programFolder = []string{"Program Files", "jobmon-db"}

// computer is a Windows with the program on it.
type computer struct {
	*winetest.Windows
	t *testing.T
}

// jobmondb runs the program and expects that exit code, and all those words in what it says.
func (w *computer) jobmondb(code int, args []string, words ...string) winetest.Result {
	w.t.Helper()
	got := w.Run(programPath, args...)
	if got.Code != code {
		w.t.Fatalf("%q ends with %d, want %d:\n%s%s", args, got.Code, code, got.Stdout, got.Stderr)
	}
	for _, word := range words {
		if !strings.Contains(got.Stdout+got.Stderr, word) {
			w.t.Fatalf("%q does not say %q:\n%s%s", args, word, got.Stdout, got.Stderr)
		}
	}
	return got
}

func (w *computer) service(code int, args string, words ...string) winetest.Result {
	w.t.Helper()
	return w.jobmondb(code, append([]string{"service"}, strings.Fields(args)...), words...)
}

// configure writes the configuration in its standard place.
func (w *computer) configure(text string) {
	w.t.Helper()
	path := w.C("ProgramData", "jobmon-db", "jobmon-db.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *computer) read(path ...string) string {
	w.t.Helper()
	text, err := os.ReadFile(w.C(path...))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// state is what service status says.
func (w *computer) state(code int) (status struct {
	State    string
	PID      int
	ExitCode int `json:"exit_code"`
	Command  []string
}) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.service(code, "status -o json").Stdout), &status); err != nil {
		w.t.Fatal(err)
	}
	return status
}

// TestWine does with the program what an administrator does, on one new computer: setting one up takes long.
func TestWine(t *testing.T) {
	w := &computer{winetest.New(t), t}
	w.Build("github.com/jobmon-db/jobmon-db/cmd/jobmon-db", append(programFolder, "jobmon-db.exe")...)
	demonstrated(w)
	refused(w)
	installed(w)
	asked(w)
	held(w)
	replaced(w)
	stopped(w)
	taken(w)
	misconfigured(w)
	removed(w)
	gathered(w)
}

// demonstrated: the demo leaves files, and the log says the same.
func demonstrated(w *computer) {
	w.jobmondb(exitOK, []string{"demo", "--for", "8s", "--speed", "600", "--data-dir", `C:\demo`, "--evt-dir",
		`C:\demo\evt`})
	files, err := filepath.Glob(w.C("demo", "evt", "*.evt"))
	if err != nil || len(files) < 8 {
		w.t.Errorf("%d files for 8 computers, %v", len(files), err)
	}
	shown := w.jobmondb(exitOK, []string{"replay", "show", "id:5000001", "--data-dir", `C:\demo`, "-o", "evt"}).Stdout
	if file := strings.ReplaceAll(w.read("demo", "evt", "5000001.evt"), "\r\n", "\n"); file != shown {
		w.t.Errorf("the file holds\n%sand the log says\n%s", file, shown)
	}
	w.jobmondb(exitOK, []string{"verify", "--data-dir", `C:\demo`, "--evt-dir", `C:\demo\evt`})
}

// refused: what cannot be installed leaves nothing behind.
func refused(w *computer) {
	w.service(exitNoService, "status", "service install")
	w.service(exitNoService, "start")
	w.service(exitUsage, "install", "config init")
	w.configure("site: DS01\n")
	w.service(exitUsage, "install", "source.server")
	w.configure(tryOut)
	w.service(exitUsage, `install --account NOWHERE\nobody`, `NOWHERE\nobody`)
	w.service(exitFailed, `install --name a/b --evt-dir C:\elsewhere\evt`)
	w.service(exitNoService, "status")
	for _, path := range []string{`C:\elsewhere`, `C:\ProgramData\jobmon-db\evt`} {
		if w.exists(path) {
			w.t.Errorf("an installation that failed leaves %s", path)
		}
	}
}

// installed: the service is registered, again, and runs.
func installed(w *computer) {
	w.service(exitOK, "install", "is installed", `NT SERVICE\jobmon-db`, `modify  C:\ProgramData\jobmon-db `)
	if s := w.state(exitNoDaemon); s.State != "stopped" || s.Command[0] != programPath {
		w.t.Errorf("%+v", s)
	}
	w.service(exitOK, "install", "is up to date")
	w.service(exitOK, "start", "runs.")
	if s := w.state(exitOK); s.State != "running" || s.PID == 0 {
		w.t.Errorf("%+v", s)
	}
	w.service(exitOK, "start", "runs already")
	w.service(exitUsage, "run", "jobmon-db run") // not in a console
}

// asked: the service answers over its pipe, and nobody else gets the log.
func asked(w *computer) {
	w.jobmondb(exitOK, []string{"status"}, "PC-0001", "was last read")
	w.jobmondb(exitOK, []string{"refresh", "5000001", "--job", "(JM) Ready"}, "5000001.evt", "fresh at")
	w.jobmondb(exitOK, []string{"check"}, "data folder (owned by ", "request folder (", "pipe for SYSTEM")
	w.jobmondb(exitLocked, []string{"run"}, "service run", "stop it first")
	w.jobmondb(exitOK, []string{"verify"})
}

// held: a file that somebody holds open is replaced when it is let go, and not before.
func held(w *computer) {
	file := []string{"ProgramData", "jobmon-db", "evt", "5000001.evt"}
	w.Build("github.com/jobmon-db/jobmon-db/internal/winetest/holder", "holder.exe")
	letGo := w.Begin(`C:\holder.exe`, `C:\`+strings.Join(file, `\`))
	before := w.read(file...)
	w.jobmondb(exitFailed, []string{"refresh", "5000001", "--job", "while it is held"}, "was not written")
	if now := w.read(file...); now != before {
		w.t.Errorf("a file that is held was replaced:\n%s%s", before, now)
	}
	letGo()
	w.jobmondb(exitOK, []string{"refresh", "5000001", "--job", "let go"}, "fresh at")
	if now := w.read(file...); now == before {
		w.t.Errorf("a file that was let go is still the old one:\n%s", now)
	}
}

// replaced: a new program takes the place of the one that runs, with the next start.
func replaced(w *computer) {
	first := w.state(exitOK)
	w.Run("cmd", "/c", "del", programPath)
	if !w.exists(programPath) {
		w.t.Error("the program that runs could be deleted")
	}
	old := strings.Replace(programPath, ".exe", ".old.exe", 1)
	w.Run("cmd", "/c", "move", programPath, old)
	w.Build("github.com/jobmon-db/jobmon-db/cmd/jobmon-db", append(programFolder, "jobmon-db.exe")...)
	w.service(exitOK, "restart", "is stopped", "runs.")
	if s := w.state(exitOK); s.PID == first.PID {
		w.t.Errorf("process %d goes on", s.PID)
	}
	w.Run("cmd", "/c", "del", old)
	if w.exists(old) {
		w.t.Error("the old program still runs after the restart")
	}
}

// stopped: the end is on record, in the history and in the messages.
func stopped(w *computer) {
	w.service(exitOK, "stop", "is stopped")
	w.service(exitOK, "stop", "did not run")
	w.service(exitNoDaemon, "status", "stopped", "service start")
	history := w.jobmondb(exitOK, []string{"replay", "-o", "ndjson"}).Stdout
	if started, stopped := strings.Count(history, `"daemon-started"`), strings.Count(history,
		`"daemon-stopped"`); started != 2 || stopped != 2 {
		w.t.Errorf("%d starts and %d ends are on record, want 2 each", started, stopped)
	}
	w.logged("the service has stopped")
}

// taken: another program has the name of the pipe. The service watches all the same, and takes the name when it is
// free.
func taken(w *computer) {
	sum := sha256.Sum256([]byte(`c:\programdata\jobmon-db`))
	letGo := w.Begin(`C:\holder.exe`, fmt.Sprintf(`\\.\pipe\jobmon-db-%x`, sum[:8]))
	w.service(exitOK, "start", "runs.")
	w.logged("commands cannot reach this daemon")
	w.jobmondb(exitNoDaemon, []string{"refresh", "5000001"}, "daemon")
	letGo()
	eventually(w.t, func() string { return "the service answers" }, func() bool {
		return w.Run(programPath, "refresh", "5000001").Code == exitOK
	})
	w.logged("is free")
	w.service(exitOK, "stop", "is stopped")
}

// misconfigured: a service that ends at its start says why, to Windows, to the one who started it and in its log.
func misconfigured(w *computer) {
	w.configure(tryOut + "sesion.gap: 1h\n")
	w.service(exitUsage, "start", "exit code 2", "jobmon-db.log")
	if s := w.state(exitNoDaemon); s.ExitCode != exitUsage {
		w.t.Errorf("%+v", s)
	}
	w.logged("sesion.gap")
	w.configure(tryOut)
}

// removed: the history outlives the service, unless it shall not.
func removed(w *computer) {
	w.service(exitOK, "start")
	w.service(exitOK, "uninstall", "history stays")
	w.service(exitNoService, "status")
	w.jobmondb(exitOK, []string{"status"}, "No daemon runs")
	w.service(exitOK, "install", "is installed")
	w.service(exitOK, "start")
	w.service(exitOK, "uninstall --purge")
	if w.exists(`C:\ProgramData\jobmon-db`) {
		w.t.Error("the data folder is still there")
	}
}

func (w *computer) exists(path string) bool {
	_, err := os.Stat(w.C(strings.Split(strings.TrimPrefix(path, `C:\`), `\`)...))
	return err == nil
}

func (w *computer) logged(words string) {
	w.t.Helper()
	if log := w.read("ProgramData", "jobmon-db", "jobmon-db.log"); !strings.Contains(log, words) {
		w.t.Errorf("the log does not say %q:\n%s", words, log)
	}
}

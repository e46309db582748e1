package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// outcome is what a command left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

func jobmondb(t *testing.T, args ...string) outcome {
	t.Helper()
	return jobmondbWith(t, strings.NewReader(""), args...)
}

func jobmondbWith(t *testing.T, in io.Reader, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(t.Context(), args, []string{"JOBMON_SITE=DS01"}, in, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// watched is the data dir of a daemon that watched three simulated computers for an hour; PC-0002 exists twice.
func watched(t *testing.T) string { return watchedFor(t, time.Hour) }

func watchedFor(t *testing.T, long time.Duration) string {
	t.Helper()
	dir := t.TempDir()
	watch(t, dir, long)
	return dir
}

func watch(t *testing.T, dir string, long time.Duration) { watchAt(t, dir, long, "DS01", 3600) }

// watchAt is watch for a server of that name, whose clock is so many seconds east of UTC.
func watchAt(t *testing.T, dir string, long time.Duration, site string, east int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		source, err := simulator.New(simulator.Options{
			Seed: 1, Speed: 1, Computers: 3,
			Start: time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC).In(time.FixedZone("", east)),
		})
		if err != nil {
			t.Fatal(err)
		}
		source.DS().Redeploy(5000002)
		settings := jobmon.DefaultSettings()
		settings.Site = site
		d, err := daemon.Open(daemon.Options{
			DataDir: dir, EvtDir: filepath.Join(dir, "evt"), Settings: settings,
			Interval: 5 * time.Second, Timeout: 15 * time.Second, Version: "test", Logger: zerolog.Nop(),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), long)
		defer stop()
		if err := d.Run(ctx, source); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCommandsOnALog(t *testing.T) {
	dir := watched(t)
	data := "--data-dir=" + dir

	t.Run("replay prints each event once, with the fields that others script against", func(t *testing.T) {
		got := jobmondb(t, "replay", data, "-o", "ndjson")
		if got.code != exitOK || got.stderr != "" {
			t.Fatalf("%+v", got)
		}
		lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
		kinds := map[string]int{}
		for i, line := range lines {
			var e map[string]any
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if e["seq"] != float64(i+1) {
				t.Fatalf("line %d has seq %v", i+1, e["seq"])
			}
			kind := e["kind"].(string)
			kinds[kind]++
			fields := []string{"at", "utc_offset"}
			if jobmon.Kind(slices.Index(replay.Kinds(), kind) + 1).OfRow() {
				fields = append(fields, "schedule_id", "computer_id", "computer", "job_id", "job", "state")
			}
			for _, field := range fields {
				if _, ok := e[field]; !ok {
					t.Fatalf("no %s in %s", field, line)
				}
			}
			if ended := kind == "finished"; ended != (e["status_code"] != nil && e["status_code"] != float64(-1)) &&
				kind != "scheduled" && kind != "removed" {
				t.Errorf("status_code %v of %s", e["status_code"], kind)
			}
		}
		for _, kind := range []string{"daemon-started", "configured", "clock", "job", "computer", "scheduled",
			"started", "finished", "daemon-stopped"} {
			if kinds[kind] == 0 {
				t.Errorf("no %s among %v", kind, kinds)
			}
		}
	})
	t.Run("the range is [since, until)", func(t *testing.T) {
		got := jobmondb(t, "replay", data, "-o", "ndjson", "--since", "seq:10", "--until", "seq:13")
		if n := strings.Count(got.stdout, "\n"); n != 3 || !strings.Contains(got.stdout, `"seq":12`) {
			t.Errorf("%d lines: %+v", n, got)
		}
	})
	t.Run("a range of which nothing is left is a mistake", func(t *testing.T) {
		for _, ends := range [][2]string{{"seq:5", "seq:5"}, {"seq:10", "seq:5"}, {"14:30", "14:20"}} {
			if got := jobmondb(t, "replay", data, "--since", ends[0], "--until", ends[1]); got.code != exitUsage ||
				got.stdout != "" {
				t.Errorf("%v: %+v", ends, got)
			}
		}
	})
	t.Run("one computer's events", func(t *testing.T) {
		got := jobmondb(t, "replay", data, "--computer", "pc-0001")
		titles, lines, _ := strings.Cut(got.stdout, "\n")
		for line := range strings.Lines(lines) {
			if !strings.Contains(line, "PC-0001") {
				t.Errorf("%q", line)
			}
		}
		if got.code != exitOK || !strings.Contains(titles, "COMPUTER") ||
			!strings.Contains(lines, "running -> succeeded") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("the exact bytes on the share", func(t *testing.T) {
		onShare, err := os.ReadFile(filepath.Join(dir, "evt", "5000001.evt"))
		if err != nil {
			t.Fatal(err)
		}
		got := jobmondb(t, "replay", "show", "id:5000001", data, "-o", "evt")
		if got.code != exitOK || got.stdout != string(onShare) {
			t.Errorf("on the share\n%s\nreplayed\n%+v", onShare, got)
		}
	})
	t.Run("every form of a time", func(t *testing.T) {
		for _, at := range []string{"14:30", "14:30:05", "2026-11-22T13:30:00Z", "-30m", "seq:100"} {
			if got := jobmondb(t, "replay", "show", "PC-0001", data, "--at", at, "-o", "json"); got.code != exitOK ||
				!json.Valid([]byte(got.stdout)) {
				t.Errorf("%s: %+v", at, got)
			}
		}
	})
	t.Run("boards and screens for people", func(t *testing.T) {
		for _, args := range [][]string{{"status"}, {"status", "PC-0001"}, {"replay", "show"},
			{"replay", "show", "PC-0003", "--at", "14:20"}} {
			got := jobmondb(t, append(args, data)...)
			if got.code != exitOK || !strings.Contains(got.stdout, "PC-000") || strings.Contains(got.stdout, "\x1b") {
				t.Errorf("%v: %+v", args, got)
			}
		}
	})
	t.Run("bad input", func(t *testing.T) {
		for _, c := range []struct {
			args []string
			code int
			says string
		}{
			{[]string{"replay", "--computer", "PC-001"}, exitUnknown, "PC-0001"},
			{[]string{"replay", "show", "nobody"}, exitUnknown, "closest"},
			{[]string{"replay", "show", "PC-0002"}, exitNothing, "id:5000002 has the same name"},
			{[]string{"replay", "show", "name:PC-0002"}, exitNothing, "id:5000002 has the same name"},
			{[]string{"replay", "show", "PC-0001", "--at", "2026-11-22 13:00"}, exitOutside, "covers"},
			{[]string{"replay", "show", "PC-0001", "--at", "2026-11-22 15:00:10"}, exitOutside, "covers"},
			{[]string{"replay", "show", "PC-0001", "--at", "seq:99999"}, exitOutside, "covers"},
			{[]string{"replay", "--since", "2027-01-01"}, exitOutside, "covers"},
			{[]string{"replay", "show", "PC-0001", "--at", "half past two"}, exitUsage, "RFC 3339"},
			{[]string{"replay", "--until", "yesterdayish"}, exitUsage, "RFC 3339"},
			{[]string{"replay", "-o", "xml"}, exitUsage, "ndjson"},
			{[]string{"replay", "show", "-o", "evt"}, exitUsage, "which computer"},
			{[]string{"replay", "nonsense"}, exitUsage, "--help"},
			{[]string{"run", "--source-kind=recording", "--source-recording=x"}, exitUsage, "recording"},
			{[]string{"status", "--colour"}, exitUsage, "--help"},
			{[]string{"replay", "show", "PC-0001", "--at", "seq:1"}, exitNothing, "no picture"},
		} {
			got := jobmondb(t, append(c.args, data)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.says) || got.stdout != "" {
				t.Errorf("%v: want code %d and %q, got %+v", c.args, c.code, c.says, got)
			}
			if n := strings.Count(got.stderr, "\n"); n != 1 {
				t.Errorf("%v: %d lines instead of one sentence: %s", c.args, n, got.stderr)
			}
		}
	})
	t.Run("a log that another process writes", func(t *testing.T) {
		log, err := store.Open(dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		asked := [][]string{
			{"replay"}, {"replay", "show"}, {"status"},
			{"run", "--source-kind=simulator", "--evt-dir=" + t.TempDir()},
			{"demo", "--for=1s", "--evt-dir=" + t.TempDir()},
		}
		var group sync.WaitGroup // each waits a while for the log
		for _, args := range asked {
			group.Go(func() {
				if got := jobmondb(t, append(args, data)...); got.code != exitLocked {
					t.Errorf("%v: %+v", args, got)
				}
			})
		}
		group.Wait()
	})
}

func TestFoldersThatAreNoLog(t *testing.T) {
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "letter.txt"), []byte("Dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, code := range map[string]int{foreign: exitNoLog, filepath.Join(foreign, "nowhere"): exitNoLog} {
		for _, args := range [][]string{{"replay"}, {"replay", "show"}, {"status"}} {
			if got := jobmondb(t, append(args, "--data-dir="+dir)...); got.code != code || got.stdout != "" {
				t.Errorf("%v in %s: %+v", args, dir, got)
			}
		}
	}
	if got := jobmondb(t, "demo", "--for=1s", "--data-dir="+foreign); got.code != exitNoLog {
		t.Errorf("demo in a folder of somebody else: %+v", got)
	}
	file := filepath.Join(foreign, "letter.txt")
	for _, args := range [][]string{{"replay"}, {"status"}, {"run", "--source-kind=simulator"}} {
		if got := jobmondb(t, append(args, "--data-dir="+file)...); got.code != exitNoLog ||
			!strings.Contains(got.stderr, "is a file") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	if left, err := os.ReadDir(foreign); err != nil || len(left) != 1 {
		t.Errorf("the foreign folder now holds %v (%v)", left, err)
	}
}

func TestNoCommand(t *testing.T) {
	if got := jobmondb(t, "staus"); got.code != exitUsage || got.stdout != "" ||
		!strings.Contains(got.stderr, "status") {
		t.Errorf("%+v", got)
	}
	if got := jobmondb(t); got.code != exitOK || !strings.Contains(got.stdout, "replay") {
		t.Errorf("%+v", got)
	}
	const secret = "sqlserver://sa:PlantedPW99@db"
	for _, args := range [][]string{{secret}, {"run", secret}, {"run", "--source-kind=" + secret},
		{"config", "show", "--source-kind", secret}} {
		if got := jobmondb(t, args...); got.code != exitUsage ||
			strings.Contains(got.stdout+got.stderr, "PlantedPW99") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

// Without a source nothing is watched, also where a real history would go on, and nothing is made.
func TestNoSource(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for _, data := range []string{dir, watched(t)} {
		got := jobmondb(t, "run", "--data-dir="+data)
		if got.code != exitUsage || !strings.Contains(got.stderr, "no source is named") ||
			!strings.Contains(got.stderr, "setup") {
			t.Errorf("%+v", got)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a data dir was made")
	}
	if got := jobmondb(t, "check", "--data-dir="+dir); got.code != exitCheck ||
		!strings.Contains(got.stdout, "fail  configuration") ||
		!strings.Contains(got.stdout, "skip  database        no source is named") {
		t.Errorf("%+v", got)
	}
	if got := jobmondb(t, "setup", "--yes", "--no-service", "--config="+dir+".yaml"); got.code != exitUsage ||
		!strings.Contains(got.stderr, "--source-server") {
		t.Errorf("%+v", got)
	}
}

// Files of computers are never overwritten by those of made-up ones with the same ids, and a real server begins in no
// folder of made-up files.
func TestRealFilesAndMadeUpOnesStayApart(t *testing.T) {
	served := map[string]func(dir string) error{
		"files": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "5000001.EVT"), []byte("theirs"), 0o600)
		},
		"a folder of requests": func(dir string) error { return os.Mkdir(filepath.Join(dir, "requests"), 0o700) },
	}
	for name, fill := range served {
		real, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
		if err := fill(real); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"demo", "--for=1s"}, {"run", "--source-kind=simulator"}} {
			got := jobmondb(t, append(args, "--evt-dir="+real, "--data-dir="+data)...)
			if got.code != exitUsage || !strings.Contains(got.stderr, "evt.dir") {
				t.Errorf("%s, %v: %+v", name, args, got)
			}
		}
		if entries, err := os.ReadDir(real); err != nil || len(entries) != 1 {
			t.Errorf("%s: %v, %v", name, entries, err)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("%s: a data dir was made", name)
		}
	}
	demo := filepath.Join(t.TempDir(), "demo")
	for range 2 { // it goes on in its own
		if got := jobmondb(t, "demo", "--for=1s", "--speed=600", "--computers=1",
			"--data-dir="+demo); got.code != exitOK {
			t.Errorf("%+v", got)
		}
	}
	toReal := []string{"--source-dsn=sqlserver://reader:secret@127.0.0.1:1",
		"--data-dir=" + filepath.Join(t.TempDir(), "data"),
		"--evt-dir=" + filepath.Join(demo, "evt")}
	if got := jobmondb(t, append([]string{"run"}, toReal...)...); got.code != exitUsage ||
		!strings.Contains(got.stderr, "made-up") {
		t.Errorf("%+v", got)
	}
	if got := jobmondb(t, append([]string{"check"}, toReal...)...); !strings.Contains(got.stdout,
		"holds the .evt files of a made-up") {
		t.Errorf("%+v", got)
	}
}

func TestARealHistoryAndAMadeUpOneStayApart(t *testing.T) {
	real, demo := watched(t), filepath.Join(t.TempDir(), "demo")
	if got := jobmondb(t, "run", "--data-dir="+real, "--source-kind=simulator"); got.code != exitUsage ||
		!strings.Contains(got.stderr, "source.dsn") {
		t.Errorf("%+v", got)
	}
	jobmondb(t, "demo", "--for=1s", "--speed=600", "--computers=1", "--data-dir="+demo)
	if got := jobmondb(t, "run", "--data-dir="+demo,
		"--source-dsn=sqlserver://reader:secret@127.0.0.1:1"); got.code != exitUsage ||
		!strings.Contains(got.stderr, "made-up") {
		t.Errorf("%+v", got)
	}
	if got := jobmondb(t, "demo", "--for=1s", "--data-dir="+real); got.code != exitUsage ||
		!strings.Contains(got.stderr, "real Deployment Server") {
		t.Errorf("%+v", got)
	}
	// a configuration that is wrong leaves nothing behind
	for _, bad := range []string{"--source-kind=recording", "--source-dsn=garbage"} {
		dir := filepath.Join(t.TempDir(), "data")
		if got := jobmondb(t, "run", "--data-dir="+dir, bad); got.code != exitUsage {
			t.Errorf("%s: %+v", bad, got)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a data dir was made", bad)
		}
	}
}

func TestDemoInAPipe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	got := jobmondb(t, "demo", "--for=2s", "--speed=600", "--computers=3", "--data-dir="+dir)
	if got.code != exitOK || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	for _, want := range []string{"PC-0003", "stages", filepath.Join(dir, "evt"), "Ctrl-C"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
	for id := 5000001; id <= 5000003; id++ {
		file, err := os.ReadFile(filepath.Join(dir, "evt", fmt.Sprintf("%d.evt", id)))
		if err != nil {
			t.Fatal(err)
		}
		if replayed := jobmondb(t, "replay", "show", fmt.Sprintf("id:%d", id), "--data-dir="+dir, "-o",
			"evt"); replayed.stdout != string(file) {
			t.Errorf("computer %d: replayed %+v, on the share %s", id, replayed, file)
		}
	}
	// the same world goes on
	if again := jobmondb(t, "demo", "--for=1s", "--speed=600", "--computers=3",
		"--data-dir="+dir); again.code != exitOK {
		t.Errorf("%+v", again)
	}
	if other := jobmondb(t, "demo", "--for=1s", "--seed=2", "--data-dir="+dir); other.code == exitOK {
		t.Errorf("another world in the same folder: %+v", other)
	}
}

func TestEveryCommandHasHelpWithExamples(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s: short %q, example %q", c.CommandPath(), c.Short, c.Example)
		}
		for line := range strings.Lines(c.Example) {
			fields := strings.Fields(line)
			at := slices.Index(fields, "jobmon-db")
			if at < 0 {
				t.Errorf("%s: %q shows no call", c.CommandPath(), line)
				continue
			}
			if found, _, err := c.Root().Find(fields[at+1:]); err != nil || found == c.Root() {
				t.Errorf("%s: %q calls no command", c.CommandPath(), line)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	root := (&app{stdout: &bytes.Buffer{}}).root()
	walk(root)
}

func TestExitCodesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/exit-codes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{exitOK, exitFailed, exitUsage, exitUnknown, exitAmbiguous, exitOutside, exitNoLog,
		exitLocked, exitNewer, exitDamaged, exitSource, exitNothing, exitNoDaemon, exitDenied, exitCheck} {
		if !strings.Contains(string(doc), fmt.Sprintf("\n| %d |", code)) {
			t.Errorf("code %d is not in docs/exit-codes.md", code)
		}
	}
}

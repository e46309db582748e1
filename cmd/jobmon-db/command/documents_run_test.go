package command

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// notRun are the commands of the documents that TestTheCommandsOfTheDocumentsRun does not run, and why.
var notRun = map[string]string{
	`^fleet`:                    "needs a NATS server: TestTheTenMinutesOfAFleet has one",
	`^hub`:                      "lasts until it is stopped: TestTheTenMinutesOfAFleet runs it",
	`^demo`:                     "runs until --for or Ctrl-C: TestDemoInAPipe runs it",
	`^run`:                      "lasts until it is stopped: TestEveryCommandBothWays and others run it",
	`^watch`:                    "needs a terminal: TestWatchOnATerminal has one",
	`^setup`:                    "installs a service: setup_test.go runs it on a made-up host",
	`^service`:                  "needs the service manager of Windows: service_test.go and service_wine_linux_test.go",
	`^client show`:              "needs the logon screen of Windows: client_wine_test.go",
	`^client view .*--follow`:   "lasts until it is stopped: view_test.go",
	`^config reload`:            "needs a running daemon: reload_test.go",
	`^config set-secret`:        "asks for a password, and needs accounts: set_secret_test.go",
	`^notify test`:              "needs a receiver: notify_test.go has one",
	`^refresh`:                  "needs a running daemon: endpoint_test.go",
	`^replay -f`:                "lasts until it is stopped: replay_follow_test.go",
	`^replay .*--speed`:         "takes as long as the history at that speed: replay_follow_test.go",
	`\[(flags|FILE|COMPUTER)`:   "is no command but its usage line",
	`--monitor "?(FOLDER|\\\\)`: "needs the DS share: check_test.go names a folder",
	`--delivered`:               "needs a log in which scripts asked: TestEveryCommandBothWays has one",
	`^check$|^check (--c|-o)`:   "needs the database of a Deployment Server: check_test.go and sqlserver_test.go",
	`^config show --config .*`:  "shows the configuration of that moment: TestNoOutputHoldsAPassword runs it",
}

// standIns are what the test has in the place of what only a site has.
var standIns = strings.NewReplacer(
	"PC-0123", "PC-0001", "5000123", "5000001", "01:57:30", "14:13:30", "01:59:30", "14:15:30", "02:05", "14:20",
	"yesterday 18:00", "14:05", "today 07:00", "14:30", "seq:1200 -o evt", "seq:300 -o evt", "seq:1200", "seq:120",
	"-- -2h", "-- -30m", "seq:1300", "seq:130", "--session 2", "--session 1",
	`backup D:\Backups\jobmon-2026-11-22.db`, "backup new.db", "backup /mnt/backup/jobmon.db", "backup new.db",
	"backup FILE", "backup new.db",
	`D:\Backups\jobmon-2026-11-22.db`, "backup.db", `D:\backup\log-2026-11-22.db`, "backup.db", "restore FILE",
	"restore backup.db",
	// as evt.dir says on Windows
	`client pack --out "\\DS01\eXpress\jobmon-db"`, `client pack --out pack --evt-share \\DS01\eXpress\temp\jobmon`,
	`D:\jobmon\data`, "other", "/var/lib/jobmon-db", "data", "/var/lib/jobmon-hub", "hub", `--list \\DS01\eXpress\temp\jobmon`, "--list data/evt",
	`\\DS01\eXpress\temp\jobmon\5000123.evt`, "data/evt/5000001.evt", "--since yesterday", "--since 14:00",
	"--since monday", "--since 14:00", "--rule 2 --config changed.yaml", "--rule 1 --config jobmon-db.yaml",
	"try --since 2026-11-01 --until 2026-12-01", "try --since 14:00 --until 14:30",
)

// ofHub are the commands that ask the sites of a hub.
var ofHub = regexp.MustCompile(`--site|--by site|DS\d\d/`)

// documentsPlace is a folder as the documents take it for granted: a configuration, the log of an hour in the data
// folder, a backup, an export, a recording and the data folder of a hub.
func documentsPlace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	watch(t, data, time.Hour)
	write(t, filepath.Join(dir, "jobmon-db.yaml"), `site: DS01
data_dir: data
source:
  kind: simulator
notify:
  - {on: [failed, ready], to: ops}
targets:
  ops: {kind: teams, url: "https://hooks.example.com/x"} # of all kinds the one that check sends nothing to
`)
	write(t, filepath.Join(dir, "site.ndjson"), atWork)
	for _, args := range [][]string{
		{"backup", filepath.Join(dir, "backup.db"), "--data-dir=" + data},
		{"export", filepath.Join(dir, "events.ndjson"), "--data-dir=" + data},
	} {
		if got := jobmondb(t, args...); got.code != exitOK {
			t.Fatalf("%v: %+v", args, got)
		}
	}
	write(t, filepath.Join(dir, "site.ndjson"), strings.NewReplacer("NOW", "2026-11-22T14:05:00.000Z", "START",
		"2026-11-22T14:04:00.000").Replace(atWork))
	for _, copied := range []string{"demo", "hub/sites/DS01", "hub/sites/DS02"} {
		if err := os.CopyFS(filepath.Join(dir, copied), os.DirFS(data)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestTheCommandsOfTheDocumentsRun: every command of the documents that is not listed above does what it is there for.
func TestTheCommandsOfTheDocumentsRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the documents' shell is that of the system; .ci/run runs this on Linux")
	}
	used, lines := map[string]bool{}, map[string]string{}
	for page, list := range shown(t) {
		for _, line := range list {
			line, found := strings.CutPrefix(line, "jobmon-db ")
			line = regexp.MustCompile(`\s{2,}[^-\s].*| [<>#|].*`).ReplaceAllString(line, "")
			if !found || slices.ContainsFunc(slices.Collect(maps.Keys(notRun)), func(pattern string) bool {
				is := regexp.MustCompile(pattern).MatchString(line)
				used[pattern] = used[pattern] || is
				return is
			}) {
				continue
			}
			lines[standIns.Replace(line)] = page
		}
	}
	for pattern, why := range notRun {
		if !used[pattern] {
			t.Errorf("no command of the documents is like %s any more, which %s", pattern, why)
		}
	}
	if len(lines) < 40 {
		t.Errorf("%d commands are run", len(lines))
	}
	template := documentsPlace(t)
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		t.Run(line, func(t *testing.T) {
			dir := template
			changes := `^(restore|import|compact|export|backup|client pack)|--out|--record |--cursor-file`
			if regexp.MustCompile(changes).MatchString(line) {
				dir = t.TempDir() // it writes
				if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
					t.Fatal(err)
				}
			}
			t.Chdir(dir)
			env := []string{"JOBMON_CONFIG=" + filepath.Join(dir, "jobmon-db.yaml")}
			if strings.Contains(line, "--source-kind recording") { // the other folder is a Deployment Server's
				env = append(env, "JOBMON_DATA_DIR="+filepath.Join(t.TempDir(), "data"))
			}
			var out bytes.Buffer
			args := wordsOf(line)
			if ofHub.MatchString(line) {
				args = append(args, "--data-dir=hub")
			}
			code := Main(t.Context(), args, env, strings.NewReader(""), &out, &out)
			named := len(args) <= 2 && !strings.Contains(line, "-") // it is only named, without its arguments
			if code != exitOK && (code != exitUsage || !named) {
				t.Errorf("%s: %d: %s", lines[line], code, out.String())
			}
		})
	}
}

package command

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

var update = flag.Bool("update", false, "write the golden parts of the scripts anew")

// TestScripts runs each testdata/script/*.txtar three times, and what it prints must be the same: against a backup
// file, against the data dir of a stopped daemon, and against a running daemon that has the same log, see
// golden_test.go. A script is written so:
//
//	main replay $LOG --since seq:10 -n 5
//	cmp stdout events
//	stderr 'the log covers'
//
//	! main replay $LOG --at nonsense
//	stderr 'is not a time'
//
//	-- events --
//
// $LOG is the flag that names the log that is asked, and stands in each call. "! main" expects another exit code than
// 0, "exits 5 ..." expects that one; both run the program's Main in the test's process. "exec jobmon-db ..." starts a
// process, which relative paths and pipes need. "cmp stdout events" compares with the part of the script that has this
// name: leave it empty and run
//
//	go test ./cmd/jobmon-db/command -run TestScripts -update
//
// which writes what the backup file gave, then read it. A single script: -run TestScripts/.*/name. $DATA is the data
// dir, $BACKUP the file and $WAY "file", "stopped" or "running", for what is asked one way only: [running] and
// [stopped] are conditions. A script may write into the folder in which it runs. It must leave the logs alone, as
// others use them.
func TestScripts(t *testing.T) {
	skipShort(t)
	stopped := openGolden(t)
	running, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.db")
	if err := os.CopyFS(running, os.DirFS(stopped)); err != nil {
		t.Fatal(err)
	}
	log, err := store.Open(stopped, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Backup(t.Context(), log, file, nil); err != nil {
		t.Fatal(err)
	}
	log.Close()
	serve(t, running)
	for _, way := range []struct{ name, log, data string }{
		{"file", "--log=" + file, stopped}, {"stopped", "--data-dir=" + stopped, stopped},
		{"running", "--data-dir=" + running, running},
	} {
		if underRace && way.name != "running" {
			continue // a process that reads a file and ends has no races; the detector only makes its start slow
		}
		t.Run(way.name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: filepath.Join("testdata", "script"), RequireExplicitExec: true, RequireUniqueNames: true,
				UpdateScripts: *update && way.name == "file",
				Setup: func(e *testscript.Env) error {
					e.Vars = append(e.Vars, "LOG="+way.log, "DATA="+way.data, "BACKUP="+file, "WAY="+way.name)
					return nil
				},
				Condition: func(name string) (bool, error) { return name == way.name, nil },
				Cmds:      map[string]func(*testscript.TestScript, bool, []string){"main": succeeds, "exits": exits},
			})
		})
	}
}

// call runs the program's Main with what follows in the script.
func call(ts *testscript.TestScript, args []string) (code int) {
	return Main(context.Background(), args, nil, strings.NewReader(""), ts.Stdout(), ts.Stderr())
}

// succeeds expects exit code 0, or any other behind a "!".
func succeeds(ts *testscript.TestScript, neg bool, args []string) {
	if code := call(ts, args); (code == exitOK) == neg {
		ts.Fatalf("%v: exit code %d", args, code)
	}
}

// exits expects an exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARGUMENTS")
	}
	if code := call(ts, args[1:]); strconv.Itoa(code) != args[0] {
		ts.Fatalf("%v: exit code %d, not %s", args[1:], code, args[0])
	}
}

// serve is a daemon that answers and watches nothing: the log stays as it is. What it returns ends it, as the test's
// end does.
func serve(t testing.TB, dir string) (stop func()) {
	t.Helper()
	settings := jobmon.DefaultSettings()
	settings.Site = "DS01"
	d, err := daemon.Open(daemon.Options{DataDir: dir, EvtDir: filepath.Join(dir, "evt"), Settings: settings,
		Version: "1.0", Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := endpoint.Listen(endpoint.Options{DataDir: dir,
		Greeting: endpoint.Greeting{Log: d.Info().LogID, Program: "1.0"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- endpoint.Serve(ctx, listener, control.Handler(d), endpoint.Limits{}, zerolog.Nop()) }()
	stop = sync.OnceFunc(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

package command

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSystemdIsTold: the program, started as systemd starts it, says when it is ready, that it goes on, and that it
// stops.
func TestSystemdIsTold(t *testing.T) {
	for name, c := range map[string]struct{ command, setting, status string }{
		"a source that answers": {"run", "JOBMON_SOURCE_KIND=simulator", "STATUS=watching the Deployment Server"},
		"a source that is away": {"run", "JOBMON_SOURCE_DSN=sqlserver://reader:secret@127.0.0.1:1?database=eXpress",
			"STATUS=the source is lost"},
		"a hub whose NATS is away": {"hub", "JOBMON_HUB_NATS=nats://127.0.0.1:1", "STATUS=NATS cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			socket := filepath.Join(dir, "notify")
			conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetReadDeadline(time.Now().Add(5 * time.Minute)); err != nil {
				t.Fatal(err)
			}
			told := func(want ...string) {
				t.Helper()
				var all strings.Builder
				for message := make([]byte, 4096); ; {
					n, err := conn.Read(message)
					if err != nil {
						t.Fatalf("%v; told were %q, missing is one of %q", err, all.String(), want)
					}
					all.Write(message[:n])
					all.WriteByte('\n')
					missing := false
					for _, w := range want {
						missing = missing || !strings.Contains("\n"+all.String(), "\n"+w)
					}
					if !missing {
						return
					}
				}
			}
			p := start(t, []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=300000", c.setting,
				"JOBMON_DATA_DIR=" + filepath.Join(dir, "data")}, c.command)
			told("READY=1", c.status, "WATCHDOG=1")
			p.stop()
			told("STOPPING=1")
			if strings.Contains(p.stderr.String(), "secret@") {
				t.Errorf("a secret is in the log: %s", p.stderr.String())
			}
		})
	}
}

// TestSystemdStartsWhatThereIs: what the units start is a command line of this program.
func TestSystemdStartsWhatThereIs(t *testing.T) {
	for _, name := range []string{"jobmon-db.service", "jobmon-db-hub.service"} {
		unit, err := os.ReadFile("../../../configs/systemd/" + name)
		if err != nil {
			t.Fatal(err)
		}
		_, line, _ := strings.Cut(string(unit), "ExecStart=/usr/bin/jobmon-db ")
		line, _, _ = strings.Cut(line, "\n")
		args := strings.Fields(line)
		config := filepath.Join(t.TempDir(), "jobmon-db.yaml")
		args[len(args)-1] = config
		if got := jobmondb(t, args...); got.code != exitUsage || !strings.Contains(got.stderr, config) {
			t.Errorf("%q without that file: %+v", args, got)
		}
	}
}

//go:build !windows

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// asProgram makes the test binary be the program itself.
const asProgram = "JOBMON_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" || len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		main() // does not return
	}
	os.Exit(m.Run())
}

// program is the program in a process of its own.
type program struct {
	*exec.Cmd
	t     *testing.T
	said  output
	ended chan error
}

// output is written by one goroutine and read by another.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts the command over the configuration file, as prepare changes it.
func start(t *testing.T, prepare func(*exec.Cmd), args ...string) *program {
	t.Helper()
	p := &program{Cmd: exec.CommandContext(t.Context(), os.Args[0], args...), t: t, ended: make(chan error, 1)}
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stdout, p.Stderr = &p.said, &p.said
	if prepare != nil {
		prepare(p.Cmd)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	return p
}

// until waits until the program has written the text.
func (p *program) until(text string) {
	p.t.Helper()
	p.wait(text, func(said string) bool { return strings.Contains(said, text) })
}

// untilMore waits until the program writes something further.
func (p *program) untilMore() {
	p.t.Helper()
	before := len(p.said.String())
	p.wait("more", func(said string) bool { return len(said) > before })
}

func (p *program) wait(what string, fits func(said string) bool) {
	p.t.Helper()
	deadline := time.After(5 * time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); !fits(p.said.String()); {
		select {
		case err := <-p.ended:
			p.t.Fatalf("ended before %s: %v\n%s", what, err, p.said.String())
		case <-deadline:
			p.t.Fatalf("never %s:\n%s", what, p.said.String())
		case <-tick.C:
		}
	}
}

func (p *program) signal(s os.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(s); err != nil {
		p.t.Fatalf("%v\n%s", err, p.said.String())
	}
}

// end waits for the end and returns the exit code; -1 after a signal that ended the process.
func (p *program) end() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.ProcessState.ExitCode()
	case <-time.After(5 * time.Minute):
		p.t.Fatalf("still there:\n%s", p.said.String())
		return 0
	}
}

// site writes a configuration file of a made-up Deployment Server.
func site(t *testing.T) (file string, write func(more string)) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "jobmon-db.yaml")
	write = func(more string) {
		t.Helper()
		text := "site: DS01\ndata_dir: '" + filepath.Join(dir, "data") +
			"'\nsource: {kind: simulator, poll_interval: 250ms}\nsimulator: {speed: 600}\n" + more
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	return file, write
}

// A hangup has a daemon without a terminal read its configuration again, as `systemctl reload` asks for, and ends
// nothing. In a terminal it ends the daemon as cleanly as Ctrl-C does.
func TestAHangupOfTheDaemon(t *testing.T) {
	t.Parallel()
	file, write := site(t)
	daemon := start(t, nil, "run", "--config", file)
	daemon.until("watching")
	for i, gap := range []string{"1h", "2h", "3h"} {
		write("session: {gap: " + gap + "}\n")
		daemon.signal(syscall.SIGHUP)
		daemon.until(`"new":"` + gap + `"`)
		if i == 0 {
			write("session: {gap: none}\n")
			daemon.signal(syscall.SIGHUP)
			daemon.until("nothing of it is taken up")
		}
	}
	daemon.signal(syscall.SIGTERM)
	if code := daemon.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, daemon.said.String())
	}

	daemon = start(t, func(c *exec.Cmd) {
		master, slave, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { slave.Close(); master.Close() })
		c.Stdin = slave
	}, "run", "--config", file)
	daemon.until("watching")
	daemon.signal(syscall.SIGHUP)
	if code := daemon.end(); code != 0 {
		t.Errorf("in a terminal: exit code %d:\n%s", code, daemon.said.String())
	}
}

// Every other command ends at a hangup, unless its caller asked for none.
func TestAHangupOfACommand(t *testing.T) {
	t.Parallel()
	file, _ := site(t)
	daemon := start(t, nil, "run", "--config", file)
	daemon.until("watching")
	follow := []string{"replay", "-f", "-o", "ndjson", "--config", file}
	ends := start(t, nil, follow...)
	stays := start(t, func(c *exec.Cmd) { // as nohup does
		c.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, c.Args...)
		c.Path = "/bin/sh"
	}, follow...)
	for _, p := range []*program{ends, stays} {
		p.until("{")
		p.signal(syscall.SIGHUP)
	}
	if code := ends.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, ends.said.String())
	}
	stays.untilMore()
	stays.signal(syscall.SIGINT)
	if code := stays.end(); code != 0 {
		t.Errorf("nohup: exit code %d:\n%s", code, stays.said.String())
	}
	daemon.signal(syscall.SIGTERM)
	if code := daemon.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, daemon.said.String())
	}
}

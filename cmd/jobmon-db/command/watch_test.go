//go:build !windows

package command

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	xterm "golang.org/x/term"
)

// terminal is one in which the program runs.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	slave  *os.File
	before *xterm.State
	output chan string // what the program writes
	rows   uint16
}

// onTerminal runs the program in a terminal of its own.
func onTerminal(t *testing.T, env []string, args ...string) *terminal {
	t.Helper()
	skipShort(t)
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{t: t, master: master, slave: slave, output: make(chan string, 1000), rows: 24}
	if s.before, err = xterm.GetState(int(slave.Fd())); err != nil {
		t.Fatal(err)
	}
	s.resize()
	s.cmd = exec.Command(os.Args[0], args...)
	s.cmd.Env = append(append(os.Environ(), asProgram+"=1", "TERM=xterm-256color", "NO_COLOR="), env...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = slave, slave, slave
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.output)
		for buffer := make([]byte, 64<<10); ; {
			n, err := master.Read(buffer)
			if s.output <- string(buffer[:n]); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.cmd.Process.Kill()
			s.cmd.Wait()
		}
		slave.Close()
		master.Close()
		for range s.output {
		}
	})
	return s
}

// resize gives the terminal another height, upon which the program draws everything anew.
func (s *terminal) resize() {
	s.rows ^= 1
	if err := pty.Setsize(s.master, &pty.Winsize{Rows: s.rows, Cols: 100}); err != nil {
		s.t.Error(err)
	}
}

// until waits for a screen that fits: what was written since the program last cleared it, to the end of its last line.
func (s *terminal) until(what string, fits func(text string) bool) {
	s.t.Helper()
	deadline, again := time.After(5*time.Minute), time.NewTicker(100*time.Millisecond)
	defer again.Stop()
	for shown := ""; ; {
		select {
		case text, ok := <-s.output:
			if !ok {
				s.t.Fatalf("%s: the program has ended after %q", what, shown)
			}
			_, cleared, found := cutLast(shown+text, "\x1b[2J")
			if shown += text; found {
				shown = "\x1b[2J" + cleared
				if (strings.Contains(cleared, "q quit") || strings.Contains(cleared, "Filter:")) && fits(cleared) {
					return
				}
			}
		case <-again.C:
			s.resize()
		case <-deadline:
			s.t.Fatalf("%s: not seen in %q", what, shown)
		}
	}
}

func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return text, "", false
}

// shows waits for a screen that holds all these texts.
func (s *terminal) shows(texts ...string) {
	s.t.Helper()
	s.until(strings.Join(texts, ", "), func(screen string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(screen, text) })
	})
}

func (s *terminal) press(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.master, keys); err != nil {
		s.t.Fatal(err)
	}
}

// ends waits for the program's end, with this code, and for the terminal to be as it was.
func (s *terminal) ends(code int) (rest string) {
	s.t.Helper()
	if err := s.cmd.Wait(); err != nil && s.cmd.ProcessState.ExitCode() < 0 {
		s.t.Fatal(err)
	}
	after, err := xterm.GetState(int(s.slave.Fd()))
	if err != nil || !reflect.DeepEqual(after, s.before) {
		s.t.Errorf("the terminal is not as it was: %v", err)
	}
	s.slave.Close() // which ends the output
	for text := range s.output {
		rest += text
	}
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("exit code %d, want %d: %q", got, code, rest)
	}
	return rest
}

// restored says whether the other screen was left and the cursor is seen again.
func restored(rest string) bool {
	return strings.Contains(rest, "\x1b[?1049l") && strings.Contains(rest, "\x1b[?25h")
}

// simulatedDaemon is a daemon in a process of its own over a made-up Deployment Server.
func simulatedDaemon(t *testing.T, dir string) *process {
	t.Helper()
	return start(t, []string{"JOBMON_SOURCE_KIND=simulator", "JOBMON_SIMULATOR_SPEED=60",
		"JOBMON_SIMULATOR_COMPUTERS=12",
		"JOBMON_SOURCE_POLL_INTERVAL=1s", "JOBMON_DATA_DIR=" + dir, "JOBMON_SITE=DS01"}, "run")
}

// TestWatchOnATerminal presses the keys and reads the screen, while the daemon comes and goes.
func TestWatchOnATerminal(t *testing.T) {
	dir := t.TempDir()
	d := simulatedDaemon(t, dir)
	eventually(t, func() string { return "the daemon answers: " + d.stderr.String() }, func() bool {
		got := jobmondb(t, "status", "--data-dir="+dir)
		return got.code == exitOK && strings.Contains(got.stdout, "PC-0012")
	})
	s := onTerminal(t, nil, "watch", "--data-dir="+dir)
	s.shows("DS01", "► ", "PC-0001", "PC-0012")
	counted := func(before string) func(screen string) bool { // as many as status lists, at this moment
		return func(screen string) bool {
			var pictures []json.RawMessage
			if err := json.Unmarshal([]byte(jobmondb(t, "status", "-o", "json", "--data-dir="+dir).stdout),
				&pictures); err != nil {
				return false
			}
			return regexp.MustCompile(fmt.Sprintf(`(^|[^\d ] *)%s%d computers: `, before,
				len(pictures))).MatchString(screen)
		}
	}
	s.until("all computers are counted", counted(""))
	s.press("/pc-0002")
	s.until("the filter", func(screen string) bool {
		return strings.Contains(screen, "Filter: pc-0002_") && counted("1 of ")(screen) &&
			!strings.Contains(screen, "PC-0001")
	})
	s.press("\r\r")
	s.shows("PC-0002 on DS01", "Deployment 1", "Esc board")
	s.press("?")
	s.shows("Marks", "Esc back")
	s.press("\x1b")
	s.shows("Deployment 1")
	d.kill()
	s.shows("!! No daemon runs", "Deployment 1")
	simulatedDaemon(t, dir)
	s.until("the daemon is back", func(screen string) bool { return !strings.Contains(screen, "No daemon") })
	s.press("\x1b")
	s.until("the filter is kept", func(screen string) bool {
		return counted("1 of ")(screen) &&
			strings.Contains(screen, "(Esc: all)")
	})
	s.press("\x1b")
	s.shows("PC-0001", "PC-0012")
	s.press("5")
	s.shows("PC-0001", "FAIL▼")
	s.press("q")
	if rest := s.ends(exitOK); !restored(rest) {
		t.Errorf("left behind: %q", rest)
	}

	one := onTerminal(t, []string{"NO_COLOR=1"}, "watch", "pc-0003", "--data-dir="+dir)
	one.until("one computer without colour", func(screen string) bool {
		return strings.Contains(screen, "PC-0003 on DS01") && strings.Contains(screen, "Deployment 1") &&
			!regexp.MustCompile("\x1b\\[[0-9;]*3[0-9]m").MatchString(screen)
	})
	if err := one.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest := one.ends(exitOK); !restored(rest) {
		t.Errorf("left behind after a signal: %q", rest)
	}
}

func TestWatchRefuses(t *testing.T) {
	dir := watched(t)
	if got := jobmondb(t, "watch", "--data-dir="+dir); got.code != exitUsage ||
		!strings.Contains(got.stderr, "use jobmon-db status") || got.stdout != "" {
		t.Errorf("in a pipe: %+v", got)
	}
	for _, c := range []struct {
		env  []string
		args []string
		code int
		want string
	}{
		{[]string{"TERM=dumb"}, nil, exitUsage, "use jobmon-db status"},
		{nil, []string{"nobody"}, exitUnknown, "closest names"},
		{nil, []string{"--data-dir=" + t.TempDir()}, exitNoLog, "no event log"},
	} {
		s := onTerminal(t, c.env, append([]string{"watch", "--data-dir=" + dir}, c.args...)...)
		rest := s.ends(c.code)
		if !strings.Contains(rest, c.want) || strings.Contains(rest, "\x1b") {
			t.Errorf("%v %v: %q", c.env, c.args, rest)
		}
		if status := jobmondb(t, append([]string{"status", "--data-dir=" + dir}, c.args...)...); len(c.args) > 0 &&
			strings.ReplaceAll(rest, "\r\n", "\n") != status.stderr {
			t.Errorf("watch says %q, status %q", rest, status.stderr)
		}
	}
}

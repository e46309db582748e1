package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
)

// asProgram makes the test binary be the program itself.
const asProgram = "JOBMON_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(cutVariable); dir != "" {
		if err := cutInHalf(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(asProgram) != "" {
		Program()
	}
	testscript.Main(m, map[string]func(){"jobmon-db": Program})
}

// process is the program running on its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// skipShort leaves out what starts the program as a process, which no race detector looks into.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the program as a process, which -short leaves out")
	}
}

// start runs the program with arguments and further environment; the test's end kills it.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return startOn(t, &natstest.Here{}, env, args...)
}

// startOn does so at that place.
func startOn(t *testing.T, place natstest.Place, env []string, args ...string) *process {
	t.Helper()
	skipShort(t)
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...)}
	p.cmd.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	p.cmd.Stderr = &p.stderr
	if err := place.Start(p.cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill() })
	return p
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
}

// stop ends the process as a service manager would, and expects a clean end.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("%v: %s", err, p.stderr.String())
	}
}

// eventually asks until the answer is true, for five minutes.
func eventually(t *testing.T, what func() string, ask func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Minute)
	for tick := time.NewTicker(20 * time.Millisecond); !ask(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still not: %s", what())
		}
	}
}

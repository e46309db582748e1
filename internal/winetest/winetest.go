// Package winetest runs programs for Windows under Wine, in tests. Wine imitates Windows and proves little about it;
// docs/windows.md says what was seen where.
package winetest

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// variable holds the path of wine; without it nothing is tried.
const variable = "JOBMON_TEST_WINE"

const compiler = "x86_64-w64-mingw32-gcc"

//go:embed testdata/bcryptprimitives.c
var shim []byte

// limit is for one command, on a machine that has much else to do.
const limit = 3 * time.Minute

// Windows is a new, empty computer, as far as Wine makes one.
type Windows struct {
	t      *testing.T
	wine   string
	prefix string
	work   string
}

// New sets the computer up, or skips the test where there is no Wine to be used. It goes away with the test.
func New(t *testing.T) *Windows {
	t.Helper()
	wine := os.Getenv(variable)
	if wine == "" {
		t.Skip("needs Wine: " + variable + " is not set (.ci/run wine)")
	}
	w := &Windows{t: t, wine: wine, work: t.TempDir()}
	w.prefix = filepath.Join(w.work, "prefix")
	if err := os.Mkdir(w.prefix, 0o755); err != nil {
		t.Fatal(err)
	}
	w.must(w.command("server", "-p")) // else Wine ends with the last program, and with it the services
	t.Cleanup(func() {
		w.must(w.command("server", "-k"))
		w.must(w.command("server", "-w"))
	})
	// The first program to run has Wine set the computer up; wineboot would do it twice and leave two service managers.
	w.must(w.command("cmd", "/c", "ver"))
	library := w.C("windows", "system32", "bcryptprimitives.dll")
	if _, err := os.Stat(library); err == nil {
		return w
	}
	source := filepath.Join(w.work, "bcryptprimitives.c")
	if err := os.WriteFile(source, shim, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath(compiler); err != nil {
		t.Fatalf("this Wine is older than 9 and needs a library that %s builds (gcc-mingw-w64-x86-64-win32 on "+
			"Debian): %v", compiler, err)
	}
	w.must(exec.Command(compiler, "-shared", "-O", "-o", library, source))
	return w
}

// C is the path, outside Wine, of what lies on the computer's disk C:.
func (w *Windows) C(path ...string) string {
	return filepath.Join(append([]string{w.prefix, "drive_c"}, path...)...)
}

// Build builds the Go package for Windows and puts it at that path on C:.
func (w *Windows) Build(pkg string, path ...string) {
	w.t.Helper()
	build := exec.Command("go", "build", "-o", w.C(path...), pkg)
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	w.must(build)
}

// Result is what a program said.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Run runs a program, given by its path inside Wine, to its end.
func (w *Windows) Run(program string, args ...string) Result {
	w.t.Helper()
	c := w.command(program, args...)
	// Files and no pipes: what Wine leaves running in the background would hold these open.
	stdout, stderr := w.file("stdout"), w.file("stderr")
	c.Stdout, c.Stderr = stdout, stderr
	err := c.Run()
	result := Result{w.said(stdout), w.said(stderr), c.ProcessState.ExitCode()}
	var ended *exec.ExitError
	if err != nil && (!errors.As(err, &ended) || !ended.Exited()) {
		w.t.Fatalf("%s %q: %v\n%s%s", program, args, err, result.Stdout, result.Stderr)
	}
	return result
}

func (w *Windows) file(name string) *os.File {
	w.t.Helper()
	f, err := os.CreateTemp(w.work, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// said is the content of the file, with line ends of Unix.
func (w *Windows) said(f *os.File) string {
	w.t.Helper()
	defer f.Close()
	content, err := os.ReadFile(f.Name())
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n")
}

// Begin starts a program and returns when it has written its first word. end closes the program's standard input and
// waits for its end.
func (w *Windows) Begin(program string, args ...string) (end func()) {
	w.t.Helper()
	c := w.command(program, args...)
	stderr := w.file("stderr")
	c.Stderr = stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, 1)); err != nil {
		w.t.Fatalf("%s %q says nothing: %v %s", program, args, err, w.said(stderr))
	}
	return func() {
		w.t.Helper()
		stdin.Close()
		_, _ = io.Copy(io.Discard, stdout)
		if err := c.Wait(); err != nil {
			w.t.Errorf("%s %q: %v %s", program, args, err, w.said(stderr))
		}
	}
}

// command is a program under Wine; "server" is the one of Wine itself.
func (w *Windows) command(program string, args ...string) *exec.Cmd {
	ctx, stop := context.WithTimeout(w.t.Context(), limit)
	if program == "server" { // also when the test is over
		ctx, stop = context.WithTimeout(context.Background(), limit)
	}
	w.t.Cleanup(stop)
	c := exec.CommandContext(ctx, w.wine, append([]string{program}, args...)...)
	if program == "server" {
		c = exec.CommandContext(ctx, filepath.Join(filepath.Dir(w.wine), "wineserver"), args...)
	}
	c.Env = append(os.Environ(), "WINEPREFIX="+w.prefix, "WINEDEBUG=-all", "DISPLAY=",
		"WINEDLLOVERRIDES=bcryptprimitives=n,b;mscoree=;mshtml=")
	return c
}

func (w *Windows) must(c *exec.Cmd) {
	w.t.Helper()
	output := w.file("output")
	c.Stdout, c.Stderr = output, output
	if err := c.Run(); err != nil {
		w.t.Fatalf("%q: %v\n%s", c.Args, err, w.said(output))
	}
}

package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/winsession"
)

type monitorOptions struct {
	dir, id                           string
	user, once, follow, stop, explain bool
}

const (
	showRecord  = "JobMon.show.json"   // in the monitor's folder: the running processes
	showLog     = "JobMon.show.log"    // the watcher's messages
	showWatcher = "JobMon.watcher.exe" // a copy of this program
	showCopies  = 10 * time.Second     // how long a virus scanner may hold that copy
	showBegins  = 30 * time.Second     // within which the monitor appears, or an error
)

// screenError means that the screen cannot be reached from here.
type screenError struct{ error }

func (e *screenError) Unwrap() error { return e.error }

func (a *app) clientShow() *cobra.Command {
	o := monitorOptions{dir: defaultClientDir}
	c := &cobra.Command{
		Use:   "show",
		Short: "Put the monitor on this computer's logon screen; for DS scripts on Windows 10 and later",
		Long: `Start the monitor on the logon screen of this computer, or with --user on the desktop of the user who is
logged on. It has to run as SYSTEM: a DS task on the client does. PsExec is not needed.

A monitor that an earlier call started is closed first. The command returns when the monitor runs, and leaves
a watcher behind that starts it again where the console's session is, when that changes, or when it fails. The
watcher ends with the monitor: when that closes itself, with --stop, or when another call takes over.

With --user the monitor is on the logon screen as long as nobody is logged on, and goes back there after a
logoff.`,
		Example: `  jobmon-db client show --dir C:\Windows\JobMon --id %ID%
  jobmon-db client show --user
  jobmon-db client show --explain
  jobmon-db client show --stop`,
		Args: noArgs,
	}
	f := c.Flags()
	f.StringVar(&o.dir, "dir", o.dir, "the folder of the monitor on this computer")
	f.StringVar(&o.id, "id", "", "this computer's id in DS (%ID%): the monitor then takes no other computer's file")
	f.BoolVar(&o.user, "user", false,
		"on the desktop of the user who is logged on, while somebody is, and as that user")
	f.BoolVar(&o.once, "once", false, "leave no watcher behind: start it where the console is now")
	f.BoolVar(&o.follow, "follow", false, "be the watcher: stay, until the monitor is closed")
	f.BoolVar(&o.stop, "stop", false, "close the monitor that was started so, and its watcher")
	f.BoolVar(&o.explain, "explain", false, "say what would be done, and what is missing; do nothing")
	f.BoolVar(&o.explain, "dry-run", false, "the same as --explain")
	c.RunE = func(c *cobra.Command, _ []string) error { return a.showMonitor(c.Context(), o) }
	return c
}

// check refuses flags that make no sense.
func (o *monitorOptions) check() error {
	if _, err := strconv.ParseInt(o.id, 10, 32); o.id != "" && err != nil {
		return &usageError{fmt.Errorf("--id %q: it must be a number, such as DS writes for %%ID%%", o.id)}
	}
	if o.once && o.follow || o.stop && (o.once || o.follow) {
		return &usageError{errors.New("--once, --follow and --stop exclude each other: give one of them")}
	}
	return nil
}

func (a *app) showMonitor(ctx context.Context, o monitorOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	o.dir = filepath.Clean(o.dir)
	if o.explain {
		return a.explainShow(o)
	}
	if missing := winsession.Missing(); len(missing) > 0 && !o.stop {
		return &screenError{fmt.Errorf("the monitor cannot be shown: %s", strings.Join(missing, "; "))}
	}
	system, err := winsession.New()
	if err != nil {
		return &screenError{err}
	}
	show, err := o.show(system)
	if err != nil {
		return err
	}
	switch {
	case o.stop:
		err = a.stopMonitor(show)
	case o.follow:
		err = show.Follow(ctx, a.printShown)
	case o.once:
		ctx, cancel := context.WithTimeout(ctx, showBegins)
		defer cancel()
		var target winsession.Target
		var p winsession.Process
		if target, p, err = show.Once(ctx); err == nil {
			a.printShown(target, p)
		}
	default:
		return a.leaveWatcher(ctx, show, o)
	}
	if err != nil {
		return &screenError{err}
	}
	return nil
}

func (a *app) stopMonitor(show *winsession.Show) error {
	closed, err := show.Stop()
	for _, p := range closed {
		fmt.Fprintf(a.stdout, "closed %v\n", p)
	}
	if err == nil && len(closed) == 0 {
		fmt.Fprintln(a.stdout, "nothing that client show started is running")
	}
	return err
}

func (a *app) printShown(t winsession.Target, p winsession.Process) {
	fmt.Fprintf(a.stdout, "%v shows the monitor on %v\n", p, t)
}

// show prepares the monitor's start, and checks what can be checked before.
func (o *monitorOptions) show(system winsession.System) (*winsession.Show, error) {
	monitor := monitor()
	s := &winsession.Show{
		System: system, User: o.user, RecordFile: filepath.Join(o.dir, showRecord),
		StopFile: filepath.Join(o.dir, monitor.StopFile),
	}
	if o.stop {
		return s, nil
	}
	start := filepath.Join(o.dir, monitor.Start)
	if _, err := os.Stat(start); err != nil {
		return nil, fmt.Errorf("the monitor is missing: %w; name its folder with --dir, and have DS copy it there "+
			"first", err)
	}
	if err := trust.Closed(o.dir, false); err != nil {
		return nil, &screenError{fmt.Errorf("the monitor is not run as SYSTEM: %w", err)}
	}
	mshta, err := winsession.Mshta()
	if err != nil {
		return nil, &screenError{err}
	}
	args := []string{start, o.dir}
	if o.id != "" {
		args = append(args, o.id)
	}
	if s.CommandLine, err = winsession.CommandLine(mshta, args...); err != nil {
		return nil, &usageError{fmt.Errorf("--dir: %w", err)}
	}
	return s, nil
}

// leaveWatcher starts the watcher and waits until the monitor runs.
func (a *app) leaveWatcher(ctx context.Context, show *winsession.Show, o monitorOptions) error {
	// Here rather than in the watcher, so that an error reaches the caller.
	if _, err := show.Stop(); err != nil {
		return &screenError{err}
	}
	if err := (winsession.Record{}).Write(show.RecordFile); err != nil {
		return err
	}
	log := filepath.Join(o.dir, showLog)
	watcher, err := o.startWatcher(log)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- watcher.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, showBegins)
	defer cancel()
	var failed error
	over := patience.Until(ctx, 100*time.Millisecond, func() (bool, error) {
		select {
		case err := <-ended:
			failed = cmp.Or(err, errors.New("the watcher has ended"))
			return true, nil
		default:
			r, err := winsession.ReadRecord(show.RecordFile)
			return err == nil && r.Program.PID != 0, nil
		}
	})
	text, _, _ := plainfile.Head(log, plainfile.Most)
	switch {
	case over != nil:
		return &screenError{fmt.Errorf("the monitor is not shown yet; process %d goes on trying", watcher.Process.Pid)}
	case failed != nil:
		return &screenError{fmt.Errorf("the monitor is not shown: %w: %s", failed, strings.TrimSpace(string(text)))}
	}
	_, err = a.stdout.Write(text)
	return err
}

// startWatcher starts this program as the watcher, with its output in the file log.
func (o *monitorOptions) startWatcher(log string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if self, err = watcherProgram(self, o.dir); err != nil {
		return nil, err
	}
	args := []string{"client", "show", "--follow", "--dir", o.dir}
	if o.id != "" {
		args = append(args, "--id", o.id)
	}
	if o.user {
		args = append(args, "--user")
	}
	said, err := os.Create(log) // a pipe would have to stay open as long as the watcher lives
	if err != nil {
		return nil, fmt.Errorf("make the file for the watcher's messages: %w", err)
	}
	defer said.Close()
	watcher, err := detached(said, self, args...)
	if err != nil {
		return nil, fmt.Errorf("start the watcher: %w", err)
	}
	return watcher, nil
}

// watcherProgram is the watcher's program: self, or a copy of it when self lies in the monitor's folder. Windows does
// not replace a running program, so DS could not copy the folder again while the watcher runs.
func watcherProgram(self, dir string) (string, error) {
	if !strings.EqualFold(filepath.Dir(self), filepath.Clean(dir)) {
		return self, nil
	}
	content, err := os.ReadFile(self)
	if err != nil {
		return "", fmt.Errorf("copy the program for the watcher: %w", err)
	}
	watcher := filepath.Join(dir, showWatcher)
	err = atomicfile.Patiently(showCopies, func() error { return atomicfile.Write(watcher, content, 0o755) })
	if err != nil {
		return "", fmt.Errorf("copy the program for the watcher: %w", err)
	}
	return watcher, nil
}

// detached starts a program that outlives this one, with its output in a file.
func detached(said *os.File, program string, args ...string) (*exec.Cmd, error) {
	var last error
	for _, attributes := range detachedAttributes() {
		c := exec.Command(program, args...)
		c.Stdout, c.Stderr, c.SysProcAttr = said, said, attributes
		if last = c.Start(); last == nil {
			return c, nil
		}
	}
	return nil, last
}

// explainShow prints what would be done.
func (a *app) explainShow(o monitorOptions) error {
	missing := winsession.Missing()
	system, err := winsession.New()
	if err != nil {
		return &screenError{err}
	}
	show, err := o.show(system)
	if err != nil {
		missing = append(missing, err.Error())
		show = &winsession.Show{System: system, RecordFile: filepath.Join(o.dir, showRecord)}
	}
	explain(a.stdout, show, o, &missing)
	for _, what := range missing {
		fmt.Fprintf(a.stdout, "missing   %s\n", what)
	}
	if len(missing) > 0 {
		return &screenError{errors.New("the monitor cannot be shown while that is missing")}
	}
	return nil
}

func explain(out io.Writer, show *winsession.Show, o monitorOptions, missing *[]string) {
	r, err := winsession.ReadRecord(show.RecordFile)
	if err != nil {
		*missing = append(*missing, err.Error())
	}
	for _, p := range []winsession.Process{r.Watcher, r.Program} {
		if now, ok := show.System.Find(p.PID); ok && now.Same(p) {
			fmt.Fprintf(out, "would     close %v, which an earlier client show started\n", p)
		}
	}
	if o.stop {
		return
	}
	screen, err := show.System.Screen()
	if err != nil {
		*missing = append(*missing, err.Error())
		return
	}
	target, ok := winsession.Choose(screen, o.user)
	if !ok {
		fmt.Fprintln(out, "would     wait until a session is attached to the screen")
		return
	}
	if show.CommandLine != "" {
		fmt.Fprintf(out, "would     start %s\n          on %v\n", show.CommandLine, target)
	}
	if !o.once {
		fmt.Fprintln(out, "would     start it again where the console goes, until it is closed")
	}
}

package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
	"github.com/jobmon-db/jobmon-db/internal/requestdir"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

type refreshOptions struct {
	computer, job string
	timeout       time.Duration
	bestEffort    bool
}

func (o *refreshOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.job, "job", "", "the job that runs now; - reads it from standard input, as DS scripts must")
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "how long to wait for the daemon")
	f.BoolVar(&o.bestEffort, "best-effort", false, "never fail: without an answer write a file that says so")
}

// Limits for a job's name on standard input.
const (
	longestJob = 1 << 10 // bytes
	nameWithin = 2 * time.Second
)

func (a *app) refresh() *cobra.Command {
	var o refreshOptions
	c := &cobra.Command{
		Use:   "refresh COMPUTER",
		Short: "Write a computer's file now, from a fresh read; for DS scripts",
		Long: `Ask the running daemon for a computer's file: it reads the source, records that this job runs now, writes
the file and only then answers. A marker's script calls it before the Copy File task, so that the screen gets
the present state.

COMPUTER is an id (%ID% in a script) or a name. With an id there is always a file afterwards: one without a
deployment for a computer that the database does not know. With --best-effort the command never fails a
deployment: if no daemon answers in time, it replaces the file by one that says that the monitor is stopped,
and the exit code is 0. Without it the exit code is 10 if the source could not be read; the file then holds
the last known state, and says so.

DS puts the job's name into the text of a script before the script runs. The name must not be part of a
command there: a quotation mark in it could run any program on the DS server. "jobmon-db client pack" writes
scripts that are safe for every name. They hold the name in a last line behind their end, ::"JM"=%JOBNAME%,
and pass that line on: --job - reads it from standard input.`,
		Example: `  find "::""JM""=" <"%~f0" | jobmon-db refresh %ID% --job - --best-effort
  jobmon-db refresh PC-0003 --job "03. (JM) Office"
  jobmon-db refresh PC-0003`,
		Args: one("computer"),
	}
	configured := a.configured(c, "data_dir", "evt.dir", "evt.takeover", "evt.template", "evt.encoding", "evt.newline")
	o.flags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		o.computer = strings.TrimSpace(args[0])
		config, err := configured()
		if err == nil {
			err = a.refreshNow(c.Context(), config.DataDir, &o)
		}
		if err == nil || !o.bestEffort {
			return err
		}
		a.fallBack(c, config, o, err)
		return nil
	}
	return c
}

// fallBack prints why nothing fresh was written, and leaves a file that says so. config is nil when it has an error.
func (a *app) fallBack(c *cobra.Command, config *configs.Config, o refreshOptions, err error) {
	var stale *staleError
	if errors.As(err, &stale) { // the daemon has written the file, which says so itself
		return
	}
	complain(a.stderr, "", err)
	if config == nil { // a script still knows the folders
		config, err = configs.Load(configs.LoadOptions{Places: []string{}, Env: places(a.env), Flags: c.Flags()})
		if err != nil {
			complain(a.stderr, "no file was written: ", err)
			return
		}
	}
	if err := leaveStopped(config, o); err != nil {
		complain(a.stderr, "", err)
	}
}

// places are the variables that name folders.
func places(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(v), "=")
		return strings.HasPrefix(name, "JOBMON_") && name != "JOBMON_DATA_DIR" && name != "JOBMON_EVT_DIR"
	})
}

// token is a placeholder of a DS script, which DS replaces before the script runs.
var token = regexp.MustCompile(`^%[^%]+%$`)

// unreplaced refuses a computer that is still a token.
func unreplaced(computer string) error {
	if !token.MatchString(strings.TrimPrefix(computer, "id:")) {
		return nil
	}
	return &usageError{fmt.Errorf("DS has not replaced the token %s: it does so only in the text of a script task "+
		"(Run Script), and not in a script file that the text calls; elsewhere give the computer's id or its name",
		computer)}
}

// staleError means that the file was written from the last known state, as the source was not read.
type staleError struct{ path string }

func (e *staleError) Error() string {
	return e.path + " was written from the last known state, as the source could not be read; jobmon-db check says why"
}

// refreshNow reads the job's name if necessary, and asks the daemon, all within the timeout.
func (a *app) refreshNow(ctx context.Context, dataDir string, o *refreshOptions) error {
	if err := unreplaced(o.computer); err != nil {
		return err
	}
	if o.timeout <= 0 {
		return &usageError{fmt.Errorf("--timeout %v: it must be longer than 0", o.timeout)}
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if o.job == "-" {
		var err error
		if o.job, err = firstLine(ctx, a.stdin, min(o.timeout/2, nameWithin)); err != nil && !o.bestEffort {
			return err
		}
	}
	if o.job = requestdir.JobName([]byte(o.job)); token.MatchString(o.job) {
		fmt.Fprintf(a.stderr, "jobmon-db: DS has not replaced the token %s in --job: the request names no job\n", o.job)
		o.job = ""
	}
	return refresh(ctx, a.stdout, dataDir, *o)
}

// firstLine reads a job's name. It waits that long only for a caller that holds standard input open without a line.
func firstLine(ctx context.Context, in io.Reader, within time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	line, err := patience.For(ctx, func() (string, error) {
		return bufio.NewReader(io.LimitReader(in, longestJob)).ReadString('\n')
	})
	switch {
	case ctx.Err() != nil:
		return "", errors.New("no line came from standard input: write the job's name to it, or leave out --job -")
	case err != nil && !errors.Is(err, io.EOF):
		return "", fmt.Errorf("read the job's name from standard input: %w", err)
	}
	return line, nil
}

// refresh asks the daemon and prints which file it wrote.
func refresh(ctx context.Context, out io.Writer, dataDir string, o refreshOptions) error {
	err := notHub(dataDir, "a hub writes no files for computers; call this at the site")
	if err != nil {
		return err
	}
	client := &control.Client{Transport: &endpoint.Client{DataDir: dataDir}, Context: ctx}
	id, numeric := computerID(o.computer)
	if numeric && id <= 0 {
		return &usageError{fmt.Errorf("%q is not the id of a computer: ids are above 0", o.computer)}
	}
	if !numeric {
		p, err := askDaemon(ctx, dataDir)
		if err != nil {
			return err
		}
		if id, err = p.Names.Find(o.computer); err != nil {
			return question{}.missed([]string{o.computer}, err)
		}
	}
	answer, err := client.Refresh(ctx, control.RefreshRequest{Computer: id, Job: o.job})
	switch {
	case err != nil:
		return err
	case answer.Error != "":
		return fmt.Errorf("the request is recorded, but %s was not written: %s", answer.Path, answer.Error)
	case !answer.Fresh:
		_, err = fmt.Fprintf(out, "%s  seq %d, from the state known at %s: %s\n", answer.Path, answer.Seq, answer.At,
			answer.Reason)
		return errors.Join(err, &staleError{answer.Path})
	}
	_, err = fmt.Fprintf(out, "%s  seq %d, fresh at %s\n", answer.Path, answer.Seq, answer.At)
	return err
}

// computerID reads an id, with or without "id:".
func computerID(text string) (jobmon.ComputerID, bool) {
	id, err := strconv.ParseInt(strings.TrimPrefix(text, "id:"), 10, 32)
	return jobmon.ComputerID(id), err == nil
}

// leaveStopped replaces the computer's file by one that says that no daemon answered, so that an old "ready" is never
// delivered as fresh.
func leaveStopped(config *configs.Config, o refreshOptions) error {
	id, numeric := computerID(o.computer)
	if !numeric || id <= 0 {
		return fmt.Errorf("no file was written for %q: without the daemon only an id names it", o.computer)
	}
	path := filepath.Join(config.Evt.Dir, fmt.Sprintf("%d.evt", id))
	ledger := evtdir.NewLedger(filepath.Join(config.DataDir, evtdir.LedgerName))
	old, err := plainfile.Read(path)
	foreign := errors.Is(err, plainfile.ErrIrregular) || errors.Is(err, plainfile.ErrTooLarge) ||
		err == nil && !evt.Ours(old) && !ledger.Knows(id, old)
	if foreign && !config.Evt.Takeover {
		return fmt.Errorf("%s was not written by jobmon-db and is left as it is", path)
	}
	file, unformed := stoppedFile(config, id, o.job)
	if file == nil {
		return unformed
	}
	if err := inherit.MkdirAll(config.Evt.Dir, 0o755); err != nil {
		return errors.Join(unformed, fmt.Errorf("make the evt folder: %w", err))
	}
	if !evt.Ours(file) {
		unformed = ledger.Add(id, file)
	}
	return errors.Join(unformed, atomicfile.Patiently(time.Second,
		func() error { return atomicfile.Write(path, file, 0o644) }))
}

// stoppedFile returns the file that says that no daemon answered, by the site's template. If that cannot be used, the
// error says why and the file is the one of docs/evt-format.md: a monitor that does not understand it shows no old
// "ready".
func stoppedFile(config *configs.Config, id jobmon.ComputerID, job string) ([]byte, error) {
	form, unformed := config.Form()
	if unformed == nil {
		file, err := evt.Stopped(form, id, job)
		if err == nil {
			return file, nil
		}
		unformed = err
	}
	file, err := evt.Stopped(jobmon.Form{}, id, job)
	return file, errors.Join(unformed, err)
}

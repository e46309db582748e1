// Package check looks at everything that the daemon would use and says what is well and what is not, with the next
// step. It changes nothing: it sends questions to the database, and leaves of itself in a folder no more than a file
// that is removed at once.
//
// What it says of rights holds for the account that it runs under.
package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/patience"
)

// State is how a check ended.
type State string

// The states.
const (
	OK   State = "ok"
	Warn State = "warn" // it works, and somebody should know
	Fail State = "fail" // it does not work
	Skip State = "skip" // nothing was looked at
)

// Line is what one check found.
type Line struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Found string `json:"found"`
	Next  string `json:"next"` // what to do, one sentence; "" where nothing is to be done
}

// Source is the database. Its methods are called one after the other, and their errors hold no secrets. ReadAll is not
// called when Inspect fails.
type Source interface {
	Inspect(ctx context.Context) (*mssql.Inspection, error)
	Tables
}

// Options say what is checked.
type Options struct {
	Config *configs.Config

	// Source is the database, nil where source.kind is none. StandIn is what is read in its place, nil for nothing.
	// Unusable says why there is neither although there should be.
	Source   Source
	StandIn  *StandIn
	Unusable error

	// Record, where set, keeps what was read, and says what it wrote.
	Record func(*Reading) (string, error)

	// Running asks the daemon of the data dir: what it says of itself, and whether there is one. nil skips that.
	Running func(ctx context.Context) (description string, running bool, err error)

	// StartClock is the UTC offset of start_time's clock as far as the log knows it. nil skips that.
	StartClock func(ctx context.Context) (offset jobmon.Offset, known bool)

	// Differs says how the configuration of the daemon that runs differs from what is configured now, and what to do;
	// "" for not at all. nil skips that.
	Differs func(ctx context.Context) (found, next string)

	// Apart says why the source may not go on in the folders, which are those of another kind. nil skips that.
	Apart func() error

	// Targets are those of messages.
	Targets []Target

	// Fleet asks as a site, nil where it is in none; Hub asks as a hub, nil where the server is the hub's own.
	Fleet, Hub Fleet

	DataLock string // lock file of the daemon that uses the data dir
	Requests string // the request folder
	Monitor  string // the monitor's folder on the share or on a computer; "" for none
}

// The checks of the source. The tables follow "login" one by one, named "table <key>".
const (
	checkDatabase = "database"
	checkLogin    = "login"
	checkTables   = "tables"
	checkRows     = "rows"
	checkStart    = "start_time"
	checkStuck    = "stuck rows"
	checkMarkers  = "markers"
	checkClosing  = "closing marker"
	checkSession  = "session"
	checkClock    = "clock"
)

// checkRecording is about the file, not the source.
const checkRecording = "recording"

// Run makes all checks and returns their lines, in an order that does not change. Nothing makes it wait longer than
// about three times source.timeout; what has not answered by then failed. When ctx ends it returns soon, with what it
// has.
func Run(ctx context.Context, o Options) []Line {
	c := checker{Options: o, patience: o.Config.Source.Timeout}
	groups := []func(context.Context) []Line{
		func(ctx context.Context) []Line { return c.alone(ctx, "configuration", c.configuration) },
		c.source,
		func(ctx context.Context) []Line { return c.alone(ctx, "evt folder", c.evtFolder) },
		func(ctx context.Context) []Line { return c.alone(ctx, "request folder", c.requestFolder) },
		func(ctx context.Context) []Line { return c.alone(ctx, "template", c.template) },
		func(ctx context.Context) []Line { return c.alone(ctx, "http", c.http) },
		c.fleet,
		c.targets,
		func(ctx context.Context) []Line { return c.alone(ctx, "backup folder", c.backupFolder) },
		func(ctx context.Context) []Line { return c.alone(ctx, "rights", c.rights) },
		c.data,
	}
	if c.Config.AtHub() {
		groups = c.ofHub()
	}
	lines := make([][]Line, len(groups))
	var running sync.WaitGroup
	for i, group := range groups {
		running.Go(func() { lines[i] = group(ctx) })
	}
	running.Wait()
	return slices.Concat(lines...)
}

// ofHub are the checks of a hub, which watches nothing itself.
func (c *checker) ofHub() []func(context.Context) []Line {
	return []func(context.Context) []Line{
		func(ctx context.Context) []Line { return c.alone(ctx, "configuration", c.configuration) },
		c.hub,
		func(ctx context.Context) []Line { return c.alone(ctx, "http", c.http) },
		c.targets,
		func(ctx context.Context) []Line {
			line, _ := c.daemon(ctx)
			return append(c.alone(ctx, checkData, func(context.Context) Line {
				line, _ := folder(c.Config.DataDir, "data_dir")
				return line
			}), line)
		},
	}
}

// OfSource makes the checks of the database alone.
func OfSource(ctx context.Context, o Options) []Line {
	c := checker{Options: o, patience: o.Config.Source.Timeout}
	return c.source(ctx)
}

// OfFolders makes the checks of the evt folder and of the data folder with its log alone.
func OfFolders(ctx context.Context, o Options) []Line {
	c := checker{Options: o, patience: o.Config.Source.Timeout}
	lines := append(c.alone(ctx, "evt folder", c.evtFolder), c.data(ctx)...)
	return slices.DeleteFunc(lines, func(l Line) bool { return l.Check == checkDaemon })
}

// Error says which checks failed.
type Error struct {
	Checks []string // those that failed
	Source bool     // one of them is about the database
}

// Error names the checks.
func (e *Error) Error() string {
	if len(e.Checks) == 1 {
		return "a check failed: " + e.Checks[0]
	}
	return fmt.Sprintf("%d checks failed: %s", len(e.Checks), strings.Join(e.Checks, ", "))
}

// Failed is nil when no line failed, otherwise an *Error.
func Failed(lines []Line) error {
	e := &Error{}
	for _, l := range lines {
		if l.State == Fail {
			e.Checks = append(e.Checks, l.Check)
			e.Source = e.Source || ofSource(l.Check)
		}
	}
	if e.Checks == nil {
		return nil
	}
	return e
}

func ofSource(check string) bool {
	return strings.HasPrefix(check, "table ") ||
		slices.Contains([]string{checkDatabase, checkLogin, checkTables, checkRows, checkStart, checkStuck,
			checkMarkers,
			checkClosing, checkSession, checkClock}, check)
}

// checker makes the checks. Those of the folders and of the source run at the same time.
type checker struct {
	Options
	patience time.Duration // for each check
}

// alone makes a check whose work may never end, as a call to a share that is away can.
func (c *checker) alone(ctx context.Context, name string, work func(context.Context) Line) []Line {
	line, err := within(ctx, c.patience, func(ctx context.Context) (Line, error) { return work(ctx), nil })
	if err != nil {
		line = Line{State: Fail, Found: c.late(err), Next: "see whether the disk or the share answers at all"}
	}
	line.Check = name
	return []Line{line}
}

// late says why a check did not end.
func (c *checker) late(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %v", c.patience)
	}
	return "the check was stopped"
}

// few is how many names a line lists.
const few = 3

// farewell is how long work has, once its time is up, to say itself what happened.
const farewell = time.Second

// within does work that should end with its context, and goes on without it when it does not.
func within[T any](ctx context.Context, limit time.Duration, work func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	patient, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(farewell, func() { stop(ctx.Err()) })
	})()
	return patience.For(patient, func() (T, error) { return work(ctx) })
}

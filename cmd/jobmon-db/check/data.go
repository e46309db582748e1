package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/store"
)

const (
	checkData   = "data folder"
	checkLog    = "log"
	checkDaemon = "daemon"
)

// data checks the data dir, the log in it and the daemon that uses them.
func (c *checker) data(ctx context.Context) []Line {
	daemon, running := c.daemon(ctx)
	lines := c.alone(ctx, checkData, func(context.Context) Line {
		line, _ := folder(c.Config.DataDir, "data_dir")
		if running && line.State == Fail {
			return Line{State: OK, Found: c.Config.DataDir + ", in use by the daemon; this account cannot write there"}
		}
		return line
	})
	lines = append(lines, c.alone(ctx, checkLog, func(context.Context) Line { return c.log(running) })...)
	return append(lines, daemon)
}

func (c *checker) daemon(ctx context.Context) (line Line, running bool) {
	line = Line{Check: checkDaemon, State: Skip, Found: "not asked"}
	if c.Running == nil {
		return line, false
	}
	found, err := within(ctx, c.patience, func(ctx context.Context) (description string, err error) {
		description, running, err := c.Running(ctx)
		if err == nil && !running {
			err = errNone
		}
		return description, err
	})
	switch {
	case errors.Is(err, errNone):
		start := "start it: jobmon-db run, or its service"
		if c.Config.AtHub() {
			start = "start it: jobmon-db hub, or its service"
		}
		return Line{checkDaemon, Warn, "none runs on " + c.Config.DataDir, start}, false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Line{checkDaemon, Fail, c.late(err), "stop the daemon and start it again: " + instance.StopDaemon}, false
	case err != nil:
		return Line{checkDaemon, Fail, err.Error(),
			"run this elevated, or as the account of the daemon; if that is no help, start the daemon again"}, false
	}
	line = Line{checkDaemon, OK, found, ""}
	if c.Differs != nil {
		if found, next := c.Differs(ctx); found != "" {
			line.worsen(found, next)
		}
	}
	return line, true
}

var errNone = errors.New("no daemon")

// log opens the log, which looks at its newest frame; the rest is for verify. While a daemon has it, the daemon's line
// reports on it.
func (c *checker) log(running bool) Line {
	if running {
		return Line{State: OK, Found: "in use by the daemon"}
	}
	if c.Apart != nil {
		if err := c.Apart(); err != nil {
			return broken(err)
		}
	}
	log, err := store.Open(c.Config.DataDir, store.Options{ReadOnly: true})
	switch {
	case errors.Is(err, store.ErrNoLog):
		return Line{State: OK, Found: "there is none yet; the daemon begins it"}
	case errors.Is(err, store.ErrLocked):
		who := instance.Holder(c.DataLock)
		line := Line{State: Warn, Found: "in use by another process, which does not say who it is",
			Next: "wait until that process has ended, or stop it"}
		if who.PID != 0 {
			line.Found = fmt.Sprintf("in use by process %d on %s (%s, since %s)", who.PID, who.Host, who.Purpose,
				who.Started.UTC().Format(time.DateTime+" UTC"))
		}
		return line
	case err != nil:
		return broken(err)
	}
	defer log.Close()
	first, begun, filled := log.First()
	last, until, _ := log.Last()
	if !filled {
		return Line{State: OK, Found: log.Path() + ", empty"}
	}
	line := Line{State: OK, Found: fmt.Sprintf("%s, %s, %s to %s UTC", log.Path(),
		words.Count(int(last-first+1), "event"),
		begun.Time().Format(time.DateTime), until.Time().Format(time.DateTime))}
	if site := log.Site(); site != "" && site != c.Config.Site {
		line.worsen(fmt.Sprintf("it was begun for %s, and site is %s", site, c.Config.Site),
			"check that data_dir is the folder of this Deployment Server")
	}
	return line
}

// broken reports an error of the log; the last part of its sentence is what to do.
func broken(err error) Line {
	text := err.Error()
	line := Line{State: Fail, Found: text, Next: "see docs/event-log.md"}
	if at := strings.LastIndex(text, ": "); at > 0 {
		line.Found, line.Next = text[:at], text[at+2:]
	}
	return line
}

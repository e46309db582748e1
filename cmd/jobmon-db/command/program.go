package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// Program is the program's main function: it runs the command that the process was started with, and does not return.
// An interrupt or a termination signal ends the command cleanly; see hangups for the hangup.
func Program() {
	if err := systemLibrariesOnly(); err != nil { // first of all
		fmt.Fprintln(os.Stderr, "jobmon-db:", err)
		os.Exit(exitFailed)
	}
	signal.Ignore(syscall.SIGPIPE) // a closed output is an error like others, and ends quietly
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	hangups := newHangups()
	ignored := signal.Ignored(syscall.SIGHUP) // nohup asks for this
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for range signals {
			if !hangups.ask() && !ignored {
				stop()
			}
		}
	}()
	a := &app{env: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, hangups: hangups}
	code := a.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// hangups are the hangup signals that reach the process. Each ends the command, until a daemon takes them: that daemon
// reads its configuration again at each. Safe for concurrent use.
type hangups struct {
	taken atomic.Bool
	asked chan struct{} // holds one that the daemon has not seen yet
}

func newHangups() *hangups { return &hangups{asked: make(chan struct{}, 1)} }

// take hands all further hangups to the caller.
func (h *hangups) take() <-chan struct{} {
	h.taken.Store(true)
	return h.asked
}

// ask passes a hangup on, and reports whether somebody takes it.
func (h *hangups) ask() bool {
	if !h.taken.Load() {
		return false
	}
	select {
	case h.asked <- struct{}{}:
	default: // one that waits covers this one too
	}
	return true
}

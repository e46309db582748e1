package command

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// The exit codes, documented in docs/exit-codes.md. They never change their meaning.
const (
	exitOK        = 0
	exitFailed    = 1  // something failed that has no code of its own
	exitUsage     = 2  // the command line or the configuration is wrong
	exitUnknown   = 3  // no such computer, job, folder or site
	exitAmbiguous = 4  // the name means several computers
	exitOutside   = 5  // the time is outside what the log covers
	exitNoLog     = 6  // no log there, or not one of ours
	exitLocked    = 7  // another process uses the log
	exitNewer     = 8  // the log was written by a newer version
	exitDamaged   = 9  // the log is damaged
	exitSource    = 10 // the source cannot be read
	exitNothing   = 11 // the computer had no picture at that time
	exitNoDaemon  = 12 // no daemon answers
	exitDenied    = 13 // the daemon's endpoint may not be used by this account
	exitCheck     = 14 // check found something that must be mended
	exitFiles     = 15 // the log is whole, and files do not follow from it
	exitThere     = 16 // a file of that name is there, and is not replaced
	exitNoSpace   = 17 // too little room on the disk
	exitInUse     = 18 // another program listens on the address in http.listen
	exitElevate   = 19 // only administrators may do that
	exitNoService = 20 // there is no such service
	exitScreen    = 21 // client show cannot reach the screen
	exitFile      = 22 // client view cannot show the file
	exitRestart   = 23 // what changed in the configuration needs a new start
	exitBackup    = 24 // the backup is empty or damaged, and was not restored
	exitPart      = 25 // a damaged backup was restored, as far as it is whole

	lastExit = exitPart
)

// usageError marks what the person who typed the command can mend by typing another.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// nothingError says that there was no picture.
type nothingError struct{ error }

// exitCodes say which error ends the program with which code: the first that fits counts.
var exitCodes = []struct {
	code int
	is   func(error) bool
}{
	{exitBackup, wraps(store.ErrBackup)},
	{exitPart, isA[*partError]},
	{exitRestart, isA[*restartError]},
	{exitFile, isA[*fileError]},
	{exitElevate, wraps(winservice.ErrDenied)},
	{exitNoService, wraps(winservice.ErrNotInstalled)},
	{exitUsage, wraps(trust.ErrOwner, winservice.ErrAccount, winservice.ErrAnother, winservice.ErrConsole)},
	{exitUsage, wraps(winservice.ErrUnsupported)},
	{exitNoDaemon, wraps(errNotRunning)},
	{exitUsage, isA[*usageError]},
	{exitUsage, isA[*past.Wrong]},
	{exitUsage, isA[*configs.Error]},
	{exitUsage, isA[*replay.Mistake]},
	{exitScreen, isA[*screenError]},
	{exitSource, failedOn(true)},
	{exitSource, isA[*staleError]},
	{exitCheck, failedOn(false)},
	{exitDamaged, found(true)},
	{exitFiles, found(false)},
	{exitUnknown, isA[*names.UnknownError]},
	{exitUnknown, isA[*noSiteError]},
	{exitUnknown, isA[*replay.UnknownError]},
	{exitAmbiguous, isA[*names.AmbiguousError]},
	{exitAmbiguous, isA[*ambiguousError]},
	{exitOutside, isA[*past.Outside]},
	{exitNothing, isA[*nothingError]},
	{exitNoSpace, wraps(store.ErrNoSpace)},
	{exitInUse, wraps(http.ErrInUse)},
	{exitThere, wraps(fs.ErrExist)},
	{exitNoLog, wraps(store.ErrNoLog, store.ErrNotOurs)},
	{exitLocked, wraps(store.ErrLocked)},
	{exitLocked, isA[*instance.HeldError]},
	{exitDenied, wraps(endpoint.ErrDenied)},
	{exitNoDaemon, wraps(endpoint.ErrNotRunning, endpoint.ErrSilent, endpoint.ErrProtocol, endpoint.ErrImpostor)},
	{exitNoDaemon, wraps(context.DeadlineExceeded)},
	{exitNewer, wraps(store.ErrNewer, history.ErrNewerCut)},
	{exitDamaged, wraps(store.ErrCorrupt, store.ErrTruncated)},
}

func exitCode(err error) int {
	// Why the service ended is why it was not started.
	if ended := (*winservice.EndedError)(nil); errors.As(err, &ended) && ended.Code > 0 && ended.Code <= lastExit {
		return ended.Code
	}
	for _, exit := range exitCodes {
		if exit.is(err) {
			return exit.code
		}
	}
	return exitFailed
}

func wraps(kinds ...error) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
	}
}

func isA[E error](err error) bool {
	var kind E
	return errors.As(err, &kind)
}

// failedOn says that a check failed, on the database or on something else.
func failedOn(source bool) func(error) bool {
	return func(err error) bool {
		var failed *check.Error
		return errors.As(err, &failed) && failed.Source == source
	}
}

// found says that verify found something, in the log or in what follows from it.
func found(damaged bool) func(error) bool {
	return func(err error) bool {
		var verified *verifyError
		return errors.As(err, &verified) && verified.damaged == damaged
	}
}

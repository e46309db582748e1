package command

import (
	"context"
	"errors"
	"io/fs"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
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
	exitUnknown   = 3  // no such computer, job or folder
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

// outsideError says that a time is outside the period covered.
type outsideError struct{ error }

// nothingError says that there was no picture.
type nothingError struct{ error }

func exitCode(err error) int {
	var usage *usageError
	var unknown *names.UnknownError
	var mistake *replay.Mistake
	var unheard *replay.UnknownError
	var ambiguous *names.AmbiguousError
	var outside *outsideError
	var nothing *nothingError
	var config *configs.Error
	var failed *check.Error
	var held *instance.HeldError
	var verified *verifyError
	var file *fileError
	var ended *winservice.EndedError
	var screen *screenError
	var restart *restartError
	var part *partError
	var stale *staleError
	switch {
	case errors.Is(err, store.ErrBackup):
		return exitBackup
	case errors.As(err, &part):
		return exitPart
	case errors.As(err, &restart):
		return exitRestart
	case errors.As(err, &file):
		return exitFile
	case errors.As(err, &ended) && ended.Code > 0 && ended.Code <= lastExit:
		return ended.Code // why the service ended is why it was not started
	case errors.Is(err, winservice.ErrDenied):
		return exitElevate
	case errors.Is(err, winservice.ErrNotInstalled):
		return exitNoService
	case errors.Is(err, trust.ErrOwner), errors.Is(err, winservice.ErrAccount), errors.Is(err, winservice.ErrAnother), errors.Is(err, winservice.ErrConsole), errors.Is(err, winservice.ErrUnsupported):
		return exitUsage
	case errors.Is(err, errNotRunning):
		return exitNoDaemon
	case errors.As(err, &usage), errors.As(err, &config), errors.As(err, &mistake):
		return exitUsage
	case errors.As(err, &screen):
		return exitScreen
	case errors.As(err, &failed) && failed.Source, errors.As(err, &stale):
		return exitSource
	case errors.As(err, &failed):
		return exitCheck
	case errors.As(err, &verified) && verified.damaged:
		return exitDamaged
	case errors.As(err, &verified):
		return exitFiles
	case errors.As(err, &unknown), errors.As(err, &unheard):
		return exitUnknown
	case errors.As(err, &ambiguous):
		return exitAmbiguous
	case errors.As(err, &outside):
		return exitOutside
	case errors.As(err, &nothing):
		return exitNothing
	case errors.Is(err, store.ErrNoSpace):
		return exitNoSpace
	case errors.Is(err, http.ErrInUse):
		return exitInUse
	case errors.Is(err, fs.ErrExist):
		return exitThere
	case errors.Is(err, store.ErrNoLog), errors.Is(err, store.ErrNotOurs):
		return exitNoLog
	case errors.Is(err, store.ErrLocked), errors.As(err, &held):
		return exitLocked
	case errors.Is(err, endpoint.ErrDenied):
		return exitDenied
	case errors.Is(err, endpoint.ErrNotRunning), errors.Is(err, endpoint.ErrSilent), errors.Is(err, endpoint.ErrProtocol),
		errors.Is(err, endpoint.ErrImpostor),
		errors.Is(err, context.DeadlineExceeded):
		return exitNoDaemon
	case errors.Is(err, store.ErrNewer), errors.Is(err, history.ErrNewerCut):
		return exitNewer
	case errors.Is(err, store.ErrCorrupt), errors.Is(err, store.ErrTruncated):
		return exitDamaged
	}
	return exitFailed
}

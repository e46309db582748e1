package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// The kinds of failure that a caller can distinguish with errors.Is. What is returned is an *Error that wraps one of
// them and says in one sentence what is wrong, where, and what to do next.
var (
	// On opening.
	ErrNoLog   = errors.New("no event log")
	ErrNotOurs = errors.New("not an event log of this program")
	ErrLocked  = errors.New("event log in use by another process")

	// On opening and on reading.
	ErrNewer     = errors.New("event log of another version")
	ErrCorrupt   = errors.New("event log damaged")
	ErrTruncated = errors.New("event log cut short")

	// On restoring.
	ErrBackup = errors.New("backup damaged or without events")

	// On any use.
	ErrClosed = errors.New("event log closed")

	// On appending.
	ErrReadOnly = errors.New("event log open for reading only")
	ErrTooLarge = errors.New("event or batch too large")
	ErrInvalid  = errors.New("event or batch invalid")

	// On following another log.
	ErrUnjoined = errors.New("batch does not join the copy of the log")
)

// Error is a failure of the event log.
type Error struct {
	Kind error  // one of the errors above
	Path string // the data dir or the file that it is about, "" for a batch that was refused

	// Seq and Last are the first and the last sequence number that cannot be read, in a damaged frame or block or
	// missing: reading can go on behind Last. Both are 0 when the failure is about none, Last alone when it is not
	// known how far it reaches. Offset is in bytes from the start of the frame or block, or of the file when Seq is 0;
	// -1 when it is not about a place.
	Seq, Last uint64
	Offset    int64

	Text string // the sentence
	why  string // the part of it that says what is wrong
	Err  error  // what caused it, or nil; its text is part of Text
}

// Error is the sentence: what, where, what to do next.
func (e *Error) Error() string { return e.Text }

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// sentence makes an Error that is not about a place inside a file. The first error among args becomes its cause.
func sentence(kind error, path, format string, args ...any) *Error {
	e := &Error{Kind: kind, Path: path, Offset: -1, Text: fmt.Sprintf(format, args...)}
	for _, arg := range args {
		if cause, ok := arg.(error); ok && e.Err == nil {
			e.Err = cause
		}
	}
	return e
}

func errNoLog(dir string) error {
	return sentence(ErrNoLog, dir, "there is no event log in %s: check data_dir, or start the daemon, which creates "+
		"it", dir)
}

func errClosed(path string) error {
	return sentence(ErrClosed, path, "%s has been closed: open it again", path)
}

// damage says that the frame or block that holds the sequence numbers from seq to last cannot be used. It keeps the
// kind that the decoder found.
func damage(path string, seq, last uint64, found *frameError) error {
	text := "the log is damaged: " + found.why
	switch found.kind {
	case ErrNewer:
		text = found.why + ", written by a newer version of jobmon-db: install that version"
	case ErrTruncated:
		text = "the log is cut short: " + found.why
	}
	if found.kind != ErrNewer {
		text += ": what comes before and behind them can be read, they are in a backup"
	}
	return &Error{
		Kind: found.kind, Path: path, Seq: seq, Last: last, Offset: int64(found.offset), why: found.why,
		Text: fmt.Sprintf("%s, in the events %d to %d at byte %d: %s", path, seq, last, found.offset, text),
	}
}

// misfit says that what the log holds cannot be so.
func misfit(path, why string) error {
	return sentence(ErrCorrupt, path, "%s is damaged, %s: restore it from a backup", path, why)
}

// missing says that events are not where the log says they are: those up to last or, when that is 0, an unknown number.
func missing(path string, seq, last uint64, why string) error {
	return &Error{Kind: ErrCorrupt, Path: path, Seq: seq, Last: last, Offset: -1, why: why, Text: fmt.Sprintf(
		"%s: the log is damaged at sequence number %d: %s: what comes before it can be read, the rest is in a backup",
		path, seq, why)}
}

// inFile says that the file itself is damaged, at a byte of it.
func inFile(kind error, path string, offset int64, why string) error {
	return &Error{Kind: kind, Path: path, Offset: offset, Text: fmt.Sprintf(
		"%s: the log cannot be opened: %s (byte %d of the file): restore it from a backup", path, why, offset)}
}

// ioError adds to a failure of the operating system what was tried and, where it is plain, what to do.
func ioError(what string, err error) error {
	next := "check the disk and the rights on the folder"
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR):
		next = "check the path, and that its folder exists"
	case errors.Is(err, fs.ErrPermission):
		next = "run this as administrator, or give the account rights on the folder"
	case errors.Is(err, os.ErrDeadlineExceeded):
		next = "try again"
	}
	return fmt.Errorf("%s: %w: %s", what, err, next)
}

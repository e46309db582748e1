// Package eventlog writes to the event log of Windows, where administrators look first. On other systems there is none.
package eventlog

import "errors"

// ErrUnsupported says that this system has no such log.
var ErrUnsupported = errors.New("only Windows has an event log")

// Severity is how grave an entry is.
type Severity int

// Severities.
const (
	Information Severity = iota
	Warning
	Error
)

// Entry is one message. IDs from 1 to 1000 can be shown by Windows without a message file of our own.
type Entry struct {
	ID       uint32
	Severity Severity
	Text     string
}

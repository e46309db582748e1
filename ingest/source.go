// Package ingest turns what a Deployment Server's database says into events: a Source reads it, the Poller compares
// each read with the last known tables and hands the difference to the log.
//
// The sources live in folders of their own: mssql reads the real database, simulator is a Deployment Server made up
// for the demo and for tests.
package ingest

import (
	"context"
	"errors"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Source is where the schedule rows come from. A Source is used by one goroutine at a time. It never writes.
//
// Read and Lookup return soon after ctx ends, even when the server says nothing: the poller waits for them. Their
// errors are shown to users and recorded in the log, so they hold no password.
type Source interface {
	// Read reads everything: both clocks, all rows, all names, and the agents of the computers in watch (state
	// unknown for each of them where the sessions table cannot be read). The result is normalized
	// (jobmon.Snapshot.Normalize) and belongs to the caller. It is drained into memory before Read returns.
	// Clocks and rows are those of some moment after Read was called: what was committed before the call is seen.
	// An error that the next try may not meet again (deadlock victim, lock timeout) wraps ErrTransient; any other
	// means that the source is lost for now.
	Read(ctx context.Context, watch []jobmon.ComputerID) (*jobmon.Snapshot, error)

	// Lookup reads the rows with these ids, ascending; ids that are not there are absent from the result. It
	// confirms that a row which a Read did not return is really gone. ids may be any number.
	Lookup(ctx context.Context, ids []jobmon.ScheduleID) ([]jobmon.Row, error)

	// Close ends the connection. The Source cannot be used afterwards.
	Close() error
}

// ErrTransient marks a failed read that is worth repeating at once: the server chose us as the deadlock victim
// (1205) or a lock was not granted in time (1222).
var ErrTransient = errors.New("the server asked us to try again")

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
// Each method but Close is one batch to the server, and what it returns belongs to the caller and was drained into
// memory before it returns. All return soon after ctx ends, even when the server says nothing: the poller waits for
// them. Their errors are shown to users and recorded in the log, so they hold no password. An error that the next try
// may not meet again (deadlock victim, lock timeout) wraps ErrTransient; any other means that the source is lost for
// now, and that what it says next may be of another database, or of the same one years later.
type Source interface {
	// Read is the quick read: both clocks, the rows that have not finished, all rows with ids above q.Above, and the
	// agents of q.Watch (state unknown for each of them where the sessions table cannot be read); no names. Clocks and
	// rows are those of some moment after Read was called: what was committed before the call is seen. The snapshot is
	// normalized (jobmon.Snapshot.Normalize).
	Read(ctx context.Context, q Query) (*jobmon.Snapshot, error)

	// Lookup reads the rows, jobs and computers with these ids, each list of the snapshot ascending; what is not there
	// is absent from it. It sets nothing else. The lists may be of any length.
	Lookup(ctx context.Context, ids IDs) (*jobmon.Snapshot, error)

	// Page reads rows of every state in the order of their ids, those with id from and above, as many as the source
	// finds proper. It returns them, ascending, and the last id that they are complete up to: math.MaxInt32 on the last
	// page.
	Page(ctx context.Context, from jobmon.ScheduleID) (rows []jobmon.Row, through jobmon.ScheduleID, err error)

	// Names reads all jobs and computers, and sets nothing else of the snapshot, which is normalized.
	Names(ctx context.Context) (*jobmon.Snapshot, error)

	// Cost is what the source has taken from the server since it was made.
	Cost() Cost

	// Close ends the connection. The Source cannot be used afterwards.
	Close() error
}

// Query says what a quick read is to return besides the rows that have not finished.
type Query struct {
	Above jobmon.ScheduleID   // all rows with greater ids
	Watch []jobmon.ComputerID // these computers' agents
}

// IDs are what to look up.
type IDs struct {
	Rows      []jobmon.ScheduleID
	Jobs      []jobmon.JobID
	Computers []jobmon.ComputerID
}

func (ids *IDs) empty() bool { return len(ids.Rows)+len(ids.Jobs)+len(ids.Computers) == 0 }

// Cost is what reading has taken.
type Cost struct {
	Batches uint64 // texts sent to the server; 0 where there is none
	Rows    uint64 // rows of all its answers, names and agents included
	Bytes   uint64 // read off the wire; 0 where there is none
}

// ErrTransient marks a failed read that is worth repeating at once: the server chose us as the deadlock victim
// (1205) or a lock was not granted in time (1222).
var ErrTransient = errors.New("the server asked us to try again")

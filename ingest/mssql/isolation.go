package mssql

import (
	"context"
	"errors"
	"time"
)

// isolation is a transaction isolation level, as T-SQL writes it.
type isolation string

const (
	readCommitted isolation = "READ COMMITTED"
	// snapshot lets a read see one moment and neither wait for locks nor hold any. It must have been allowed in the
	// database, which this program never does: row versions have their price in tempdb, and that is the owner's to pay.
	snapshot isolation = "SNAPSHOT"
)

// errNoSnapshot says that snapshot isolation was offered at the connection, and no longer is.
var errNoSnapshot = errors.New("the database no longer offers snapshot isolation")

// snapshotFailed reports whether the server refused to read a snapshot: it is not allowed in this database (3952, 3956,
// 3957), somebody changes the tables (3961), or there is no room for row versions (3958, 3966, 3967).
func snapshotFailed(err error) bool {
	return numbered(err, 3952, 3956, 3957, 3958, 3961, 3966, 3967)
}

// askIsolation finds out whether the database already allows snapshot isolation. A login without the right to see it
// gets no row.
func (c *session) askIsolation(ctx context.Context) (isolation, error) {
	level := readCommitted
	_, err := c.run(ctx, "isolation", part{
		sql:   "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()",
		table: "sys.databases", columns: []string{"snapshot_isolation_state"},
		take: func(r *record) {
			if state, _ := r.number(0); state == 1 {
				level = snapshot
			}
		},
	})
	if refused(err) {
		return readCommitted, nil
	}
	return level, err
}

// Session is how the server describes a connection that reads the tables of DS.
type Session struct {
	LockTimeout time.Duration // how long a statement waits for a lock
	Level       string        // READ COMMITTED or SNAPSHOT
	Priority    int           // in a deadlock: the lowest gives way; others have 0
}

// askSession asks the server whether the settings at the beginning of each batch are in effect. A server that does not
// know the question leaves that open.
func (c *session) askSession(ctx context.Context, in *Inspection) (err error) {
	if c.level, err = c.askIsolation(ctx); err != nil {
		return err
	}
	told := &Session{}
	_, err = c.read(ctx, "session",
		part{sql: "SELECT @@LOCK_TIMEOUT", table: "the session", columns: []string{"lock timeout"},
			take: func(r *record) {
				ms, _ := r.number(0)
				told.LockTimeout = time.Duration(ms) * time.Millisecond
			}},
		part{sql: "SELECT transaction_isolation_level, deadlock_priority FROM sys.dm_exec_sessions WHERE session_id " +
			"= @@SPID",
			table: "sys.dm_exec_sessions", columns: []string{"transaction_isolation_level", "deadlock_priority"},
			take: func(r *record) {
				level, _ := r.number(0)
				priority, _ := r.number(1)
				levels := map[int32]string{2: string(readCommitted), 5: string(snapshot)}
				told.Level, told.Priority = levels[level], int(priority)
				in.Session = told
			}})
	if refused(err) {
		return nil
	}
	return err
}

// read is run for batches that read the tables of DS, at the isolation level that the database offers.
func (c *session) read(ctx context.Context, name string, parts ...part) (leftOut, error) {
	left, err := c.send(ctx, batch(name, header(c.lockTimeout, c.level), parts), name, parts)
	if c.level == snapshot && snapshotFailed(err) {
		c.level = readCommitted
		err = errors.Join(errNoSnapshot, err)
	}
	return left, err
}

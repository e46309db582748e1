package mssql

import (
	"errors"
	"slices"

	mssqldb "github.com/microsoft/go-mssqldb"
)

// What can go wrong with the database, for errors.Is. The errors that wrap these are *Error, hold no password, and
// are listed in docs/sqlserver.md.
var (
	ErrUnreachable   = errors.New("SQL Server cannot be reached")
	ErrEncryption    = errors.New("no encrypted connection to SQL Server")
	ErrLoginRefused  = errors.New("SQL Server refuses the login")
	ErrNoDatabase    = errors.New("the database cannot be opened")
	ErrPermission    = errors.New("the login may not read a table")
	ErrSchemaChanged = errors.New("a table or column is no longer there")
	ErrTimeout       = errors.New("SQL Server did not answer in time")
	ErrTooMuch       = errors.New("SQL Server sends more than any DS has")
	ErrLost          = errors.New("the connection to SQL Server was lost")
)

// Error says what went wrong with the database. Read and Lookup return it as it is, besides *SchemaError, errors that
// wrap ingest.ErrTransient, and context.Canceled.
type Error struct {
	Kind error  // one of the errors above, or nil for what has no kind of its own
	What string // server, database, login; "" when the kind says it all
	Next string // what to do; "" when only the server's words help
	Said string // the server's or the driver's own words, on one line
}

// Error is one sentence: what, where, what to do next, and the words of others in parentheses.
func (e *Error) Error() string {
	text := e.Found()
	if e.Next != "" {
		text += ": " + e.Next
	}
	return text + " (" + e.Said + ")"
}

// Found is what went wrong and where.
func (e *Error) Found() string {
	switch {
	case e.Kind == nil:
		return e.What
	case e.What == "":
		return e.Kind.Error()
	}
	return e.Kind.Error() + ": " + e.What
}

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Error numbers of SQL Server (sys.messages) that mean something to this program.
const (
	invalidColumn  = 207
	invalidObject  = 208
	selectDenied   = 229
	columnDenied   = 230
	deadlockVictim = 1205
	lockTimeout    = 1222
)

// loginRefused reports whether the server does not let this login in.
func loginRefused(err error) bool {
	return numbered(err,
		18456, // login failed
		18452, // login from an untrusted domain, or only Windows logins allowed
		18470, // account disabled
		18486, // locked out
		18487, // password expired
		18488, // password must be changed
	)
}

// databaseRefused reports whether the server lets this login in, but not into the database.
func databaseRefused(err error) bool {
	return numbered(err,
		4060, // cannot open the database that the login asked for
		4063, // the same, with the default database
		4064, // cannot open the default database
		911,  // no database of this name
		916,  // the login has no user in the database
	)
}

// connectError marks what went wrong before there was a connection.
type connectError struct{ error }

// Unwrap gives errors.As the driver's error.
func (e connectError) Unwrap() error { return e.error }

// numbers are the numbers of all errors that the server sent, in its order.
func numbers(err error) []int32 {
	var answer mssqldb.Error
	if !errors.As(err, &answer) {
		return nil
	}
	list := []int32{answer.Number}
	for _, e := range answer.All {
		list = append(list, e.Number)
	}
	return list
}

// numbered reports whether the server sent an error with one of the numbers.
func numbered(err error, wanted ...int32) bool {
	return slices.ContainsFunc(numbers(err), func(n int32) bool { return slices.Contains(wanted, n) })
}

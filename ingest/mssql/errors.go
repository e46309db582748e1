package mssql

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	mssqldb "github.com/microsoft/go-mssqldb"

	"github.com/jobmon-db/jobmon-db/ingest"
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
	ErrLost          = errors.New("the connection to SQL Server was lost")
)

// Error says what went wrong with the database. Read and Lookup return it as it is, besides *SchemaError, errors that
// wrap ingest.ErrTransient, and context.Canceled.
type Error struct {
	Kind error  // one of the errors above, or nil for what has no kind of its own
	What string // server, database, login; "" when the kind says it all
	Next string // what to do; "" when only the server's words tell
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

// loginRefused says that the server does not let this login in.
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

// databaseRefused says that the server lets this login in, but not into the database.
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

// numbered says whether the server sent an error with one of the numbers.
func numbered(err error, wanted ...int32) bool {
	return slices.ContainsFunc(numbers(err), func(n int32) bool { return slices.Contains(wanted, n) })
}

// translate turns what the driver said after that time into a sentence for the administrator. The driver's own
// errors are not wrapped: their text could hold what must not be shown.
func (s *Source) translate(ctx context.Context, err error, after time.Duration) error {
	if err == nil {
		return nil
	}
	said := s.said(err)
	at := address(s.config)
	var schemaErr *SchemaError
	var connecting connectError
	switch {
	case errors.Is(err, errNoSnapshot):
		return fmt.Errorf("%w: %w; we read committed rows from now on (%s)", ingest.ErrTransient, errNoSnapshot, said)
	case numbered(err, deadlockVictim):
		return fmt.Errorf("%w: it ended our read in favour of a user of the database that waited for the same rows (1205)", ingest.ErrTransient)
	case numbered(err, lockTimeout):
		return fmt.Errorf("%w: rows stayed locked by another user of the database for longer than %s (1222)", ingest.ErrTransient, s.options.LockTimeout)
	case databaseRefused(err):
		return &Error{ErrNoDatabase, orDefault(s.config.Database) + " at " + at,
			"check its name in source.dsn and that " + login(s.config) + " is a user there", said}
	case loginRefused(err):
		return &Error{ErrLoginRefused, at + ", " + login(s.config),
			"check user and password in source.dsn, and that the server allows SQL Server logins", said}
	case numbered(err, selectDenied, columnDenied):
		return &Error{ErrPermission, "", "run configs/readonly-login.sql in the database, or grant " + login(s.config) + " SELECT", said}
	case numbered(err, invalidObject, invalidColumn):
		return &Error{ErrSchemaChanged, "", "it was there when we connected; the next read looks for the tables again", said}
	case errors.As(err, &schemaErr):
		return schemaErr
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("reading SQL Server was stopped: %w", context.Canceled)
	case errors.As(err, &connecting) && dialing(err):
		return &Error{ErrUnreachable, at,
			"check that the service runs with TCP/IP enabled, host and port (or SQL Server Browser for a named instance) and the firewall", said}
	case ctx.Err() != nil:
		return &Error{ErrTimeout, fmt.Sprintf("nothing from %s within %s", at, after.Round(100*time.Millisecond)),
			"the server or the network is overloaded, or the host is not a SQL Server", said}
	case encryption(err):
		return &Error{ErrEncryption, at,
			"for a certificate that nobody signed set TrustServerCertificate=true in source.dsn, for a server without TLS encrypt=disable", said}
	case errors.As(err, &connecting) && len(numbers(err)) == 0:
		return &Error{ErrUnreachable, at + " took the connection but does not speak as SQL Server does", "check host and port", said}
	case lost(err):
		return &Error{ErrLost, at + " ended it or the network did", "the next read connects again", said}
	case len(numbers(err)) > 0:
		return &Error{What: "SQL Server at " + at + " reports an error", Said: said}
	}
	return &Error{What: "reading SQL Server at " + at + " failed", Said: said}
}

// said is the server's or driver's own text on one line, without passwords.
func (s *Source) said(err error) string {
	var answer mssqldb.Error
	text := err.Error()
	if errors.As(err, &answer) {
		text = answer.Error()
	}
	text = strings.ReplaceAll(s.secrets.hide(text), "mssql: ", "")
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(slices.Compact(lines), "; ")
}

func orDefault(database string) string {
	if database == "" {
		return "the login's default database"
	}
	return database
}

// encryption says that the two sides did not come to terms about TLS. Not all of the driver's errors for it have a
// type.
func encryption(err error) bool {
	var alert tls.AlertError
	var certificate *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	return errors.As(err, &alert) || errors.As(err, &certificate) || errors.As(err, &plain) ||
		strings.Contains(err.Error(), "TLS Handshake failed") || strings.Contains(err.Error(), "does not support encryption")
}

// dialing says that not even a socket was made, for which the driver's errors for named instances have no type.
func dialing(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) || strings.Contains(err.Error(), "no instance matching")
}

// lost says that the connection broke while it was used.
func lost(err error) bool {
	var network net.Error
	var stream mssqldb.StreamError
	var fatal mssqldb.ServerError
	return errors.As(err, &network) || errors.As(err, &stream) || errors.As(err, &fatal) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "bad connection") ||
		strings.Contains(err.Error(), "failed to send SQL Batch") // what died while nobody used it; the driver has no type for it
}

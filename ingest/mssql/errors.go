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

// What can go wrong with the database, for errors.Is. The errors that wrap these are one sentence each with the next
// step in it, hold no password, and are listed in docs/sqlserver.md.
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
	case numbered(err, deadlockVictim):
		return fmt.Errorf("%w: it ended our read in favour of a user of the database that waited for the same rows (1205)", ingest.ErrTransient)
	case numbered(err, lockTimeout):
		return fmt.Errorf("%w: rows stayed locked by another user of the database for longer than %s (1222)", ingest.ErrTransient, s.options.LockTimeout)
	case databaseRefused(err):
		return fmt.Errorf("%w: %s at %s: check its name in source.dsn and that %s is a user there (%s)",
			ErrNoDatabase, orDefault(s.config.Database), at, login(s.config), said)
	case loginRefused(err):
		return fmt.Errorf("%w: %s, %s: check user and password in source.dsn, and that the server allows SQL Server logins (%s)",
			ErrLoginRefused, at, login(s.config), said)
	case numbered(err, selectDenied, columnDenied):
		return fmt.Errorf("%w: run configs/readonly-login.sql in the database, or grant %s SELECT (%s)", ErrPermission, login(s.config), said)
	case numbered(err, invalidObject, invalidColumn):
		return fmt.Errorf("%w: it was there when we connected; the next read looks for the tables again (%s)", ErrSchemaChanged, said)
	case errors.As(err, &schemaErr):
		return schemaErr
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("reading SQL Server was stopped: %w", context.Canceled)
	case errors.As(err, &connecting) && dialing(err):
		return fmt.Errorf("%w: %s: check that the service runs with TCP/IP enabled, host and port (or SQL Server Browser for a named instance) and the firewall (%s)",
			ErrUnreachable, at, said)
	case ctx.Err() != nil:
		return fmt.Errorf("%w: nothing from %s within %s: the server or the network is overloaded, or the host is not a SQL Server (%s)",
			ErrTimeout, at, after.Round(100*time.Millisecond), said)
	case encryption(err):
		return fmt.Errorf("%w: %s: for a certificate that nobody signed set TrustServerCertificate=true in source.dsn, for a server without TLS encrypt=disable (%s)",
			ErrEncryption, at, said)
	case errors.As(err, &connecting) && len(numbers(err)) == 0:
		return fmt.Errorf("%w: %s took the connection but does not speak as SQL Server does: check host and port (%s)", ErrUnreachable, at, said)
	case lost(err):
		return fmt.Errorf("%w: %s ended it or the network did; the next read connects again (%s)", ErrLost, at, said)
	case len(numbers(err)) > 0:
		return fmt.Errorf("SQL Server at %s reports: %s", at, said)
	}
	return fmt.Errorf("reading SQL Server at %s: %s", at, said)
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
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "bad connection")
}

package mssql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	mssqldb "github.com/microsoft/go-mssqldb"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// translate turns what the driver said after that time into a sentence for the administrator. The driver's own
// errors are not wrapped: their text could hold what must not be shown.
func (s *Source) translate(ctx context.Context, err error, after time.Duration) error {
	if err == nil {
		return nil
	}
	said, at := wordsOf(err), address(s.config)
	var schemaErr *SchemaError
	var connecting connectError
	isConnecting := errors.As(err, &connecting)
	answered := s.answered(err, said)
	switch {
	case answered != nil:
		return answered
	case errors.As(err, &schemaErr):
		return schemaErr
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("reading SQL Server was stopped: %w", context.Canceled)
	case isConnecting && noInstance(err):
		return s.instanceError(said)
	case isConnecting && dialing(err):
		server := s.options.setting("source.server", "the server")
		next := "check that the service runs with TCP/IP enabled, host and port in " + server + ", and the firewall"
		return &Error{ErrUnreachable, at, next, said}
	case ctx.Err() != nil:
		waited := fmt.Sprintf("nothing from %s within %s", at, after.Round(100*time.Millisecond))
		next := "the server or the network is overloaded, or the host is not a SQL Server"
		return &Error{ErrTimeout, waited, next, said}
	case isConnecting && (len(numbers(err)) == 0 || noCredentials(said) || encryption(said)):
		return s.greetingError(said)
	case lost(err):
		return &Error{ErrLost, at + " ended it or the network did", "the next read connects again", said}
	case len(numbers(err)) > 0:
		return &Error{What: "SQL Server at " + at + " reports an error", Said: said}
	}
	return &Error{What: "reading SQL Server at " + at + " failed", Said: said}
}

// answered returns what an answer of the server means; nil for one that means nothing to this program.
func (s *Source) answered(err error, said string) error {
	at := address(s.config)
	switch {
	case errors.Is(err, errTooMuch) || s.wire.exceeded():
		much := fmt.Sprintf("more than %d rows or %d MB from %s in one answer", s.bounds.rows, s.bounds.bytes>>20, at)
		next := "check that this is the SQL Server of the DS, and the tables in source.tables"
		return &Error{ErrTooMuch, much, next, errTooMuch.Error()}
	case errors.Is(err, errNoSnapshot):
		return fmt.Errorf("%w: %w; we read committed rows from now on (%s)", ingest.ErrTransient, errNoSnapshot, said)
	case numbered(err, deadlockVictim):
		const why = "it ended our read in favour of a user of the database that waited for the same rows (1205)"
		return fmt.Errorf("%w: %s", ingest.ErrTransient, why)
	case numbered(err, lockTimeout):
		const why = "rows stayed locked by another user of the database for longer than"
		return fmt.Errorf("%w: %s %s (1222)", ingest.ErrTransient, why, s.options.LockTimeout)
	case databaseRefused(err):
		next := "check its name in " + s.options.setting("source.database", "the database") + " and that " +
			login(s.config) + " is a user there"
		return &Error{ErrNoDatabase, orDefault(s.config.Database) + " at " + at, next, said}
	case loginRefused(err):
		return s.loginError(said)
	case numbered(err, selectDenied, columnDenied):
		next := "run configs/readonly-login.sql in the database, or grant " + login(s.config) + " SELECT"
		return &Error{ErrPermission, "", next, said}
	case numbered(err, invalidObject, invalidColumn):
		next := "it was there when we connected; the next read looks for the tables again"
		return &Error{ErrSchemaChanged, "", next, said}
	}
	return nil
}

// greetingError says why the connection failed before the server looked at the login.
func (s *Source) greetingError(said string) *Error {
	at, server := address(s.config), s.options.setting("source.server", "the server")
	switch {
	case noCredentials(said):
		next := "Windows gives this account nothing to log in with there: let the service run under an account that " +
			"may " +
			"log in over the network, or set source.user and a password"
		return &Error{ErrLoginRefused, at + ", " + login(s.config), next, said}
	case encryption(said):
		return s.encryptionError(said)
	case protocol(s.config) != protocolTCP:
		next := "check that the service runs with this protocol enabled (SQL Server Configuration Manager) and " +
			server
		return &Error{ErrUnreachable, at, next, said}
	}
	next := "check host and port; a server that takes strict encryption only needs " +
		s.options.setting("source.tls.encrypt: strict", "encrypt=strict")
	return &Error{ErrUnreachable, at + " took the connection but does not speak as SQL Server does", next, said}
}

// longestSaid is how many bytes are kept of what the server or the driver said.
const longestSaid = 2000

// wordsOf is the server's or the driver's own text on one line. The driver repeats no password, and what the values of
// a connection string make it say is never shown.
func wordsOf(err error) string {
	var answer mssqldb.Error
	text := err.Error()
	if errors.As(err, &answer) {
		text = answer.Error()
	}
	text = strings.ReplaceAll(text, "mssql: ", "")
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	text = plain.Text(strings.Join(slices.Compact(lines), "; "))
	if len(text) > longestSaid {
		text = strings.ToValidUTF8(text[:longestSaid], "") + " ..."
	}
	return text
}

func orDefault(database string) string {
	if database == "" {
		return "the login's default database"
	}
	return database
}

// dialing reports whether not even a socket was made.
func dialing(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}

// loginError says what to look at when the server refuses the login.
func (s *Source) loginError(said string) *Error {
	next := "check " + s.options.setting("source.user and source.password", "user and password") +
		", and that the server allows SQL Server logins (mixed mode)"
	if windowsAccount(s.config) {
		next = "check that this account is a login of the server, as the server sees it, and that the two " +
			"computers' domains trust each other"
	}
	return &Error{ErrLoginRefused, address(s.config) + ", " + login(s.config), next, said}
}

// noCredentials says that Windows refused to take part in a login, before the server was asked; the driver's errors for
// it have no type.
func noCredentials(said string) bool {
	return strings.Contains(said, "AcquireCredentialsHandle failed") ||
		strings.Contains(said, "InitializeSecurityContext failed")
}

// lost reports whether the connection broke while it was used.
func lost(err error) bool {
	var network net.Error
	var stream mssqldb.StreamError
	var fatal mssqldb.ServerError
	return errors.As(err, &network) || errors.As(err, &stream) || errors.As(err, &fatal) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "bad connection") ||
		// what died while nobody used it; the driver has no type for it
		strings.Contains(err.Error(), "failed to send SQL Batch")
}

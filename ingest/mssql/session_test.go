package mssql

import (
	"context"
	"strings"
	"testing"
	"time"

	mssqldb "github.com/microsoft/go-mssqldb"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
)

// levels are the isolation levels as sys.dm_exec_sessions counts them.
func levels() map[isolation]int { return map[isolation]int{readCommitted: 2, snapshot: 5} }

// settings are what the server says of the connection.
type settings struct {
	spid, lockTimeout int
	nocount           bool
	isolation         int
	yields            bool // is the deadlock victim
}

func (s *Source) settings(t *testing.T) (on settings) {
	t.Helper()
	var options, priority int
	var engine string
	if err := s.session.conn.QueryRowContext(t.Context(), "SELECT @@SPID, @@LOCK_TIMEOUT, @@OPTIONS, @@VERSION").
		Scan(&on.spid, &on.lockTimeout, &options, &engine); err != nil {
		t.Fatal(err)
	}
	if err := s.session.conn.QueryRowContext(
		t.Context(),
		"SELECT transaction_isolation_level, deadlock_priority FROM sys.dm_exec_sessions WHERE session_id = @@SPID",
	).
		Scan(&on.isolation, &priority); err != nil {
		t.Fatal(err)
	}
	on.nocount = options&512 != 0
	on.yields = priority < 0 || strings.HasPrefix(engine, "Babelfish") // which takes the setting and has no priorities
	return on
}

func TestSessionSettingsAreInEffect(t *testing.T) {
	db := mssqltest.New(t)
	s, err := New(Options{DSN: db.DSN(), LockTimeout: 1234 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	read := func() settings {
		t.Helper()
		if _, err := s.Read(t.Context(), ingest.Query{}); err != nil {
			t.Fatal(err)
		}
		return s.settings(t)
	}
	first := read()
	if want := (settings{
		spid: first.spid, lockTimeout: 1234, nocount: true, isolation: levels()[s.session.level], yields: true,
	}); first != want {
		t.Errorf("after a read the server says %+v", first)
	}

	// A reset, as a connection pool orders it, takes the settings away. The next read sets them again.
	if err := s.session.conn.Raw(func(conn any) error {
		return conn.(*mssqldb.Conn).ResetSession(context.Background())
	}); err != nil {
		t.Fatal(err)
	}
	if reset := s.settings(t); reset.lockTimeout == 1234 {
		t.Errorf("the reset did not happen: %+v", reset)
	}
	if err := s.session.conn.Raw(func(conn any) error {
		return conn.(*mssqldb.Conn).ResetSession(context.Background())
	}); err != nil {
		t.Fatal(err)
	}
	if again := read(); again != first {
		t.Errorf("after a reset and a read the server says %+v, not %+v", again, first)
	}
}

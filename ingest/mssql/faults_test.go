package mssql_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// through makes a database with one row and a source that reads it through a proxy, without encryption.
func through(t *testing.T, o mssql.Options) (*mssqltest.DB, *proxy, *mssql.Source) {
	t.Helper()
	db := mssqltest.New(t)
	db.Schedule(10, 5000001, jobmon.NoStart)
	u := db.URL()
	p := newProxy(t, u.Host)
	u.Host = p.address()
	query := u.Query()
	query.Set("encrypt", "disable")
	u.RawQuery = query.Encode()
	o.DSN = u.String()
	return db, p, source(t, o)
}

func TestEverythingIsSentAsPlainBatches(t *testing.T) {
	_, p, s := through(t, mssql.Options{LockTimeout: 1234 * time.Millisecond})
	read(t, s, 5000001)
	if _, err := s.Lookup(t.Context(), ingest.IDs{Rows: []jobmon.ScheduleID{1, -2}}); err != nil {
		t.Fatal(err)
	}
	const committed, snapshot = "SET TRANSACTION ISOLATION LEVEL READ " +
		"COMMITTED;\n", "SET TRANSACTION ISOLATION LEVEL SNAPSHOT;\n"
	const head = " */\nSET NOCOUNT ON;\nSET DEADLOCK_PRIORITY LOW;\nSET LOCK_TIMEOUT 1234;\n" + committed + "SELECT "
	var names []string
	for _, m := range p.messages(t) {
		switch m.kind {
		case rpc:
			t.Error("the driver made a procedure call of a batch")
		case sqlBatch:
			text := strings.Replace(m.text, snapshot, committed, 1) // where the server allows it
			name, rest, _ := strings.Cut(strings.TrimPrefix(text, "/* jobmon-db "), " */")
			if !strings.HasPrefix(m.text, "/* jobmon-db ") || !strings.HasPrefix(" */"+rest, head) {
				t.Errorf("a batch that is not ours:\n%s", m.text)
			}
			for statement := range strings.SplitSeq(strings.TrimSuffix(rest, ";\n"), ";\n") {
				if !strings.HasPrefix(statement, "SELECT ") && !strings.Contains(head, statement) {
					t.Errorf("%s holds something else than a SELECT: %s", name, statement)
				}
			}
			names = append(names, name)
		}
	}
	if text := strings.Join(names, " "); !strings.HasPrefix(text, "schema ") ||
		!strings.HasSuffix(text, " read lookup") {
		t.Errorf("the batches were: %s", text)
	}
}

func TestReconnectsAfterKill(t *testing.T) {
	db := mssqltest.New(t)
	db.Schedule(10, 5000001, jobmon.NoStart)
	u, app := db.URL(), mssqltest.RandomName()
	query := u.Query()
	query.Set("app name", app)
	u.RawQuery = query.Encode()
	s := source(t, mssql.Options{DSN: u.String()})
	read(t, s)

	var id int
	if err := mssqltest.Open(t, db.DSN()).QueryRowContext(t.Context(),
		"SELECT session_id FROM sys.dm_exec_sessions WHERE program_name = '"+app+"'").Scan(&id); err != nil {
		t.Fatal(err)
	}
	db.Exec(fmt.Sprintf("KILL %d", id))
	if _, err := s.Read(t.Context(), ingest.Query{}); err == nil || errors.Is(err, ingest.ErrTransient) {
		t.Errorf("killed: %v", err)
	}
	if n := len(read(t, s).Rows); n != 1 {
		t.Errorf("%d rows over the new connection", n)
	}
}

func TestACancelledReadSaysSo(t *testing.T) {
	_, p, s := through(t, mssql.Options{})
	read(t, s)
	p.swallow(true)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := s.Read(ctx, ingest.Query{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestALockedTableIsWaitedForOnlyShortly(t *testing.T) {
	db := mssqltest.New(t)
	db.Schedule(10, 5000001, jobmon.NoStart)
	s := source(t, mssql.Options{DSN: db.DSN(), LockTimeout: 200 * time.Millisecond})
	read(t, s)
	conn, err := mssqltest.Open(t, db.DSN()).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	run := func(query string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN TRANSACTION; ALTER TABLE event_schedule ADD locked int NULL")
	// Microsoft's engine answers with error 1222, other engines with numbers of their own.
	if _, err = s.Read(t.Context(), ingest.Query{}); err == nil || errors.Is(err, mssql.ErrTimeout) {
		t.Errorf("locked: %v", err)
	}
	run("ROLLBACK")
	if n := len(read(t, s).Rows); n != 1 {
		t.Errorf("%d rows after the lock was released", n)
	}
}

func TestWrongPasswordAndWrongDatabase(t *testing.T) {
	db := mssqltest.New(t)
	u := db.URL()
	u.User = url.UserPassword(u.User.Username(), "Planted-Secret-1")
	_, err := source(t, mssql.Options{DSN: u.String()}).Read(t.Context(), ingest.Query{})
	if !errors.Is(err, mssql.ErrLoginRefused) || strings.Contains(err.Error(), "Planted") {
		t.Errorf("wrong password: %v", err)
	}

	u = db.URL()
	query := u.Query()
	query.Set("database", "no_such_database")
	u.RawQuery = query.Encode()
	_, err = source(t, mssql.Options{DSN: u.String()}).Read(t.Context(), ingest.Query{})
	if !errors.Is(err, mssql.ErrNoDatabase) || !strings.Contains(err.Error(), "no_such_database") {
		t.Errorf("wrong database: %v", err)
	}
}

// The tests below need no server.

func TestNobodyListens(t *testing.T) {
	const address = "127.0.0.1:1" // which no program is given
	_, err := source(t, mssql.Options{DSN: "sqlserver://sa:Planted-Secret-1@" + address +
		"?database=eXpress"}).Read(t.Context(), ingest.Query{})
	if !errors.Is(err, mssql.ErrUnreachable) {
		t.Error(err)
	}
	if text := fmt.Sprint(err); !strings.Contains(text, address) || strings.Contains(text, "Planted") ||
		strings.Contains(text, "\n") {
		t.Errorf("not one sentence that names the address and hides the password: %s", text)
	}
}

func TestSomebodyListensAndSaysNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := source(t, mssql.Options{DSN: "sqlserver://sa:secret@" +
		listener.Addr().String(), Timeout: 100 * time.Millisecond})
	if _, err = s.Read(t.Context(), ingest.Query{}); !errors.Is(err, mssql.ErrTimeout) {
		t.Error(err)
	}
}

func TestSomebodyElseListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
			_ = conn.Close()
		}
	}()
	_, err = source(t, mssql.Options{DSN: "sqlserver://sa:secret@" +
		listener.Addr().String(), Timeout: 5 * time.Minute}).Read(t.Context(), ingest.Query{})
	if !errors.Is(err, mssql.ErrUnreachable) {
		t.Errorf("%v", err)
	}
}

func TestClosedSource(t *testing.T) {
	s := source(t, mssql.Options{DSN: "sqlserver://sa:secret@127.0.0.1:1"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context(), ingest.Query{}); err == nil || errors.Is(err, mssql.ErrUnreachable) {
		t.Errorf("%v", err)
	}
}

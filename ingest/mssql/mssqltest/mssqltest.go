// Package mssqltest makes scratch databases with a Deployment Server's tables on a real T-SQL server, and changes
// them as DS would. It is for tests only.
package mssqltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	mssqldb "github.com/microsoft/go-mssqldb"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Env is the environment variable that names the server.
const Env = "JOBMON_TEST_SQLSERVER"

// ServerDSN is the server's DSN. Without one the test is skipped.
func ServerDSN(t testing.TB) *url.URL {
	t.Helper()
	dsn := os.Getenv(Env)
	if dsn == "" {
		t.Skip("needs a T-SQL server: set " + Env +
			" to the go-mssqldb URL (sqlserver://user:password@host:port?encrypt=disable) of a login that may " +
			"create databases")
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "sqlserver" {
		t.Fatal(Env + " must be a URL that begins with sqlserver://")
	}
	return u
}

// tables are those of docs/ds-database.md. schedule_id counts by itself, as DS has it.
const tables = `
CREATE TABLE dbo.event_folder (folder_id int NOT NULL PRIMARY KEY, name varchar(128) NULL, parent_id int NULL);
CREATE TABLE dbo.event (event_id int NOT NULL PRIMARY KEY, folder_id int NULL, name varchar(128) NULL,
	description varchar(254) NULL, auto_delete smallint NULL, visible smallint NULL, initial_deployment smallint NULL,
	master_guid varchar(64) NULL, master_event_id int NULL, master_server varchar(128) NULL, version int NULL);
CREATE TABLE dbo.computer_group (group_id int NOT NULL PRIMARY KEY, name varchar(128) NULL);
CREATE TABLE dbo.computer (computer_id int NOT NULL PRIMARY KEY, group_id int NULL, name varchar(128) NULL,
	computer_name varchar(128) NULL);
CREATE TABLE dbo.event_schedule (schedule_id int IDENTITY(1,1) NOT NULL PRIMARY KEY, event_id int NULL,
	computer_id int NULL, status_code int NULL, start_time datetime NULL);
CREATE TABLE dbo.sessions (computer_id int NULL, engine_id int NULL);
`

// DB is a scratch database. Its methods end the test when the server refuses; they are used by one goroutine at a
// time, over a connection of their own.
type DB struct {
	t     testing.TB
	dsn   url.URL
	conn  *sql.DB
	atEnd []string
}

// New makes a scratch database with empty DS tables, which is dropped when the test ends. Close whatever reads it
// before that: with t.Cleanup after this call, or defer.
func New(t testing.TB) *DB {
	t.Helper()
	d := NewEmpty(t)
	d.Exec(tables)
	return d
}

// NewEmpty makes a scratch database without tables.
func NewEmpty(t testing.TB) *DB {
	t.Helper()
	server := ServerDSN(t)
	name := RandomName()
	admin := Open(t, server.String())
	exec(t, admin, "CREATE DATABASE "+name)
	d := &DB{t: t, dsn: *server}
	query := d.dsn.Query()
	query.Set("database", name)
	d.dsn.RawQuery = query.Encode()
	t.Cleanup(func() {
		for _, query := range append([]string{"DROP DATABASE " + name}, d.atEnd...) {
			if err := persist(admin, query); err != nil {
				t.Errorf("left on the server: %s: %v", query, err)
			}
		}
	})
	d.conn = Open(t, d.dsn.String())
	return d
}

// persist repeats a statement for some seconds: a server notices only after a while that the connections which keep
// a database or a login in use are closed.
func persist(db *sql.DB, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		_, err := db.ExecContext(ctx, query)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return err
		}
	}
}

// RandomName is a name for something on the server that only this test knows.
func RandomName() string {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	return "jobmon_test_" + hex.EncodeToString(random[:])
}

// AtEnd runs T-SQL on the server after the scratch database is gone.
func (d *DB) AtEnd(query string) { d.atEnd = append(d.atEnd, query) }

// Open connects to any DSN, over one connection that is closed when the test ends.
func Open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	connector, err := mssqldb.NewConnector(dsn)
	if err != nil {
		t.Fatal("the DSN is not usable") // its text may hold the password
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", strings.TrimSpace(query), err)
	}
}

// DSN is the URL of the scratch database, with the rights of the server's DSN.
func (d *DB) DSN() string { return d.dsn.String() }

// URL is DSN taken apart, for tests that change a piece of it.
func (d *DB) URL() *url.URL {
	u := d.dsn
	return &u
}

// Exec runs any T-SQL; arguments are @p1, @p2 ...
func (d *DB) Exec(query string, args ...any) {
	d.t.Helper()
	exec(d.t, d.conn, query, args...)
}

// Now is the server's wall clock.
func (d *DB) Now() jobmon.WallTime {
	d.t.Helper()
	var now time.Time
	if err := d.conn.QueryRowContext(d.t.Context(), "SELECT GETDATE()").Scan(&now); err != nil {
		d.t.Fatal(err)
	}
	return jobmon.WallTimeOf(now)
}

// AddFolder adds a folder of jobs; parent 0 is the root.
func (d *DB) AddFolder(id int32, name string, parent int32) {
	d.t.Helper()
	d.Exec("INSERT INTO event_folder (folder_id, name, parent_id) VALUES (@p1, @p2, NULLIF(@p3, 0))", id, name, parent)
}

// AddJob adds a job; folder 0 is the root.
func (d *DB) AddJob(id jobmon.JobID, name string, folder int32) {
	d.t.Helper()
	d.Exec("INSERT INTO event (event_id, name, folder_id) VALUES (@p1, @p2, NULLIF(@p3, 0))", int32(id), name, folder)
}

// RenameJob gives a job another name.
func (d *DB) RenameJob(id jobmon.JobID, name string) {
	d.t.Helper()
	d.Exec("UPDATE event SET name = @p2 WHERE event_id = @p1", int32(id), name)
}

// AddGroup adds a group of computers.
func (d *DB) AddGroup(id int32, name string) {
	d.t.Helper()
	d.Exec("INSERT INTO computer_group (group_id, name) VALUES (@p1, @p2)", id, name)
}

// AddComputer adds a computer; group 0 makes it a ghost.
func (d *DB) AddComputer(id jobmon.ComputerID, name string, group int32) {
	d.t.Helper()
	d.Exec(
		"INSERT INTO computer (computer_id, name, computer_name, group_id) VALUES (@p1, @p2, @p2, NULLIF(@p3, 0))",
		int32(id), name, group,
	)
}

// Schedule drops a job on a computer; start NoStart leaves it unscheduled.
func (d *DB) Schedule(job jobmon.JobID, computer jobmon.ComputerID, start jobmon.WallTime) jobmon.ScheduleID {
	d.t.Helper()
	var id int32
	err := d.conn.QueryRowContext(d.t.Context(),
		"INSERT INTO event_schedule (event_id, computer_id, start_time) VALUES (@p1, @p2, CAST(@p3 AS datetime)); "+
			"SELECT CAST(SCOPE_IDENTITY() AS int)",
		int32(job), int32(computer), startTime(start)).Scan(&id)
	if err != nil {
		d.t.Fatal(err)
	}
	return jobmon.ScheduleID(id)
}

// SetStatus makes a job start (StatusRunning), end (StatusOf(code)) or wait again (StatusNull).
func (d *DB) SetStatus(id jobmon.ScheduleID, s jobmon.Status) {
	d.t.Helper()
	d.Exec("UPDATE event_schedule SET status_code = @p2 WHERE schedule_id = @p1", int32(id), sql.NullInt64{
		Int64: int64(s.Code), Valid: s.Set,
	})
}

// Reschedule moves a row to another time.
func (d *DB) Reschedule(id jobmon.ScheduleID, start jobmon.WallTime) {
	d.t.Helper()
	d.Exec(
		"UPDATE event_schedule SET start_time = CAST(@p2 AS datetime) WHERE schedule_id = @p1", int32(id),
		startTime(start),
	)
}

// Delete removes rows as DS does: at once and without a trace.
func (d *DB) Delete(ids ...jobmon.ScheduleID) {
	d.t.Helper()
	for _, id := range ids {
		d.Exec("DELETE FROM event_schedule WHERE schedule_id = @p1", int32(id))
	}
}

// SetAgent connects or disconnects a computer's agent.
func (d *DB) SetAgent(id jobmon.ComputerID, connected bool) {
	d.t.Helper()
	d.Exec("DELETE FROM sessions WHERE computer_id = @p1", int32(id))
	if connected {
		d.Exec("INSERT INTO sessions (computer_id, engine_id) VALUES (@p1, 1)", int32(id))
	}
}

// startTime is a datetime as text that every language setting of a server reads the same way.
func startTime(w jobmon.WallTime) sql.NullString {
	return sql.NullString{String: w.Time().Format("2006-01-02T15:04:05.000"), Valid: w != jobmon.NoStart}
}

package mssql_test

import (
	"bytes"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	shippedScript = "../../configs/readonly-login.sql"
	loginPassword = "Only-4-Tests-'quoted'"
)

// loginScript is the script that administrators get, for a login of this test alone.
func loginScript(t *testing.T, login, password string) string {
	t.Helper()
	text, err := os.ReadFile(shippedScript)
	if err != nil {
		t.Fatal(err)
	}
	script := strings.Replace(string(text), "SET @login = N'jobmon-db'", "SET @login = N'"+login+"'", 1)
	return strings.Replace(script, "SET @password = N''", "SET @password = N'"+
		strings.ReplaceAll(password, "'", "''")+"'", 1)
}

// readOnly runs the script in the database and returns the login with the DSN that uses it.
func readOnly(t *testing.T, db *mssqltest.DB) (login, dsn string) {
	t.Helper()
	login = mssqltest.RandomName()
	db.Exec(loginScript(t, login, loginPassword))
	db.AtEnd("DROP LOGIN " + login)
	u := db.URL()
	u.User = url.UserPassword(login, loginPassword)
	return login, u.String()
}

func TestReadOnlyLoginReadsTheTablesAndNothingElse(t *testing.T) {
	db := mssqltest.New(t)
	db.AddFolder(1, "Clients", 0)
	db.AddGroup(2, "Room 1")
	db.AddJob(10, "Office", 1)
	db.AddComputer(5000001, "PC-0001", 2)
	db.SetAgent(5000001, true)
	db.Exec("CREATE TABLE secret (name int)")
	login, dsn := readOnly(t, db)
	db.Exec(loginScript(t, login, "another one")) // running it again does no harm

	snap := read(t, source(t, mssql.Options{DSN: dsn}), 5000001)
	same(t, "jobs", snap.Jobs, []jobmon.Job{{ID: 10, Name: "Office", Folder: "Clients"}})
	same(t, "computers", snap.Computers, []jobmon.Computer{
		{ID: 5000001, Name: "PC-0001", OSName: "PC-0001", Group: "Room 1"},
	})
	same(t, "agents", snap.Agents, []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentOnline}})

	conn := mssqltest.Open(t, dsn)
	for _, forbidden := range []string{
		"SELECT name FROM secret",
		"INSERT INTO event_schedule (event_id) VALUES (1)",
		"UPDATE event SET name = 'x'",
		"DELETE FROM computer",
		"DROP TABLE sessions",
		"CREATE TABLE mine (id int)",
	} {
		if _, err := conn.ExecContext(t.Context(), forbidden); err == nil {
			t.Errorf("the login may do this: %s", forbidden)
		}
	}
}

// The optional tables may be missing, come later, and lie in a second database: each run adds what it can.
func TestLoginScriptRunsAgain(t *testing.T) {
	db, second := mssqltest.New(t), mssqltest.New(t)
	db.Exec("DROP TABLE event_folder; DROP TABLE computer_group; DROP TABLE sessions")
	login, dsn := readOnly(t, db)
	read(t, source(t, mssql.Options{DSN: dsn}))

	db.Exec("CREATE TABLE sessions (computer_id int NULL)")
	db.Exec(loginScript(t, login, "")) // the login is there and needs no password
	in := inspect(t, mssql.Options{DSN: dsn})
	if sessions := inspected(t, in, "sessions"); sessions.Refused || !column(t, sessions, "computer_id").Readable() {
		t.Errorf("a table that came later: %+v", sessions)
	}

	second.Exec(loginScript(t, login, ""))
	u := second.URL()
	u.User = url.UserPassword(login, loginPassword)
	read(t, source(t, mssql.Options{DSN: u.String()}))
	for _, table := range inspect(t, mssql.Options{DSN: u.String()}).Tables {
		if table.Refused || len(table.Writes) > 0 || !table.WritesKnown {
			t.Errorf("in the second database: %+v", table)
		}
	}
}

func TestLoginScriptTakesAWindowsAccountWithoutAPassword(t *testing.T) {
	db := mssqltest.New(t)
	random := mssqltest.RandomName()
	account := `EX\` + random[len(random)-8:] // Babelfish takes 20 characters
	db.Exec(loginScript(t, account, ""))
	db.AtEnd("DROP LOGIN [" + account + "]")
	var kind string
	err := mssqltest.Open(t, db.DSN()).QueryRowContext(
		t.Context(), "SELECT type FROM sys.server_principals WHERE name = N'"+account+"'",
	).Scan(&kind)
	if err != nil || kind != "U" {
		t.Errorf("the type of the login is %q, %v", kind, err)
	}
}

func TestLoginScriptRefusesTheWrongDatabaseAndNoPassword(t *testing.T) {
	empty, full := mssqltest.NewEmpty(t), mssqltest.New(t)
	login := mssqltest.RandomName()
	for _, c := range []struct {
		db       *mssqltest.DB
		password string
		want     string
	}{
		{empty, loginPassword, "not the Deployment Server database"},
		{full, "", "Put a password"},
	} {
		conn := mssqltest.Open(t, c.db.DSN())
		if _, err := conn.ExecContext(t.Context(), loginScript(t, login, c.password)); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.want, err)
		}
		var logins int
		if err := conn.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sys.server_principals WHERE name = N'"+
			login+"'").Scan(&logins); err != nil || logins != 0 {
			t.Errorf("%q: %d logins, %v", c.want, logins, err)
		}
	}
}

func TestWhatTheLoginMayNotReadIsUnknown(t *testing.T) {
	db := mssqltest.New(t)
	db.AddFolder(1, "Clients", 0)
	db.AddGroup(2, "Room 1")
	db.AddJob(10, "Office", 1)
	db.AddComputer(5000001, "PC-0001", 2)
	db.SetAgent(5000001, true)
	login, dsn := readOnly(t, db)
	db.Exec("REVOKE SELECT ON dbo.sessions FROM " + login)
	db.Exec("REVOKE SELECT ON dbo.computer FROM " + login)
	db.Exec("GRANT SELECT (computer_id, name) ON dbo.computer TO " + login)
	db.Exec("REVOKE SELECT ON dbo.event_folder FROM " + login)
	var log bytes.Buffer
	s := source(t, mssql.Options{DSN: dsn, Log: zerolog.New(&log)})
	snap := read(t, s, 5000001)
	same(t, "jobs", snap.Jobs, []jobmon.Job{{ID: 10, Name: "Office"}})
	same(t, "computers", snap.Computers, []jobmon.Computer{{ID: 5000001, Name: "PC-0001"}})
	same(t, "agents", snap.Agents, []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentUnknown}})
	for _, unknown := range []string{"sessions", "computer_name", "group_id", "event_folder"} {
		if !strings.Contains(log.String(), unknown) {
			t.Errorf("the log does not say that %s is unknown: %s", unknown, log.String())
		}
	}

	// A right that is taken away while the daemon runs fails one read; what follows is as if it had never been there.
	db.Exec("REVOKE SELECT ON dbo.event FROM " + login)
	if _, err := s.Names(t.Context()); err == nil || !strings.Contains(err.Error(), "permission") {
		t.Errorf("a right that is gone: %v", err)
	}
	_, err := s.Read(t.Context(), ingest.Query{})
	var missing *mssql.SchemaError
	if !errors.Is(err, mssql.ErrPermission) && !(errors.As(err, &missing) && missing.Faults[0].Table == "event") {
		t.Errorf("connected again: %v", err)
	}
	db.Exec("GRANT SELECT ON dbo.event TO " + login)
	db.Exec("GRANT SELECT ON dbo.computer TO " + login)
	same(t, "computers with more rights", read(t, s).Computers,
		[]jobmon.Computer{{ID: 5000001, Name: "PC-0001", OSName: "PC-0001", Group: "Room 1"}})
}

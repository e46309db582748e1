package check_test

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The tests in this file check a real T-SQL server: see mssqltest.Env.

// filled is a scratch database in which PC-0001 is being deployed, and the DSN of a login that can only read it.
func filled(t *testing.T) (db *mssqltest.DB, login, dsn string) {
	t.Helper()
	db = mssqltest.New(t)
	db.AddGroup(1, "Room 1")
	db.AddComputer(5000001, "PC-0001", 1)
	db.AddComputer(5000002, "PC-0002", 0)
	start := db.Now() - 60_000
	for i, name := range []string{"0. Build Job Monitor", "01. (JM) Office", "Office setup", "(JM) Ready"} {
		id := jobmon.JobID(i + 1)
		db.AddJob(id, name, 0)
		row := db.Schedule(id, 5000001, start)
		if i == 0 {
			db.SetStatus(row, jobmon.StatusOf(0))
		}
	}

	login = mssqltest.RandomName()
	text, err := os.ReadFile("../../../configs/readonly-login.sql")
	if err != nil {
		t.Fatal(err)
	}
	db.Exec(strings.NewReplacer("N'jobmon-db'", "N'"+login+"'", "SET @password = N''",
		"SET @password = N'"+planted+"'").
		Replace(string(text)))
	db.AtEnd("DROP LOGIN " + login)
	u := db.URL()
	u.User = url.UserPassword(login, planted)
	return db, login, u.String()
}

// on makes the checks over a DSN.
func (s *site) on(dsn string) []check.Line {
	s.Helper()
	source, err := mssql.New(mssql.Options{DSN: dsn, Timeout: 15 * time.Second})
	if err != nil {
		s.Fatal(err)
	}
	defer source.Close() // where the checks did not come to it
	lines := s.watching(check.Database{Source: source}).run()
	for _, l := range lines {
		if strings.Contains(l.Found+l.Next, planted) {
			s.Errorf("the password is shown: %+v", l)
		}
	}
	return lines
}

func TestARealDatabase(t *testing.T) {
	db, login, dsn := filled(t)
	s := newSite(t)
	lines := s.on(dsn)
	if err := check.Failed(lines); err != nil {
		t.Errorf("%v: %+v", err, lines)
	}
	state := check.OK
	if db.URL().Query().Get("encrypt") == "disable" {
		state = check.Warn
	}
	s.expect(lines, "database", state, db.URL().Host, db.URL().Query().Get("database"))
	s.expect(lines, "login", check.OK, login+" can write to none of the tables")
	s.expect(lines, "table event_schedule", check.OK,
		"[dbo].[event_schedule]: schedule_id int, event_id int, computer_id int, status_code int, start_time datetime")
	s.expect(lines, "table sessions", check.OK)
	s.expect(lines, "rows", check.OK,
		"3 unfinished (0 running, 3 waiting, 0 not scheduled), 1 finished; 4 jobs, 2 computers")
	s.expect(lines, "stuck rows", check.OK)
	s.expect(lines, "markers", check.OK, "2 markers", `"0. Build Job Monitor"`)
	s.expect(lines, "closing marker", check.OK, `"(JM) Ready"`)
	s.expect(lines, "clock", check.OK, "UTC")

	s.expect(s.on(db.DSN()), "login", check.Warn, "event_schedule (INSERT, UPDATE, DELETE, ALTER)",
		"configs/readonly-login.sql")

	db.Exec("CREATE PROCEDURE dbo.tidy AS DELETE FROM dbo.event_schedule")
	s.expect(s.on(dsn), "login", check.OK)
	db.Exec("GRANT EXECUTE ON dbo.tidy TO " + login)
	s.expect(s.on(dsn), "login", check.Warn, "can run 1 procedure")

	u := db.URL()
	u.User = url.UserPassword(login, "not "+planted)
	lines = s.on(u.String())
	s.expect(lines, "database", check.Fail, "refuses the login", "source.dsn")
	s.expect(lines, "rows", check.Skip)
}

func TestARealDatabaseWithFaults(t *testing.T) {
	db, login, dsn := filled(t)
	s := newSite(t)
	old := db.Now() - 40*24*3600*1000
	for range 2 {
		db.Schedule(3, 5000002, old)
	}
	db.SetStatus(db.Schedule(3, 5000001, old), jobmon.StatusRunning)
	db.RenameJob(4, "Cleanup")
	lines := s.on(dsn)
	s.expect(lines, "stuck rows", check.Warn, "3 rows on 2 computers", "PC-0002 (2, ghost), PC-0001 (1)")
	s.expect(lines, "closing marker", check.Warn, "0 of 1 deployment", "never reaches the screen")

	db.Exec("DROP TABLE sessions")
	s.expect(s.on(dsn), "table sessions", check.Warn, "no table sessions", "source.tables.sessions")

	db.Exec("REVOKE SELECT ON dbo.computer FROM " + login)
	lines = s.on(dsn)
	s.expect(lines, "table computer", check.Fail, login, "computer", "ermission", "configs/readonly-login.sql")
	s.expect(lines, "table event", check.OK)
	s.expect(lines, "rows", check.Skip)

	db.Exec("DROP TABLE event_schedule")
	lines = s.on(dsn)
	s.expect(lines, "table event_schedule", check.Fail, "no table event_schedule", "one row per job per computer",
		"source.tables.event_schedule")
	s.expect(lines, "table computer", check.Fail)
	s.expect(lines, "clock", check.OK)
}

package mssql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
)

func inspect(t *testing.T, o mssql.Options) *mssql.Inspection {
	t.Helper()
	in, err := source(t, o).Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// inspected is one table of an inspection.
func inspected(t *testing.T, in *mssql.Inspection, key string) mssql.InspectedTable {
	t.Helper()
	at := slices.IndexFunc(in.Tables, func(t mssql.InspectedTable) bool { return t.Key == "source.tables."+key })
	if at < 0 {
		t.Fatalf("%s is not among the tables: %+v", key, in.Tables)
	}
	return in.Tables[at]
}

func column(t *testing.T, table mssql.InspectedTable, name string) mssql.InspectedColumn {
	t.Helper()
	at := slices.IndexFunc(table.Columns, func(c mssql.InspectedColumn) bool { return strings.EqualFold(c.Name, name) })
	if at < 0 {
		t.Fatalf("%s is not among the columns: %+v", name, table.Columns)
	}
	return table.Columns[at]
}

func TestInspectAHealthyDatabase(t *testing.T) {
	db := mssqltest.New(t)
	login, dsn := readOnly(t, db)
	before := time.Now()
	in := inspect(t, mssql.Options{DSN: dsn})
	after := time.Now()

	database := db.URL().Query().Get("database")
	if in.Address != db.URL().Host || in.Database != database || in.Login != login || in.Product == "" ||
		strings.Contains(in.Product, "\n") {
		t.Errorf("the server is described as %+v", in)
	}
	if len(in.Roles)+len(in.Rights)+in.Runs != 0 {
		t.Errorf("the login is said to be in %v, to have %v, to run %d procedures", in.Roles, in.Rights, in.Runs)
	}
	// The server stands on this computer or on one whose clock is kept.
	server := in.Now.Time()
	if server.Before(before.Add(in.Ahead-in.Within-time.Second)) ||
		server.After(after.Add(in.Ahead+in.Within+time.Second)) || in.Within <= 0 {
		t.Errorf("at %s the server's clock showed %s, said to be %s (+-%s) ahead", before, server, in.Ahead, in.Within)
	}
	if len(in.Tables) != 6 {
		t.Errorf("%d tables", len(in.Tables))
	}
	for _, table := range in.Tables {
		if table.Place == "" || table.Refused || !table.WritesKnown || len(table.Writes) > 0 ||
			len(table.Columns) == 0 || table.Purpose == "" {
			t.Errorf("a table that can be read and not be written: %+v", table)
		}
		for _, c := range table.Columns {
			if !c.Readable() || c.Purpose == "" || c.Wanted == "" || c.Key != "source.columns."+table.Name+"."+c.Name {
				t.Errorf("%s: %+v", table.Name, c)
			}
		}
	}
	if got := column(t, inspected(t, in, "event"), "name").Type; got != "varchar" {
		t.Errorf("event.name has the type %q", got)
	}
}

func TestInspectTellsTheOwnerFromTheGuest(t *testing.T) {
	db := mssqltest.New(t)
	in := inspect(t, mssql.Options{DSN: db.DSN()})
	same(t, "rights of a login that may create databases", inspected(t, in, "event_schedule").Writes, []string{
		"INSERT", "UPDATE", "DELETE", "ALTER",
	})
	same(t, "its rights on the database", in.Rights, []string{"EXECUTE", "ALTER", "CONTROL"})

	login, dsn := readOnly(t, db)
	db.Exec("GRANT UPDATE ON dbo.computer TO " + login)
	in = inspect(t, mssql.Options{DSN: dsn})
	same(t, "rights on computer", inspected(t, in, "computer").Writes, []string{"UPDATE"})
	same(t, "rights on event", inspected(t, in, "event").Writes, nil)

	db.Exec("CREATE PROCEDURE dbo.tidy AS DELETE FROM dbo.event_schedule")
	db.Exec("CREATE PROCEDURE dbo.other AS SELECT 1")
	db.Exec("GRANT EXECUTE ON dbo.tidy TO " + login)
	if in = inspect(t, mssql.Options{DSN: dsn}); in.Runs != 1 {
		t.Errorf("one procedure is granted, %d are said", in.Runs)
	}
}

func TestInspectGoesOnWhereReadingEnds(t *testing.T) {
	db := mssqltest.New(t)
	login, dsn := readOnly(t, db)
	db.Exec("DROP TABLE sessions")
	db.Exec("DROP TABLE event_schedule")
	db.Exec(
		"CREATE TABLE event_schedule (schedule_id int NOT NULL PRIMARY KEY, EVENT_ID int NULL, status_code " +
			"varchar(10) NULL, start_time datetime NULL)",
	)
	db.Exec("GRANT SELECT ON dbo.event_schedule TO " + login)
	db.Exec("ALTER TABLE computer DROP COLUMN group_id")
	db.Exec("REVOKE SELECT ON dbo.event FROM " + login)
	db.Exec("GRANT SELECT (event_id, folder_id) ON dbo.event TO " + login)
	db.Exec("REVOKE SELECT ON dbo.event_folder FROM " + login)

	s := source(t, mssql.Options{DSN: dsn})
	in, err := s.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	schedule := inspected(t, in, "event_schedule")
	if c := column(t, schedule, "computer_id"); c.Type != "" || c.Readable() {
		t.Errorf("a column that is missing: %+v", c)
	}
	if c := column(t, schedule, "status_code"); c.Type != "varchar" || c.Fits || c.Readable() {
		t.Errorf("a column of another type: %+v", c)
	}
	if c := column(t, schedule, "event_id"); !c.Readable() {
		t.Errorf("a column in capitals: %+v", c)
	}
	if c := column(t, inspected(t, in, "computer"), "group_id"); c.Type != "" || !c.Optional {
		t.Errorf("an optional column that is missing: %+v", c)
	}
	jobs := inspected(t, in, "event")
	if jobs.Said == "" || !column(t, jobs, "event_id").Readable() || column(t, jobs, "name").Readable() ||
		!column(t, jobs, "folder_id").Readable() {
		t.Errorf("a column that may not be read: %+v", jobs)
	}
	if folders := inspected(t, in, "event_folder"); !strings.Contains(folders.Said, "ermission") || !folders.Optional {
		t.Errorf("a table that may not be read: %+v", folders)
	}
	if gone := inspected(t, in, "sessions"); gone.Place != "" || gone.Refused || !gone.Optional || gone.Said == "" {
		t.Errorf("a table that is missing: %+v", gone)
	}
	// What Inspect found wrong is what Read fails with.
	var wrong *mssql.SchemaError
	if _, err := s.Read(t.Context(), ingest.Query{}); !errors.As(err, &wrong) ||
		wrong.Faults[0].Table != "event_schedule" {
		t.Errorf("Read: %v", err)
	}
}

func TestInspectSendsQuestionsOnly(t *testing.T) {
	_, p, s := through(t, mssql.Options{})
	if _, err := s.Inspect(t.Context()); err != nil {
		t.Fatal(err)
	}
	batches := 0
	for _, m := range p.messages(t) {
		if m.kind == rpc {
			t.Error("the driver made a procedure call of a batch")
		}
		if m.kind != sqlBatch {
			continue
		}
		batches++
		for statement := range strings.SplitSeq(strings.TrimSuffix(m.text, ";\n"), ";\n") {
			if !strings.HasPrefix(statement, "SELECT ") && !strings.HasPrefix(statement, "SET ") &&
				!strings.HasPrefix(statement, "/* jobmon-db ") {
				t.Errorf("something else than a SELECT: %s", statement)
			}
		}
	}
	if batches < 10 || batches > 40 {
		t.Errorf("%d batches", batches)
	}
}

func TestInspectEndsInTime(t *testing.T) {
	_, p, s := through(t, mssql.Options{})
	p.swallow(true)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.Inspect(ctx); !errors.Is(err, mssql.ErrTimeout) {
		t.Error(err)
	}
	p.swallow(false)
	p.cut()
	if _, err := s.Inspect(t.Context()); err != nil {
		t.Errorf("after the server came back: %v", err)
	}
}

func TestErrorsComeInParts(t *testing.T) {
	_, err := source(t, mssql.Options{
		DSN: "sqlserver://sa:Planted-Secret-1@127.0.0.1:1?database=eXpress",
	}).Inspect(t.Context())
	var wrong *mssql.Error
	if !errors.As(err, &wrong) || !errors.Is(err, mssql.ErrUnreachable) {
		t.Fatalf("%v", err)
	}
	if want := "SQL Server cannot be reached: 127.0.0.1:1"; wrong.Found() != want || wrong.Next == "" ||
		err.Error() != fmt.Sprintf("%s: %s (%s)", want, wrong.Next, wrong.Said) ||
		strings.Contains(err.Error(), "Planted") {
		t.Errorf("%+v: %v", wrong, err)
	}
}

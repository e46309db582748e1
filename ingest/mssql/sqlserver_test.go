package mssql_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The tests in this file read a real T-SQL server: see mssqltest.Env.

func source(t testing.TB, o mssql.Options) *mssql.Source {
	t.Helper()
	s, err := mssql.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// read reads everything, and the agents of some computers.
func read(t *testing.T, s ingest.Source, watch ...jobmon.ComputerID) *jobmon.Snapshot {
	t.Helper()
	snap, err := ingest.ReadAll(t.Context(), s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(watch) == 0 {
		return snap
	}
	quick, err := s.Read(t.Context(), ingest.Query{Above: math.MaxInt32, Watch: watch})
	if err != nil {
		t.Fatal(err)
	}
	snap.Agents = quick.Agents
	return snap
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func wall(text string) jobmon.WallTime {
	t, err := time.Parse("2006-01-02T15:04:05.999", text)
	if err != nil {
		panic(err)
	}
	return jobmon.WallTimeOf(t)
}

func TestReadSeesEverything(t *testing.T) {
	db := mssqltest.New(t)
	db.AddFolder(1, "Clients", 0)
	db.AddFolder(2, "Büro ÄÖÜß", 1)
	db.AddFolder(3, "loop", 4)
	db.AddFolder(4, "pool", 3)
	db.Exec("INSERT INTO event_folder (folder_id) VALUES (5)")
	db.AddJob(10, "01. (JM) Windows", 2)
	db.AddJob(11, "Café <script>\"'&%\x01", 0)
	db.AddJob(12, "round and round", 3)
	db.AddJob(13, "in an unnamed folder", 5)
	db.AddJob(14, "in no folder of ours", 99)
	db.Exec("INSERT INTO event (event_id) VALUES (-7)")
	db.AddGroup(20, "Raum 1")
	db.Exec("INSERT INTO computer_group (group_id) VALUES (21)")
	db.AddComputer(5000001, "PC-0001", 20)
	db.AddComputer(5000002, "PC-0001", 0)
	db.Exec("INSERT INTO computer (computer_id, group_id) VALUES (5000003, 21)")
	db.AddComputer(5000004, "PC-0004", 77)

	soon := wall("2026-11-22T14:05:00")
	var want []jobmon.Row
	add := func(job jobmon.JobID, pc jobmon.ComputerID, start jobmon.WallTime, s jobmon.Status) {
		id := db.Schedule(job, pc, start)
		db.SetStatus(id, s)
		want = append(want, jobmon.Row{ID: id, Job: job, Computer: pc, Start: start, Status: s})
	}
	add(10, 5000001, soon, jobmon.StatusNull)
	add(10, 5000001, soon, jobmon.StatusRunning)
	add(11, 5000002, jobmon.NoStart, jobmon.StatusOf(0))
	add(12, 5000003, wall("1753-01-01T00:00:00"), jobmon.StatusOf(1603))
	add(13, -1, wall("9999-12-31T23:59:59.997"), jobmon.StatusOf(3010))
	add(-7, 0, wall("2026-03-29T02:30:00.003"), jobmon.StatusOf(-7))
	add(4711, 4712, soon, jobmon.StatusOf(-2147483648))
	db.Exec(
		"SET IDENTITY_INSERT event_schedule ON; INSERT INTO event_schedule (schedule_id, event_id, computer_id) " +
			"VALUES (-2147483648, 10, 5000001); SET IDENTITY_INSERT event_schedule OFF",
	)
	want = append([]jobmon.Row{{ID: -2147483648, Job: 10, Computer: 5000001, Start: jobmon.NoStart}}, want...)
	db.Exec("INSERT INTO event_schedule (computer_id) VALUES (5000001)") // a row without a job is left out
	db.SetAgent(5000002, true)
	db.Exec("INSERT INTO sessions (computer_id) VALUES (NULL)")

	var log bytes.Buffer
	before := db.Now()
	s := source(t, mssql.Options{DSN: db.DSN(), Log: zerolog.New(&log)})
	snap := read(t, s, 5000003, 5000001, 5000002)

	same(t, "rows", snap.Rows, want)
	same(t, "jobs", snap.Jobs, []jobmon.Job{
		{ID: -7},
		{ID: 10, Name: "01. (JM) Windows", Folder: `Clients\Büro ÄÖÜß`},
		{ID: 11, Name: "Café <script>\"'&%\x01"},
		{ID: 12, Name: "round and round", Folder: `pool\loop`},
		{ID: 13, Name: "in an unnamed folder", Folder: "(folder 5)"},
		{ID: 14, Name: "in no folder of ours"},
	})
	same(t, "computers", snap.Computers, []jobmon.Computer{
		{ID: 5000001, Name: "PC-0001", OSName: "PC-0001", Group: "Raum 1"},
		{ID: 5000002, Name: "PC-0001", OSName: "PC-0001", Ghost: true},
		{ID: 5000003},
		{ID: 5000004, Name: "PC-0004", OSName: "PC-0004"},
	})
	same(t, "agents", snap.Agents, []jobmon.Agent{
		{Computer: 5000001, State: jobmon.AgentOffline},
		{Computer: 5000002, State: jobmon.AgentOnline},
		{Computer: 5000003, State: jobmon.AgentOffline},
	})
	if !snap.AllJobs || !snap.AllComputers || snap.Gone != nil {
		t.Errorf("jobs read %v, computers read %v, gone %v", snap.AllJobs, snap.AllComputers, snap.Gone)
	}
	after := db.Now()
	if now := snap.Now.Wall(snap.Offset); now < before || now > after {
		t.Errorf("the snapshot is of %s, but it was taken between %s and %s", now, before, after)
	}
	if text := log.String(); strings.Count(text, "left out") != 1 || !strings.Contains(text, `"rows":1`) ||
		!strings.Contains(text, "event_id is NULL") {
		t.Errorf("not exactly one warning about one row: %s", text)
	}
	if read(t, s); strings.Count(log.String(), "left out") != 1 {
		t.Errorf("the same rows are warned about twice: %s", log.String())
	}
}

func TestLookup(t *testing.T) {
	db := mssqltest.New(t)
	const many = 2500
	var values []string
	for i := range many {
		values = append(values, fmt.Sprintf("(%d, 10, 5000001, NULL)", 1000+i))
	}
	for some := range slices.Chunk(values, 500) {
		db.Exec("SET IDENTITY_INSERT event_schedule ON; INSERT INTO event_schedule (schedule_id, event_id, " +
			"computer_id, status_code) VALUES " +
			strings.Join(some, ", ") + "; SET IDENTITY_INSERT event_schedule OFF")
	}
	s := source(t, mssql.Options{DSN: db.DSN()})

	ids := []jobmon.ScheduleID{-2147483648, 1, 2147483647, 1000, 1000}
	for i := range many {
		ids = append(ids, jobmon.ScheduleID(1000+many-1-i))
	}
	found, err := s.Lookup(t.Context(), ingest.IDs{Rows: ids})
	if err != nil {
		t.Fatal(err)
	}
	rows := found.Rows
	if len(rows) != many || rows[0] != (jobmon.Row{ID: 1000, Job: 10, Computer: 5000001, Start: jobmon.NoStart}) ||
		!slices.IsSortedFunc(rows, func(a, b jobmon.Row) int { return int(a.ID - b.ID) }) {
		t.Errorf("%d rows, the first %+v", len(rows), rows[0])
	}
	found, err = s.Lookup(t.Context(), ingest.IDs{
		Rows: []jobmon.ScheduleID{1, 2}, Jobs: []jobmon.JobID{77}, Computers: []jobmon.ComputerID{77},
	})
	if err != nil || !reflect.DeepEqual(found, &jobmon.Snapshot{}) {
		t.Errorf("what is not there: %v, %v", found, err)
	}
	batches := s.Cost().Batches
	if found, err := s.Lookup(t.Context(), ingest.IDs{}); err != nil ||
		!reflect.DeepEqual(found, &jobmon.Snapshot{}) || s.Cost().Batches != batches {
		t.Errorf("no ids: %v, %v", found, err)
	}
}

func TestReadFollowsOthers(t *testing.T) {
	db := mssqltest.New(t)
	db.AddJob(10, "Office", 0)
	db.AddComputer(5000001, "PC-0001", 0)
	due := wall("2026-11-22T14:05:00")
	first, second := db.Schedule(10, 5000001, due), db.Schedule(10, 5000001, due)
	s := source(t, mssql.Options{DSN: db.DSN()})
	row := func(id jobmon.ScheduleID, start jobmon.WallTime, status jobmon.Status) jobmon.Row {
		return jobmon.Row{ID: id, Job: 10, Computer: 5000001, Start: start, Status: status}
	}
	same(t, "at first", read(t, s).Rows, []jobmon.Row{
		row(first, due, jobmon.StatusNull), row(second, due, jobmon.StatusNull),
	})

	db.SetStatus(first, jobmon.StatusRunning)
	db.Reschedule(second, due+60_000)
	db.RenameJob(10, "Office 2024")
	snap := read(t, s)
	same(t, "changed", snap.Rows, []jobmon.Row{row(first, due, jobmon.StatusRunning), row(second, due+
		60_000, jobmon.StatusNull)})
	same(t, "renamed", snap.Jobs, []jobmon.Job{{ID: 10, Name: "Office 2024"}})

	db.Delete(first)
	third := db.Schedule(10, 5000001, jobmon.NoStart)
	same(t, "deleted and added", read(t, s).Rows, []jobmon.Row{row(second, due+
		60_000, jobmon.StatusNull), row(third, jobmon.NoStart, jobmon.StatusNull)})
}

func TestOptionalThingsAreMissing(t *testing.T) {
	db := mssqltest.New(t)
	db.AddJob(10, "Office", 0)
	db.AddComputer(5000001, "PC-0001", 0)
	db.Exec("DROP TABLE sessions; DROP TABLE computer_group; DROP TABLE event_folder")
	db.Exec(
		"ALTER TABLE event DROP COLUMN folder_id; ALTER TABLE computer DROP COLUMN computer_name; ALTER TABLE " +
			"computer DROP COLUMN group_id",
	)
	snap := read(t, source(t, mssql.Options{DSN: db.DSN()}), 5000001)
	same(t, "jobs", snap.Jobs, []jobmon.Job{{ID: 10, Name: "Office"}})
	same(t, "computers", snap.Computers, []jobmon.Computer{{ID: 5000001, Name: "PC-0001"}})
	same(t, "agents", snap.Agents, []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentUnknown}})
}

func TestOptionalThingsHaveOddTypes(t *testing.T) {
	db := mssqltest.New(t)
	db.AddComputer(5000001, "PC-0001", 0)
	db.Exec("DROP TABLE sessions; CREATE TABLE sessions (computer_id uniqueidentifier)")
	db.Exec("ALTER TABLE computer DROP COLUMN group_id; ALTER TABLE computer ADD group_id datetime NULL")
	snap := read(t, source(t, mssql.Options{DSN: db.DSN()}), 5000001)
	same(t, "computers", snap.Computers, []jobmon.Computer{{ID: 5000001, Name: "PC-0001", OSName: "PC-0001"}})
	same(t, "agents", snap.Agents, []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentUnknown}})
}

func TestRequiredThingsAreMissing(t *testing.T) {
	db := mssqltest.New(t)
	for _, c := range []struct {
		change string
		want   mssql.SchemaFault
	}{
		{"ALTER TABLE event_schedule DROP COLUMN start_time; ALTER TABLE event_schedule ADD start_time int NULL",
			mssql.SchemaFault{
				Table: "event_schedule", Column: "start_time", Type: "int",
				Key: "source.columns.event_schedule.start_time",
			}},
		{"ALTER TABLE event_schedule DROP COLUMN start_time",
			mssql.SchemaFault{
				Table: "event_schedule", Column: "start_time", Key: "source.columns.event_schedule.start_time",
			}},
		{"DROP TABLE event_schedule", mssql.SchemaFault{Table: "event_schedule", Key: "source.tables.event_schedule"}},
	} {
		db.Exec(c.change)
		_, err := source(t, mssql.Options{DSN: db.DSN()}).Read(t.Context(), ingest.Query{})
		var got *mssql.SchemaError
		if !errors.As(err, &got) {
			t.Fatalf("%s: %v", c.change, err)
		}
		if got.Database != db.URL().Query().Get("database") || len(got.Faults) != 1 || got.Faults[0].Purpose == "" {
			t.Fatalf("%s: %+v", c.change, got)
		}
		fault := got.Faults[0]
		fault.Purpose, fault.Wanted = "", ""
		c.want.TableKey = "source.tables.event_schedule"
		same(t, c.change, fault, c.want)
	}
}

func TestTablesHaveOtherNamesAndTypes(t *testing.T) {
	db := mssqltest.NewEmpty(t)
	db.Exec("CREATE SCHEMA ds")
	db.Exec(
		"CREATE TABLE ds.[event schedule] (SCHEDULE_ID bigint NULL, Event_Id smallint NULL, computer_id bigint " +
			"NULL, status_code smallint NULL, [due .at] datetime2 NULL)",
	)
	db.Exec("CREATE TABLE dbo.[jobs.all] (event_id tinyint NULL, name nvarchar(max) NULL, folder_id bigint NULL)")
	db.Exec("CREATE TABLE dbo.computer (computer_id int NULL, name nvarchar(200) NULL)")
	db.Exec("CREATE TABLE ds.event (event_id int NULL, name varchar(10) NULL)") // of another schema: not ours
	db.Exec("INSERT INTO ds.[event schedule] VALUES (7, 3, 5000001, 3010, '2026-11-22T14:05:00.0019999')")
	db.Exec(
		"INSERT INTO ds.[event schedule] VALUES (2147483648, 3, 5000001, 0, NULL), (NULL, 3, 5000001, 0, NULL), (8, " +
			"3, 5000000000, 0, NULL)",
	)
	db.Exec("INSERT INTO dbo.[jobs.all] VALUES (3, REPLICATE(CAST(N'ä' AS nvarchar(max)), 12000), 9999999999)")
	db.Exec("INSERT INTO dbo.computer VALUES (5000001, N'PC-П😀')")

	var log bytes.Buffer
	snap := read(t, source(t, mssql.Options{DSN: db.DSN(), Log: zerolog.New(&log),
		Tables: mssql.Tables{EventSchedule: "DS.[event schedule]", Event: "[dbo].[jobs.all]",
			Columns: map[string]string{"event_schedule.start_time": "[due .at]"}}}))
	same(t, "rows", snap.Rows, []jobmon.Row{
		{ID: 7, Job: 3, Computer: 5000001, Start: wall("2026-11-22T14:05:00.002"), Status: jobmon.StatusOf(3010)},
	})
	same(t, "jobs", snap.Jobs, []jobmon.Job{{ID: 3, Name: strings.Repeat("ä", 10000)}})
	same(t, "computers", snap.Computers, []jobmon.Computer{{ID: 5000001, Name: "PC-П😀"}})
	if !strings.Contains(log.String(), `"rows":2`) { // a page does not look for rows without an id
		t.Errorf("no word of the 2 rows that do not fit: %s", log.String())
	}
}

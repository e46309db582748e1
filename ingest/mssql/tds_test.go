package mssql_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// The tests in this file read tdstest's server over the wire and need nothing else.

// overTDS starts a server and a source that reads it.
func overTDS(t *testing.T, o mssql.Options) (*tdstest.Server, *mssql.Source) {
	t.Helper()
	server := tdstest.New(t)
	o.DSN = server.DSN().String()
	return server, source(t, o)
}

func oneRow(tables *tdstest.Tables) { tables.Insert("event_schedule", 1, 10, 5000001, nil, nil) }

func TestTDSReadSeesEverything(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	long := strings.Repeat("Länge€", 1000)
	const now = jobmon.Instant(1_795_352_700_000)
	server.Change(func(tables *tdstest.Tables) {
		tables.Now, tables.Offset = now, -9000 // half an hour off, and west of Greenwich
		tables.Retype("computer", "name", tdstest.NVarChar)
		tables.Retype("event", "event_id", tdstest.BigInt)

		tables.Insert("event_folder", 1, "Clients", nil)
		tables.Insert("event_folder", -2, "Büro ÄÖÜß €", 1)
		tables.Insert("event", 10, -2, "01. (JM) Windows", nil)
		tables.Insert("event", 11, nil, long, "described")
		tables.Insert("event", -7, 99, nil, nil)
		tables.Insert("event", 1<<40, nil, "an id that does not fit", nil)
		tables.Insert("computer_group", 20, "Raum 1")
		tables.Insert("computer", 5000001, 20, "PC-Ä€-水-😀", "PC-0001")
		tables.Insert("computer", 5000002, nil, "", nil)
		tables.Insert("sessions", 5000002, 1)
		tables.Insert("sessions", nil, nil)

		tables.Insert("event_schedule", 7, 11, 5000002, 3010, wall("9999-12-31T23:59:59.997"))
		tables.Insert("event_schedule", -2147483648, -7, -1, -2147483648, wall("1753-01-01T00:00:00"))
		tables.Insert("event_schedule", 2147483647, 10, 5000001, nil, nil)
		tables.Insert("event_schedule", 3, 10, 5000001, -1, wall("2026-03-29T02:30:00.003"))
		tables.Insert("event_schedule", 4, nil, 5000001, 0, nil) // a row without a job is left out
	})
	snap := read(t, s, 5000001, 5000002)
	same(t, "rows", snap.Rows, []jobmon.Row{
		{
			ID: -2147483648, Job: -7, Computer: -1, Status: jobmon.StatusOf(-2147483648),
			Start: wall("1753-01-01T00:00:00"),
		},
		{ID: 3, Job: 10, Computer: 5000001, Status: jobmon.StatusRunning, Start: wall("2026-03-29T02:30:00.003")},
		{ID: 7, Job: 11, Computer: 5000002, Status: jobmon.StatusOf(3010), Start: wall("9999-12-31T23:59:59.997")},
		{ID: 2147483647, Job: 10, Computer: 5000001, Start: jobmon.NoStart},
	})
	same(t, "jobs", snap.Jobs, []jobmon.Job{
		{ID: -7},
		{ID: 10, Name: "01. (JM) Windows", Folder: `Clients\Büro ÄÖÜß €`},
		{ID: 11, Name: long},
	})
	same(t, "computers", snap.Computers, []jobmon.Computer{
		{ID: 5000001, Name: "PC-Ä€-水-😀", OSName: "PC-0001", Group: "Raum 1"},
		{ID: 5000002, Ghost: true},
	})
	same(t, "agents", snap.Agents, []jobmon.Agent{
		{Computer: 5000001, State: jobmon.AgentOffline}, {Computer: 5000002, State: jobmon.AgentOnline},
	})
	if snap.Now != now || snap.Offset != -9000 || !snap.AllJobs || !snap.AllComputers {
		t.Errorf("at %s %s, jobs %t, computers %t", snap.Now, snap.Offset, snap.AllJobs, snap.AllComputers)
	}
}

func TestTDSReadSeesChanges(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	server.Change(func(tables *tdstest.Tables) {
		oneRow(tables)
		tables.Insert("event_schedule", 2, 10, 5000002, nil, nil)
	})
	same(t, "first", read(t, s).Rows, []jobmon.Row{
		{ID: 1, Job: 10, Computer: 5000001, Start: jobmon.NoStart},
		{ID: 2, Job: 10, Computer: 5000002, Start: jobmon.NoStart},
	})
	server.Change(func(tables *tdstest.Tables) {
		rows := tables.ByName["event_schedule"]
		rows.Rows = [][]any{{2, 10, 5000002, -1, wall("2026-11-22T14:05:00")}, {3, 11, 5000002, nil, nil}}
		tables.Insert("event", 10, nil, "new")
	})
	snap := read(t, s)
	same(t, "second", snap.Rows, []jobmon.Row{
		{ID: 2, Job: 10, Computer: 5000002, Status: jobmon.StatusRunning, Start: wall("2026-11-22T14:05:00")},
		{ID: 3, Job: 11, Computer: 5000002, Start: jobmon.NoStart},
	})
	same(t, "jobs", snap.Jobs, []jobmon.Job{{ID: 10, Name: "new"}})
	if n := server.Logins(); n != 1 {
		t.Errorf("%d logins for two reads", n)
	}
}

func TestTDSLookup(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	server.Change(func(tables *tdstest.Tables) {
		for i := range 3000 {
			tables.Insert("event_schedule", i-5, 10, 5000001, i, nil)
		}
	})
	row := func(id int) jobmon.Row {
		return jobmon.Row{
			ID: jobmon.ScheduleID(id), Job: 10, Computer: 5000001, Status: jobmon.StatusOf(jobmon.Code(id + 5)),
			Start: jobmon.NoStart,
		}
	}
	var asked []jobmon.ScheduleID // more than one statement takes
	for id := 2994; id > 990; id-- {
		asked = append(asked, jobmon.ScheduleID(id))
	}
	found, err := s.Lookup(t.Context(), ingest.IDs{Rows: append(asked, 7_000_000, -3)})
	if err != nil {
		t.Fatal(err)
	}
	rows := found.Rows
	if len(rows) != 2005 {
		t.Fatalf("%d rows", len(rows))
	}
	same(t, "some", []jobmon.Row{rows[0], rows[1], rows[2004]}, []jobmon.Row{row(-3), row(991), row(2994)})
}

func TestTDSEveryBatchBeginsWithItsNameAndSettings(t *testing.T) {
	server, s := overTDS(t, mssql.Options{LockTimeout: 1234 * time.Millisecond})
	read(t, s, 5000001)
	if _, err := s.Lookup(t.Context(), ingest.IDs{Rows: []jobmon.ScheduleID{1, -2}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Inspect(t.Context()); err != nil {
		t.Fatal(err)
	}
	const settings = "SET NOCOUNT ON;\nSET DEADLOCK_PRIORITY LOW;\nSET LOCK_TIMEOUT 1234;\nSET TRANSACTION " +
		"ISOLATION LEVEL READ COMMITTED;\nSELECT "
	var names []string
	for _, batch := range server.Batches() {
		name := tdstest.Name(batch)
		rest, ok := strings.CutPrefix(batch, "/* jobmon-db "+name+" */\n"+settings)
		if name == "" || !ok {
			t.Errorf("a batch that does not begin as agreed:\n%s", batch)
		}
		for statement := range strings.SplitSeq(strings.TrimSuffix("SELECT "+rest, ";\n"), ";\n") {
			if !strings.HasPrefix(statement, "SELECT ") {
				t.Errorf("%s holds something else than a SELECT: %s", name, statement)
			}
		}
		names = append(names, name)
	}
	names = slices.Compact(names)
	same(t, "batches", names[:4], []string{"schema", "probe", "isolation", "page"})
	for _, name := range []string{"names", "read", "lookup", "clock", "rights"} {
		if !slices.Contains(names, name) {
			t.Errorf("no %s among the batches: %s", name, names)
		}
	}
}

func TestTDSWhatIsOptionalIsUnknown(t *testing.T) {
	var log bytes.Buffer
	server, s := overTDS(t, mssql.Options{Log: zerolog.New(&log)})
	server.Change(func(tables *tdstest.Tables) {
		tables.Insert("event", 10, 1, "Office", nil)
		tables.Insert("event_folder", 1, "Clients", nil)
		tables.Insert("computer", 5000001, 20, "PC-0001", "PC-0001")
		tables.Insert("computer_group", 20, "Room 1")
		tables.Insert("sessions", 5000001, 1)
		delete(tables.ByName, "sessions")
		tables.ByName["event_folder"].Denied = true
		tables.DropColumn("computer", "group_id")
		tables.Retype("computer", "computer_name", tdstest.DateTime)
	})
	snap := read(t, s, 5000001)
	same(t, "jobs", snap.Jobs, []jobmon.Job{{ID: 10, Name: "Office"}})
	same(t, "computers", snap.Computers, []jobmon.Computer{{ID: 5000001, Name: "PC-0001"}})
	same(t, "agents", snap.Agents, []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentUnknown}})
	for _, unknown := range []string{"sessions", "event_folder", "group_id", "computer_name"} {
		if !strings.Contains(log.String(), unknown) {
			t.Errorf("the log does not say that %s is unknown: %s", unknown, log.String())
		}
	}
}

func TestTDSRefusedLogins(t *testing.T) {
	server := tdstest.New(t)
	for _, c := range []struct {
		change func(*url.URL)
		want   error
	}{
		{func(u *url.URL) { u.User = url.UserPassword(tdstest.User, "Planted-Secret-1") }, mssql.ErrLoginRefused},
		{func(u *url.URL) { u.User = url.UserPassword("stranger", tdstest.Password) }, mssql.ErrLoginRefused},
		{func(u *url.URL) {
			u.RawQuery = strings.Replace(u.RawQuery, tdstest.Database, "elsewhere", 1)
		}, mssql.ErrNoDatabase},
	} {
		u := server.DSN()
		c.change(u)
		_, err := source(t, mssql.Options{DSN: u.String()}).Read(t.Context(), ingest.Query{})
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), "Planted") {
			t.Errorf("%s: %v", u.Redacted(), err)
		}
	}
	if n := server.Logins(); n != 0 {
		t.Errorf("%d logins succeeded", n)
	}

	s := source(t, mssql.Options{DSN: server.DSN().String()})
	server.Fail(tdstest.Login, 18456)
	if _, err := s.Read(t.Context(), ingest.Query{}); !errors.Is(err, mssql.ErrLoginRefused) {
		t.Errorf("refused: %v", err)
	}
	server.Fail(tdstest.Login, tdstest.None)
	read(t, s)
}

// Every fault ends one read; the next one sees all rows, without a restart and without what the failed one began.
func TestTDSRecoversFromEveryFault(t *testing.T) {
	for _, c := range []struct {
		batch string
		fault tdstest.Fault
		want  error
	}{
		{"read", 1205, ingest.ErrTransient},
		{"read", 1222, ingest.ErrTransient},
		{"read", 229, mssql.ErrPermission},
		{"read", 208, mssql.ErrSchemaChanged},
		{"read", 207, mssql.ErrSchemaChanged},
		{"read", tdstest.Hang, mssql.ErrTimeout},
		{"read", tdstest.Dead, mssql.ErrTimeout},
		{"read", tdstest.Close, mssql.ErrLost},
		{"schema", 1205, ingest.ErrTransient},
		{"schema", tdstest.Hang, mssql.ErrTimeout},
		{"schema", tdstest.Close, mssql.ErrLost},
		{"probe", 1222, ingest.ErrTransient},
		{"probe", tdstest.Close, mssql.ErrLost},
		{tdstest.Login, tdstest.Dead, mssql.ErrTimeout},
		{tdstest.Login, tdstest.Close, mssql.ErrUnreachable},
	} {
		t.Run(fmt.Sprint(c.batch, " ", c.fault), func(t *testing.T) {
			t.Parallel()
			server, s := overTDS(t, mssql.Options{Timeout: 5 * time.Minute})
			failing := func() error {
				ctx, end := t.Context(), func() {}
				if c.want == mssql.ErrTimeout {
					ctx, end = context.WithTimeout(ctx, 200*time.Millisecond)
				}
				defer end()
				_, err := s.Read(ctx, ingest.Query{})
				return err
			}
			server.Change(func(tables *tdstest.Tables) {
				for i := range 100 {
					tables.Insert("event_schedule", i, 10, 5000001, nil, nil)
				}
			})
			if c.batch == "read" { // over a connection that was good before
				read(t, s)
			}
			server.Fail(c.batch, c.fault)
			if err := failing(); !errors.Is(err, c.want) {
				t.Error(err)
			}
			if err := failing(); !errors.Is(err, c.want) {
				t.Errorf("the second time: %v", err)
			}
			server.Fail(c.batch, tdstest.None)
			if rows := read(t, s).Rows; len(rows) != 100 || rows[99].ID != 99 {
				t.Errorf("%d rows afterwards", len(rows))
			}
		})
	}
}

func TestTDSReconnects(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	server.Change(oneRow)
	read(t, s)
	server.Cut()
	// Which kind it is depends on whether the system notices while the batch is sent, whose errors the driver gives no
	// type.
	_, err := s.Read(t.Context(), ingest.Query{})
	if _, ok := errors.AsType[*mssql.Error](err); !ok {
		t.Errorf("cut: %v", err)
	}
	if n := len(read(t, s).Rows); n != 1 || server.Logins() != 2 {
		t.Errorf("%d rows over the new connection, %d logins", n, server.Logins())
	}
}

package check_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// database is a source that says what a test wants.
type database struct {
	in         mssql.Inspection
	snap       jobmon.Snapshot
	inspecting error
	reading    error
	slow       time.Duration // how long a read takes
	reads      int
	closed     bool
}

func (d *database) Inspect(context.Context) (*mssql.Inspection, error) { return &d.in, d.inspecting }

func (d *database) ReadAll(context.Context) (*jobmon.Snapshot, error) {
	d.reads++
	<-time.After(d.slow)
	return &d.snap, d.reading
}

func (d *database) Close() error {
	d.closed = true
	return nil
}

func (d *database) table(key string) *mssql.InspectedTable {
	for i := range d.in.Tables {
		if d.in.Tables[i].Key == "source.tables."+key {
			return &d.in.Tables[i]
		}
	}
	panic("no table " + key)
}

// noon is the time of all snapshots, 13:00 on the server.
var noon = jobmon.InstantOf(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))

const offset = jobmon.Offset(3600)

// healthy is a database in which nothing is wrong: PC-0001 is being deployed, with a closing marker.
func healthy() *database {
	d := &database{in: mssql.Inspection{
		Address: "ds01:1433", Server: "DS01", Product: "Microsoft SQL Server 2019", Database: "eXpress",
		Login: "jobmon-db",
		Now:   noon, Offset: offset, Within: 2 * time.Millisecond,
	}}
	for _, t := range []struct {
		key      string
		optional bool
		columns  []string
	}{
		{"event_schedule", false, []string{"schedule_id", "event_id", "computer_id", "status_code"}},
		{"event", false, []string{"event_id", "name", "folder_id?"}},
		{"computer", false, []string{"computer_id", "name", "group_id?"}},
		{"event_folder", true, []string{"folder_id", "name"}},
		{"computer_group", true, []string{"group_id"}},
		{"sessions", true, []string{"computer_id"}},
	} {
		table := mssql.InspectedTable{Key: "source.tables." + t.key, Name: t.key, Place: "[dbo].[" + t.key + "]",
			Purpose:  "what " + t.key + " is for",
			Optional: t.optional, WritesKnown: true}
		for _, c := range t.columns {
			name, optional := strings.CutSuffix(c, "?")
			table.Columns = append(table.Columns, mssql.InspectedColumn{Key: "source.columns." + t.key + "." + name,
				Name: name, Purpose: "what " + name + " is for", Wanted: "a whole number",
				Optional: optional, Type: "int", Fits: true})
		}
		d.in.Tables = append(d.in.Tables, table)
	}
	for id, name := range []string{"0. Build Job Monitor", "01. (JM) Drivers", "Chipset", "02. (JM) Office",
		"Office setup", "(JM) Ready", "Inventory"} {
		d.snap.Jobs = append(d.snap.Jobs, jobmon.Job{ID: jobmon.JobID(id + 1), Name: name})
	}
	d.snap.Computers = []jobmon.Computer{{ID: 5000001, Name: "PC-0001"}, {ID: 5000002, Name: "PC-0002", Ghost: true}}
	d.snap.Now, d.snap.Offset, d.snap.AllJobs, d.snap.AllComputers = noon, offset, true, true
	d.schedule(5000001, -time.Hour, 1, 2, 3, 4, 5, 6)
	for i := range 3 {
		d.snap.Rows[i].Status = jobmon.StatusOf(0)
	}
	d.snap.Rows[3].Status = jobmon.StatusRunning
	return d
}

// schedule adds waiting rows, due at a time from now.
func (d *database) schedule(computer jobmon.ComputerID, due time.Duration, jobs ...jobmon.JobID) {
	for _, job := range jobs {
		d.snap.Rows = append(d.snap.Rows, jobmon.Row{ID: jobmon.ScheduleID(len(d.snap.Rows) + 1), Job: job,
			Computer: computer,
			Start:    noon.Add(due).Wall(offset)})
	}
}

func TestAHealthyDatabase(t *testing.T) {
	d := healthy()
	s := newSite(t).watching(d)
	lines := s.run()
	if !d.closed {
		t.Error("the connection is left open")
	}
	if err := check.Failed(lines); err != nil {
		t.Errorf("%v: %+v", err, lines)
	}
	s.expect(lines, "database", check.OK, "eXpress at ds01:1433", "DS01", "Microsoft SQL Server 2019")
	s.expect(lines, "login", check.OK, "jobmon-db can write to none of the tables")
	s.expect(lines, "table event_schedule", check.OK,
		"[dbo].[event_schedule]: schedule_id int, event_id int, computer_id int, status_code int")
	s.expect(lines, "table sessions", check.OK)
	s.expect(lines, "rows", check.OK,
		"3 unfinished (1 running, 2 waiting, 0 not scheduled), 3 finished; 7 jobs, 2 computers")
	s.expect(lines, "stuck rows", check.OK, "none", "12h")
	s.expect(lines, "markers", check.OK, "3 markers", `"0. Build Job Monitor"`)
	s.expect(lines, "closing marker", check.OK, `"(JM) Ready" at the end of 1 of 1 deployment`)
	s.expect(lines, "clock", check.OK, "2026-11-22 13:00:00 UTC+01:00", "as on this computer")
}

func TestTheDatabaseIsAway(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		err   error
		words []string
	}{
		{&mssql.Error{Kind: mssql.ErrUnreachable, What: "ds01:1433", Next: "check the firewall",
			Said: "connection refused"},
			[]string{"SQL Server cannot be reached: ds01:1433 (connection refused) / check the firewall"}},
		{&mssql.Error{What: "SQL Server at ds01 reports an error", Said: "9002"},
			[]string{"9002", "docs/sqlserver.md"}},
		{errors.New("something else"), []string{"something else", "docs/sqlserver.md"}},
	} {
		lines := s.watching(&database{inspecting: c.err}).run()
		s.expect(lines, "database", check.Fail, c.words...)
		for _, name := range []string{"login", "tables", "rows", "stuck rows", "markers", "closing marker", "clock"} {
			s.expect(lines, name, check.Skip, "cannot be read")
		}
		s.expect(lines, "evt folder", check.OK)
		var failed *check.Error
		if err := check.Failed(lines); !errors.As(err, &failed) || !failed.Source {
			t.Errorf("%v: %v", c.err, err)
		}
	}

	d := healthy()
	d.reading = &mssql.Error{Kind: mssql.ErrLost, What: "the network ended it", Next: "the next read connects again",
		Said: "EOF"}
	lines := s.watching(d).run()
	s.expect(lines, "rows", check.Fail, "the network ended it", "connects again")
	s.expect(lines, "markers", check.Skip)
	s.expect(lines, "clock", check.OK)

	s.options.Source, s.options.Unusable = nil, errors.New("source.dsn names no server")
	lines = s.run()
	s.expect(lines, "database", check.Fail, "names no server", "source.dsn")
	s.expect(lines, "tables", check.Skip)
}

func TestLogin(t *testing.T) {
	s := newSite(t)
	d := healthy()
	d.in.Roles = []string{"db_owner"}
	d.table("event").Writes = []string{"INSERT", "DELETE"}
	s.expect(s.watching(d).run(), "login", check.Warn, "is in db_owner", "event (INSERT, DELETE)",
		"configs/readonly-login.sql")

	for _, more := range []string{"sysadmin", "db_datawriter"} {
		d = healthy()
		d.in.Roles = []string{more}
		s.expect(s.watching(d).run(), "login", check.Warn, "is in "+more, "configs/readonly-login.sql")
	}
	for _, right := range []string{"INSERT", "UPDATE", "DELETE", "ALTER"} {
		d = healthy()
		d.table("computer").Writes = []string{right}
		s.expect(s.watching(d).run(), "login", check.Warn, "computer ("+right+")", "configs/readonly-login.sql")
	}
	d = healthy()
	d.in.Rights = []string{"EXECUTE", "ALTER"}
	d.in.Runs = 7
	s.expect(s.watching(d).run(), "login", check.Warn, "has EXECUTE, ALTER on the database", "7 procedures",
		"configs/readonly-login.sql")
	d = healthy()
	d.in.Runs = 1
	s.expect(s.watching(d).run(), "login", check.Warn, "can run 1 procedure", "public")

	d = healthy()
	d.table("computer").WritesKnown = false
	s.expect(s.watching(d).run(), "login", check.OK, "whether it can write, the server does not tell")

	d = healthy()
	*d.table("sessions") = mssql.InspectedTable{Key: "source.tables.sessions", Name: "sessions", Optional: true}
	s.expect(s.watching(d).run(), "login", check.OK, "none of the tables")
}

func TestTables(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		table string
		wrong func(t *mssql.InspectedTable)
		state check.State
		words []string
	}{
		"missing": {"event", func(t *mssql.InspectedTable) { t.Place, t.Said = "", "Invalid object name" }, check.Fail,
			[]string{"no table event", "what event is for", "Invalid object name", "source.tables.event",
				"source.dsn"}},
		"missing and not needed": {"sessions", func(t *mssql.InspectedTable) { t.Place = "" }, check.Warn,
			[]string{"no table sessions", "unknown: what sessions is for"}},
		"hidden": {"computer", func(t *mssql.InspectedTable) { t.Place, t.Refused = "", true },
			check.Fail, []string{"jobmon-db may not read computer", "SELECT"}},
		"a column missing": {"event_schedule", func(t *mssql.InspectedTable) { t.Columns[3].Type = "" }, check.Fail,
			[]string{"no column status_code (what status_code is for)", "source.columns.event_schedule.status_code",
				"source.tables.event_schedule"}},
		"an optional column missing": {"computer", func(t *mssql.InspectedTable) { t.Columns[2].Type = "" }, check.Warn,
			[]string{"group_id"}},
		"a column of another type": {"event", func(t *mssql.InspectedTable) {
			t.Columns[0].Type,
				t.Columns[0].Fits = "uniqueidentifier", false
		}, check.Fail,
			[]string{"event_id", "uniqueidentifier", "a whole number", "source.columns.event.event_id"}},
		"a column that may not be read": {"event", func(t *mssql.InspectedTable) {
			t.Refused,
				t.Columns[1].Refused = true, true
		}, check.Fail,
			[]string{"column name (what name is for) may not be read", "SELECT"}},
		"a column missing where the table is not needed": {"event_folder",
			func(t *mssql.InspectedTable) { t.Columns[0].Type = "" }, check.Warn, []string{"folder_id"}},
		"two columns missing": {"computer", func(t *mssql.InspectedTable) {
			t.Columns[2].Type, t.Columns[1].Type = "",
				""
		}, check.Fail,
			[]string{"column name", "group_id", "source.columns.computer.name", "source.columns.computer.group_id"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := healthy()
			c.wrong(d.table(c.table))
			lines := s.watching(d).run()
			s.expect(lines, "table "+c.table, c.state, c.words...)
			if c.state == check.Fail {
				s.expect(lines, "rows", check.Skip)
				s.expect(lines, "closing marker", check.Skip)
			} else {
				s.expect(lines, "rows", check.OK)
			}
			if reads := d.reads > 0; reads != (c.state != check.Fail) {
				t.Errorf("%d reads", d.reads)
			}
		})
	}
}

// A database that is another one is one thing that is wrong, and not one for each table.
func TestAnotherDatabase(t *testing.T) {
	d := healthy()
	for i := range d.in.Tables {
		d.in.Tables[i].Place = ""
	}
	s := newSite(t).watching(d)
	lines := s.run()
	s.expect(lines, "database", check.Fail,
		"none of the tables of a Deployment Server (event_schedule, event, computer,", "source.database",
		"readonly-login.sql")
	s.expect(lines, "tables", check.Skip)
	s.expect(lines, "rows", check.Skip)
	for _, l := range lines {
		if l.State == check.Fail && l.Check != "database" || strings.HasPrefix(l.Check, "table ") {
			t.Errorf("%+v", l)
		}
	}
	if wrong := (*check.Error)(nil); !errors.As(check.Failed(lines), &wrong) || !wrong.Source || d.reads > 0 {
		t.Errorf("%+v, %d reads", wrong, d.reads)
	}
}

func TestSession(t *testing.T) {
	s := newSite(t, "JOBMON_SOURCE_LOCK_TIMEOUT=3s")
	d := healthy()
	s.expect(s.watching(d).run(), "session", check.Skip, "does not tell")
	d.in.Session = &mssql.Session{LockTimeout: 3 * time.Second, Level: "SNAPSHOT", Priority: -5}
	s.expect(s.watching(d).run(), "session", check.OK, "SNAPSHOT, waits 3s")
	for _, other := range []mssql.Session{
		{LockTimeout: -time.Millisecond, Level: "READ COMMITTED", Priority: -5},
		{LockTimeout: 3 * time.Second, Level: "READ COMMITTED"},
		{LockTimeout: 3 * time.Second, Priority: -5}, // READ UNCOMMITTED, for instance
	} {
		d.in.Session = &other
		s.expect(s.watching(d).run(), "session", check.Warn, "SET LOCK_TIMEOUT 3000")
	}
}

func TestRisksOfTheConnection(t *testing.T) {
	d := healthy()
	d.in.Risks = []string{"somebody may listen"}
	s := newSite(t)
	s.expect(s.watching(d).run(), "database", check.Warn, "somebody may listen", "source.tls")
}

func TestClock(t *testing.T) {
	s := newSite(t)
	for ahead, c := range map[time.Duration]struct {
		state check.State
		words string
	}{
		50 * time.Millisecond:    {check.OK, "as on this computer"},
		1234 * time.Millisecond:  {check.OK, "1.2s ahead"},
		-59 * time.Second:        {check.OK, "59s behind"},
		time.Minute + time.Hour:  {check.Warn, "1h1m0s ahead"},
		-90*time.Second - 123456: {check.Warn, "1m30s behind"},
	} {
		d := healthy()
		d.in.Ahead = ahead
		s.expect(s.watching(d).run(), "clock", c.state, c.words)
	}
	d := healthy()
	d.in.Offset = jobmon.Offset(13*3600 + 45*60) // nobody runs tests there
	s.expect(s.watching(d).run(), "clock", check.OK, "UTC+13:45", "which is at UTC")
}

func TestNoSecretIsPrinted(t *testing.T) {
	source, err := mssql.New(mssql.Options{DSN: "sqlserver://reader:" + planted + "@127.0.0.1:1?database=eXpress"})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	s := newSite(t, "JOBMON_SOURCE_KIND=sqlserver",
		"JOBMON_SOURCE_DSN=sqlserver://reader:"+planted+"@127.0.0.1:1?database=eXpress").watching(check.Database{Source: source})
	lines := s.run()
	s.expect(lines, "database", check.Fail, "127.0.0.1:1")
	var out bytes.Buffer
	if err := check.PrintJSON(&out, lines); err != nil {
		t.Fatal(err)
	}
	if shown := out.String() + fmt.Sprintf("%+v %v", lines, check.Failed(lines)); strings.Contains(shown, planted) {
		t.Errorf("the password is shown: %s", shown)
	}
}

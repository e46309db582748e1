package mssql

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const selectRows = "SELECT [schedule_id], [event_id], [computer_id], [status_code], [start_time] FROM " +
	"[dbo].[event_schedule]"

// vendor is the schema of docs/ds-database.md, complete.
func vendor(t *testing.T) schema {
	t.Helper()
	layout, err := layoutOf(Tables{})
	if err != nil {
		t.Fatal(err)
	}
	s := schema{database: "eXpress", tables: map[string]relation{}}
	for _, table := range layout {
		r, wrong := table.relate(shownOf(table), "dbo")
		if wrong != nil {
			t.Fatal(wrong)
		}
		s.tables[table.key] = r
	}
	return s
}

func shownOf(t table) []found {
	types := map[kind]string{number: "int", text: "varchar", moment: "datetime"}
	var shown []found
	for _, c := range t.columns {
		shown = append(shown, found{"dbo", t.name.table, c.name, types[c.kind]})
	}
	return shown
}

func TestBatches(t *testing.T) {
	s := vendor(t)
	quick := func(s schema, q ingest.Query) []part { return (&quickRead{schema: s, query: q}).parts() }
	head := header(DefaultLockTimeout, readCommitted)
	watched := batch("read", head, quick(s, ingest.Query{Above: 700_000, Watch: []jobmon.ComputerID{1}}))
	wantRead := `/* jobmon-db read */
SET NOCOUNT ON;
SET DEADLOCK_PRIORITY LOW;
SET LOCK_TIMEOUT 2000;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT GETUTCDATE(), GETDATE();
` + selectRows + ` WHERE [status_code] IS NULL OR [status_code] = -1 OR [schedule_id] > 700000;
SELECT [computer_id] FROM [dbo].[sessions];
`
	lookup := newNames(s).lookupParts(ingest.IDs{Jobs: []jobmon.JobID{311}, Computers: []jobmon.ComputerID{5000007}})
	var rows []jobmon.Row
	wantLookup := selectRows + ` WHERE [schedule_id] IN (699123, 700001);
SELECT [event_id], [name], [folder_id] FROM [dbo].[event] WHERE [event_id] IN (311);
SELECT [folder_id], [name], [parent_id] FROM [dbo].[event_folder];
SELECT [computer_id], [name], [computer_name], [group_id] FROM [dbo].[computer] WHERE [computer_id] IN (5000007);
SELECT [group_id], [name] FROM [dbo].[computer_group];
`
	wantNames := `SELECT [event_id], [name], [folder_id] FROM [dbo].[event];
SELECT [computer_id], [name], [computer_name], [group_id] FROM [dbo].[computer];
SELECT [folder_id], [name], [parent_id] FROM [dbo].[event_folder];
SELECT [group_id], [name] FROM [dbo].[computer_group];
`
	wantPage := strings.Replace(selectRows, "SELECT", "SELECT TOP 5000", 1) +
		` WHERE [schedule_id] >= -2147483648 ORDER BY [schedule_id];
`
	doc, err := os.ReadFile("../../docs/sqlserver.md")
	if err != nil {
		t.Fatal(err)
	}
	named := func(name, want string) string { return "/* jobmon-db " + name + " */\n" + want }
	for _, c := range []struct{ got, want string }{
		{watched, wantRead},
		{
			batch("lookup", "", append(lookupParts(s, []jobmon.ScheduleID{699123, 700001}, &rows), lookup...)),
			named("lookup", wantLookup),
		},
		{batch("page", "", []part{pagePart(s, -2147483648, &rows, nil)}), named("page", wantPage)},
		{batch("names", "", newNames(s).parts()), named("names", wantNames)},
	} {
		if c.got != c.want {
			t.Errorf("got\n%s\nwant\n%s", c.got, c.want)
		}
		if _, statements, _ := strings.Cut(c.want, "*/\n"); !strings.Contains(string(doc), statements) {
			t.Errorf("docs/sqlserver.md shows another batch than the one that is sent:\n%s", c.want)
		}
	}

	unwatched := batch("read", head, quick(s, ingest.Query{Above: 700_000}))
	if want := strings.TrimSuffix(wantRead, "SELECT [computer_id] FROM [dbo].[sessions];\n"); unwatched != want {
		t.Errorf("nobody is watched, got\n%s", unwatched)
	}

	delete(s.tables[event].columns, "folder_id")
	delete(s.tables[computer].columns, "computer_name")
	delete(s.tables, computerGroup)
	delete(s.tables, sessions)
	if poor := batch("names", "", newNames(s).parts()); poor != `/* jobmon-db names */
SELECT [event_id], [name], NULL FROM [dbo].[event];
SELECT [computer_id], [name], NULL, [group_id] FROM [dbo].[computer];
` {
		t.Errorf("half of it is missing, got\n%s", poor)
	}
	if poor := batch("read", head, quick(s, ingest.Query{
		Above: 700_000, Watch: []jobmon.ComputerID{1},
	})); poor != unwatched {
		t.Errorf("sessions is missing, got\n%s", poor)
	}
}

func TestLookupBatches(t *testing.T) {
	s := vendor(t)
	var into []jobmon.Row
	parts := lookupParts(s, []jobmon.ScheduleID{-2147483648, 0, 17}, &into)
	if len(parts) != 1 || !strings.HasSuffix(
		parts[0].sql, " FROM [dbo].[event_schedule] WHERE [schedule_id] IN (-2147483648, 0, 17)",
	) {
		t.Errorf("%+v", parts)
	}
	for n, want := range map[int]int{1000: 1, 1001: 2, idsPerBatch: 20} {
		parts := lookupParts(s, make([]jobmon.ScheduleID, n), &into)
		if len(parts) != want {
			t.Errorf("%d ids in %d statements", n, len(parts))
		}
		for _, p := range parts {
			if ids := strings.Count(p.sql, "0"); ids > 1000 {
				t.Errorf("%d ids in one statement", ids)
			}
		}
	}
}

func TestHeaderAlwaysSetsALockTimeout(t *testing.T) {
	// 0 would mean "do not wait at all", -1 "for ever".
	for timeout, want := range map[time.Duration]string{
		time.Microsecond: "LOCK_TIMEOUT 1;", 1500 * time.Millisecond: "LOCK_TIMEOUT 1500;",
	} {
		if got := header(timeout, readCommitted); !strings.Contains(got, want) {
			t.Errorf("%s: %s", timeout, got)
		}
	}
}

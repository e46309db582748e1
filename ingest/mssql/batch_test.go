package mssql

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// vendor is the schema of docs/ds-database.md, complete.
func vendor(t *testing.T) schema {
	t.Helper()
	layout, err := layoutOf(Tables{})
	if err != nil {
		t.Fatal(err)
	}
	s := schema{database: "eXpress", tables: map[string]relation{}}
	for _, table := range layout {
		r, wrong := table.relate(shownOf(table), "dbo", "eXpress")
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

func TestReadBatch(t *testing.T) {
	s := vendor(t)
	watched := batch("read", header(DefaultLockTimeout), newReading(s, 0, []jobmon.ComputerID{1}).parts())
	want := `/* jobmon-db read */
SET NOCOUNT ON;
SET DEADLOCK_PRIORITY LOW;
SET LOCK_TIMEOUT 2000;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT GETUTCDATE(), GETDATE();
SELECT [schedule_id], [event_id], [computer_id], [status_code], [start_time] FROM [dbo].[event_schedule];
SELECT [event_id], [name], [folder_id] FROM [dbo].[event];
SELECT [computer_id], [name], [computer_name], [group_id] FROM [dbo].[computer];
SELECT [folder_id], [name], [parent_id] FROM [dbo].[event_folder];
SELECT [group_id], [name] FROM [dbo].[computer_group];
SELECT [computer_id] FROM [dbo].[sessions];
`
	if watched != want {
		t.Errorf("got\n%s", watched)
	}
	if doc, err := os.ReadFile("../../docs/sqlserver.md"); err != nil || !strings.Contains(string(doc), want) {
		t.Errorf("docs/sqlserver.md shows another batch than the one that is sent (%v)", err)
	}

	unwatched := batch("read", header(DefaultLockTimeout), newReading(s, 0, nil).parts())
	if want := strings.TrimSuffix(want, "SELECT [computer_id] FROM [dbo].[sessions];\n"); unwatched != want {
		t.Errorf("nobody is watched, got\n%s", unwatched)
	}

	delete(s.tables[event].columns, "folder_id")
	delete(s.tables[computer].columns, "computer_name")
	delete(s.tables, computerGroup)
	delete(s.tables, sessions)
	poor := batch("read", "", newReading(s, 0, []jobmon.ComputerID{1}).parts())
	if want := `/* jobmon-db read */
SELECT GETUTCDATE(), GETDATE();
SELECT [schedule_id], [event_id], [computer_id], [status_code], [start_time] FROM [dbo].[event_schedule];
SELECT [event_id], [name], NULL FROM [dbo].[event];
SELECT [computer_id], [name], NULL, [group_id] FROM [dbo].[computer];
`; poor != want {
		t.Errorf("half of it is missing, got\n%s", poor)
	}
}

func TestLookupBatches(t *testing.T) {
	s := vendor(t)
	var into []jobmon.Row
	parts := lookupParts(s, []jobmon.ScheduleID{-2147483648, 0, 17}, &into)
	if len(parts) != 1 || !strings.HasSuffix(parts[0].sql, " FROM [dbo].[event_schedule] WHERE [schedule_id] IN (-2147483648, 0, 17)") {
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
	for timeout, want := range map[time.Duration]string{time.Microsecond: "LOCK_TIMEOUT 1;", 1500 * time.Millisecond: "LOCK_TIMEOUT 1500;"} {
		if got := header(timeout); !strings.Contains(got, want) {
			t.Errorf("%s: %s", timeout, got)
		}
	}
}

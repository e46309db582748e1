package mssql_test

import (
	"cmp"
	"errors"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

func TestTDSWhatIsNecessaryIsNamed(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*tdstest.Tables)
		rename map[string]string
		want   []mssql.SchemaFault
	}{
		{name: "missing table", spoil: func(tables *tdstest.Tables) { delete(tables.ByName, "event_schedule") },
			want: []mssql.SchemaFault{{Key: "source.tables.event_schedule"}}},
		{name: "missing column", spoil: func(tables *tdstest.Tables) {
			tables.DropColumn("event_schedule", "status_code")
		},
			want: []mssql.SchemaFault{{Column: "status_code", Key: "source.columns.event_schedule.status_code"}}},
		{name: "wrong type", spoil: func(tables *tdstest.Tables) {
			tables.Retype("event_schedule", "status_code", tdstest.VarChar)
		},
			want: []mssql.SchemaFault{
				{Column: "status_code", Type: "varchar", Key: "source.columns.event_schedule.status_code"},
			}},
		{name: "renamed to what is not there", spoil: func(*tdstest.Tables) {},
			rename: map[string]string{"event_schedule.start_time": "[due at]"},
			want:   []mssql.SchemaFault{{Column: "due at", Key: "source.columns.event_schedule.start_time"}}},
		{name: "everything at once", spoil: func(tables *tdstest.Tables) {
			tables.DropColumn("event_schedule", "status_code")
			tables.Retype("event_schedule", "start_time", tdstest.Int)
			tables.DropColumn("event", "name")
			delete(tables.ByName, "computer")
			delete(tables.ByName, "sessions")
			tables.DropColumn("event", "folder_id")
		}, want: []mssql.SchemaFault{
			{Column: "status_code", Key: "source.columns.event_schedule.status_code"},
			{Column: "start_time", Type: "int", Key: "source.columns.event_schedule.start_time"},
			{Table: "event", Column: "name", Key: "source.columns.event.name", TableKey: "source.tables.event"},
			{Table: "computer", Key: "source.tables.computer", TableKey: "source.tables.computer"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, s := overTDS(t, mssql.Options{Tables: mssql.Tables{Columns: c.rename}})
			server.Change(c.spoil)
			_, err := s.Read(t.Context(), ingest.Query{})
			wrong, ok := errors.AsType[*mssql.SchemaError](err)
			if !ok || wrong.Database != tdstest.Database || len(wrong.Faults) != len(c.want) {
				t.Fatalf("%#v", err)
			}
			for i, got := range wrong.Faults {
				for _, words := range []string{
					got.Table, got.Column, got.Type, got.Purpose, got.Key, got.TableKey, wrong.Database,
				} {
					if !strings.Contains(err.Error(), words) {
						t.Errorf("%q is not in: %v", words, err)
					}
				}
				if got.Purpose == "" || (got.Wanted == "") != (got.Column == "") {
					t.Errorf("%+v", got)
				}
				got.Purpose, got.Wanted = "", ""
				want := c.want[i]
				want.Table, want.TableKey = cmp.Or(want.Table, "event_schedule"), cmp.Or(
					want.TableKey, "source.tables.event_schedule",
				)
				same(t, "fault", got, want)
			}
		})
	}
}

// Every column can have another name: all of them are read, looked up and inspected under it.
func TestTDSColumnsHaveOtherNames(t *testing.T) {
	renamed := map[string]string{}
	server := tdstest.New(t)
	in := inspect(t, mssql.Options{DSN: server.DSN().String()})
	for _, table := range in.Tables {
		for _, c := range table.Columns {
			renamed[strings.TrimPrefix(c.Key, "source.columns.")] = "my_" + c.Name
		}
	}
	server.Change(func(tables *tdstest.Tables) {
		tables.Insert("event_schedule", 7, 10, 5000001, -1, wall("2026-11-22T14:05:00"))
		tables.Insert("event", 10, 1, "Office", nil)
		tables.Insert("event_folder", 1, "Clients", nil)
		tables.Insert("computer", 5000001, 20, "PC-0001", "PC-0001")
		tables.Insert("computer_group", 20, "Room 1")
		tables.Insert("sessions", 5000001, 1)
		for _, table := range tables.ByName {
			for i := range table.Columns {
				table.Columns[i].Name = "my_" + table.Columns[i].Name
			}
		}
	})
	s := source(t, mssql.Options{DSN: server.DSN().String(), Tables: mssql.Tables{Columns: renamed}})
	snap := read(t, s, 5000001)
	row := jobmon.Row{
		ID: 7, Job: 10, Computer: 5000001, Status: jobmon.StatusRunning, Start: wall("2026-11-22T14:05:00"),
	}
	same(t, "rows", snap.Rows, []jobmon.Row{row})
	same(t, "jobs", snap.Jobs, []jobmon.Job{{ID: 10, Name: "Office", Folder: "Clients"}})
	same(t, "computers", snap.Computers, []jobmon.Computer{
		{ID: 5000001, Name: "PC-0001", OSName: "PC-0001", Group: "Room 1"},
	})
	same(t, "agents", snap.Agents, []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentOnline}})
	rows, err := s.Lookup(t.Context(), ingest.IDs{Rows: []jobmon.ScheduleID{7}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "looked up", rows.Rows, []jobmon.Row{row})
	in = inspect(t, mssql.Options{DSN: server.DSN().String(), Tables: mssql.Tables{Columns: renamed}})
	for _, table := range in.Tables {
		for _, c := range table.Columns {
			if !c.Readable() || !strings.HasPrefix(c.Name, "my_") {
				t.Errorf("%s: %+v", table.Name, c)
			}
		}
	}
}

func TestColumnNamesThatNothingCanHave(t *testing.T) {
	for key, name := range map[string]string{
		"event.name": "a.b", "event.folder_id": "[a", "computer.name": strings.Repeat("x", 129),
		"event.description": "text", "name": "x",
	} {
		_, err := mssql.New(mssql.Options{
			DSN: "sqlserver://reader:secret@db01", Tables: mssql.Tables{Columns: map[string]string{key: name}},
		})
		if err == nil || !strings.Contains(err.Error(), "source.columns."+key) {
			t.Errorf("%s: %q: %v", key, name, err)
		}
	}
	if _, err := mssql.New(mssql.Options{
		DSN: "sqlserver://reader:secret@db01", Tables: mssql.Tables{Columns: map[string]string{"event.name": ""}},
	}); err != nil {
		t.Error(err)
	}
}

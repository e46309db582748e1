package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// The settings can rename what the source reads: no column more, none less, and the name arrives.
func TestEveryColumnThatIsReadHasItsKey(t *testing.T) {
	server := tdstest.New(t)
	env := []string{}
	var keys []string
	for _, k := range configs.Keys() {
		if strings.HasPrefix(k.Name, "source.columns.") {
			keys = append(keys, k.Name)
			env = append(env, k.Env()+"=[my "+k.Default+"]")
		}
	}
	config := load(t, configs.LoadOptions{Env: env})
	source, err := mssql.New(mssql.Options{DSN: server.DSN().String(), Tables: mssql.Tables(config.Source.Tables)})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	in, err := source.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for _, table := range in.Tables {
		for _, c := range table.Columns {
			read = append(read, c.Key)
			if want := "my " + c.Key[strings.LastIndexByte(c.Key, '.')+1:]; c.Name != want {
				t.Errorf("%s: looked for %q, want %q", c.Key, c.Name, want)
			}
		}
	}
	slices.Sort(keys)
	slices.Sort(read)
	if !slices.Equal(keys, read) {
		t.Errorf("keys    %q\ncolumns %q", keys, read)
	}
}

// What is missing over the wire is named with the key that helps, and using that key helps.
func TestARenamedColumnOverTheWire(t *testing.T) {
	server := tdstest.New(t)
	server.Change(func(tables *tdstest.Tables) {
		columns := tables.ByName["event_schedule"].Columns
		for i, c := range columns {
			if c.Name == "start_time" || c.Name == "status_code" {
				columns[i].Name = "ds_" + c.Name
			}
		}
		tables.DropColumn("event", "folder_id")
	})
	s := newSite(t)
	lines := s.on(server.DSN().String())
	s.expect(lines, "table event_schedule", check.Fail, "no column status_code (", "no column start_time (",
		"source.columns.event_schedule.status_code, source.columns.event_schedule.start_time", "source.tables.event_schedule")
	s.expect(lines, "table event", check.Warn, "folder_id", "source.columns.event.folder_id")
	s.expect(lines, "rows", check.Skip)

	config := load(t, configs.LoadOptions{Env: []string{
		"JOBMON_SOURCE_COLUMNS_EVENT_SCHEDULE_START_TIME=ds_start_time",
		"JOBMON_SOURCE_COLUMNS_EVENT_SCHEDULE_STATUS_CODE=[ds_status_code]",
	}})
	source, err := mssql.New(mssql.Options{DSN: server.DSN().String(), Tables: mssql.Tables(config.Source.Tables)})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	lines = s.watching(check.Database{Source: source}).run()
	s.expect(lines, "table event_schedule", check.OK, "ds_status_code int, ds_start_time datetime")
	s.expect(lines, "rows", check.OK, "0 unfinished")
}

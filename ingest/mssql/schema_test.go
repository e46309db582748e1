package mssql

import (
	"slices"
	"strings"
	"testing"
)

func TestRelate(t *testing.T) {
	layout, err := layoutOf(Tables{Event: "ds.Event"})
	if err != nil {
		t.Fatal(err)
	}
	schedule, jobs := layout[0], layout[1]
	full := shownOf(schedule)

	in := func(schema string) []found {
		list := slices.Clone(full)
		for i := range list {
			list[i].schema = schema
			list[i].column = strings.ToUpper(list[i].column)
		}
		return list
	}
	all := slices.Concat(in("other"), in("dbo"), in("Mine"))
	for defaultSchema, want := range map[string]string{"mine": "[Mine].[event_schedule]", "dbo": "[dbo].[event_schedule]", "guest": "[dbo].[event_schedule]"} {
		r, wrong := schedule.relate(all, defaultSchema, "eXpress")
		if wrong != nil || r.from != want || r.columns["schedule_id"] != "[SCHEDULE_ID]" {
			t.Errorf("default schema %s: %+v, %v", defaultSchema, r, wrong)
		}
	}
	if _, wrong := schedule.relate(in("other"), "dbo", "eXpress"); wrong == nil || wrong.Column != "" {
		t.Errorf("a table of another schema: %v", wrong)
	}
	elsewhere := []found{{"dbo", "event", "event_id", "int"}, {"dbo", "event", "name", "text"}}
	if _, wrong := jobs.relate(elsewhere, "dbo", "eXpress"); wrong == nil || wrong.Table != "ds.Event" {
		t.Errorf("the schema is configured: %v", wrong)
	}
	for _, missing := range schedule.columns {
		without := slices.DeleteFunc(slices.Clone(full), func(f found) bool { return f.column == missing.name })
		_, wrong := schedule.relate(without, "dbo", "eXpress")
		if wrong == nil || wrong.Column != missing.name {
			t.Fatalf("without %s: %v", missing.name, wrong)
		}
		for _, word := range []string{"event_schedule", missing.name, missing.purpose, "source.tables.event_schedule", "eXpress"} {
			if !strings.Contains(wrong.Error(), word) {
				t.Errorf("without %s the error does not name %s: %v", missing.name, word, wrong)
			}
		}
	}
}

package mssql

import (
	"slices"
	"strings"
	"testing"

	mssqldb "github.com/microsoft/go-mssqldb"
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
	for defaultSchema, want := range map[string]string{
		"mine": "[Mine].[event_schedule]", "dbo": "[dbo].[event_schedule]", "guest": "[dbo].[event_schedule]",
	} {
		r, wrong := schedule.relate(all, defaultSchema)
		if wrong != nil || r.from != want || r.columns["schedule_id"] != "[SCHEDULE_ID]" {
			t.Errorf("default schema %s: %+v, %v", defaultSchema, r, wrong)
		}
	}
	if _, wrong := schedule.relate(in("other"), "dbo"); len(wrong) != 1 || wrong[0].Column != "" {
		t.Errorf("a table of another schema: %v", wrong)
	}
	elsewhere := []found{{"dbo", "event", "event_id", "int"}, {"dbo", "event", "name", "text"}}
	if _, wrong := jobs.relate(elsewhere, "dbo"); len(wrong) != 1 || wrong[0].Table != "ds.Event" {
		t.Errorf("the schema is configured: %v", wrong)
	}
	for _, missing := range schedule.columns {
		without := slices.DeleteFunc(slices.Clone(full), func(f found) bool { return f.column == missing.name })
		_, wrong := schedule.relate(without, "dbo")
		if len(wrong) != 1 || wrong[0].Column != missing.name {
			t.Fatalf("without %s: %v", missing.name, wrong)
		}
		said := (&SchemaError{"eXpress", wrong}).Error()
		for _, word := range []string{"event_schedule", missing.name, missing.purpose,
			"source.columns.event_schedule." + missing.name,
			"source.tables.event_schedule", "eXpress"} {
			if !strings.Contains(said, word) {
				t.Errorf("without %s the error does not name %s: %s", missing.name, word, said)
			}
		}
	}
}

func TestWhatTheServerSaysOfAHiddenTable(t *testing.T) {
	s, err := New(Options{DSN: "sqlserver://reader:secret@db01"})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(number int32) error { return mssqldb.Error{Number: number, Class: 14, Message: "words"} }
	for _, c := range []struct {
		answer       error
		col          *InspectedColumn
		refused, ask bool // the right is missing; the answer is none
	}{
		{answer: answer(selectDenied), refused: true},
		{answer: answer(invalidObject)},
		{answer: answer(columnDenied), col: &InspectedColumn{}, refused: true},
		{answer: answer(invalidColumn), col: &InspectedColumn{}},
		{answer: answer(33557097), col: &InspectedColumn{Type: "int"}, refused: true}, // shown, and yet not given
		{answer: answer(lockTimeout), ask: true},
		{answer: mssqldb.ServerError{}, ask: true},
	} {
		in := InspectedTable{}
		err := s.hear(c.answer, &in, c.col)
		if (err != nil) != c.ask || in.Refused != c.refused || c.col != nil && c.col.Refused != c.refused ||
			!c.ask && !strings.Contains(in.Said, "words") {
			t.Errorf("%v: %v, %+v, %+v", c.answer, err, in, c.col)
		}
	}
}

package mssql

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rs/zerolog"
)

// kind is the kind of value that a column must hold.
type kind string

const (
	number kind = "a whole number"
	text   kind = "text"
	moment kind = "a date with a time"
)

// fits reports whether a column of this SQL type (as INFORMATION_SCHEMA names it) can hold the kind. Builds of DS
// differ and not all exact types are known (docs/ds-database.md), so fits accepts every type that the values can be
// read from.
func (k kind) fits(dataType string) bool {
	switch strings.ToLower(dataType) {
	case "int", "smallint", "tinyint", "bigint":
		return k == number
	case "varchar", "nvarchar", "char", "nchar", "text", "ntext":
		return k == text
	case "datetime", "smalldatetime", "datetime2", "datetimeoffset":
		return k == moment
	}
	return false
}

// table is a table that the program reads, as docs/ds-database.md has it.
type table struct {
	key      string // the vendor's name; source.tables.<key> renames it
	name     name
	purpose  string
	optional bool // its absence leaves something unknown, and is no error
	columns  []column
}

type column struct {
	name     string // the vendor's; source.columns.<table>.<name> renames it
	actual   string // its name in this database
	kind     kind
	purpose  string
	optional bool
}

// The tables, by key.
const (
	eventSchedule = "event_schedule"
	event         = "event"
	eventFolder   = "event_folder"
	computer      = "computer"
	computerGroup = "computer_group"
	sessions      = "sessions"
)

// layoutOf lists the tables and columns that the program reads, under the names that the settings give them.
func layoutOf(t Tables) ([]table, error) {
	layout := vendorLayout()
	names := map[string]string{eventSchedule: t.EventSchedule, event: t.Event, eventFolder: t.EventFolder,
		computer: t.Computer, computerGroup: t.ComputerGroup, sessions: t.Sessions}
	for i := range layout {
		var err error
		if layout[i].name, err = parseName(layout[i].key, names[layout[i].key]); err != nil {
			return nil, err
		}
	}
	return layout, rename(layout, t.Columns)
}

// vendorLayout lists the tables and columns that the program reads, under the vendor's names.
func vendorLayout() []table {
	return []table{
		{key: eventSchedule, purpose: "one row per job per computer", columns: []column{
			{name: "schedule_id", kind: number, purpose: "the identity of a row"},
			{name: "event_id", kind: number, purpose: "the job of a row"},
			{name: "computer_id", kind: number, purpose: "the computer of a row"},
			{name: "status_code", kind: number, purpose: "whether the job waits, runs or has ended, and how"},
			{name: "start_time", kind: moment, purpose: "when the job is due, which orders the jobs of a computer"},
		}},
		{key: event, purpose: "the jobs", columns: []column{
			{name: "event_id", kind: number, purpose: "the identity of a job"},
			{name: "name", kind: text, purpose: "the name of a job, which makes it a marker or not"},
			{name: "folder_id", kind: number, purpose: "the folder of a job", optional: true},
		}},
		{key: computer, purpose: "the computers", columns: []column{
			{name: "computer_id", kind: number, purpose: "the identity of a computer"},
			{name: "name", kind: text, purpose: "the name of a computer in the console"},
			{
				name: "computer_name", kind: text, purpose: "the name of a computer in its operating system",
				optional: true,
			},
			{
				name: "group_id", kind: number, purpose: "the group of a computer, and whether it is a ghost",
				optional: true,
			},
		}},
		{key: eventFolder, purpose: "the folders of jobs", optional: true, columns: []column{
			{name: "folder_id", kind: number, purpose: "the identity of a folder"},
			{name: "name", kind: text, purpose: "the name of a folder"},
			{name: "parent_id", kind: number, purpose: "the folder around a folder"},
		}},
		{key: computerGroup, purpose: "the groups of computers", optional: true, columns: []column{
			{name: "group_id", kind: number, purpose: "the identity of a group"},
			{name: "name", kind: text, purpose: "the name of a group"},
		}},
		{key: sessions, purpose: "which agents are connected", optional: true, columns: []column{
			{name: "computer_id", kind: number, purpose: "a computer whose agent is connected"},
		}},
	}
}

// rename gives each column the name that the settings have for it.
func rename(layout []table, columns map[string]string) error {
	left := maps.Clone(columns)
	for i := range layout {
		for j := range layout[i].columns {
			c := &layout[i].columns[j]
			key := layout[i].key + "." + c.name
			c.actual = c.name
			if configured := strings.TrimSpace(columns[key]); configured != "" {
				var err error
				if c.actual, err = parseColumn(key, configured); err != nil {
					return err
				}
			}
			delete(left, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(left)) {
		return fmt.Errorf("source.columns.%s renames a column that is not read", key)
	}
	return nil
}

// schema holds every table and column that one connection can read.
type schema struct {
	database string
	tables   map[string]relation // by key; absent when the table is optional and cannot be read
	lacks    []lack
}

// lack is something optional that a database does not offer, and why.
type lack struct{ table, column, reason, message string }

// logNew logs the lacks that are not among those before.
func (s schema) logNew(before []lack, log zerolog.Logger) {
	for _, l := range s.lacks {
		if !slices.Contains(before, l) {
			log.Info().Str("table", l.table).Str("column", l.column).Str("reason", l.reason).Msg(l.message)
		}
	}
}

func (s schema) has(key string) bool { return s.tables[key].from != "" }

// relation is a table under its names in this database.
type relation struct {
	from    string            // [schema].[table]
	columns map[string]string // our name -> the database's spelling in brackets; absent when it cannot be read
}

func (r relation) has(column string) bool { return r.columns[column] != "" }

// selects returns the statement that reads these columns, with take for its rows. A missing optional column is NULL.
func (r relation) selects(take func(*record), columns ...string) part {
	list := make([]string, len(columns))
	for i, c := range columns {
		if list[i] = r.columns[c]; list[i] == "" {
			list[i] = "NULL"
		}
	}
	sql := "SELECT " + strings.Join(list, ", ") + " FROM " + r.from
	return part{sql: sql, table: r.from, columns: columns, take: take}
}

// found is a column listed by INFORMATION_SCHEMA.
type found struct{ schema, table, column, dataType string }

// locate picks the table's columns out of those that the database shows: in the schema of the table's name, else in the
// login's default schema, else in dbo. It returns nil when there is no such table.
func (t *table) locate(shown []found, defaultSchema string) []found {
	for _, in := range []string{t.name.schema, defaultSchema, "dbo"} {
		if in == "" || t.name.schema != "" && in != t.name.schema {
			continue
		}
		var columns []found
		for _, f := range shown {
			if strings.EqualFold(f.schema, in) && strings.EqualFold(f.table, t.name.table) {
				columns = append(columns, f)
			}
		}
		if len(columns) > 0 {
			return columns
		}
	}
	return nil
}

// relate compares the table with what the database shows of it. A column that is missing or has an unusable type is
// left out when it is optional, and a fault otherwise; a missing table is one fault.
func (t *table) relate(shown []found, defaultSchema string) (relation, []SchemaFault) {
	fault := SchemaFault{Table: t.name.String(), Purpose: t.purpose, Key: t.setting(), TableKey: t.setting()}
	columns := t.locate(shown, defaultSchema)
	if len(columns) == 0 {
		return relation{}, []SchemaFault{fault}
	}
	r := relation{from: name{columns[0].schema, columns[0].table}.quoted(), columns: map[string]string{}}
	var faults []SchemaFault
	for _, c := range t.columns {
		at := c.among(columns)
		switch {
		case at >= 0 && c.kind.fits(columns[at].dataType):
			r.columns[c.name] = quote(columns[at].column)
		case !c.optional:
			fault.Column, fault.Type, fault.Wanted = c.actual, "", string(c.kind)
			fault.Purpose, fault.Key = c.purpose, t.settingOf(c)
			if at >= 0 {
				fault.Type = columns[at].dataType
			}
			faults = append(faults, fault)
		}
	}
	return r, faults
}

// setting is the key that renames the table.
func (t *table) setting() string { return "source.tables." + t.key }

// settingOf is the key that renames a column of the table.
func (t *table) settingOf(c column) string { return "source.columns." + t.key + "." + c.name }

// among returns the column's place among those that the database shows of its table, or -1.
func (c column) among(shown []found) int {
	return slices.IndexFunc(shown, func(f found) bool { return strings.EqualFold(f.column, c.actual) })
}

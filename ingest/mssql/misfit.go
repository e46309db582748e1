package mssql

import (
	"fmt"
	"slices"
	"strings"
)

// SchemaError says that the database has not the tables of a Deployment Server, or not under these names, or hides
// them from the login: SQL Server shows a login only tables that it has a right to. The error names all faults at once.
type SchemaError struct {
	Database string        // the database that the connection is in
	Faults   []SchemaFault // at least one, in the order of docs/ds-database.md
}

// SchemaFault is a table, or a column of one, that is needed and cannot be used.
type SchemaFault struct {
	Table    string // as configured
	Column   string // as configured; "" when the whole table is missing
	Type     string // the column's type, when that is what is wrong
	Wanted   string // what the column must hold, in words
	Purpose  string // what the table or column is needed for
	Key      string // the setting that renames it: source.tables.event, source.columns.event.name
	TableKey string // the setting that renames the table
}

// Error is one sentence that names every fault and ends with the next step.
func (e *SchemaError) Error() string { return e.found() + ": " + e.next() }

func (e *SchemaError) found() string {
	list := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		switch {
		case f.Column == "":
			list[i] = fmt.Sprintf("shows this login no table %s (%s)", f.Table, f.Purpose)
		case f.Type == "":
			list[i] = fmt.Sprintf("has no column %s in table %s (%s)", f.Column, f.Table, f.Purpose)
		default:
			list[i] = fmt.Sprintf(
				"has in column %s of table %s (%s) the type %s instead of %s", f.Column, f.Table, f.Purpose, f.Type,
				f.Wanted,
			)
		}
	}
	return "database " + e.Database + " " + strings.Join(list, "; ")
}

func (e *SchemaError) next() string {
	var tables, columns, around []string
	for _, f := range e.Faults {
		if f.Column == "" {
			tables = append(tables, f.Key)
			continue
		}
		columns = append(columns, f.Key)
		if !slices.Contains(around, f.TableKey) {
			around = append(around, f.TableKey)
		}
	}
	var steps []string
	if tables != nil {
		noun, pronoun := "table", "it"
		if len(tables) > 1 {
			noun, pronoun = "tables", "them"
		}
		steps = append(steps, "check which database source.dsn or source.database names, grant the login SELECT on "+
			"the "+noun+", or name "+pronoun+" in "+strings.Join(tables, ", "))
	}
	if columns != nil {
		noun := "column"
		if len(columns) > 1 {
			noun = "columns"
		}
		steps = append(steps, "where the "+noun+" has another name, give it in "+strings.Join(columns, ", ")+
			"; otherwise check that "+strings.Join(around, ", ")+" names the right table")
	}
	return strings.Join(steps, "; ")
}

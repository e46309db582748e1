package mssql

import (
	"context"
	"errors"
	"strings"

	mssqldb "github.com/microsoft/go-mssqldb"
)

// probe finds out which of the tables and columns this connection can read. INFORMATION_SCHEMA lists what exists; only
// a SELECT, of no rows, shows whether it may be read.
func (c *session) probe(ctx context.Context, layout []table) (schema, error) {
	s := schema{tables: map[string]relation{}}
	var defaultSchema string
	var shown []found
	_, err := c.run(ctx, "schema", sessionPart(&s.database, &defaultSchema), columnsPart(layout, &shown))
	if err != nil {
		return s, err
	}
	misfit := SchemaError{Database: s.database}
	for _, t := range layout {
		r, faults := t.relate(shown, defaultSchema)
		switch {
		case faults == nil && !t.optional:
			if err := c.probeColumns(ctx, &s, t, r); err != nil {
				return s, err
			}
		case faults == nil:
			if err := c.readable(ctx, r, t.columns...); refused(err) {
				s.lacks = append(s.lacks, lack{t.name.String(), "", err.Error(),
					"not readable, so unknown: " + t.purpose})
				continue
			} else if err != nil {
				return s, err
			}
		case t.optional:
			why := (&SchemaError{s.database, faults}).Error()
			s.lacks = append(s.lacks, lack{t.name.String(), "", why, "not there, so unknown: " + t.purpose})
			continue
		default:
			if err := c.hidden(ctx, t, faults); err != nil {
				return s, err
			}
			misfit.Faults = append(misfit.Faults, faults...)
			continue
		}
		s.tables[t.key] = r
	}
	if misfit.Faults != nil {
		return s, &misfit
	}
	return s, nil
}

// hidden returns an error when a table that seems to be missing exists: the database hides tables that the login has no
// right to, but refuses a SELECT from them.
func (c *session) hidden(ctx context.Context, t table, faults []SchemaFault) error {
	if faults[0].Column != "" { // the table is there
		return nil
	}
	err := c.readable(ctx, relation{from: t.name.quoted()}, t.columns[0])
	if numbered(err, selectDenied) || err != nil && !refused(err) {
		return err
	}
	return nil
}

// sessionPart asks where unqualified names lead.
func sessionPart(database, defaultSchema *string) part {
	return part{sql: "SELECT DB_NAME(), SCHEMA_NAME()", table: "the session", columns: []string{"database", "schema"},
		take: func(r *record) { *database, *defaultSchema = r.text(0), r.text(1) }}
}

// columnsPart asks for the columns of all tables with these names, in any schema.
func columnsPart(layout []table, shown *[]found) part {
	names := make([]string, len(layout))
	for i, t := range layout {
		names[i] = literal(t.name.table)
	}
	return part{sql: "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE " +
		"TABLE_NAME IN (" + strings.Join(names, ", ") + ")",
		table:   "INFORMATION_SCHEMA.COLUMNS",
		columns: []string{"TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE"},
		take: func(r *record) {
			*shown = append(*shown, found{schema: r.text(0), table: r.text(1), column: r.text(2), dataType: r.text(3)})
		}}
}

// probeColumns removes from a required table the optional columns that the login may not read.
func (c *session) probeColumns(ctx context.Context, s *schema, t table, r relation) error {
	for _, col := range t.columns {
		if !col.optional {
			continue
		}
		if !r.has(col.name) {
			s.lacks = append(s.lacks, lack{r.from, col.name, "", "not there, so unknown: " + col.purpose})
			continue
		}
		err := c.readable(ctx, r, col)
		if err == nil {
			continue
		}
		if !refused(err) {
			return err
		}
		s.lacks = append(s.lacks, lack{r.from, col.name, err.Error(), "not readable, so unknown: " + col.purpose})
		delete(r.columns, col.name)
	}
	return nil
}

// readable returns an error when the columns may not be read.
func (c *session) readable(ctx context.Context, r relation, columns ...column) error {
	list := make([]string, len(columns))
	for i, col := range columns {
		list[i] = col.name
	}
	p := r.selects(func(*record) {}, list...)
	p.sql = top(0, p.sql)
	_, err := c.run(ctx, "probe", p)
	return err
}

// refused reports whether the server refused, for a reason that lasts.
func refused(err error) bool {
	var answer mssqldb.Error
	var fatal mssqldb.ServerError
	return errors.As(err, &answer) && !errors.As(err, &fatal) && !numbered(err, deadlockVictim, lockTimeout)
}

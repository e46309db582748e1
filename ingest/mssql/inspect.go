package mssql

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Inspection is what a server reports about itself, the login and the tables at one moment. Nothing in it is secret.
type Inspection struct {
	Address  string // as source.dsn gives it: host:port, or host\instance
	Server   string // the server's own name; "" when it has none
	Product  string // its product and version, in its own words
	Database string // the one that the connection is in
	Login    string
	Roles    []string // of those that may change more than a table, the ones that the login is known to be in
	Rights   []string // of EXECUTE, ALTER and CONTROL on the whole database, those that the login is known to have
	// how many procedures of the database, of a thousand at most, the login is known to be allowed to run
	Runs int

	Risks   []string // what the settings of the connection allow others on the network to do, a sentence each
	Session *Session // nil when the server does not report it

	Now    jobmon.Instant // the server's clock, UTC
	Offset jobmon.Offset  // of its wall clock
	Ahead  time.Duration  // of its clock before this computer's; negative when behind
	Within time.Duration  // how exact Ahead is, either way

	Tables []InspectedTable // all that the program reads, the necessary ones first
}

// InspectedTable is a table that the program reads.
type InspectedTable struct {
	Key      string // the setting that names it: "source.tables.event"
	Name     string // the name in that setting
	Place    string // where it was found, with its schema; "" when the database shows the login no such table
	Purpose  string // what it is needed for
	Optional bool   // without it that is unknown, and no more
	Refused  bool   // the login may not read the table, or one of its columns
	Said     string // the server's words where a table or column was not shown, or may not be read
	Writes   []string
	// whether the server reported which of INSERT, UPDATE, DELETE and ALTER, in Writes, the login may do
	WritesKnown bool
	Columns     []InspectedColumn
}

// InspectedColumn is a column of such a table.
type InspectedColumn struct {
	Key      string // the setting that names it: "source.columns.event.name"
	Name     string // as the database spells it; where it has none of that name, as the setting does
	Purpose  string
	Wanted   string // what it must hold, in words
	Optional bool   // without it the purpose is unknown, and no more
	Type     string // as INFORMATION_SCHEMA names it; "" when there is no such column
	Fits     bool   // a column of that type can hold what is wanted
	Refused  bool   // the login may not read it
}

// Readable reports whether the program can use the column.
func (c InspectedColumn) Readable() bool { return c.Type != "" && c.Fits && !c.Refused }

// Inspect finds out, over a connection of its own and within the timeout, what Read would meet. Other than Read it does
// not end with the first table that is wrong: its errors are about server, login and database. It sends SELECTs only,
// which take no row but those that the server keeps about itself.
func (s *Source) Inspect(ctx context.Context) (*Inspection, error) {
	in := &Inspection{Address: address(s.config), Risks: s.Risks()}
	err := s.bounded(ctx, func(ctx context.Context) error {
		c, err := s.connect(ctx)
		if err != nil {
			return err
		}
		err = s.inspect(ctx, c, in)
		return errors.Join(err, c.close())
	})
	if err != nil {
		return nil, err
	}
	return in, nil
}

func (s *Source) inspect(ctx context.Context, c *session, in *Inspection) error {
	if err := c.askClock(ctx, in); err != nil {
		return err
	}
	shown, defaultSchema, err := c.askSchema(ctx, s.layout, in)
	if err != nil {
		return err
	}
	if err := c.askRoles(ctx, in); err != nil {
		return err
	}
	if err := c.askProcedures(ctx, in); err != nil {
		return err
	}
	if err := c.askSession(ctx, in); err != nil {
		return err
	}
	for _, t := range s.layout {
		table := t.inspected(shown, defaultSchema)
		if err := s.askRights(ctx, c, &t, &table); err != nil {
			return err
		}
		in.Tables = append(in.Tables, table)
	}
	return nil
}

// askClock compares the server's clock with ours: it was read at some moment between question and answer.
func (c *session) askClock(ctx context.Context, in *Inspection) error {
	utc, local := jobmon.NoStart, jobmon.NoStart
	asked := time.Now()
	if _, err := c.run(ctx, "clock", clocks(func(r *record) { utc, local = r.wall(0), r.wall(1) })); err != nil {
		return err
	}
	in.Within = time.Since(asked) / 2
	if utc == jobmon.NoStart || local == jobmon.NoStart {
		return errors.New("SQL Server did not tell its time")
	}
	in.Now, in.Offset = jobmon.Instant(utc), offset(utc, local)
	in.Ahead = utc.Time().Sub(asked.Add(in.Within))
	return nil
}

func (c *session) askSchema(
	ctx context.Context, layout []table, in *Inspection,
) (shown []found, defaultSchema string, err error) {
	_, err = c.run(ctx, "schema",
		part{sql: "SELECT @@VERSION, @@SERVERNAME, SUSER_SNAME()", table: "the server",
			columns: []string{"version", "name", "login"},
			take: func(r *record) {
				in.Product, _, _ = strings.Cut(strings.TrimSpace(r.text(0)), "\n")
				in.Product = strings.TrimSpace(in.Product)
				in.Server, in.Login = r.text(1), r.text(2)
			}},
		sessionPart(&in.Database, &defaultSchema),
		columnsPart(layout, &shown),
	)
	return shown, defaultSchema, err
}

// askRights finds out what the login may do with the table.
func (s *Source) askRights(ctx context.Context, c *session, t *table, in *InspectedTable) error {
	if in.Place == "" {
		// A table that the login has no right to is hidden, but a SELECT from it says so.
		return s.hear(c.readable(ctx, relation{from: t.name.quoted()}, t.columns[0]), in, nil)
	}
	if err := c.askWrites(ctx, in); err != nil {
		return err
	}
	var usable []*InspectedColumn
	for i := range in.Columns {
		switch col := &in.Columns[i]; {
		case col.Readable():
			usable = append(usable, col)
		case col.Type == "": // hidden, perhaps, like a table
			if err := s.hear(c.allows(ctx, in.Place, []*InspectedColumn{col}), in, col); err != nil {
				return err
			}
		}
	}
	err := c.allows(ctx, in.Place, usable)
	if !refused(err) {
		return err
	}
	for _, col := range usable {
		if err := s.hear(c.allows(ctx, in.Place, []*InspectedColumn{col}), in, col); err != nil {
			return err
		}
	}
	return nil
}

// hear notes the server's answer to a SELECT from the table, or of one column. What is no answer is returned.
func (s *Source) hear(answer error, in *InspectedTable, col *InspectedColumn) error {
	if !refused(answer) {
		return answer
	}
	in.Said = wordsOf(answer)
	if numbered(answer, selectDenied, columnDenied) || col != nil && col.Type != "" {
		in.Refused = true
		if col != nil {
			col.Refused = true
		}
	}
	return nil
}

// allows asks the server whether the columns may be read.
func (c *session) allows(ctx context.Context, place string, columns []*InspectedColumn) error {
	if len(columns) == 0 {
		return nil
	}
	r := relation{from: place, columns: map[string]string{}}
	list := make([]column, len(columns))
	for i, col := range columns {
		r.columns[col.Name] = quote(col.Name)
		list[i].name = col.Name
	}
	return c.readable(ctx, r, list...)
}

// inspected compares the table with what the database shows of it.
func (t *table) inspected(shown []found, defaultSchema string) InspectedTable {
	in := InspectedTable{Key: t.setting(), Name: t.name.String(), Purpose: t.purpose, Optional: t.optional}
	columns := t.locate(shown, defaultSchema)
	if len(columns) > 0 {
		in.Place = name{columns[0].schema, columns[0].table}.quoted()
	}
	for _, c := range t.columns {
		col := InspectedColumn{
			Key: t.settingOf(c), Name: c.actual, Purpose: c.purpose, Wanted: string(c.kind), Optional: c.optional,
		}
		if at := c.among(columns); at >= 0 {
			col.Name, col.Type, col.Fits = columns[at].column, columns[at].dataType, c.kind.fits(columns[at].dataType)
		}
		in.Columns = append(in.Columns, col)
	}
	return in
}

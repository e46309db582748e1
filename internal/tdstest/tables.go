package tdstest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Column is a column of a table.
type Column struct {
	Name string
	Type Type
}

// Table is a table of the schema dbo. Each row has one cell for each column: nil for NULL, an int, a string, or a
// jobmon.WallTime.
type Table struct {
	Columns []Column
	Rows    [][]any
	Denied  bool // the login may see the table and not read it: error 229
}

// Tables are what the database holds, by name, and the server's clock. They are changed within Server.Change only.
type Tables struct {
	ByName   map[string]*Table
	Now      jobmon.Instant // what GETUTCDATE() answers; 0 is the time of this computer
	Offset   jobmon.Offset  // of GETDATE()
	Snapshot bool           // the database allows snapshot isolation
}

// newTables are a Deployment Server's, empty (docs/ds-database.md).
func newTables() Tables {
	return Tables{ByName: map[string]*Table{
		"event_schedule": {Columns: []Column{{"schedule_id", Int}, {"event_id", Int}, {"computer_id", Int},
			{"status_code", Int}, {"start_time", DateTime}}},
		"event": {Columns: []Column{{"event_id", Int}, {"folder_id", Int}, {"name", VarChar},
			{"description", VarChar}}},
		"event_folder": {Columns: []Column{{"folder_id", Int}, {"name", VarChar}, {"parent_id", Int}}},
		"computer": {Columns: []Column{{"computer_id", Int}, {"group_id", Int}, {"name", VarChar},
			{"computer_name", VarChar}}},
		"computer_group": {Columns: []Column{{"group_id", Int}, {"name", VarChar}}},
		"sessions":       {Columns: []Column{{"computer_id", Int}, {"engine_id", Int}}},
	}}
}

// Insert adds a row to a table that is there.
func (t *Tables) Insert(table string, cells ...any) {
	t.ByName[table].Rows = append(t.ByName[table].Rows, cells)
}

// Retype gives a column that is there another type.
func (t *Tables) Retype(table, column string, to Type) {
	in := t.ByName[table]
	in.Columns[in.index(column)].Type = to
}

// DropColumn takes a column and its cells away.
func (t *Tables) DropColumn(table, column string) {
	in := t.ByName[table]
	at := in.index(column)
	in.Columns = slices.Delete(in.Columns, at, at+1)
	for i := range in.Rows {
		in.Rows[i] = slices.Delete(in.Rows[i], at, at+1)
	}
}

// index is the place of a column, or -1.
func (t *Table) index(column string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return strings.EqualFold(c.Name, column) })
}

// refusal is an error that SQL Server answers a statement with.
type refusal struct {
	number int32
	text   string
}

func (e refusal) Error() string { return e.text }

// misuse is the number of errors that only a wrong test, or a batch that the server does not know, leads to.
const misuse = 50000

// query answers one SELECT of those that the source sends: a row of constants, or some columns of one table.
func (t *Tables) query(statement string) (*Table, error) {
	if row := t.constant(statement); row != nil {
		return row, nil
	}
	rest, isSelect := strings.CutPrefix(statement, "SELECT ")
	top := -1
	if _, err := fmt.Sscanf(rest, "TOP %d", &top); err == nil {
		rest = strings.TrimPrefix(rest, fmt.Sprintf("TOP %d ", top))
	}
	list, rest, hasFrom := strings.Cut(rest, " FROM ")
	rest, order, _ := strings.Cut(rest, " ORDER BY ")
	from, where, _ := strings.Cut(rest, " WHERE ")
	if !isSelect || !hasFrom {
		return nil, refusal{misuse, "the test server knows no answer to: " + statement}
	}
	in, err := t.find(from)
	if err != nil {
		return nil, err
	}
	rows := in.Rows
	if rows, err = in.filter(rows, where); err != nil {
		return nil, err
	}
	if at := in.index(strings.Trim(order, "[]")); at >= 0 {
		rows = slices.SortedStableFunc(slices.Values(rows),
			func(a, b []any) int { return cmp.Compare(number(a[at]), number(b[at])) })
	}
	if top >= 0 {
		rows = rows[:min(top, len(rows))]
	}
	return in.project(strings.Split(list, ", "), rows)
}

// constant is the answer to a SELECT of no table, nil to any other.
func (t *Tables) constant(statement string) *Table {
	switch statement {
	case "SELECT GETUTCDATE(), GETDATE()":
		now := t.Now
		if now == 0 {
			now = jobmon.InstantOf(time.Now())
		}
		return constants(DateTime, now.Wall(0), now.Wall(t.Offset))
	case "SELECT DB_NAME(), SCHEMA_NAME()":
		return constants(NVarChar, Database, "dbo")
	case "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()":
		state := 0
		if t.Snapshot {
			state = 1
		}
		return constants(Int, state)
	case "SELECT @@VERSION, @@SERVERNAME, SUSER_SNAME()":
		return constants(NVarChar, "Test SQL Server 1.0\n\tfor tests", ServerName, User)
	}
	if rest := strings.TrimPrefix(statement, "SELECT "); strings.HasPrefix(rest, "IS_SRVROLEMEMBER(") ||
		strings.HasPrefix(rest, "HAS_PERMS_BY_NAME(") {
		return constants(Int, slices.Repeat([]any{0}, strings.Count(rest, "("))...)
	}
	return nil
}

func constants(kind Type, cells ...any) *Table {
	return &Table{Columns: slices.Repeat([]Column{{Type: kind}}, len(cells)), Rows: [][]any{cells}}
}

// find is the table of this name in a statement; the names of the tests hold no dots or brackets.
func (t *Tables) find(from string) (*Table, error) {
	if from == "INFORMATION_SCHEMA.COLUMNS" {
		return t.information(), nil
	}
	plain := strings.NewReplacer("[", "", "]", "").Replace(from)
	table := t.ByName[strings.TrimPrefix(plain, "dbo.")]
	switch {
	case table == nil:
		return nil, refusal{208, "no object " + plain}
	case table.Denied:
		return nil, refusal{229, "no right to SELECT from " + plain}
	}
	return table, nil
}

// information is INFORMATION_SCHEMA.COLUMNS.
func (t *Tables) information() *Table {
	in := &Table{Columns: []Column{{"TABLE_SCHEMA", NVarChar}, {"TABLE_NAME", NVarChar}, {"COLUMN_NAME", NVarChar},
		{"DATA_TYPE", NVarChar}}}
	for name, table := range t.ByName {
		for _, c := range table.Columns {
			in.Rows = append(in.Rows, []any{"dbo", name, c.Name, string(c.Type)})
		}
	}
	return in
}

// filter keeps the rows that one of the conditions joined by OR holds for; "" keeps all.
func (t *Table) filter(rows [][]any, where string) ([][]any, error) {
	if where == "" {
		return rows, nil
	}
	var conditions []func(row []any) bool
	for text := range strings.SplitSeq(where, " OR ") {
		condition, err := t.condition(text)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, condition)
	}
	var kept [][]any
	for _, row := range rows {
		if slices.ContainsFunc(conditions, func(holds func([]any) bool) bool { return holds(row) }) {
			kept = append(kept, row)
		}
	}
	return kept, nil
}

// condition understands "column IN (a, b)", "column IS NULL" and comparisons of a column with a whole number.
func (t *Table) condition(text string) (func(row []any) bool, error) {
	column, rest, _ := strings.Cut(text, " ")
	at := t.index(strings.Trim(column, "[]"))
	if at < 0 {
		return nil, refusal{207, "no column " + column}
	}
	if rest == "IS NULL" {
		return func(row []any) bool { return row[at] == nil }, nil
	}
	if list, ok := strings.CutPrefix(rest, "IN ("); ok {
		wanted := map[string]bool{}
		for value := range strings.SplitSeq(strings.TrimSuffix(list, ")"), ", ") {
			wanted[strings.Trim(strings.TrimPrefix(value, "N"), "'")] = true
		}
		return func(row []any) bool { return wanted[fmt.Sprint(row[at])] }, nil
	}
	operator, value, _ := strings.Cut(rest, " ")
	against, err := strconv.Atoi(value)
	signs := map[string][]int{"=": {0}, ">": {1}, ">=": {0, 1}}[operator]
	if err != nil || signs == nil {
		return nil, refusal{misuse, "the test server does not understand: WHERE " + text}
	}
	return func(row []any) bool {
		return row[at] != nil && slices.Contains(signs, cmp.Compare(number(row[at]), against))
	}, nil
}

// number is the value of a cell of whole numbers; NULL is the least, as in an ORDER BY.
func number(cell any) int {
	if n, ok := cell.(int); ok {
		return n
	}
	return math.MinInt
}

// project takes the columns of a list out of the rows; a listed NULL is an int, as SQL Server has it.
func (t *Table) project(list []string, rows [][]any) (*Table, error) {
	out := &Table{Rows: make([][]any, len(rows))}
	for _, item := range list {
		at := -1
		column := Column{Type: Int}
		if item != "NULL" {
			if at = t.index(strings.Trim(item, "[]")); at < 0 {
				return nil, refusal{207, "no column " + item}
			}
			column = t.Columns[at]
		}
		out.Columns = append(out.Columns, column)
		for i, row := range rows {
			switch {
			case at < 0:
				out.Rows[i] = append(out.Rows[i], nil)
			case at >= len(row):
				return nil, refusal{misuse, fmt.Sprintf("the test put %d cells into a row of %d columns", len(row),
					len(t.Columns))}
			default:
				out.Rows[i] = append(out.Rows[i], row[at])
			}
		}
	}
	return out, nil
}

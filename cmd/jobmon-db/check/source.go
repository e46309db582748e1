package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

const seeDocs = "correct what the sentence names; docs/sqlserver.md says more"

// source checks the database, or what stands for it: what it says of itself first, then what one read gives.
func (c *checker) source(ctx context.Context) []Line {
	kind := "source.kind is " + c.Config.Source.Kind
	if c.Config.Source.Kind == "" {
		kind = "no source is named"
	}
	var lines []Line
	var read *Reading
	switch {
	case c.Unusable != nil:
		line := Line{checkDatabase, Fail, c.Unusable.Error(),
			"correct what the sentence names; docs/sqlserver.md shows the forms of the keys"}
		if c.Config.Source.Kind == configs.KindRecording {
			line.Next = "name a recording in source.recording; docs/recording.md says how to make one"
		}
		lines = append([]Line{line}, skipped("the database cannot be reached without it", checkLogin, checkTables,
			checkRows,
			checkStart, checkStuck, checkMarkers, checkClosing, checkSession, checkClock)...)
	case c.StandIn != nil:
		var contents []Line
		if contents, read = c.contents(ctx, c.StandIn); read != nil {
			tables := read.Tables
			*read = c.StandIn.Of
			read.Tables = tables
		}
		lines = slices.Concat([]Line{{Check: checkDatabase, State: OK, Found: c.StandIn.Is}},
			skipped(kind, checkLogin, checkTables),
			contents, skipped(kind, checkSession, checkClock))
	case c.Source == nil:
		lines = skipped(kind, checkDatabase, checkLogin, checkTables, checkRows, checkStart, checkStuck, checkMarkers,
			checkClosing,
			checkSession, checkClock)
	default:
		lines, read = c.database(ctx)
	}
	return append(lines, c.record(ctx, read)...)
}

// database checks a real one. It returns what was read, too; nil when not everything could be.
func (c *checker) database(ctx context.Context) ([]Line, *Reading) {
	in, err := within(ctx, c.patience, c.Source.Inspect)
	if err != nil {
		line := c.refused(checkDatabase, err)
		if settings, ok := c.Source.(interface{ Risks() []string }); ok {
			line.Found = strings.Join(append([]string{line.Found}, settings.Risks()...), "; ")
		}
		return append([]Line{line}, skipped("the database cannot be read", checkLogin, checkTables, checkRows,
			checkStart, checkStuck, checkMarkers, checkClosing, checkSession, checkClock)...), nil
	}
	lines := []Line{database(in), login(in), c.session(in)}
	if line, wrong := otherDatabase(in); wrong {
		lines[0] = line
		rest := skipped("this is no database of a Deployment Server",
			checkTables, checkRows, checkStart, checkStuck, checkMarkers, checkClosing)
		return append(append(lines, rest...), clock(in, time.Now())), nil
	}
	readable := true
	for i := range in.Tables {
		line := table(&in.Tables[i], in)
		readable = readable && line.State != Fail
		lines = append(lines, line)
	}
	contents := skipped("a table that is needed cannot be read", checkRows, checkStart, checkStuck, checkMarkers,
		checkClosing)
	var read *Reading
	if readable {
		if contents, read = c.contents(ctx, c.Source); read != nil {
			read.Server, read.Unknown = in.Product, unknown(in)
		}
	}
	return append(append(lines, contents...), clock(in, time.Now())), read
}

// otherDatabase says in one line that none of the tables is there: what is wrong then is the database, not each table.
func otherDatabase(in *mssql.Inspection) (line Line, wrong bool) {
	var names []string
	for _, t := range in.Tables {
		if t.Place != "" || t.Refused {
			return line, false
		}
		names = append(names, t.Name)
	}
	line = Line{Check: checkDatabase, State: Fail}
	line.Found = fmt.Sprintf("database %s at %s shows %s none of the tables of a Deployment Server (%s)",
		in.Database, in.Address, in.Login, strings.Join(names, ", "))
	line.Next = fmt.Sprintf("name the database of the Deployment Server in source.database or source.dsn; if it is "+
		"this "+
		"one, grant %s SELECT on these tables, as configs/readonly-login.sql does, or name them in "+
		"source.tables", in.Login)
	return line, names != nil
}

func skipped(why string, checks ...string) []Line {
	lines := make([]Line, len(checks))
	for i, check := range checks {
		lines[i] = Line{Check: check, State: Skip, Found: why}
	}
	return lines
}

// refused reports an error of the source.
func (c *checker) refused(check string, err error) Line {
	var parts *mssql.Error
	switch {
	case errors.As(err, &parts):
		line := Line{check, Fail, parts.Found(), parts.Next}
		if parts.Said != "" {
			line.Found += " (" + parts.Said + ")"
		}
		if line.Next == "" {
			line.Next = seeDocs
		}
		return line
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Line{check, Fail, c.late(err), "see whether the server is overloaded, or raise source.timeout"}
	}
	return Line{check, Fail, err.Error(), seeDocs}
}

func database(in *mssql.Inspection) Line {
	found := fmt.Sprintf("%s at %s", in.Database, in.Address)
	if in.Server != "" {
		found += ", which calls itself " + in.Server
	}
	line := Line{Check: checkDatabase, State: OK, Found: found + ", " + in.Product}
	if len(in.Risks) > 0 {
		line.State = Warn
		line.Found += "; " + strings.Join(in.Risks, "; ")
		line.Next = "encrypt the connection with TLS 1.2 or newer where the server can and check its certificate: " +
			"source.tls.encrypt true, source.tls.ca, source.tls.min; in source.dsn encrypt=true"
	}
	return line
}

// session says whether the daemon is the one that gives way in the database.
func (c *checker) session(in *mssql.Inspection) Line {
	line := Line{Check: checkSession, State: OK}
	s := in.Session
	if s == nil {
		line.State, line.Found = Skip, "the server does not tell how our connection behaves towards others"
		return line
	}
	line.Found = fmt.Sprintf("reads at isolation level %s, waits %v for a lock, has priority %d in a deadlock",
		cmp.Or(s.Level, "unknown"), s.LockTimeout, s.Priority)
	if wanted := c.Config.Source.LockTimeout; s.LockTimeout != wanted || s.Priority >= 0 || s.Level == "" {
		line.State = Warn
		line.Next = fmt.Sprintf("find out what takes the settings away that begin each batch (SET LOCK_TIMEOUT %d, "+
			"SET DEADLOCK_PRIORITY LOW, "+
			"READ COMMITTED or SNAPSHOT): with others, DS may be the one that waits", wanted.Milliseconds())
	}
	return line
}

// login says whether it can do more than it must.
func login(in *mssql.Inspection) Line {
	line := Line{Check: checkLogin, State: OK, Found: in.Login}
	var writes []string
	known := true
	for _, t := range in.Tables {
		if t.Place == "" {
			continue
		}
		known = known && t.WritesKnown
		if len(t.Writes) > 0 {
			writes = append(writes, t.Name+" ("+strings.Join(t.Writes, ", ")+")")
		}
	}
	var more []string
	if len(in.Roles) > 0 {
		more = append(more, "is in "+strings.Join(in.Roles, ", "))
	}
	if len(in.Rights) > 0 {
		more = append(more, "has "+strings.Join(in.Rights, ", ")+" on the database")
	}
	if len(writes) > 0 {
		more = append(more, "can write to "+words.Some(writes, few))
	}
	if in.Runs > 0 {
		more = append(more, "can run "+words.Count(in.Runs, "procedure")+", whatever they do")
	}
	switch {
	case len(more) > 0:
		line.State = Warn
		line.Found += " " + strings.Join(more, "; it ") + "; reading is all that is needed"
		line.Next = "make a login that can only read with configs/readonly-login.sql, and name it in source.user or " +
			"source.dsn"
		if len(more) == 1 && in.Runs > 0 {
			line.Next = "see who gave it EXECUTE, perhaps through the role public, and whether that is wanted"
		}
	case !known:
		line.Found += "; whether it can write, the server does not tell"
	default:
		line.Found += " can write to none of the tables"
	}
	return line
}

// table says whether it and its columns are there, of the right type, and may be read.
func table(t *mssql.InspectedTable, in *mssql.Inspection) Line {
	line := Line{Check: "table " + strings.TrimPrefix(t.Key, "source.tables."), State: OK}
	bad := Fail
	if t.Optional {
		bad = Warn
	}
	grant := fmt.Sprintf("grant %s SELECT on %s, as configs/readonly-login.sql does", in.Login, t.Name)
	if t.Place == "" {
		line.State = bad
		line.Found = fmt.Sprintf("database %s shows %s no table %s (%s; the server says: %s)", in.Database, in.Login,
			t.Name, t.Purpose, t.Said)
		line.Next = fmt.Sprintf("check which database source.dsn or source.database names, %s, or name the table in %s",
			grant, t.Key)
		if t.Refused {
			line.Found = fmt.Sprintf("%s may not read %s (%s; the server says: %s)", in.Login, t.Name, t.Purpose,
				t.Said)
			line.Next = grant
		}
		return withUnknown(line, t.Optional, t.Purpose)
	}
	var there []string
	for _, c := range t.Columns {
		if c.Readable() {
			there = append(there, c.Name+" "+c.Type)
		}
	}
	line.Found = t.Place + ": " + strings.Join(there, ", ")
	lacking(&line, t, in, grant)
	return line
}

// lacking adds the columns that are not there, of another type, or may not be read.
func lacking(line *Line, t *mssql.InspectedTable, in *mssql.Inspection, grant string) {
	bad := Fail
	if t.Optional {
		bad = Warn
	}
	var next, renames []string
	hidden := false
	for _, c := range t.Columns {
		if c.Readable() {
			continue
		}
		wrong := fmt.Sprintf("no column %s (%s)", c.Name, c.Purpose)
		switch {
		case c.Refused:
			wrong, next = fmt.Sprintf("column %s (%s) may not be read", c.Name, c.Purpose), []string{grant}
		case c.Type != "":
			wrong, renames = fmt.Sprintf("column %s (%s) has the type %s instead of %s", c.Name, c.Purpose, c.Type,
				c.Wanted), append(renames, c.Key)
		default:
			renames, hidden = append(renames, c.Key), true
		}
		line.Found += "; " + wrong
		if !c.Optional {
			line.State = bad
		} else if line.State == OK {
			line.State = Warn
		}
	}
	if renames != nil {
		step := fmt.Sprintf("where a column has another name, give it in %s; otherwise check that %s names the right "+
			"table", strings.Join(renames, ", "), t.Key)
		if hidden {
			step += ", and that " + in.Login + " may read all of it"
		}
		next = append(next, step)
	}
	line.Next = strings.Join(next, ", and ")
}

// withUnknown says what follows where the table is not necessary.
func withUnknown(line Line, optional bool, purpose string) Line {
	if optional {
		line.Next = "without it this is unknown: " + purpose + "; to have it, " + line.Next
	}
	return line
}

// clockTolerance is how far the server's clock may be from ours before anybody should wonder.
const clockTolerance = time.Minute

// clock compares the server's clock with that of this computer, whose zone ours shows.
func clock(in *mssql.Inspection, ours time.Time) Line {
	local := in.Now.Wall(in.Offset).Time().Format(time.DateTime)
	line := Line{Check: checkClock, State: OK, Found: fmt.Sprintf("%s UTC%s on the server, ", local, in.Offset)}
	ahead := in.Ahead.Round(100 * time.Millisecond)
	switch {
	case in.Ahead.Abs() <= in.Within+100*time.Millisecond:
		line.Found += "as on this computer"
	case ahead > 0:
		line.Found += fmt.Sprintf("%v ahead of this computer", ahead)
	default:
		line.Found += fmt.Sprintf("%v behind this computer", -ahead)
	}
	if _, seconds := ours.Zone(); jobmon.Offset(seconds) != in.Offset {
		line.Found += fmt.Sprintf(", which is at UTC%s", jobmon.Offset(seconds))
	}
	if in.Ahead.Abs()-in.Within > clockTolerance {
		line.State = Warn
		line.Next = "set one of the two clocks: all times that are shown are the server's"
	}
	return line
}

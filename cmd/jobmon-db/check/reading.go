package check

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Tables are what is read once. Close is called after ReadAll.
type Tables interface {
	ReadAll(ctx context.Context) (*jobmon.Snapshot, error)
	Close() error
}

// Database is the Source that reads a real one.
type Database struct {
	*mssql.Source
	Agents bool // read those of the computers with work to do, too
}

// ReadAll implements Tables.
func (d Database) ReadAll(ctx context.Context) (*jobmon.Snapshot, error) {
	return readAll(ctx, d.Source, d.Agents)
}

// StandIn is something that has the tables of a database and is none.
type StandIn struct {
	ingest.Source
	Is     string  // what it is, in words
	Of     Reading // what is known of it before it is read
	Agents bool    // see Database
}

// ReadAll implements Tables.
func (s *StandIn) ReadAll(ctx context.Context) (*jobmon.Snapshot, error) {
	return readAll(ctx, s.Source, s.Agents)
}

// readAll reads everything; each batch is limited by the source itself.
func readAll(ctx context.Context, source ingest.Source, agents bool) (*jobmon.Snapshot, error) {
	all, err := ingest.ReadAll(ctx, source, 0)
	if err != nil || !agents {
		return all, err
	}
	q := ingest.Query{Above: math.MaxInt32}
	watched := map[jobmon.ComputerID]bool{}
	for _, row := range all.Rows {
		if !row.Status.Finished() && !watched[row.Computer] {
			watched[row.Computer] = true
			q.Watch = append(q.Watch, row.Computer)
		}
	}
	quick, err := source.Read(ctx, q)
	if err != nil {
		return nil, err
	}
	all.Agents = slices.DeleteFunc(quick.Agents, func(a jobmon.Agent) bool { return a.State == jobmon.AgentUnknown })
	return all, nil
}

// Reading is what was read once, and what of.
type Reading struct {
	Server     string   // product and version, in the words of the server; neither its name nor a login
	Unknown    []string // optional tables and columns that could not be read: "sessions", "computer.group_id"
	Pseudonyms bool     // names are none of a site's
	Tables     *jobmon.Snapshot
}

// unknown lists the optional tables and columns that cannot be read.
func unknown(in *mssql.Inspection) []string {
	var names []string
	for i := range in.Tables {
		t := &in.Tables[i]
		name := strings.TrimPrefix(t.Key, "source.tables.")
		var columns []string
		whole := t.Place != ""
		for _, c := range t.Columns {
			if !c.Readable() {
				columns = append(columns, strings.TrimPrefix(c.Key, "source.columns."))
				whole = whole && c.Optional
			}
		}
		if t.Optional && !whole {
			columns = []string{name}
		}
		names = append(names, columns...)
	}
	return names
}

// record keeps what was read, where that is wanted.
func (c *checker) record(ctx context.Context, read *Reading) []Line {
	if c.Record == nil {
		return nil
	}
	line := Line{Check: checkRecording, State: Fail}
	if read == nil {
		line.Found, line.Next = "nothing was recorded, as not everything could be read", "do first what the lines "+
			"above say"
		return []Line{line}
	}
	found, err := within(ctx, c.patience, func(context.Context) (string, error) { return c.Record(read) })
	if err != nil {
		line.Found, line.Next = "nothing was recorded: "+err.Error(), "correct what the sentence names; "+
			"docs/recording.md says more"
		return []Line{line}
	}
	return []Line{{Check: checkRecording, State: OK, Found: found}}
}

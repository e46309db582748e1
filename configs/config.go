// Package configs reads the program's configuration and gives it as typed values. It is the only package that knows
// where a setting comes from: built-in defaults, a YAML file, JOBMON_ environment variables, flags; each overrides
// those before it.
//
// One table (table.go) says everything about every key; validation, the names of variables and flags, the example
// file and what `config show` prints are made from it. The folder also holds what ships beside the program: the
// example file and the script for a read-only login.
package configs

import (
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Config is a complete and valid configuration, as Load returns it. The comment of a field is its key. It is not
// changed after Load and may be read from any goroutine. It can be printed and logged: secrets hide themselves.
type Config struct {
	DataDir   string // data_dir, an absolute path
	Site      string // site
	Evt       Evt
	Endpoint  Endpoint
	Source    Source
	Simulator Simulator
	Jobs      Jobs
	Stages    Stages
	Session   Session
	Names     Names
	Monitor   Monitor
	Log       Log

	values []Value
}

// Evt is about the folder of .evt files.
type Evt struct {
	Dir      string // evt.dir, an absolute path
	Takeover bool   // evt.takeover
}

// Endpoint is about asking the running daemon.
type Endpoint struct {
	Allow []string // endpoint.allow: Windows accounts, as names or SIDs
}

// Source is about what is watched.
type Source struct {
	Kind         string        // source.kind: one of the Kind constants
	DSN          Secret        // source.dsn, never empty when Kind is KindSQLServer
	PollInterval time.Duration // source.poll_interval
	Timeout      time.Duration // source.timeout
	LockTimeout  time.Duration // source.lock_timeout, shorter than Timeout
	Tables       Tables
}

// The kinds of sources.
const (
	KindSQLServer = "sqlserver"
	KindSimulator = "simulator"
	KindRecording = "recording"
)

// Tables are the names of the DS tables, with a schema where one was given ("dbo.event").
type Tables struct {
	EventSchedule string // source.tables.event_schedule
	Event         string // source.tables.event
	EventFolder   string // source.tables.event_folder
	Computer      string // source.tables.computer
	ComputerGroup string // source.tables.computer_group
	Sessions      string // source.tables.sessions

	// Columns are the columns that have another name than DS gives them: source.columns.<key>, for instance
	// "event.name", and the name as it was given, which may stand in brackets.
	Columns map[string]string
}

// Simulator is about the built-in imitation of a DS.
type Simulator struct {
	Computers int     // simulator.computers
	Speed     float64 // simulator.speed
	Seed      uint64  // simulator.seed
}

// Jobs tells what a job is by its name and what success is.
type Jobs struct {
	Marker  string  // jobs.marker, a regular expression that compiles, or "" for none
	Build   string  // jobs.build, likewise
	Success []int32 // jobs.success
}

// Stages tells how stages are formed.
type Stages struct {
	Markers string // stages.markers: auto, tagged or all
}

// Session holds the times that a deployment is judged by.
type Session struct {
	Gap, Abandoned, Stuck, Late time.Duration // session.gap, session.abandoned, session.stuck, session.late
}

// Names tells which names are shown.
type Names struct {
	Hide bool // names.hide
}

// Monitor is about the screens.
type Monitor struct {
	Quiet, Settle time.Duration // monitor.quiet, monitor.settle
}

// Log is about the program's messages.
type Log struct {
	Level  string // log.level: trace, debug, info, warn or error
	Format string // log.format: auto, console or json
}

// Settings are those settings that shape the projection, in the form in which the log records them.
func (c *Config) Settings() jobmon.Settings {
	return jobmon.Settings{
		Site:         c.Site,
		Marker:       c.Jobs.Marker,
		Build:        c.Jobs.Build,
		Success:      c.Jobs.Success,
		Markers:      c.Stages.Markers,
		HideNames:    c.Names.Hide,
		Gap:          c.Session.Gap,
		Abandoned:    c.Session.Abandoned,
		Stuck:        c.Session.Stuck,
		Late:         c.Session.Late,
		Quiet:        c.Monitor.Quiet,
		Settle:       c.Monitor.Settle,
		PollInterval: c.Source.PollInterval,
	}
}

// Value is one key's value and where it came from, as `config show` prints it.
type Value struct {
	Key    string
	Text   string // as it could be written in the file; of a secret only what is harmless
	Origin Origin
}

// Values lists every key in the order of the example file. No secret is in it.
func (c *Config) Values() []Value { return c.values }

// Secret is a text that hides itself however it is printed, logged or encoded.
type Secret string

// Reveal is the secret itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String is what may be shown of it: "" when there is none, and for a data source name the server and the database.
func (s Secret) String() string { return redactDSN(string(s)) }

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, for JSON and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

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
	DataDir   string `key:"data_dir"` // an absolute path
	Site      string `key:"site"`
	Evt       Evt
	Endpoint  Endpoint
	HTTP      HTTP
	Backup    Backup
	History   History
	Source    Source
	Simulator Simulator
	Jobs      Jobs
	Stages    Stages
	Session   Session
	Agent     Agent
	Names     Names
	Monitor   Monitor
	Notices   Notices
	Fleet     Fleet
	Hub       Hub
	Log       Log

	Notify  []Rule             // by number: notify.1 is the first
	Targets map[string]*Target // by name, in small letters

	File   string // the configuration file that was read, an absolute path; "" for none
	values []Value
	keys   []Key // of the entries of Notify and Targets that are given
}

// Evt is about the folder of .evt files.
type Evt struct {
	Dir      string `key:"evt.dir"` // an absolute path
	Takeover bool   `key:"evt.takeover"`
	Template string `key:"evt.template"` // an absolute path; "" for the format of docs/evt-format.md. See Config.Form
	Encoding string `key:"evt.encoding"` // one of jobmon.Encodings
	Newline  string `key:"evt.newline"`  // crlf or lf
}

// Endpoint is about asking the running daemon.
type Endpoint struct {
	Allow []string `key:"endpoint.allow"` // Windows accounts, as names or SIDs
}

// HTTP is about the daemon's optional HTTP server. One that other computers reach has a certificate and tokens.
type HTTP struct {
	Listen string  `key:"http.listen"`     // host:port; "" for no server
	Cert   string  `key:"http.tls.cert"`   // an absolute path; "" for no encryption
	Key    string  `key:"http.tls.key"`    // the same; both or neither
	Tokens []Token `key:"http.tokens"`     // none: anyone who reaches the server may ask
	Public string  `key:"http.public_url"` // scheme://host[:port]; "" where it is not known
}

// Backup is about copies of the log that the daemon makes.
type Backup struct {
	Dir   string        `key:"backup.dir"`   // an absolute path; never empty when Every is not 0
	Every time.Duration `key:"backup.every"` // 0 is never
	Keep  int           `key:"backup.keep"`
}

// History is about how long the log keeps what happened.
type History struct {
	Keep time.Duration `key:"history.keep"` // 0 is for ever
}

// Source is about what is watched. A database is named by DSN, or by Server and the fields after it, never by both.
type Source struct {
	Kind string `key:"source.kind"` // one of the Kind constants, "" when no source is named
	DSN  DSN    `key:"source.dsn"`
	// as the driver reads it; never empty when Kind is KindSQLServer and DSN is
	Server       string `key:"source.server"`
	Database     string `key:"source.database"`      // never empty when Server is not
	User         string `key:"source.user"`          // "" is the Windows account that the program runs under
	Password     Secret `key:"source.password"`      // Config.Password knows the one in PasswordFile too
	PasswordFile string `key:"source.password_file"` // an absolute path
	TLS          TLS
	Recording    string        `key:"source.recording"` // an absolute path; never empty when Kind is KindRecording
	PollInterval time.Duration `key:"source.poll_interval"`
	Reconcile    time.Duration `key:"source.reconcile"`
	Timeout      time.Duration `key:"source.timeout"`
	LockTimeout  time.Duration `key:"source.lock_timeout"`    // shorter than Timeout
	StartZone    string        `key:"source.start_time_zone"` // "" when it is found out
	Tables       Tables
}

// TLS is about the encryption of the connection to Server. Min and CA count for a DSN too.
type TLS struct {
	Encrypt  string `key:"source.tls.encrypt"`   // strict, true, false or disable; "" leaves the choice to the driver
	Trust    bool   `key:"source.tls.trust"`     // any certificate is good
	CA       string `key:"source.tls.ca"`        // an absolute path
	HostName string `key:"source.tls.host_name"` // the name that must stand in the certificate; "" is the server's
	Min      string `key:"source.tls.min"`       // 1.0, 1.1, 1.2 or 1.3
}

// The kinds of sources.
const (
	KindSQLServer = "sqlserver"
	KindSimulator = "simulator"
	KindRecording = "recording"
)

// Tables are the names of the DS tables, with a schema where one was given ("dbo.event"), and those of their columns.
type Tables struct {
	EventSchedule string `key:"source.tables.event_schedule"`
	Event         string `key:"source.tables.event"`
	EventFolder   string `key:"source.tables.event_folder"`
	Computer      string `key:"source.tables.computer"`
	ComputerGroup string `key:"source.tables.computer_group"`
	Sessions      string `key:"source.tables.sessions"`

	// Columns are the columns that have another name than DS gives them: source.columns.<key>, for instance
	// "event.name", and the name as it was given, which may stand in brackets.
	Columns map[string]string
}

// Simulator is about the built-in imitation of a DS.
type Simulator struct {
	Computers int     `key:"simulator.computers"`
	Speed     float64 `key:"simulator.speed"`
	Seed      uint64  `key:"simulator.seed"`
}

// Jobs says what kind of job a name means, and which codes are success.
type Jobs struct {
	Marker  string        `key:"jobs.marker"` // a regular expression that compiles, or "" for none
	Build   string        `key:"jobs.build"`  // likewise
	Success []jobmon.Code `key:"jobs.success"`
}

// Stages says how stages are formed.
type Stages struct {
	Markers string `key:"stages.markers"` // auto, tagged or all
}

// Session holds the times that a deployment is judged by.
type Session struct {
	Gap       time.Duration `key:"session.gap"`
	Abandoned time.Duration `key:"session.abandoned"`
	Stuck     time.Duration `key:"session.stuck"`
	Late      time.Duration `key:"session.late"`
}

// Agent is about computers whose agent is not connected.
type Agent struct {
	Away time.Duration `key:"agent.away"`
}

// Names says which names are shown.
type Names struct {
	Hide bool `key:"names.hide"`
}

// Monitor is about the screens.
type Monitor struct {
	Quiet  time.Duration `key:"monitor.quiet"`
	Settle time.Duration `key:"monitor.settle"`
}

// Notices is about messages to people and programs: see Rule and Target.
type Notices struct {
	Language string `key:"notices.language"` // en, de or fr
}

// Log is about the program's messages.
type Log struct {
	Level  string `key:"log.level"`  // trace, debug, info, warn or error
	Format string `key:"log.format"` // auto, console or json

	File    string `key:"log.file"`     // an absolute path; "" for standard error, or a service's own place
	MaxSize int    `key:"log.max_size"` // MiB of the file before a new one is begun
	Keep    int    `key:"log.keep"`     // how many old ones stay
}

// Settings are those settings that shape the projection, in the form in which the log records them, without those that
// stand in files of their own: see Form.
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
		AgentAway:    c.Agent.Away,
		StartZone:    c.Source.StartZone,
		PublicURL:    c.HTTP.Public,
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

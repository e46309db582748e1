// Package mssql reads a Deployment Server's own database: the SQL Server implementation of ingest.Source.
//
// It is a guest there. It sends nothing but SELECT statements over one kept connection, yields to every other user
// of the database, and copies what it gets into memory before anything else happens. What is known of the tables,
// and how surely, is in docs/ds-database.md; what an administrator needs to know is in docs/sqlserver.md.
package mssql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	mssqldb "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
)

// Defaults of Options.
const (
	DefaultTimeout     = 15 * time.Second
	DefaultLockTimeout = 2 * time.Second
)

// Options say where the database is and how patient to be with it.
type Options struct {
	// DSN is a connection string of go-mssqldb: a URL
	// (sqlserver://user:password@host:port?database=eXpress&encrypt=true), ADO (server=host;user id=...) or ODBC
	// (odbc:server=host;...). It is a secret: String leaves the password out.
	DSN string

	// Connect is used where DSN is empty.
	Connect Connect

	// Tables renames the tables; an empty name is the vendor's own.
	Tables Tables

	// Timeout bounds one Read or Lookup, connecting included. 0 means DefaultTimeout.
	Timeout time.Duration

	// LockTimeout is how long a statement waits for a lock before it gives up with ingest.ErrTransient, in whole
	// milliseconds. 0 means DefaultLockTimeout.
	LockTimeout time.Duration

	// Log gets connections and what the database does not offer. The zero value is silent.
	Log zerolog.Logger
}

// Tables are the names of the tables, each "table" or "schema.table"; a part can stand in brackets. Without a
// schema a table is looked for in the login's default schema, then in dbo.
type Tables struct {
	EventSchedule string // source.tables.event_schedule
	Event         string // source.tables.event
	EventFolder   string // source.tables.event_folder
	Computer      string // source.tables.computer
	ComputerGroup string // source.tables.computer_group
	Sessions      string // source.tables.sessions

	// Columns renames columns: source.columns.<key>, for instance "event.name", and the name, which can stand in
	// brackets. An empty name is the vendor's own.
	Columns map[string]string
}

// String returns server, database and login of the options, never the password.
func (o Options) String() string {
	config, err := o.parse()
	if err != nil {
		return "SQL Server (" + o.setting("source.server", "what stands") + " is not usable)"
	}
	return describe(config)
}

// GoString is String, so that no way of printing the options shows the password.
func (o Options) GoString() string { return o.String() }

// Source reads the DS database over one connection, which it opens with the first call and opens again after it
// was lost. It is used by one goroutine at a time.
type Source struct {
	options Options
	config  msdsn.Config
	layout  []table
	wire    *wire

	session *session // nil while not connected
	closed  bool
	bounds  bounds // of the answer to one batch
	cost    ingest.Cost
	warned  []string // rows that were left out and reported
	lacks   []lack   // what the database did not offer when it was connected last
}

var _ ingest.Source = (*Source)(nil)

// New checks the options and returns a source that is not connected yet, so that the daemon can start while the
// database is away. An error names the setting to correct.
func New(o Options) (*Source, error) {
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	layout, err := layoutOf(o.Tables)
	if err != nil {
		return nil, err
	}
	if o.Timeout < 0 || o.LockTimeout < 0 {
		return nil, errors.New("the timeouts of the source cannot be negative")
	}
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.LockTimeout = cmp.Or(o.LockTimeout, DefaultLockTimeout)
	s := &Source{options: o, config: config, layout: layout, wire: newWire(),
		bounds: bounds{rowsPerAnswer, bytesPerAnswer}}
	for _, risk := range s.Risks() {
		o.Log.Warn().Msg(risk)
	}
	return s, nil
}

// String is the server, database and login; never the password.
func (s *Source) String() string { return describe(s.config) }

// GoString is String.
func (s *Source) GoString() string { return s.String() }

// Close implements ingest.Source.
func (s *Source) Close() error {
	s.drop()
	s.closed = true
	return nil
}

// with runs work over the connection, within the timeout, and turns its error into a sentence. The connection is
// dropped after every error except those that the server itself wants repeated.
func (s *Source) with(ctx context.Context, work func(context.Context) error) error {
	return s.bounded(ctx, func(ctx context.Context) error {
		if err := s.open(ctx); err != nil {
			return err
		}
		return work(ctx)
	})
}

// bounded is with, but does not connect.
func (s *Source) bounded(ctx context.Context, work func(context.Context) error) error {
	if s.closed {
		return errors.New("the SQL Server source is closed")
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	// The driver waits up to ten seconds for an answer to its own cancellation, and during the login without any
	// limit: the socket's deadline is what ends a call in time.
	stop := context.AfterFunc(ctx, s.wire.expire)
	s.wire.allow(s.bounds.bytes)
	err := work(ctx)
	expired := !stop()
	err = s.translate(ctx, err, time.Since(start))
	if expired || err != nil && !errors.Is(err, ingest.ErrTransient) {
		s.drop()
	}
	return err
}

// open connects, unless a connection is there, and finds out which tables and columns it offers.
func (s *Source) open(ctx context.Context) error {
	if s.session != nil {
		return nil
	}
	opened, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if opened.schema, err = opened.probe(ctx, s.layout); err == nil {
		opened.level, err = opened.askIsolation(ctx)
	}
	if err != nil {
		err = errors.Join(err, opened.close())
		s.wire.forget()
		return err
	}
	s.session = opened
	opened.schema.logNew(s.lacks, s.options.Log)
	s.lacks = opened.schema.lacks
	s.options.Log.Info().Stringer("source", s).Str("database", opened.schema.database).
		Str("isolation", string(opened.level)).Msg("connected to SQL Server")
	return nil
}

// connect logs in.
func (s *Source) connect(ctx context.Context) (*session, error) {
	connector := mssqldb.NewConnectorConfig(s.config)
	connector.Dialer = s.wire
	db := sql.OpenDB(connector)
	conn, err := db.Conn(ctx)
	if err != nil {
		err = errors.Join(connectError{err}, db.Close())
		s.wire.forget()
		return nil, err
	}
	return &session{
		db: db, conn: conn, lockTimeout: s.options.LockTimeout, level: readCommitted, cost: &s.cost, wire: s.wire,
		bounds: &s.bounds,
	}, nil
}

func (s *Source) drop() {
	if s.session != nil {
		if err := s.session.close(); err != nil {
			s.options.Log.Debug().Str("reason", err.Error()).Msg("closing the connection to SQL Server")
		}
	}
	s.session = nil
	s.wire.forget()
}

// session is one connection and what was found out over it.
type session struct {
	db          *sql.DB
	conn        *sql.Conn
	lockTimeout time.Duration
	level       isolation // of batches that read the tables of DS
	schema      schema
	cost        *ingest.Cost
	wire        *wire
	bounds      *bounds
}

// bounds keep a server that sends without end from filling the memory.
type bounds struct{ rows, bytes uint64 }

func (c *session) close() error { return errors.Join(c.conn.Close(), c.db.Close()) }

// run sends the parts as one batch about the server itself and hands every row to its part. It returns when the
// server's answer has been read to its end.
func (c *session) run(ctx context.Context, name string, parts ...part) (leftOut, error) {
	return c.send(ctx, batch(name, header(c.lockTimeout, readCommitted), parts), name, parts)
}

func (c *session) send(ctx context.Context, text, name string, parts []part) (left leftOut, err error) {
	c.cost.Batches++
	c.wire.allow(c.bounds.bytes)
	room := c.bounds.rows
	rows, err := c.conn.QueryContext(ctx, text)
	if err != nil {
		return left, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for i, p := range parts {
		if i > 0 && !rows.NextResultSet() {
			return left, cmp.Or(
				rows.Err(), fmt.Errorf("the answer to the %s batch has %d parts instead of %d", name, i, len(parts)),
			)
		}
		count, err := p.drain(rows, room, &left)
		c.cost.Rows += count
		room -= count
		if err != nil {
			return left, err
		}
	}
	if rows.NextResultSet() {
		return left, fmt.Errorf("the answer to the %s batch has more than %d parts", name, len(parts))
	}
	return left, rows.Err()
}

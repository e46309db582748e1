package mssql_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// This file makes up sites whose reading is measured, and lets a poller read them step by step.

const (
	jobsEach    = 40     // of a deployment
	markersEach = 12     // of these
	knownTo     = 10_000 // computers: to the Deployment Server
)

// jobName is the name of job 1 to jobsEach.
func jobName(id int) string {
	if m := id % 10; m == 1 || m == 4 || m == 7 {
		return fmt.Sprintf("%02d. (JM) Stage %d", id, id)
	}
	return fmt.Sprintf("Install part %d", id)
}

// block is some rows of event_schedule: the jobs of one computer after the other's.
type block struct {
	first, step, count int    // ids
	computer           int    // whose rows come first
	computers          int    // then the first one has rows again
	done               int    // how many jobs of each computer have finished: the next one runs, the others wait
	start              string // as T-SQL reads it; the same for all
}

// cells are those of row n of the block.
func (k *block) cells(n int) []any {
	var status any
	switch job := n % jobsEach; {
	case job < k.done:
		status = 0
	case job == k.done:
		status = -1
	}
	return []any{k.first + k.step*n, 1 + n%jobsEach, k.computer + n/jobsEach%k.computers, status, wall(k.start)}
}

// insert is the statement that adds the block; it needs the table that numbered makes.
func (k *block) insert() string {
	return fmt.Sprintf(`SET IDENTITY_INSERT event_schedule ON;
INSERT INTO event_schedule (schedule_id, event_id, computer_id, status_code, start_time)
SELECT %d + %d * n, 1 + n %% %d, %d + (n / %d) %% %d, CASE WHEN n %% %d < %d THEN 0 WHEN n %% %d = %d THEN -1 END, '%s'
FROM (SELECT 1000 * k.n + u.n AS n FROM thousand k CROSS JOIN thousand u WHERE k.n <= %d) numbers
WHERE n < %d ORDER BY n;
SET IDENTITY_INSERT event_schedule OFF`,
		k.first, k.step, jobsEach, k.computer, jobsEach, k.computers, jobsEach, k.done, jobsEach, k.done,
		k.start, k.count/1000, k.count)
}

// history is count finished rows of all computers, deploying is the deployments of some of them, half done.
func history(first, count int) block {
	return block{
		first: first, step: 1, count: count, computer: 5000001, computers: knownTo, done: jobsEach,
		start: "2026-06-01T12:00:00",
	}
}

func deploying(first, computer, computers int) block {
	return block{
		first: first, step: 1, count: computers * jobsEach, computer: computer, computers: computers,
		done: jobsEach / 2, start: "2026-11-22T12:00:00",
	}
}

// onTDS is a test server with these rows, and with agents of the computers up to that one.
func onTDS(t testing.TB, agents int, blocks ...block) *tdstest.Server {
	server := tdstest.New(t)
	server.Change(func(tables *tdstest.Tables) {
		for id := 1; id <= jobsEach; id++ {
			tables.Insert("event", id, nil, jobName(id), nil)
		}
		tables.Insert("computer_group", 1, "Office")
		for n := range knownTo {
			tables.Insert("computer", 5000001+n, 1, fmt.Sprint("PC-", 5000001+n), nil)
		}
		for n := range agents {
			tables.Insert("sessions", 5000001+n, 1)
		}
		for _, k := range blocks {
			for n := range k.count {
				tables.Insert("event_schedule", k.cells(n)...)
			}
		}
	})
	return server
}

// onSQLServer is a scratch database with these rows.
func onSQLServer(t testing.TB, agents int, blocks ...block) *mssqltest.DB {
	db := mssqltest.New(t)
	var numbers []string
	for n := range 1000 {
		numbers = append(numbers, fmt.Sprintf("(%d)", n))
	}
	db.Exec("CREATE TABLE thousand (n int NOT NULL PRIMARY KEY); INSERT INTO thousand VALUES " +
		strings.Join(numbers, ", "))
	for id := 1; id <= jobsEach; id++ {
		db.AddJob(jobmon.JobID(id), jobName(id), 0)
	}
	db.AddGroup(1, "Office")
	db.Exec(fmt.Sprintf("INSERT INTO computer (computer_id, group_id, name) SELECT 5000001 + 1000 * k.n + u.n, 1, "+
		"'PC-' + CAST(5000001 + 1000 * k.n + u.n AS varchar(10)) "+
		"FROM thousand k CROSS JOIN thousand u WHERE 1000 * k.n < %d", knownTo))
	db.Exec(fmt.Sprintf("INSERT INTO sessions SELECT 5000001 + n, 1 FROM thousand WHERE n < %d", agents))
	for _, k := range blocks {
		db.Exec(k.insert())
	}
	return db
}

func TestBlocksAreTheSameOnBothServers(t *testing.T) {
	blocks := []block{
		history(1000, 450),
		{first: 2000, step: 2, count: 1100, computer: 5000001, computers: 3, done: 20, start: "2026-11-22T12:00:00"},
	}
	db := onSQLServer(t, 2, blocks...)
	s := source(t, mssql.Options{DSN: db.DSN()})
	over := source(t, mssql.Options{DSN: onTDS(t, 2, blocks...).DSN().String()})
	got, want := read(t, s, 5000002, 5000003), read(t, over, 5000002, 5000003)
	same(t, "rows", got.Rows, want.Rows)
	same(t, "jobs", got.Jobs, want.Jobs)
	same(t, "computers", got.Computers, want.Computers)
	same(t, "agents", got.Agents, want.Agents)
	if len(got.Rows) != 1550 {
		t.Errorf("%d rows", len(got.Rows))
	}
}

// book is a log that is only folded.
type book struct {
	mirror  *jobmon.Mirror
	watched []jobmon.ComputerID
}

func (k *book) Mirror() *jobmon.Mirror                             { return k.mirror }
func (k *book) Watching() []jobmon.ComputerID                      { return k.watched }
func (k *book) Judge(jobmon.Instant, jobmon.Offset) []jobmon.Event { return nil }

func (k *book) Commit(_ context.Context, _ jobmon.Instant, events []jobmon.Event) error {
	for i := range events {
		k.mirror.Apply(&events[i])
	}
	return nil
}

// spent is what the batches of one kind have taken.
type spent struct {
	calls int
	took  time.Duration
	ingest.Cost
}

func (s spent) minus(before spent) spent {
	return spent{s.calls - before.calls, s.took - before.took,
		ingest.Cost{Batches: s.Batches - before.Batches, Rows: s.Rows - before.Rows, Bytes: s.Bytes - before.Bytes}}
}

// metered is a source that keeps account of its kinds of batches.
type metered struct {
	ingest.Source
	spent map[string]spent
}

func (m *metered) measure(kind string) func() {
	began, before := time.Now(), m.Cost()
	return func() {
		after, s := m.Cost(), m.spent[kind]
		s.calls++
		s.took += time.Since(began)
		s.Batches += after.Batches - before.Batches
		s.Rows += after.Rows - before.Rows
		s.Bytes += after.Bytes - before.Bytes
		m.spent[kind] = s
	}
}

func (m *metered) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	defer m.measure("read")()
	return m.Source.Read(ctx, q)
}

func (m *metered) Lookup(ctx context.Context, ids ingest.IDs) (*jobmon.Snapshot, error) {
	defer m.measure("lookup")()
	return m.Source.Lookup(ctx, ids)
}

func (m *metered) Page(ctx context.Context, from jobmon.ScheduleID) ([]jobmon.Row, jobmon.ScheduleID, error) {
	defer m.measure("pass")()
	return m.Source.Page(ctx, from)
}

func (m *metered) Names(ctx context.Context) (*jobmon.Snapshot, error) {
	defer m.measure("pass")()
	return m.Source.Names(ctx)
}

// stepped is a poller that rests after each cycle until the test lets it go on. Between two steps nothing reads.
type stepped struct {
	t      testing.TB
	poller *ingest.Poller
	source *metered
	book   *book
	rests  chan struct{}
	goOn   chan struct{}
	begun  bool
}

// step lets a poller read that database for a log without content, in which deployments of the first computers are
// open.
func step(t testing.TB, dsn string, watched int, reconcile time.Duration) *stepped {
	s, err := mssql.New(mssql.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	p := &stepped{
		t: t, source: &metered{s, map[string]spent{}}, book: &book{mirror: jobmon.NewMirror()},
		rests: make(chan struct{}), goOn: make(chan struct{}),
	}
	for n := range watched {
		p.book.watched = append(p.book.watched, jobmon.ComputerID(5000001+n))
	}
	ctx, stop := context.WithCancel(t.Context())
	p.poller = ingest.New(p.source, p.book, ingest.Options{
		Interval: time.Millisecond, Reconcile: reconcile, Settings: jobmon.DefaultSettings(), Logger: zerolog.Nop(),
		Covered: func(jobmon.Instant, time.Duration) {
			select {
			case p.rests <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case <-p.goOn:
			case <-ctx.Done():
			}
		},
	})
	ended := make(chan error, 1)
	go func() { ended <- p.poller.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = s.Close()
	})
	return p
}

// cycle runs one cycle and returns what it took, by kinds of batches; the first one reads everything.
func (p *stepped) cycle() map[string]spent {
	p.t.Helper()
	before := map[string]spent{}
	if p.begun {
		before = maps.Clone(p.source.spent)
		p.goOn <- struct{}{}
	}
	p.begun = true
	select {
	case <-p.rests:
	case <-time.After(3 * time.Minute):
		p.t.Fatalf("no good read: %+v", p.poller.Metrics())
	}
	took := map[string]spent{}
	for kind, s := range p.source.spent {
		if s = s.minus(before[kind]); s.calls > 0 {
			took[kind] = s
		}
	}
	return took
}

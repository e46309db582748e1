package mssql_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/faultproxy"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// ledger is a log in memory that can be waited for.
type ledger struct {
	mu     sync.Mutex
	mirror *jobmon.Mirror
	told   []jobmon.Event
	more   chan struct{} // closed and made anew by each commit
}

func newLedger() *ledger { return &ledger{mirror: jobmon.NewMirror(), more: make(chan struct{})} }

func (l *ledger) Mirror() *jobmon.Mirror                             { return l.mirror }
func (l *ledger) Watching() []jobmon.ComputerID                      { return []jobmon.ComputerID{5000001} }
func (l *ledger) Judge(jobmon.Instant, jobmon.Offset) []jobmon.Event { return nil }

func (l *ledger) Commit(_ context.Context, _ jobmon.Instant, events []jobmon.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range events {
		l.mirror.Apply(&events[i])
	}
	l.told = append(l.told, events...)
	close(l.more)
	l.more = make(chan struct{})
	return nil
}

// await waits until something was told.
func (l *ledger) await(t *testing.T, what string, told func([]jobmon.Event) bool) {
	t.Helper()
	patience := time.After(5 * time.Minute)
	for {
		l.mu.Lock()
		done, more := told(l.told), l.more
		l.mu.Unlock()
		if done {
			return
		}
		select {
		case <-more:
		case <-patience:
			t.Fatalf("%s was not told", what)
		}
	}
}

func count(events []jobmon.Event, kind jobmon.Kind) (n int) {
	for i := range events {
		if events[i].Kind == kind {
			n++
		}
	}
	return n
}

// fault is a way in which the source gets lost.
type fault struct {
	name      string
	set, heal func()
}

// recovers lets a poller read the source, breaks something again and again while rows change, and compares: each fault
// is reported once, so is its end, and the log says of the rows what the tables say, without an event lost or doubled.
func recovers(
	t *testing.T, s ingest.Source, faults []fault,
	change func(round int), tables func() map[jobmon.ScheduleID]jobmon.Row,
) {
	t.Helper()
	l := newLedger()
	poller := ingest.New(s, l, ingest.Options{
		Interval: 20 * time.Millisecond, Settings: jobmon.DefaultSettings(), Logger: zerolog.Nop(),
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- poller.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	l.await(t, "the first read", func(told []jobmon.Event) bool { return count(told, jobmon.KindClock) > 0 })
	for round, f := range faults {
		change(2 * round)
		f.set()
		l.await(t, f.name, func(told []jobmon.Event) bool { return count(told, jobmon.KindSourceLost) > round })
		change(2*round + 1)
		for range 2 { // still away
			if _, err := poller.Refresh(t.Context()); err == nil {
				t.Errorf("%s: a read went well", f.name)
			}
		}
		f.heal()
		l.await(t, "the end of "+f.name, func(told []jobmon.Event) bool {
			return count(told, jobmon.KindSourceRestored) > round
		})
		if _, err := poller.Refresh(t.Context()); err != nil {
			t.Errorf("after %s: %v", f.name, err)
		}
		l.mu.Lock()
		if got, want := tableOf(l.mirror), tables(); !maps.Equal(got, want) {
			t.Errorf("after %s the log says\n%v\nthe table\n%v", f.name, got, want)
		}
		if lost, back := count(l.told, jobmon.KindSourceLost), count(
			l.told, jobmon.KindSourceRestored,
		); lost != round+1 || back != lost {
			t.Errorf("after %s: lost %d times, back %d times; there were %d faults", f.name, lost, back, round+1)
		}
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := map[string]int{}
	for _, e := range l.told {
		if e.Kind.OfRow() {
			seen[fmt.Sprint(e.Kind, e.Row())]++
		}
	}
	for what, n := range seen {
		if n > 1 {
			t.Errorf("told %d times: %s", n, what)
		}
	}
}

func wireFaults(p *faultproxy.Proxy) []fault {
	var faults []fault
	heal := func() { p.Set(faultproxy.Fault{}) }
	for _, f := range []struct {
		name string
		how  faultproxy.Fault
	}{
		{"a wire that is reset in the middle of a row", faultproxy.Fault{After: 700, End: faultproxy.Reset}},
		{"half a packet", faultproxy.Fault{After: 1003, End: faultproxy.Cut}},
		{"a slow drip", faultproxy.Fault{Piece: 1, Pause: 20 * time.Millisecond}},
		{"silence", faultproxy.Fault{End: faultproxy.Hang}},
		{"a server that restarts", faultproxy.Fault{End: faultproxy.Cut}},
	} {
		faults = append(faults, fault{f.name, func() { p.Set(f.how) }, heal})
	}
	return faults
}

func TestTDSRecoversFromABadWire(t *testing.T) {
	t.Parallel()
	recoversOverTDS(t, func(_ *tdstest.Server, p *faultproxy.Proxy) []fault { return wireFaults(p) })
}

func TestTDSRecoversFromABadServer(t *testing.T) {
	t.Parallel()
	recoversOverTDS(t, func(server *tdstest.Server, _ *faultproxy.Proxy) []fault {
		faults := []fault{
			{"a refused login", func() {
				server.Fail(tdstest.Login, 18456)
				server.Cut()
			}, func() { server.Fail(tdstest.Login, tdstest.None) }},
			{"another schema", func() {
				server.Change(func(tables *tdstest.Tables) {
					tables.ByName["event_schedule"].Columns[3].Name = "state"
				})
			}, func() {
				server.Change(func(tables *tdstest.Tables) {
					tables.ByName["event_schedule"].Columns[3].Name = "status_code"
				})
			}},
		}
		for _, c := range []struct {
			name  string
			batch string
			how   tdstest.Fault
		}{
			{"deadlocks", "read", 1205},
			{"locks", "read", 1222},
			{"a revoked right", "read", 229},
			{"a statement that hangs", "read", tdstest.Hang},
			{"a server that is dead", "read", tdstest.Dead},
			{"a connection that ends", "read", tdstest.Close},
			{"a page that hangs", "page", tdstest.Hang},
		} {
			faults = append(faults, fault{c.name, func() {
				server.Fail(c.batch, c.how)
				if c.batch == "page" { // which the poller reads when the connection is new
					server.Cut()
				}
			}, func() { server.Fail(c.batch, tdstest.None) }})
		}
		return faults
	})
}

// recoversOverTDS is recovers with a server of the test and a proxy before it.
func recoversOverTDS(t *testing.T, faults func(*tdstest.Server, *faultproxy.Proxy) []fault) {
	server := tdstest.New(t)
	proxy := faultproxy.New(t, server.Address())
	u := server.DSN()
	u.Host = proxy.Address()
	s := source(t, mssql.Options{DSN: u.String(), Timeout: 3 * time.Second, LockTimeout: 50 * time.Millisecond})
	recovers(t, s, faults(server, proxy), func(round int) {
		server.Change(func(tables *tdstest.Tables) {
			schedule := tables.ByName["event_schedule"]
			for _, cells := range schedule.Rows {
				if cells[3] == nil {
					cells[3] = 0
				}
			}
			schedule.Rows = slices.DeleteFunc(schedule.Rows, func(cells []any) bool { return cells[0] == 10*(round-3) })
			for i := range 3 {
				tables.Insert("event_schedule", 10*round+i, 10, 5000001, nil, nil)
			}
		})
	}, func() map[jobmon.ScheduleID]jobmon.Row {
		rows := map[jobmon.ScheduleID]jobmon.Row{}
		server.Change(func(tables *tdstest.Tables) {
			for _, cells := range tables.ByName["event_schedule"].Rows {
				r := jobmon.Row{
					ID: jobmon.ScheduleID(cells[0].(int)), Job: 10, Computer: 5000001, Start: jobmon.NoStart,
				}
				if cells[3] != nil {
					r.Status = jobmon.StatusOf(0)
				}
				rows[r.ID] = r
			}
		})
		return rows
	})
}

func TestRecoversBehindABadWire(t *testing.T) {
	db := mssqltest.New(t)
	u := db.URL()
	proxy := faultproxy.New(t, hostPort(u))
	u.Host = proxy.Address()
	s := source(t, mssql.Options{DSN: u.String(), Timeout: 4 * time.Second}) // enough to connect to a slow engine
	truth := map[jobmon.ScheduleID]jobmon.Row{}
	recovers(t, s, wireFaults(proxy), func(int) {
		for id, r := range truth {
			if r.Status.Waiting() {
				r.Status = jobmon.StatusOf(0)
				db.SetStatus(id, r.Status)
				truth[id] = r
			}
		}
		id := db.Schedule(10, 5000001, jobmon.NoStart)
		truth[id] = jobmon.Row{ID: id, Job: 10, Computer: 5000001, Start: jobmon.NoStart}
	}, func() map[jobmon.ScheduleID]jobmon.Row { return truth })
}

func hostPort(u *url.URL) string {
	if u.Port() == "" {
		return u.Host + ":1433"
	}
	return u.Host
}

// The database may allow snapshot isolation: then nothing waits for us, nor we for anybody.
func TestTDSSnapshotIsolation(t *testing.T) {
	const level = "SET TRANSACTION ISOLATION LEVEL "
	levels := func(server *tdstest.Server) map[string]string {
		found := map[string]string{}
		for _, batch := range server.Batches() {
			_, rest, _ := strings.Cut(batch, level)
			found[tdstest.Name(batch)], _, _ = strings.Cut(rest, ";")
		}
		return found
	}
	server, s := overTDS(t, mssql.Options{})
	server.Change(func(tables *tdstest.Tables) { oneRow(tables); tables.Snapshot = true })
	read(t, s, 5000001)
	if _, err := s.Lookup(t.Context(), ingest.IDs{Rows: []jobmon.ScheduleID{1}}); err != nil {
		t.Fatal(err)
	}
	same(t, "isolation", levels(server), map[string]string{"schema": "READ COMMITTED", "probe": "READ COMMITTED",
		"isolation": "READ COMMITTED",
		"page":      "SNAPSHOT", "names": "SNAPSHOT", "read": "SNAPSHOT", "lookup": "SNAPSHOT"})

	server.Change(func(tables *tdstest.Tables) { tables.Snapshot = false })
	server.Fail("read", 3952) // its owner has forbidden it meanwhile
	if _, err := s.Read(t.Context(), ingest.Query{}); !errors.Is(err, ingest.ErrTransient) {
		t.Errorf("forbidden: %v", err)
	}
	server.Fail("read", tdstest.None)
	if _, err := s.Read(t.Context(), ingest.Query{}); err != nil || levels(server)["read"] != "READ COMMITTED" ||
		server.Logins() != 1 {
		t.Errorf("afterwards at level %s, %d logins: %v", levels(server)["read"], server.Logins(), err)
	}
}

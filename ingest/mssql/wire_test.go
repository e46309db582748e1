package mssql_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/faultproxy"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

const rowsBehindTheProxy = 50

// overBrokenWires runs a test against tdstest's server and against a real one, each with 50 rows and a proxy before it.
func overBrokenWires(t *testing.T, test func(*testing.T, *faultproxy.Proxy, func(mssql.Options) *mssql.Source)) {
	t.Helper()
	t.Run("tdstest", func(t *testing.T) {
		server := tdstest.New(t)
		fill(server)
		overABrokenWire(t, server.DSN(), test)
	})
	t.Run("real", func(t *testing.T) { overABrokenWire(t, realServer(t), test) })
}

func overABrokenWire(
	t *testing.T, dsn *url.URL, test func(*testing.T, *faultproxy.Proxy, func(mssql.Options) *mssql.Source),
) {
	proxy := faultproxy.New(t, dsn.Host)
	dsn.Host = proxy.Address()
	test(t, proxy, func(o mssql.Options) *mssql.Source {
		o.DSN = dsn.String()
		return source(t, o)
	})
}

func fill(server *tdstest.Server) {
	server.Change(func(tables *tdstest.Tables) {
		for i := range rowsBehindTheProxy {
			tables.Insert("event_schedule", i+1, 10, 5000001, nil, nil)
		}
	})
}

func realServer(t *testing.T) *url.URL {
	db := mssqltest.New(t)
	for range rowsBehindTheProxy {
		db.Schedule(10, 5000001, jobmon.NoStart)
	}
	dsn := db.URL()
	query := dsn.Query()
	query.Set("encrypt", "disable")
	dsn.RawQuery = query.Encode()
	return dsn
}

// Wherever the wire breaks, between rows, within one, or within the head of a packet, a read returns all rows or an
// error, never some of the rows; and the next one over a good wire all.
func TestWireThatBreaksInAnAnswer(t *testing.T) {
	overBrokenWires(t, func(t *testing.T, proxy *faultproxy.Proxy, open func(mssql.Options) *mssql.Source) {
		s := open(mssql.Options{})
		began := time.Now()
		all := read(t, s).Rows
		if len(all) != rowsBehindTheProxy {
			t.Fatalf("%d rows", len(all))
		}
		connecting := proxy.Passed()
		read(t, s)
		reading := proxy.Passed() - connecting
		broken := func(after int, end faultproxy.End) {
			t.Helper()
			proxy.Set(faultproxy.Fault{After: after, End: end})
			_, err := ingest.ReadAll(t.Context(), s, 0)
			if _, ok := errors.AsType[*mssql.Error](err); !ok {
				t.Errorf("after %d bytes: %v", after, err)
			}
		}
		places, end := 40, faultproxy.Cut
		if took := time.Since(began); took > 100*time.Millisecond { // where connecting takes its time
			places = 12
		}
		for i := range places { // over a connection that was good before
			broken(i*(reading-1)/(places-1), end)
			proxy.Set(faultproxy.Fault{})
			same(t, fmt.Sprintf("rows after the end of read %d", i), read(t, s).Rows, all)
			end = faultproxy.Cut + faultproxy.Reset - end
		}
		for i := range places { // while connecting
			broken(0, end)
			broken(i*(connecting-1)/(places-1), end)
			end = faultproxy.Cut + faultproxy.Reset - end
		}
		proxy.Set(faultproxy.Fault{})
		same(t, "rows", read(t, s).Rows, all)
	})
}

// A call over a wire that hangs ends with its timeout: neither before, nor later than the server has to say farewell.
func TestWireThatHangsCostsTheTimeout(t *testing.T) {
	t.Run("tdstest", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server, proxy := tdstest.InMemory(t), faultproxy.InMemory(t)
			fill(server)
			hang(t, proxy, func(o mssql.Options) *mssql.Source {
				o.DSN = server.DSN().String()
				s := source(t, o)
				s.Dial(func() net.Conn { return proxy.Join(server.Connect()) })
				return s
			}, 0)
		})
	})
	t.Run("real", func(t *testing.T) {
		overABrokenWire(t, realServer(t), func(
			t *testing.T, proxy *faultproxy.Proxy, open func(mssql.Options) *mssql.Source,
		) {
			hang(t, proxy, open, 5*time.Minute)
		})
	})
}

// hang lets a wire hang at several places; slack is how much longer than it should a call may take.
func hang(t *testing.T, proxy *faultproxy.Proxy, open func(mssql.Options) *mssql.Source, slack time.Duration) {
	const timeout = 3 * time.Second
	patient := open(mssql.Options{})
	all := read(t, patient).Rows
	connecting := proxy.Passed()
	for _, f := range []faultproxy.Fault{
		{End: faultproxy.Hang},                        // over the connection that is there
		{End: faultproxy.Hang, After: 20},             // in the login
		{End: faultproxy.Hang, After: connecting - 1}, // at the very end
		{Piece: 1, Pause: 5 * time.Millisecond},       // never silent, never done
	} {
		s := open(mssql.Options{Timeout: timeout})
		if f.End == faultproxy.Hang && f.After == 0 {
			proxy.Set(faultproxy.Fault{})
			read(t, s)
		}
		proxy.Set(f)
		began := time.Now()
		_, err := ingest.ReadAll(t.Context(), s, 0)
		took := time.Since(began)
		if !errors.Is(err, mssql.ErrTimeout) || took < timeout || took > timeout+mssql.Farewell+slack {
			t.Errorf("%+v: after %s of %s: %v", f, took, timeout, err)
		}
	}
	proxy.Set(faultproxy.Fault{})
	same(t, "rows", read(t, patient).Rows, all)
}

func TestWireThatDrips(t *testing.T) {
	overBrokenWires(t, func(t *testing.T, proxy *faultproxy.Proxy, open func(mssql.Options) *mssql.Source) {
		proxy.Set(faultproxy.Fault{Piece: 1})
		if rows := read(t, open(mssql.Options{})).Rows; len(rows) != rowsBehindTheProxy {
			t.Errorf("%d rows in single bytes", len(rows))
		}
	})
}

func TestServerThatIsRestarted(t *testing.T) {
	overBrokenWires(t, func(t *testing.T, proxy *faultproxy.Proxy, open func(mssql.Options) *mssql.Source) {
		s := open(mssql.Options{})
		all := read(t, s).Rows
		for range 3 {
			proxy.Down()
			// Which kind the first is depends on whether the system notices while the batch is sent.
			_, err := ingest.ReadAll(t.Context(), s, 0)
			if _, ok := errors.AsType[*mssql.Error](err); !ok {
				t.Errorf("the connection that was there: %v", err)
			}
			for range 2 {
				if _, err := ingest.ReadAll(t.Context(), s, 0); !errors.Is(err, mssql.ErrUnreachable) {
					t.Errorf("while it is down: %v", err)
				}
			}
			proxy.Up(t)
			same(t, "rows", read(t, s).Rows, all)
		}
	})
}

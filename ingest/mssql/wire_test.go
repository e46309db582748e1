package mssql_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
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
	run := func(t *testing.T, dsn *url.URL) {
		proxy := faultproxy.New(t, dsn.Host)
		dsn.Host = proxy.Address()
		test(t, proxy, func(o mssql.Options) *mssql.Source {
			o.DSN = dsn.String()
			return source(t, o)
		})
	}
	t.Run("tdstest", func(t *testing.T) {
		server := tdstest.New(t)
		server.Change(func(tables *tdstest.Tables) {
			for i := range rowsBehindTheProxy {
				tables.Insert("event_schedule", i+1, 10, 5000001, nil, nil)
			}
		})
		run(t, server.DSN())
	})
	t.Run("real", func(t *testing.T) {
		db := mssqltest.New(t)
		for range rowsBehindTheProxy {
			db.Schedule(10, 5000001, jobmon.NoStart)
		}
		dsn := db.URL()
		query := dsn.Query()
		query.Set("encrypt", "disable")
		dsn.RawQuery = query.Encode()
		run(t, dsn)
	})
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

func TestWireThatHangsCostsTheTimeout(t *testing.T) {
	overBrokenWires(t, func(t *testing.T, proxy *faultproxy.Proxy, open func(mssql.Options) *mssql.Source) {
		patient := open(mssql.Options{})
		began := time.Now()
		all := read(t, patient).Rows
		timeout := time.Second + 4*time.Since(began) // enough over a good wire
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
			if _, err := ingest.ReadAll(t.Context(), s, 0); !errors.Is(err, mssql.ErrTimeout) {
				t.Errorf("%+v: %v", f, err)
			}
		}
		proxy.Set(faultproxy.Fault{})
		same(t, "rows", read(t, patient).Rows, all)
	})
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

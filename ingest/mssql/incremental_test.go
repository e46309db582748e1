package mssql_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// poll runs a poller until stop is called, which the end of the test does otherwise.
func poll(t *testing.T, s ingest.Source, l *ledger, o ingest.Options) (p *ingest.Poller, stop func()) {
	t.Helper()
	o.Settings, o.Logger = jobmon.DefaultSettings(), zerolog.Nop()
	p = ingest.New(s, l, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop = func() {
		if cancel == nil {
			return
		}
		cancel()
		cancel = nil
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return p, stop
}

// reads lets a test wait for the next good read.
type reads struct {
	mu   sync.Mutex
	more chan struct{} // closed and made anew by each
}

func (r *reads) note(jobmon.Instant, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.more)
	r.more = make(chan struct{})
}

func (r *reads) wait() {
	r.mu.Lock()
	more := r.more
	r.mu.Unlock()
	<-more
}

// rowsOf are the rows of event_schedule as the server holds them.
func rowsOf(server *tdstest.Server) map[jobmon.ScheduleID]jobmon.Row {
	rows := map[jobmon.ScheduleID]jobmon.Row{}
	server.Change(func(tables *tdstest.Tables) {
		for _, cells := range tables.ByName["event_schedule"].Rows {
			r := jobmon.Row{
				ID: jobmon.ScheduleID(cells[0].(int)), Job: jobmon.JobID(cells[1].(int)), Computer: 5000001,
				Start: jobmon.NoStart,
			}
			if cells[3] != nil {
				r.Status = jobmon.StatusOf(jobmon.Code(cells[3].(int)))
			}
			rows[r.ID] = r
		}
	})
	return rows
}

// tableOf are the rows of event_schedule as a mirror has them.
func tableOf(m *jobmon.Mirror) map[jobmon.ScheduleID]jobmon.Row {
	rows := map[jobmon.ScheduleID]jobmon.Row{}
	for r := range m.Rows.All() {
		rows[r.ID] = r
	}
	return rows
}

// Law 3 over the wire: whatever happens to the rows between two reads, those that had not finished at one of them are
// told at once, and all after a full read.
func TestTDSHistories(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	lawtest.Check(t, func(rt *rapid.T) {
		server.Change(func(tables *tdstest.Tables) { tables.ByName["event_schedule"].Rows = nil })
		l := newLedger()
		reads := &reads{more: make(chan struct{})}
		_, stop := poll(t, s, l, ingest.Options{Interval: time.Millisecond, Reconcile: time.Hour, Covered: reads.note})
		reads.wait()
		before := map[jobmon.ScheduleID]jobmon.Row{}
		for range rapid.IntRange(1, 6).Draw(rt, "reads") {
			for range rapid.IntRange(0, 5).Draw(rt, "changes") {
				cells := []any{rapid.IntRange(1, 5).Draw(rt, "id") * rapid.SampledFrom([]int{
					1, 1000,
				}).Draw(rt, "thousand"),
					rapid.IntRange(1, 2).Draw(rt, "job"), 5000001,
					rapid.SampledFrom([]any{nil, -1, 0, 1603}).Draw(rt, "status"), nil}
				remove := rapid.Bool().Draw(rt, "remove")
				server.Change(func(tables *tdstest.Tables) {
					schedule := tables.ByName["event_schedule"]
					schedule.Rows = slices.DeleteFunc(schedule.Rows, func(row []any) bool { return row[0] == cells[0] })
					if !remove {
						schedule.Rows = append(schedule.Rows, cells)
					}
				})
			}
			reads.wait() // which may have begun before the changes
			reads.wait()
			after := rowsOf(server)
			for id := range jobmon.ScheduleID(5001) {
				was, is := before[id], after[id]
				_, wasThere := before[id]
				_, isThere := after[id]
				if wasThere && !was.Status.Finished() || isThere && !is.Status.Finished() {
					if got, told := l.mirror.Rows.Get(id); told != isThere || got != is {
						rt.Fatalf("the log says of row %d %+v (%t), the table %+v (%t)", id, got, told, is, isThere)
					}
				}
			}
			before = after
		}
		stop()
		l.reread(t, s)
		if want := rowsOf(server); !maps.Equal(tableOf(l.mirror), want) {
			rt.Fatalf("after a full read the log says\n%v\nthe table\n%v", tableOf(l.mirror), want)
		}
	})
}

// reread lets another run read once, everything.
func (l *ledger) reread(t *testing.T, s ingest.Source) {
	_, stop := poll(t, s, l, ingest.Options{Interval: time.Hour, Previous: ingest.Previous{Read: true}})
	defer stop()
	l.await(t, "another run's read", func(told []jobmon.Event) bool {
		return count(slices.DeleteFunc(slices.Clone(told), func(e jobmon.Event) bool {
			return e.Flags.Has(jobmon.Inexact)
		}), jobmon.KindDaemonStarted) == 2
	})
}

// A table of several pages is purged behind our back.
func TestTDSPages(t *testing.T) {
	const many, left = 12_000, 300
	server, s := overTDS(t, mssql.Options{})
	server.Change(func(tables *tdstest.Tables) {
		for i := range many {
			tables.Insert("event_schedule", 3*i-9000, 10, 5000001, i%4, nil)
		}
	})
	l := newLedger()
	poll(t, s, l, ingest.Options{Interval: 20 * time.Millisecond, Reconcile: time.Millisecond})
	l.await(t, "all rows", func(told []jobmon.Event) bool { return count(told, jobmon.KindScheduled) == many })
	if got := l.copy(); !maps.Equal(got, rowsOf(server)) {
		t.Error("the log says something else than the table")
	}
	server.Change(func(tables *tdstest.Tables) {
		schedule := tables.ByName["event_schedule"]
		schedule.Rows = slices.DeleteFunc(schedule.Rows, func(row []any) bool { return row[0].(int)%(many/left) != 0 })
	})
	want := rowsOf(server)
	l.await(t, "the purge", func(told []jobmon.Event) bool { return count(told, jobmon.KindRemoved) >= many-len(want) })
	if got := l.copy(); !maps.Equal(got, want) {
		t.Errorf("%d rows in the log, %d in the table", len(got), len(want))
	}
	for _, batch := range server.Batches() {
		if n := strings.Count(batch, ","); tdstest.Name(batch) == "lookup" && n > 1100 {
			t.Errorf("some %d ids looked up at once", n)
		}
	}
}

func (l *ledger) copy() map[jobmon.ScheduleID]jobmon.Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tableOf(l.mirror)
}

// Without row versions a scan may meet a row twice that moves meanwhile: the later meeting counts, and it is one row.
func TestTDSARowThatMoves(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	server.Change(func(tables *tdstest.Tables) {
		tables.Insert("event_schedule", 7, 10, 5000001, nil, nil)
		tables.Insert("event_schedule", 3, 10, 5000001, nil, nil)
		tables.Insert("event_schedule", 7, 10, 5000001, -1, nil)
	})
	want := []jobmon.Row{
		{ID: 3, Job: 10, Computer: 5000001, Start: jobmon.NoStart},
		{ID: 7, Job: 10, Computer: 5000001, Start: jobmon.NoStart, Status: jobmon.StatusRunning},
	}
	quick, err := s.Read(t.Context(), ingest.Query{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a quick read", quick.Rows, want)
	rows, _, err := s.Page(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a page", rows, want)
	same(t, "everything", read(t, s).Rows, want)
}

// A page that ends in a row which cannot be used is no reason to read it for ever.
func TestTDSPageBorders(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	server.Change(func(tables *tdstest.Tables) {
		for i := range 5000 {
			job := any(10)
			if i == 4999 {
				job = nil
			}
			tables.Insert("event_schedule", i, job, 5000001, 0, nil)
		}
		tables.Insert("event_schedule", 7000, 10, 5000001, 0, nil)
	})
	rows, through, err := s.Page(t.Context(), -5)
	if err != nil || len(rows) != 4999 || through != 4999 {
		t.Fatalf("%d rows through %d, %v", len(rows), through, err)
	}
	rows, through, err = s.Page(t.Context(), through+1)
	if err != nil || fmt.Sprint(rows, through) != fmt.Sprint([]jobmon.Row{
		{ID: 7000, Job: 10, Computer: 5000001, Status: jobmon.StatusOf(0), Start: jobmon.NoStart},
	}, 1<<31-1) {
		t.Errorf("%v through %d, %v", rows, through, err)
	}
}

func TestTDSNamesOfWhatIsNew(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	server.Change(func(tables *tdstest.Tables) {
		tables.Insert("event_folder", 1, "Clients", nil)
		tables.Insert("computer_group", 20, "Room 1")
		tables.Insert("event", 10, 1, "Office", nil)
		tables.Insert("event", 11, 1, "other", nil)
		tables.Insert("computer", 5000001, 20, "PC-0001", "PC-0001")
	})
	found, err := s.Lookup(t.Context(), ingest.IDs{
		Jobs: []jobmon.JobID{10, 99}, Computers: []jobmon.ComputerID{5000001},
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "found", found, &jobmon.Snapshot{
		Jobs:      []jobmon.Job{{ID: 10, Name: "Office", Folder: "Clients"}},
		Computers: []jobmon.Computer{{ID: 5000001, Name: "PC-0001", OSName: "PC-0001", Group: "Room 1"}},
	})
}

func TestTDSCost(t *testing.T) {
	server, s := overTDS(t, mssql.Options{})
	server.Change(func(tables *tdstest.Tables) {
		for i := range 100 {
			tables.Insert("event_schedule", i, 10, 5000001, nil, nil)
		}
	})
	if c := s.Cost(); c != (ingest.Cost{}) {
		t.Errorf("before the first read: %+v", c)
	}
	if _, err := s.Read(t.Context(), ingest.Query{}); err != nil {
		t.Fatal(err)
	}
	connected := s.Cost()
	if _, err := s.Read(t.Context(), ingest.Query{}); err != nil {
		t.Fatal(err)
	}
	c := s.Cost()
	if c.Batches != connected.Batches+1 || c.Batches != uint64(len(server.Batches())) || c.Rows != connected.Rows+101 {
		t.Errorf("one read: %+v, then %+v; %d batches came", connected, c, len(server.Batches()))
	}
	// 100 rows of three numbers and two NULLs
	if n := c.Bytes - connected.Bytes; n < 100*(3*5+2) || n > 100*40 {
		t.Errorf("%d bytes for a read of 100 rows", n)
	}
}

package mssql_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// What is compared: computers that are deployed side by side for an hour, and read every 5 s.
const (
	cyclesPerMinute = 12
	minutes         = 60
	cyclesPerJob    = minutes * cyclesPerMinute / jobsEach
	asksPerMinute   = 20 // of a client that asks every 3 s
	passEvery       = 5  // minutes
	refreshesAtMost = 240
)

func fleets() []int { return []int{1, 100, 1000} }

// fleet is a test server with deployments under way.
type fleet struct {
	*tdstest.Server
	*stepped
	computers, cycles int
}

func newFleet(t testing.TB, computers int) *fleet {
	server := onTDS(t, computers, deploying(firstRow, 5000001, computers))
	f := &fleet{Server: server, stepped: step(t, server.DSN().String(), computers, time.Hour), computers: computers}
	f.cycle() // reads everything
	return f
}

// advance ends the running job of every computer that is due and starts the next. After its last job a computer begins
// anew.
func (f *fleet) advance() {
	f.Change(func(tables *tdstest.Tables) {
		rows := tables.ByName["event_schedule"].Rows
		for computer := f.cycles % cyclesPerJob; computer < f.computers; computer += cyclesPerJob {
			jobs := rows[computer*jobsEach:][:jobsEach]
			running := 0
			for jobs[running][3] != -1 {
				running++
			}
			jobs[running][3] = 0
			if running+1 < jobsEach {
				jobs[running+1][3] = -1
				continue
			}
			for _, cells := range jobs[1:] {
				cells[3] = nil
			}
			jobs[0][3] = -1
		}
	})
	f.cycles++
}

// statements counts what the daemon sends in a minute, each with changes before it or with none.
func (f *fleet) statements(changing bool) (batches, selects int) {
	before := len(f.Batches())
	for range cyclesPerMinute {
		if changing {
			f.advance()
		}
		f.cycle()
	}
	sent := f.Batches()[before:]
	for _, text := range sent {
		selects += strings.Count(text, "\nSELECT ")
	}
	return len(sent), selects
}

func TestStatementsDoNotDependOnTheNumberOfComputers(t *testing.T) {
	for _, computers := range fleets() {
		f := newFleet(t, computers)
		if batches, selects := f.statements(false); batches != cyclesPerMinute || selects != 3*cyclesPerMinute {
			t.Errorf("%d computers: %d batches with %d statements in a quiet minute", computers, batches, selects)
		}
		began := f.book.mirror.Rows.Len()
		if batches, selects := f.statements(true); batches > 2*cyclesPerMinute || selects > 4*cyclesPerMinute {
			t.Errorf("%d computers: %d batches with %d statements in a busy minute", computers, batches, selects)
		}
		if n := f.book.mirror.Rows.Len(); n != began || n != computers*jobsEach {
			t.Errorf("%d computers: %d rows became %d", computers, began, n)
		}
		f.Change(func(tables *tdstest.Tables) { // the minute was read rightly
			for _, cells := range tables.ByName["event_schedule"].Rows {
				want := jobmon.StatusNull
				if cells[3] != nil {
					want = jobmon.StatusOf(jobmon.Code(cells[3].(int)))
				}
				if got, _ := f.book.mirror.Rows.Get(jobmon.ScheduleID(cells[0].(int))); got.Status != want {
					t.Errorf("%d computers: row %d is %v instead of %v", computers, cells[0], got.Status, want)
				}
			}
		})
	}
}

// BenchmarkStatements counts what the daemon sends to the server in a minute in which jobs end and start on all
// computers, 90 s each, and what it sends in a quiet one. An op is a busy minute's twelve cycles, without the pauses
// between them. Not counted are passes, whose number of pages follows the number of rows, and reads that scripts ask
// for. clients and markers are the statements of the two ways that this replaces, which follow from how often each is
// sent.
func BenchmarkStatements(b *testing.B) {
	for _, computers := range fleets() {
		b.Run(fmt.Sprintf("tds/computers=%d", computers), func(b *testing.B) {
			f := newFleet(b, computers)
			quiet, quietSelects := f.statements(false)
			batches, selects, before := 0, 0, f.source.Cost().Bytes
			for b.Loop() {
				n, s := f.statements(true)
				batches, selects = batches+n, selects+s
			}
			b.ReportMetric(float64(quiet), "quiet-batches/min")
			b.ReportMetric(float64(quietSelects), "quiet-selects/min")
			b.ReportMetric(float64(batches)/float64(b.N), "batches/min")
			b.ReportMetric(float64(selects)/float64(b.N), "selects/min")
			b.ReportMetric(per(f.source.Cost().Bytes-before, b.N)/1e3, "kB/min")
			b.ReportMetric(float64(asksPerMinute*computers), "clients/min")
			b.ReportMetric(float64(markersEach*computers)/minutes, "markers/min")
		})
	}
}

// BenchmarkServerTime compares what the server spends on a computer that is deployed for an hour: read centrally, by
// its own queries, and by function calls at its markers. The table holds 500,000 finished rows; with and without an
// index on computer_id, which helps the other two and of which nobody knows whether DS has it.
//
// An op is a quick read, a look-up of the rows that end in a cycle, and three of each of the others' statements. The
// times are medians as seen by the client, each over one kept connection: what an engine reports about processor time
// differs too much. The figures per computer count, for an hour, 720 reads, a look-up for each cycle in which a job
// ends, and 12 passes; 1,200 queries; 12 calls. refreshed is the first together with a read for each marker, of which
// there are at most 240 a minute.
func BenchmarkServerTime(b *testing.B) {
	mssqltest.ServerDSN(b)
	for _, index := range []bool{false, true} {
		db := onSQLServer(b, 0, history(firstRow, finishedRows))
		db.Exec(progressFunction)
		if index {
			db.Exec("CREATE INDEX by_computer ON event_schedule (computer_id)")
		}
		there := 0
		for _, computers := range fleets() {
			more := deploying(firstRow+finishedRows+there*jobsEach, 5000001+there, computers-there)
			db.Exec(more.insert())
			db.Exec(
				fmt.Sprintf(
					"INSERT INTO sessions SELECT 5000001 + n, 1 FROM thousand WHERE n >= %d AND n < %d", there,
					computers,
				),
			)
			there = computers
			b.Run(fmt.Sprintf("index=%t/computers=%d", index, computers), func(b *testing.B) {
				serverTime(b, db, computers)
			})
		}
	}
}

// pass reads everything as the poller does and returns how long the source took.
func (p *stepped) pass() time.Duration {
	began := time.Now()
	for from := jobmon.ScheduleID(math.MinInt32); ; {
		_, through, err := p.source.Source.Page(p.t.Context(), from)
		if err != nil {
			p.t.Fatal(err)
		}
		if through == math.MaxInt32 {
			break
		}
		from = through + 1
	}
	if _, err := p.source.Source.Names(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	return time.Since(began)
}

func serverTime(b *testing.B, db *mssqltest.DB, computers int) {
	daemon := step(b, db.DSN(), computers, time.Hour)
	daemon.cycle()
	pass := daemon.pass()
	client := mssqltest.Open(b, db.DSN())
	askOwnProgress(b, client, 5000001) // logs in, and plans as often-sent statements are planned
	askFunction(b, client, 5000001)
	ended := ingest.IDs{Rows: make([]jobmon.ScheduleID, max(1, computers/cyclesPerJob))}
	for n := range ended.Rows {
		ended.Rows[n] = jobmon.ScheduleID(firstRow + finishedRows + n*cyclesPerJob*jobsEach)
	}
	timed := func(times *[]time.Duration, work func()) {
		began := time.Now()
		work()
		*times = append(*times, time.Since(began))
	}
	// A cycle, a look-up and the others take turns, so that whatever else the machine does meets all of them.
	var reads, lookups, queries, calls []time.Duration
	op := 0
	for b.Loop() {
		reads = append(reads, daemon.cycle()["read"].took)
		timed(&lookups, func() {
			if found, err := daemon.source.Source.Lookup(b.Context(), ended); err != nil ||
				len(found.Rows) != len(ended.Rows) {
				b.Fatal(len(found.Rows), err)
			}
		})
		for range 3 {
			op++
			computer := 5000001 + op*37%computers
			timed(&queries, func() {
				if n := len(askOwnProgress(b, client, computer)); n != jobsEach {
					b.Fatalf("%d rows", n)
				}
			})
			timed(&calls, func() {
				if n := strings.Count(askFunction(b, client, computer), "="); n != markersEach {
					b.Fatalf("%d markers", n)
				}
			})
		}
	}
	read, lookup, query, call := median(reads), median(lookups), median(queries), median(calls)
	const cycles = minutes * cyclesPerMinute
	busy := min(cycles, computers*jobsEach) // of the cycles
	central := ms(cycles*read+time.Duration(busy)*lookup+minutes/passEvery*pass) / float64(computers)
	refreshes := min(markersEach*computers, refreshesAtMost*minutes)
	b.ReportMetric(ms(read), "read-ms")
	b.ReportMetric(ms(lookup), "lookup-ms")
	b.ReportMetric(ms(pass), "pass-ms")
	b.ReportMetric(ms(query), "query-ms")
	b.ReportMetric(ms(call), "call-ms")
	b.ReportMetric(central, "central-ms/computer")
	b.ReportMetric(central+ms(read)*float64(refreshes)/float64(computers), "refreshed-ms/computer")
	b.ReportMetric(asksPerMinute*minutes*ms(query), "clients-ms/computer")
	b.ReportMetric(markersEach*ms(call), "markers-ms/computer")
}

package mssql_test

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

const (
	finishedRows = 500_000
	activeRows   = 2_000
	activeOn     = activeRows / jobsEach // computers
	// so that the newest id is 999 above whole thousands, where a quick read asks for most
	firstRow = 1000
)

func active(first, step int) block {
	return block{
		first: first, step: step, count: activeRows, computer: 5000001, computers: activeOn,
		start: "2026-11-22T12:00:00",
	}
}

// layout is where the active rows lie among the finished ones, of which there are so many.
type layout struct {
	name   string
	blocks func(finished int) []block // those of the active rows alone for 0
}

// layouts are the best case, one as in use (half of the deployments' rows have finished), and the worst.
func layouts() []layout {
	return []layout{
		{"newest", func(finished int) []block {
			return []block{active(firstRow+finished, 1), history(firstRow, finished)}
		}},
		{"among", func(finished int) []block {
			others := history(firstRow+finished-activeRows+1, min(finished, activeRows))
			others.step = 2
			older := finished - others.count
			return []block{active(firstRow+older, 2), history(firstRow, older), others}
		}},
		{"oldest", func(finished int) []block {
			return []block{active(firstRow, 1), history(firstRow+activeRows, finished)}
		}},
	}
}

// server is one that a benchmark reads.
type server struct {
	name string
	open func(t testing.TB, agents int, blocks ...block) (dsn string)
}

func servers() []server {
	return []server{
		{"tds", func(t testing.TB, agents int, blocks ...block) string {
			return onTDS(t, agents, blocks...).DSN().String()
		}},
		{"sqlserver", func(t testing.TB, agents int, blocks ...block) string {
			return onSQLServer(t, agents, blocks...).DSN()
		}},
	}
}

// Of a quiet cycle, finished rows cost nothing but those with the newest ids.
func TestAQuietCycleFollowsTheActiveRows(t *testing.T) {
	for _, l := range layouts() {
		alone := step(t, onTDS(t, activeOn, l.blocks(0)...).DSN().String(), activeOn, time.Hour)
		among := step(t, onTDS(t, activeOn, l.blocks(20_000)...).DSN().String(), activeOn, time.Hour)
		alone.cycle()
		among.cycle()
		for range 3 {
			before, got := alone.cycle(), among.cycle()
			for _, took := range []map[string]spent{before, got} {
				if read := took["read"]; len(took) != 1 || read.calls != 1 || read.Batches != 1 {
					t.Errorf("%s: a quiet cycle took %+v", l.name, took)
				}
			}
			most := map[string]uint64{"newest": 0, "among": 1000, "oldest": 1999}[l.name]
			if more := got["read"].Rows - before["read"].Rows; more > most {
				t.Errorf(
					"%s: %d rows, %d without the finished ones: %d more instead of %d", l.name, got["read"].Rows,
					before["read"].Rows, more, most,
				)
			}
		}
	}
}

// BenchmarkQuiet is what a cycle takes in which nothing changed: 2,000 active rows of 50 computers, with 500,000
// finished ones and, in the same run, without. An op is a cycle of the poller; x-rows and x-bytes are the ratios, which
// must stay below 1.5; read-ms and without-ms are medians of the read with and without the finished rows. heap is the
// memory that the rows and what finds them take, once they are read.
//
// Over the test server, which has no index and no engine, only rows and bytes mean something.
func BenchmarkQuiet(b *testing.B) {
	for _, on := range servers() {
		for _, l := range layouts() {
			b.Run(on.name+"/active="+l.name, func(b *testing.B) {
				without := step(b, on.open(b, activeOn, l.blocks(0)...), activeOn, time.Hour)
				without.cycle()
				base, baseTook := quiet(without, func(n int) bool { return n < 20 })
				dsn, before := on.open(b, activeOn, l.blocks(finishedRows)...), heap()
				with := step(b, dsn, activeOn, time.Hour)
				with.cycle()
				got, took := quiet(with, func(int) bool { return b.Loop() })
				b.ReportMetric(per(got.Rows, got.calls), "rows/op")
				b.ReportMetric(per(got.Bytes, got.calls), "bytes/op")
				b.ReportMetric(per(got.Batches, got.calls), "batches/op")
				b.ReportMetric(ms(took), "read-ms")
				b.ReportMetric(ms(baseTook), "without-ms")
				b.ReportMetric(heap()-before, "heap-MiB")
				b.ReportMetric(per(got.Rows, got.calls)/per(base.Rows, base.calls), "x-rows")
				b.ReportMetric(per(got.Bytes, got.calls)/per(base.Bytes, base.calls), "x-bytes")
			})
		}
	}
}

// quiet adds up quiet cycles while more says so; took is the median of their reads.
func quiet(p *stepped, more func(n int) bool) (sum spent, took time.Duration) {
	before := p.source.spent["read"]
	var each []time.Duration
	for n := 0; more(n); n++ {
		cycle := p.cycle()
		if len(cycle) != 1 {
			p.t.Fatalf("not a quiet cycle: %+v", cycle)
		}
		each = append(each, cycle["read"].took)
	}
	return p.source.spent["read"].minus(before), median(each)
}

func median(each []time.Duration) time.Duration {
	slices.Sort(each)
	return each[len(each)/2]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func per(total uint64, n int) float64 { return float64(total) / float64(n) }

// BenchmarkFullRead is what reading everything takes: 500,000 finished rows, 2,000 active ones, the names. An op is a
// pass as it comes every five minutes, without the quick reads between its pages; first is the first read over a
// connection, logging in and the comparison included.
func BenchmarkFullRead(b *testing.B) {
	for _, on := range servers() {
		b.Run(on.name, func(b *testing.B) {
			dsn := on.open(b, activeOn, layouts()[0].blocks(finishedRows)...)
			p := step(b, dsn, activeOn, time.Nanosecond) // the next pass begins at once
			began := time.Now()
			p.cycle()
			took, first := time.Since(began), p.source.Cost()
			start, passes := p.source.spent["pass"], 0
			pages := start.calls
			for b.Loop() {
				for range pages { // a cycle this short has one of them
					p.cycle()
				}
				passes++
			}
			b.ReportMetric(took.Seconds(), "first-s")
			b.ReportMetric(float64(first.Bytes)/1e6, "first-MB")
			b.ReportMetric(float64(first.Batches), "first-batches")
			pass := p.source.spent["pass"].minus(start)
			b.ReportMetric(pass.took.Seconds()/float64(passes), "pass-s")
			b.ReportMetric(per(pass.Bytes, passes)/1e6, "pass-MB")
			b.ReportMetric(per(pass.Batches, passes), "pass-batches")
			b.ReportMetric(per(pass.Rows, passes), "pass-rows")
		})
	}
}

func heap() (mib float64) {
	runtime.GC()
	runtime.GC() // what finalizers hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

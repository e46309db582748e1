package daemon_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	steadyComputers = 1000 // each of them in its deployment
	steadyJobs      = 40   // rows of each deployment: one runs, the others wait

	// memoryPlan names the environment variable that makes BenchmarkMemory the process that is measured.
	memoryPlan = "JOBMON_BENCH_MEMORY"
)

// BenchmarkMemory is what a process takes in which a daemon watches 40,000 active rows of 1,000 computers, alone and
// beside rows that ended on earlier days. An op is a process of half a minute, which reads ten times a second, and
// everything every five seconds: the first one finds an empty log and tells every row, the second one takes up what the
// first has left.
//
// private is the median of its private memory (RssAnon) in the second quarter of a minute, peak the most that it ever
// had, heap what is left when all garbage is collected, start what daemon.Open took. x-private and x-heap are the bytes
// that each finished row adds.
func BenchmarkMemory(b *testing.B) {
	if plan := os.Getenv(memoryPlan); plan != "" {
		beMeasured(b, plan)
		return
	}
	began := jobmon.WallTimeOf(time.Now().UTC().Truncate(time.Minute))
	var alone [2]footprint
	for _, finished := range []int{0, 500_000, 1_240_000} {
		dir := b.TempDir()
		for i, run := range []string{"first", "restarted"} {
			b.Run(fmt.Sprintf("finished=%d/%s", finished, run), func(b *testing.B) {
				var got footprint
				for b.Loop() {
					got = measure(b, fmt.Sprint(finished, " ", int64(began), " ", dir))
				}
				const mib = 1 << 20
				b.ReportMetric(got.private/mib, "private-MiB")
				b.ReportMetric(got.peak/mib, "peak-MiB")
				b.ReportMetric(got.heap/mib, "heap-MiB")
				b.ReportMetric(got.start, "start-ms")
				if finished == 0 {
					alone[i] = got
					return
				}
				b.ReportMetric((got.private-alone[i].private)/float64(finished), "x-private")
				b.ReportMetric((got.heap-alone[i].heap)/float64(finished), "x-heap")
			})
		}
	}
}

// footprint is what a process took, in bytes, and how long it took to start, in milliseconds.
type footprint struct{ private, peak, heap, start float64 }

// measure runs the plan in a process of its own.
func measure(b *testing.B, plan string) (f footprint) {
	b.Helper()
	child := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkMemory$",
		"-test.benchtime=1x")
	child.Env = append(os.Environ(), memoryPlan+"="+plan)
	out, err := child.CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	_, figures, _ := strings.Cut(string(out), "footprint ")
	if _, err := fmt.Sscan(figures, &f.private, &f.peak, &f.heap, &f.start); err != nil {
		b.Fatalf("%v in %s", err, out)
	}
	return f
}

// beMeasured runs a daemon for half a minute and prints its footprint.
func beMeasured(b *testing.B, plan string) {
	site, dir := &steadySite{}, ""
	if _, err := fmt.Sscan(plan, &site.finished, &site.began, &dir); err != nil {
		b.Fatal(err)
	}
	settings := jobmon.DefaultSettings()
	settings.Site = "DS01"
	began := time.Now()
	d, err := daemon.Open(daemon.Options{
		DataDir: filepath.Join(dir, "data"), EvtDir: filepath.Join(dir, "evt"), Settings: settings,
		Logger:   zerolog.New(io.Discard),
		Interval: 100 * time.Millisecond, Reconcile: 5 * time.Second, Timeout: time.Minute,
	})
	if err != nil {
		b.Fatal(err)
	}
	f := footprint{start: float64(time.Since(began).Microseconds()) / 1000}

	ctx, stop := context.WithTimeout(b.Context(), 30*time.Second)
	defer stop()
	var late []float64
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for tick := time.NewTicker(10 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			now := privateMemory(b)
			if f.peak = max(f.peak, now); time.Since(began) > 15*time.Second {
				late = append(late, now)
			}
		}
	}()
	if err := d.Run(ctx, site); err != nil {
		b.Fatal(err)
	}
	<-watched
	slices.Sort(late)
	f.private = late[len(late)/2]
	runtime.GC()
	runtime.GC() // what finalizers hold
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	fmt.Println("footprint", f.private, f.peak, float64(heap.HeapAlloc), f.start)
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}

// privateMemory is that of this process, in bytes: without the log, which the system shares and can drop.
func privateMemory(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Error(err)
	}
	_, behind, _ := strings.Cut(string(text), "RssAnon:")
	kb, err := strconv.Atoi(strings.Fields(behind)[0])
	if err != nil {
		b.Error(err)
	}
	return float64(kb) * 1024
}

// steadySite is a source that keeps nothing: its rows follow from their ids, from 1 on, the finished ones before the
// active ones.
type steadySite struct {
	finished int
	began    jobmon.WallTime // when the active rows are due; the others ended days before
}

func (f *steadySite) row(id jobmon.ScheduleID) jobmon.Row {
	deployment, job := (int(id)-1)/steadyJobs, (int(id)-1)%steadyJobs
	r := jobmon.Row{
		ID: id, Job: jobmon.JobID(1 + job), Computer: jobmon.ComputerID(5_000_001 + deployment%steadyComputers),
		Start: f.began,
	}
	switch {
	case int(id) <= f.finished:
		r.Start -= jobmon.WallTime((24*time.Hour +
			time.Duration(f.finished/steadyJobs-deployment)*5*time.Minute).Milliseconds())
		r.Status = jobmon.StatusOf(0)
	case job == 0:
		r.Status = jobmon.StatusRunning
	}
	return r
}

func (f *steadySite) last() jobmon.ScheduleID {
	return jobmon.ScheduleID(f.finished + steadyComputers*steadyJobs)
}

func (f *steadySite) rows(from, through jobmon.ScheduleID) []jobmon.Row {
	rows := make([]jobmon.Row, 0, through-from+1)
	for id := from; id <= through; id++ {
		rows = append(rows, f.row(id))
	}
	return rows
}

func (f *steadySite) Read(_ context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	s := &jobmon.Snapshot{Now: jobmon.InstantOf(time.Now()),
		Rows: f.rows(max(1, min(q.Above, jobmon.ScheduleID(f.finished))+1), f.last())}
	for _, id := range q.Watch {
		s.Agents = append(s.Agents, jobmon.Agent{Computer: id, State: jobmon.AgentOnline})
	}
	return s, nil
}

func (f *steadySite) Lookup(_ context.Context, ids ingest.IDs) (*jobmon.Snapshot, error) {
	s := &jobmon.Snapshot{}
	for _, id := range ids.Rows {
		s.Rows = append(s.Rows, f.row(id))
	}
	return s, nil
}

func (f *steadySite) Page(_ context.Context, from jobmon.ScheduleID) ([]jobmon.Row, jobmon.ScheduleID, error) {
	const onPage = 5000
	if from = max(from, 1); from+onPage <= f.last() {
		return f.rows(from, from+onPage-1), from + onPage - 1, nil
	}
	return f.rows(from, f.last()), math.MaxInt32, nil
}

func (f *steadySite) Names(context.Context) (*jobmon.Snapshot, error) {
	s := busySite(0)
	s.Rows, s.Jobs = nil, slices.Clip(s.Jobs[:steadyJobs])
	return s, nil
}

func (f *steadySite) Cost() ingest.Cost { return ingest.Cost{} }

func (f *steadySite) Close() error { return nil }

package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

const (
	fleet       = 500                    // computers, each with a marker about to run
	readLatency = 20 * time.Millisecond  // as of a database on the local network
	lookAgain   = 5 * time.Millisecond   // between two looks of a script whether its request has vanished
	spacing     = 250 * time.Millisecond // of reads that are asked for, and of looks into the request folder
	askedJob    = "01. (JM) Office"
)

// BenchmarkRefresh has a daemon with its log and files on the disk asked by many scripts at the same moment, each for
// a computer of its own, one of whose rows has just changed. An op is such a burst. p50 and p99 are over the requests
// of all bursts, from before a script asks until it knows that its file is there. reads and commits are those of a
// burst; commits are the batches that hold requests, not those of what a read found.
//
// The floors are measured after each burst: the same read, a commit of as many requests to another log, and the
// files that lie there written and renamed one after the other. target is what p99 must stay below: 250 ms + two
// reads + two commits + the files.
//
// All who ask run in this process and share its processors with the daemon.
func BenchmarkRefresh(b *testing.B) {
	for _, way := range []struct {
		name string
		ask  func(ctx context.Context, o *deployment, id jobmon.ComputerID) error
	}{{"endpoint", askEndpoint}, {"folder", askFolder}} {
		for _, n := range []int{50, fleet} {
			b.Run(fmt.Sprintf("%s/at-once=%d", way.name, n), func(b *testing.B) {
				o := openDeployment(b)
				floor := newFloor(b, n)
				var took []time.Duration
				burst := func() {
					took = append(took, o.burst(b, n, func(id jobmon.ComputerID) error {
						return way.ask(b.Context(), o,
							id)
					})...)
				}
				burst() // the first one finds all computers new
				took = took[:0]
				reads, newest := o.source.reads.Load(), o.daemon.Info().Last
				phase := rand.New(rand.NewPCG(1, 2))
				for b.Loop() {
					burst()
					b.StopTimer()
					floor.measure(b, o)
					// bursts in step with the daemon would all meet it at the same moment
					<-time.After(spacing + time.Duration(phase.Int64N(int64(spacing))))
					b.StartTimer()
				}
				reads = o.source.reads.Load() - reads
				slices.Sort(took)
				b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
				b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
				b.ReportMetric(float64(reads)/float64(b.N), "reads/op")
				b.ReportMetric(float64(requestBatches(b, o.daemon, newest))/float64(b.N), "commits/op")
				floor.report(b)
			})
		}
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// requestBatches counts the batches after newest that hold requests.
func requestBatches(b *testing.B, d *daemon.Daemon, newest uint64) (n int) {
	for batch, err := range (&store.Remote{Pages: d}).Read(newest + 1) {
		if err != nil {
			b.Fatal(err)
		}
		if slices.ContainsFunc(batch.Events, func(e jobmon.Event) bool { return e.Kind == jobmon.KindRefreshed }) {
			n++
		}
	}
	return n
}

// deployment is a site whose daemon runs as the program runs it.
type deployment struct {
	daemon          *daemon.Daemon
	ds              *simulator.DS
	source          *distant
	dataDir, evtDir string
	jobs            []jobmon.Row // one of each computer, running or done
}

// distant is a source that answers after the time that a network and a database take.
type distant struct {
	ingest.Source
	reads atomic.Int64
}

func (d *distant) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	d.reads.Add(1)
	return readSlowly(ctx, d.Source, q)
}

func readSlowly(ctx context.Context, s ingest.Source, q ingest.Query) (*jobmon.Snapshot, error) {
	select {
	case <-time.After(readLatency):
		return s.Read(ctx, q)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func openDeployment(b *testing.B) *deployment {
	ds := simulator.NewDS(jobmon.InstantOf(time.Now()), 3600, 1)
	marker := ds.AddJob(askedJob, "Build", simulator.Behaviour{Script: time.Hour})
	work := ds.AddJob("Install Office", "Build", simulator.Behaviour{})
	o := &deployment{ds: ds, source: &distant{Source: ds.Source()}, dataDir: b.TempDir(), evtDir: b.TempDir()}
	for i := range fleet {
		id := ds.AddComputer(fmt.Sprintf("PC-%04d", i+1))
		rows := ds.Schedule(id, []jobmon.JobID{marker, work}, ds.WallNow())
		row, _ := ds.Row(rows[1])
		o.jobs = append(o.jobs, row)
	}
	var listener net.Listener
	options := daemon.Options{
		DataDir: o.dataDir, EvtDir: o.evtDir, Settings: jobmon.DefaultSettings(), Interval: 5 * time.Second,
		Timeout: 15 * time.Second,
		Version: "test", Logger: zerolog.Nop(), Requests: true,
	}
	options.Serve = func(ctx context.Context, d control.Daemon) error {
		return endpoint.Serve(ctx, listener, control.Handler(d), endpoint.Limits{}, options.Logger)
	}
	var err error
	if o.daemon, err = daemon.Open(options); err != nil {
		b.Fatal(err)
	}
	if listener, err = endpoint.Listen(endpoint.Options{DataDir: o.dataDir}); err != nil {
		b.Fatal(errors.Join(err, o.daemon.Close()))
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	ran := make(chan error, 1)
	go func() { ran <- o.daemon.Run(ctx, o.source) }()
	b.Cleanup(func() {
		stop()
		if err := errors.Join(<-ran, o.daemon.Close()); err != nil {
			b.Error(err)
		}
	})
	return o
}

// burst has the first n computers' rows change, then all n ask at once. It says how long each waited.
func (o *deployment) burst(b *testing.B, n int, ask func(id jobmon.ComputerID) error) []time.Duration {
	for i := range o.jobs[:n] {
		row := &o.jobs[i]
		if row.Status.Running() {
			row.Status = jobmon.StatusOf(0)
		} else {
			row.Status = jobmon.StatusRunning
		}
		o.ds.PutRow(*row)
	}
	o.ds.AdvanceTo(jobmon.InstantOf(time.Now()))
	took := make([]time.Duration, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			began := time.Now()
			if err := ask(o.jobs[i].Computer); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(began)
		})
	}
	close(begin)
	all.Wait()
	return took
}

// askEndpoint asks as "jobmon-db refresh" does, over a connection of its own.
func askEndpoint(ctx context.Context, o *deployment, id jobmon.ComputerID) error {
	client := &control.Client{Transport: &endpoint.Client{DataDir: o.dataDir}, Context: ctx}
	got, err := client.Refresh(ctx, control.RefreshRequest{Computer: id, Job: askedJob})
	if err == nil && (!got.Fresh || got.Error != "") {
		err = fmt.Errorf("computer %d was not served: %+v", id, got)
	}
	return err
}

// askFolder asks as a batch file does: it writes a file and waits for it to vanish.
func askFolder(_ context.Context, o *deployment, id jobmon.ComputerID) error {
	path := filepath.Join(o.evtDir, daemon.RequestFolder, strconv.Itoa(int(id))+".req")
	if err := os.WriteFile(path, []byte(askedJob+"\r\n"), 0o644); err != nil {
		return err
	}
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for range look.C {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// floor is the least that serving a burst can cost, in turn with the bursts.
type floor struct {
	log      *store.Log
	dir      string
	requests []jobmon.Event

	times               int
	read, commit, files time.Duration // in all
}

func newFloor(b *testing.B, n int) *floor {
	log, err := store.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { log.Close() })
	f := &floor{log: log, dir: b.TempDir()}
	for i := range n {
		f.requests = append(f.requests, jobmon.Event{
			Kind: jobmon.KindRefreshed, Computer: jobmon.ComputerID(5_000_001 + i), Name: askedJob, Sum: uint64(i),
		})
	}
	return f
}

func (f *floor) measure(b *testing.B, o *deployment) {
	contents := map[string][]byte{}
	for _, e := range f.requests {
		name := fmt.Sprintf("%d.evt", e.Computer)
		content, err := os.ReadFile(filepath.Join(o.evtDir, name))
		if err != nil {
			b.Fatal(err)
		}
		contents[filepath.Join(f.dir, name)] = content
	}
	watch := make([]jobmon.ComputerID, 0, fleet)
	for _, row := range o.jobs {
		watch = append(watch, row.Computer)
	}
	f.times++
	began := time.Now()
	s, err := readSlowly(b.Context(), o.source.Source, ingest.Query{Watch: watch})
	if err != nil {
		b.Fatal(err)
	}
	read := time.Now()
	if _, err := f.log.Append(s.Now, f.requests); err != nil {
		b.Fatal(err)
	}
	committed := time.Now()
	for path, content := range contents {
		if err := errors.Join(os.WriteFile(path+".tmp", content, 0o644), os.Rename(path+".tmp", path)); err != nil {
			b.Fatal(err)
		}
	}
	f.files += time.Since(committed)
	f.read += read.Sub(began)
	f.commit += committed.Sub(read)
}

func (f *floor) report(b *testing.B) {
	n := time.Duration(f.times)
	read, commit, files := f.read/n, f.commit/n, f.files/n
	b.ReportMetric(ms(read), "read-ms")
	b.ReportMetric(ms(commit), "commit-ms")
	b.ReportMetric(ms(files), "files-ms")
	b.ReportMetric(ms(spacing+2*read+2*commit+files), "target-ms")
}

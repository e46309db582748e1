package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// BenchmarkFleet follows the logs of 50 sites with 1,000 computers each, or as many as JOBMON_BENCH_SITES says. Each
// has the reference workload. One NATS server carries them; it, the hub and the sites share this machine.
//
//   - A hub that starts with nothing takes what has been published, beside a plain consumer that only stores the bytes.
//   - Then the sites go on at their own pace, a commit every 5 s, and a browser waits for it at the hub.
func BenchmarkFleet(b *testing.B) {
	for range b.N {
		f := newBenchFleet(b)
		floor := f.floor()
		b.ReportMetric(float64(f.events)/floor.Seconds(), "floor-events/s")
		dir, address := f.startHub()
		took, peak := f.caughtUp(dir)
		b.ReportMetric(float64(f.events)/took.Seconds(), "events/s")
		b.ReportMetric(peak/(1<<20), "peak-MiB")
		delays := f.live(address, time.Minute)
		if len(delays) == 0 {
			b.Fatalf("the hub's page has shown nothing; it took %s to catch up, and %.0f MiB", took, peak/(1<<20))
		}
		slices.Sort(delays)
		b.ReportMetric(delays[len(delays)/2].Seconds()*1000, "p50-ms")
		b.ReportMetric(delays[len(delays)*99/100].Seconds()*1000, "p99-ms")
		b.ReportMetric(float64(len(delays)), "commits")
		b.ReportMetric(private(b, f.hub.Process.Pid)/(1<<20), "MiB")
	}
}

// benchFleet is a NATS server with the streams of many sites.
type benchFleet struct {
	*testing.B
	server string
	dir    string
	sites  []*benchSite
	events int // in all streams
	hub    *exec.Cmd
}

// benchSite is a log and who publishes it.
type benchSite struct {
	name      string
	log       *store.Log
	publisher *fleet.Publisher
	next      func() (jobmon.Batch, bool)
}

func newBenchFleet(b *testing.B) *benchFleet {
	b.Helper()
	count := 50
	if text := os.Getenv("JOBMON_BENCH_SITES"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	f := &benchFleet{B: b, dir: b.TempDir()}
	f.startServer()
	workload := f.workload(inTurn)
	events := 0
	for i := range workload {
		events += len(workload[i].Events)
	}
	for i := range count {
		f.addSite(fmt.Sprintf("S%02d", i+1), workload, events*turns*5/4) // with what is purged in between
	}
	for _, s := range f.sites {
		last, _, _ := s.log.Last()
		f.events += int(last)
	}
	deadline := time.After(10 * time.Minute)
	for _, s := range f.sites {
		last, _, _ := s.log.Last()
		for tick := time.NewTicker(50 * time.Millisecond); s.publisher.State().Published < last; {
			select {
			case <-tick.C:
			case <-deadline:
				b.Fatalf("%s is not published: %+v", s.name, s.publisher.State())
			}
		}
	}
	return f
}

// workload is the reference workload of so many deployments.
func (f *benchFleet) workload(deployments int) (workload []jobmon.Batch) {
	f.Helper()
	reference(f, deployments, func(at jobmon.Instant, events []jobmon.Event) error {
		workload = append(workload, jobmon.Batch{At: at, Events: slices.Clone(events)})
		return nil
	})
	return workload
}

// A site's 1,000 computers are deployed in turns of 100.
const inTurn, turns = 100, 10

// ofAll repeats a workload until there are so many events, each time with the computers of the next turn.
func ofAll(workload []jobmon.Batch, events int) iter.Seq[jobmon.Batch] {
	return func(yield func(jobmon.Batch) bool) {
		n := 0
		for batch := range repeated(workload, events) {
			turn := n / (len(workload) + 1) % turns
			n++
			for i := range batch.Events {
				if batch.Events[i].Computer != 0 {
					batch.Events[i].Computer += jobmon.ComputerID(turn * inTurn)
				}
			}
			if !yield(batch) {
				return
			}
		}
	}
}

func (f *benchFleet) startServer() {
	f.Helper()
	config, folder := filepath.Join(f.dir, "nats.conf"), filepath.Join(f.dir, "nats")
	text := fmt.Sprintf("listen: \"127.0.0.1:-1\"\njetstream {store_dir: %q, sync_interval: always}\n", folder)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
	f.server = "nats://" + natstest.Run(f, nil, config, folder).Address()
}

// addSite makes a log of the workload's events and begins to publish it.
func (f *benchFleet) addSite(name string, workload []jobmon.Batch, events int) {
	f.Helper()
	next, stop := iter.Pull(ofAll(workload, 2*events))
	f.Cleanup(stop)
	built, dir := filepath.Join(f.dir, name+".built"), filepath.Join(f.dir, name)
	first := func(yield func(jobmon.Batch) bool) {
		for n := 0; n < events; {
			batch, ok := next()
			if !ok || !yield(batch) {
				return
			}
			n += len(batch.Events)
		}
	}
	id := fmt.Sprintf("%032x", len(f.sites)+1)
	err := store.Build(f.Context(), built, id, name, numbered(first))
	if err == nil {
		_, err = store.Restore(f.Context(), dir, built, store.RestoreOptions{})
	}
	s := &benchSite{name: name, next: next}
	if err == nil {
		s.log, err = store.Open(dir, store.Options{})
	}
	if err == nil {
		err = os.Remove(built)
	}
	if err != nil {
		f.Fatal(err)
	}
	settings := f.init(name)
	s.publisher = fleet.NewPublisher(fleet.PublisherOptions{Site: name, DSName: name, Program: "bench", Log: s.log,
		Settings: settings, Logger: zerolog.Nop(), Beat: func() fleet.Beat {
			last, at, _ := s.log.Last()
			return fleet.Beat{LogID: s.log.ID(), Last: last, Covered: at}
		}})
	ctx, end := context.WithCancel(f.Context())
	var running sync.WaitGroup
	running.Go(func() { s.publisher.Run(ctx) })
	f.Cleanup(func() {
		end()
		running.Wait()
		_ = s.log.Close()
	})
	f.sites = append(f.sites, s)
}

// init makes the stream of a site and returns how it is reached.
func (f *benchFleet) init(site string) fleet.Settings {
	f.Helper()
	settings := fleet.Settings{Servers: []string{f.server}}
	c, err := fleet.Connect(f.Context(), settings, "bench", fleet.HubInbox, zerolog.Nop())
	if err == nil {
		defer c.Close()
		_, err = c.Init(f.Context(), fleet.InitOptions{Site: site})
	}
	if err != nil {
		f.Fatal(err)
	}
	return settings
}

// floor stores the bytes of all streams in files, synced every 4 MiB, which is about what the hub appends at once.
func (f *benchFleet) floor() time.Duration {
	f.Helper()
	began := time.Now()
	failed := make(chan error, len(f.sites))
	turns := make(chan struct{}, 8) // more at once are cut off, as they read too slowly
	for _, s := range f.sites {
		go func() {
			turns <- struct{}{}
			failed <- f.keepBytes(s.name)
			<-turns
		}()
	}
	for range f.sites {
		if err := <-failed; err != nil {
			f.Fatal(err)
		}
	}
	return time.Since(began)
}

func (f *benchFleet) keepBytes(site string) error {
	ctx, stop := context.WithTimeout(f.Context(), 5*time.Minute) // many ask at once
	defer stop()
	c, err := nats.Connect(f.server)
	if err != nil {
		return err
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, fleet.StreamOf(site))
	if err != nil {
		return err
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxBytes(8 << 20))
	if err != nil {
		return err
	}
	defer messages.Stop()
	file, err := os.Create(filepath.Join(f.dir, site+".floor"))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	unsynced := 0
	for left := stream.CachedInfo().State.Msgs; left > 0; left-- {
		m, err := messages.Next()
		if err != nil {
			return err
		}
		if _, err := file.Write(m.Data()); err != nil {
			return err
		}
		if unsynced += len(m.Data()); unsynced < 4<<20 && left > 1 {
			continue
		}
		unsynced = 0
		if err := file.Sync(); err != nil {
			return err
		}
	}
	return os.Remove(file.Name())
}

// program builds the program.
func program(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "jobmon-db")
	build := exec.Command("go", "build", "-o", path, "./cmd/jobmon-db")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build the program: %v: %s", err, out)
	}
	return path
}

// startHub starts a hub with nothing, and returns its data folder and the address of its pages.
func (f *benchFleet) startHub() (dir, address string) {
	f.Helper()
	address = natstest.FreePorts(f, 1)[0]
	dir, err := os.MkdirTemp("", "hub") // a longer path has its socket elsewhere
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = os.RemoveAll(dir) })
	f.hub = run(f.B, program(f.B), dir, "hub", fmt.Sprintf("data_dir: %s\nhttp: {listen: %q}\nhub: {nats: [%q]}\n",
		dir, address, f.server))
	return dir, address
}

// run starts the program with a configuration; it ends with the benchmark.
func run(b *testing.B, path, dir, command, config string) *exec.Cmd {
	b.Helper()
	file := filepath.Join(dir, "jobmon-db.yaml")
	if err := os.WriteFile(file, []byte("log: {level: error}\n"+config), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path, command, "--config", file)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "JOBMON_BENCH_") })
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// caughtUp waits until the hub has everything. It returns how long that took and what private memory the hub had at
// most.
func (f *benchFleet) caughtUp(dir string) (took time.Duration, peak float64) {
	f.Helper()
	client := &control.Client{Transport: &endpoint.Client{DataDir: dir}, Context: f.Context()}
	began := time.Now()
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		peak = max(peak, private(f, f.hub.Process.Pid))
		sites, err := client.Fleet(f.Context())
		all := 0
		for _, s := range sites {
			all += int(s.Has)
		}
		if err == nil && all == f.events {
			return time.Since(began), peak
		}
		if time.Since(began) > 10*time.Minute {
			f.Fatalf("the hub has %d of %d events: %+v, %v", all, f.events, sites, err)
		}
	}
}

// private is the memory of a process that it shares with nobody, in bytes.
func private(tb testing.TB, pid int) float64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	_, behind, ok := strings.Cut(string(text), "RssAnon:")
	if !ok {
		tb.Fatal("the program has ended")
	}
	kb, err := strconv.Atoi(strings.Fields(behind)[0])
	if err != nil {
		tb.Fatal(err)
	}
	return float64(kb) * 1024
}

// live lets the sites commit and returns how long each commit took to a page of the hub.
func (f *benchFleet) live(address string, long time.Duration) []time.Duration {
	f.Helper()
	ctx, stop := context.WithTimeout(f.Context(), long)
	defer stop()
	p := &page{waiting: map[string]time.Time{}}
	var working sync.WaitGroup
	working.Go(func() { p.read(ctx, address) })
	for i, s := range f.sites {
		working.Go(func() {
			pause := time.NewTimer(10*time.Second + poll*time.Duration(i)/time.Duration(len(f.sites)))
			for {
				select {
				case <-ctx.Done():
					return
				case <-pause.C:
				}
				pause.Reset(poll)
				batch, ok := s.next()
				if !ok {
					f.Error("the workload has ended")
					return
				}
				committed, err := s.log.Append(batch.At, batch.Events)
				if err != nil {
					f.Error(err)
					return
				}
				p.await(s.name, &committed)
				s.publisher.Committed()
			}
		})
	}
	working.Wait()
	return p.delays
}

// page is a browser at the hub.
type page struct {
	mu      sync.Mutex
	waiting map[string]time.Time // when what a computer's row shows next was committed
	delays  []time.Duration
}

// await begins to wait for the computers of a batch.
func (p *page) await(site string, b *jobmon.Batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for i := range b.Events {
		if e := &b.Events[i]; e.Kind.OfRow() {
			p.waiting[fmt.Sprintf("%s/%d", site, e.Computer)] = now
		}
	}
}

var rowOfPage = regexp.MustCompile(`"id":"([^"]+)"`)

// read reads what the hub sends to an open board.
func (p *page) read(ctx context.Context, address string) {
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+"/api/v1/stream?page=board&lang=en", nil)
	if err != nil {
		return
	}
	answer, err := (&http.Transport{DisableCompression: true, DialContext: (&net.Dialer{}).DialContext}).RoundTrip(r)
	if err != nil {
		return
	}
	defer func() { _ = answer.Body.Close() }()
	for from := bufio.NewReaderSize(answer.Body, 1<<20); ; {
		line, err := from.ReadBytes('\n')
		if err != nil {
			return
		}
		if !bytes.HasPrefix(line, []byte(`data: {"rows"`)) {
			continue
		}
		now := time.Now()
		p.mu.Lock()
		for _, id := range rowOfPage.FindAllSubmatch(line, -1) {
			if at, ok := p.waiting[string(id[1])]; ok {
				p.delays = append(p.delays, now.Sub(at))
				delete(p.waiting, string(id[1]))
			}
		}
		p.mu.Unlock()
	}
}

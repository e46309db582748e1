package bench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/store"
)

// BenchmarkFleetSite is what publishing costs a site of 1,000 computers: the processor time of the program with a fleet
// beside that of one without, which watches the same made-up server at the same time; and how long a commit takes.
func BenchmarkFleetSite(b *testing.B) {
	for range b.N {
		f := &benchFleet{B: b, dir: b.TempDir()}
		f.startServer()
		processors(f)
		commits(f)
	}
}

func processors(f *benchFleet) {
	f.Helper()
	path := program(f.B)
	var used [2]time.Duration
	var pids [2]int
	for i := range pids {
		dir := f.TempDir()
		config := fmt.Sprintf("site: S01\ndata_dir: %s\nevt: {dir: %s}\nsource: {kind: simulator, poll_interval: 1s}\n"+
			"simulator: {computers: 1000, speed: 10, seed: 1}\n", dir, filepath.Join(dir, "evt"))
		if i == 1 {
			f.init("S01")
			config += fmt.Sprintf("fleet: {nats: [%q]}\n", f.server)
		}
		pids[i] = run(f.B, path, dir, "run", config).Process.Pid
	}
	pause := func(d time.Duration) { <-time.After(d) }
	pause(20 * time.Second)
	for i, pid := range pids {
		used[i] = -onProcessor(f, pid)
	}
	pause(2 * time.Minute)
	for i, pid := range pids {
		used[i] += onProcessor(f, pid)
	}
	f.ReportMetric(used[0].Seconds()/120*100, "alone-%core")
	f.ReportMetric(used[1].Seconds()/120*100, "fleet-%core")
	f.ReportMetric(float64(used[1])/float64(used[0]), "processor-ratio")
}

// onProcessor is the processor time of a process's threads.
func onProcessor(f *benchFleet, pid int) (sum time.Duration) {
	f.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		f.Fatalf("no threads: %v", err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			f.Fatal(err)
		}
		n, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			f.Fatal(err)
		}
		sum += time.Duration(n)
	}
	return sum
}

// commits appends the reference workload to a log that is published and to one that is not, in turn, 20 commits a
// second in each.
func commits(f *benchFleet) {
	f.Helper()
	workload := f.workload(100)
	f.addSite("S02", workload[:1], 1)
	alone, err := store.Open(f.TempDir(), store.Options{Site: "S02"})
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = alone.Close() }()
	var took [2][]time.Duration
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for i := range 2 * min(1200, len(workload)-1) {
		<-tick.C
		batch := &workload[1+i/2]
		began := time.Now()
		if i%2 == 0 {
			_, err = alone.Append(batch.At, batch.Events)
		} else if _, err = f.sites[0].log.Append(batch.At, batch.Events); err == nil {
			f.sites[0].publisher.Committed()
		}
		took[i%2] = append(took[i%2], time.Since(began))
		if err != nil {
			f.Fatal(err)
		}
	}
	for i, t := range took {
		slices.Sort(t)
		f.ReportMetric(float64(t[len(t)/2].Microseconds()), []string{"alone-µs/commit", "fleet-µs/commit"}[i])
	}
	f.ReportMetric(float64(took[1][len(took[1])/2])/float64(took[0][len(took[0])/2]), "commit-ratio")
}

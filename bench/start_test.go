package bench_test

import (
	"cmp"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// BenchmarkStart measures, on a log of the reference workload with its caches, what a start and questions about the
// past take. JOBMON_BENCH_DIR keeps the log from one run to the next, JOBMON_BENCH_EVENTS is how long it is.
func BenchmarkStart(b *testing.B) {
	dir := referenceLog(b)
	keepCaches(b, dir)
	settings := jobmon.DefaultSettings()
	settings.Site = "DS01"
	// ready to poll: locks, log, checks of its ends, tables, pictures
	b.Run("daemon", func(b *testing.B) {
		for b.Loop() {
			d, err := daemon.Open(daemon.Options{
				DataDir: dir, EvtDir: filepath.Join(b.TempDir(), "evt"), Settings: settings, Interval: poll,
				Timeout: poll,
				Logger:  zerolog.New(io.Discard),
			})
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := d.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
	// each question opens the log anew, as a command does
	question := func(name string, ask func(log *store.Log) error) {
		b.Run(name, func(b *testing.B) {
			var longest time.Duration
			for b.Loop() {
				began := time.Now()
				log, err := store.Open(dir, store.Options{ReadOnly: true})
				if err != nil {
					b.Fatal(err)
				}
				if err := ask(log); err != nil {
					b.Fatal(err)
				}
				if err := log.Close(); err != nil {
					b.Fatal(err)
				}
				longest = max(longest, time.Since(began))
			}
			b.ReportMetric(float64(longest.Microseconds())/1000, "ms-longest")
		})
	}
	turn := 0
	question("picture", func(log *store.Log) error { // at moments all over the log
		_, from, _ := log.First()
		_, until, _ := log.Last()
		turn++
		m, _, err := log.Moment(from + (until-from)/997*jobmon.Instant(turn*389%997))
		if err != nil {
			return err
		}
		p, err := history.Project(log, m.Seq)
		if err == nil {
			history.Pictures(p)
		}
		return err
	})
	question("status", func(log *store.Log) error {
		facts, err := history.LoadFacts(log)
		if err != nil {
			return err
		}
		p, err := history.Project(log, facts.Seq)
		if err == nil {
			history.Pictures(p)
		}
		return err
	})
	question("computer", func(log *store.Log) error {
		facts, err := history.LoadFacts(log)
		if err != nil {
			return err
		}
		for _, err := range history.Beside(log.Computer(5_000_042, 0), facts.Chronicle) {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// keepCaches folds a log once, as a daemon's first start does.
func keepCaches(b *testing.B, dir string) {
	b.Helper()
	log, err := store.Open(dir, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	keeper := &history.Keeper{Log: log}
	began := time.Now()
	state, err := keeper.Load(func(err error) { b.Error(err) })
	if err != nil {
		b.Fatal(err)
	}
	folded := time.Since(began)
	if err := keeper.Keep(keeper.Pack(state, true)...); err != nil {
		b.Fatal(err)
	}
	list, err := log.Caches()
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for _, c := range list {
		whole, _ := log.Cache(c.Name, c.Version)
		size += len(whole.Data)
		if c.Name == "mirror" || c.Name == "projection" || c.Name == "facts" {
			b.Logf("%s: %d bytes", c.Name, len(whole.Data))
		}
	}
	b.Logf("%d events, %d rows, %d caches of %d bytes, loaded in %v", state.Seq, state.Mirror.Rows.Len(), len(list),
		size, folded)
}

// referenceLog is the folder of the reference log, which takes minutes to make: one for all benchmarks of a run.
func referenceLog(b *testing.B) string {
	b.Helper()
	dir := filepath.Join(cmp.Or(os.Getenv("JOBMON_BENCH_DIR"), scratch), "data")
	if _, err := os.Stat(dir); err != nil {
		fillReference(b, dir)
	}
	return dir
}

// scratch is a folder for all benchmarks of a run.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "jobmon-bench-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

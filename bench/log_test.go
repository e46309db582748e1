package bench_test

import (
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// BenchmarkLog reads the reference log and its peer in order. The log holds the reference workload as often as it takes
// to come to JOBMON_BENCH_EVENTS events, or to a million.
func BenchmarkLog(b *testing.B) {
	dir := referenceLog(b)
	log, err := store.Open(dir, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	_, from, _ := log.First()
	last, until, _ := log.Last()
	if err := log.Close(); err != nil {
		b.Fatal(err)
	}
	size := float64(pagesInUse(b, log.Path())) / float64(last)

	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			log, err := store.Open(dir, store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			if err := log.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(last), "events")
		b.ReportMetric(size, "bytes/event")
	})
	// The first question after opening reads the heads of all blocks too.
	question := func(name string, ask func(log *store.Log) error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				log, err := store.Open(dir, store.Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := ask(log); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				log.Close()
				b.StartTimer()
			}
		})
	}
	question("computer", func(log *store.Log) error {
		for _, err := range log.Computer(5_000_042, 0) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	question("moment", func(log *store.Log) error {
		_, _, err := log.Moment(from + (until-from)/2)
		return err
	})

	if log, err = store.Open(dir, store.Options{}); err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	read(b, "scan", int(last), log.Scan)
	read(b, "read", int(last), log.Read)
	peer := filepath.Join(b.TempDir(), "peer.db")
	db, err := sqliteOf(peer, log.Scan(0))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	info, err := os.Stat(peer)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sqlite", func(b *testing.B) {
		n := 0
		for b.Loop() {
			events, err := scanSQLite(db)
			if err != nil || events != int(last) {
				b.Fatal(events, err)
			}
			n += events
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		b.ReportMetric(float64(info.Size())/float64(last), "bytes/event")
	})
}

// BenchmarkNATS receives part of the reference workload from a JetStream.
func BenchmarkNATS(b *testing.B) {
	var workload []jobmon.Batch
	reference(b, 200, func(at jobmon.Instant, events []jobmon.Event) error {
		workload = append(workload, jobmon.Batch{At: at, Events: slices.Clone(events)})
		return nil
	})
	stream, err := natsOf(b.Context(), b.TempDir(), func(yield func(jobmon.Batch, error) bool) {
		for _, batch := range workload {
			if !yield(batch, nil) {
				return
			}
		}
	})
	if stream != nil {
		defer stream.close()
	}
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := stream.scan(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(stream.events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// fillReference writes the reference workload into a new log again and again until it has as many events as are wanted.
func fillReference(b *testing.B, dir string) {
	b.Helper()
	var workload []jobmon.Batch
	reference(b, 1000, func(at jobmon.Instant, events []jobmon.Event) error {
		workload = append(workload, jobmon.Batch{At: at, Events: slices.Clone(events)})
		return nil
	})
	want := 1_000_000
	if text := os.Getenv("JOBMON_BENCH_EVENTS"); text != "" {
		var err error
		if want, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	built := filepath.Join(b.TempDir(), "reference.db") // appending would wait for the disk with each batch
	if err := store.Build(b.Context(), built, strings.Repeat("0123456789abcdef", 2), "DS01",
		numbered(repeated(workload, want))); err != nil {
		b.Fatal(err)
	}
	if _, err := store.Restore(b.Context(), dir, built, store.RestoreOptions{}); err != nil {
		b.Fatal(err)
	}
}

// numbered gives the events of batches their sequence numbers, from 1 on.
func numbered(batches iter.Seq[jobmon.Batch]) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		seq := uint64(0)
		for b := range batches {
			for i := range b.Events {
				seq++
				b.Events[i].Seq, b.Events[i].At = seq, b.At
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

func read(b *testing.B, name string, events int, way func(from uint64) iter.Seq2[jobmon.Batch, error]) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for batch, err := range way(0) {
				if err != nil {
					b.Fatal(err)
				}
				n += len(batch.Events)
			}
			if n != events {
				b.Fatalf("%d events, want %d", n, events)
			}
		}
		b.ReportMetric(float64(b.N)*float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	})
}

// repeated is the workload again and again, each time later and with the next rows, until there are so many events.
// In between the rows that are left are purged, as they are every day within it.
func repeated(workload []jobmon.Batch, events int) iter.Seq[jobmon.Batch] {
	return func(yield func(jobmon.Batch) bool) {
		span := workload[len(workload)-1].At - workload[0].At + jobmon.Instant(time.Hour.Milliseconds())
		var rows jobmon.ScheduleID
		left := map[jobmon.ScheduleID]jobmon.Event{}
		for _, batch := range workload {
			for i := range batch.Events {
				e := &batch.Events[i]
				if rows = max(rows, e.Schedule); e.Kind.OfRow() {
					left[e.Schedule] = *e
				}
				if e.Kind == jobmon.KindRemoved {
					delete(left, e.Schedule)
				}
			}
		}
		purge := jobmon.Batch{At: workload[len(workload)-1].At + jobmon.Instant(time.Minute.Milliseconds())}
		for _, id := range slices.Sorted(maps.Keys(left)) {
			e := left[id]
			e.Kind, e.Flags = jobmon.KindRemoved, 0
			purge.Events = append(purge.Events, e)
		}
		workload = append(slices.Clone(workload), purge)
		var again []jobmon.Event
		for round := 0; events > 0; round++ {
			for _, batch := range workload {
				again = append(again[:0], batch.Events...)
				for i := range again {
					if e := &again[i]; e.Schedule != 0 {
						e.Schedule += rows * jobmon.ScheduleID(round)
						e.Start += jobmon.WallTime(span) / 60_000 * 60_000 * jobmon.WallTime(round)
					}
				}
				if !yield(jobmon.Batch{At: batch.At + span*jobmon.Instant(round), Events: again}) {
					return
				}
				if events -= len(again); events <= 0 {
					return
				}
			}
		}
	}
}

// pagesInUse are the bytes of a log's file that hold something, as bbolt counts them: all up to the last page without
// those that are free.
func pagesInUse(b *testing.B, path string) int {
	b.Helper()
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	const page = 4096
	at := func(offset, length int) []byte {
		data := make([]byte, length)
		if _, err := file.ReadAt(data, int64(offset)); err != nil {
			b.Fatal(err)
		}
		return data
	}
	number := func(offset int) int { return int(binary.LittleEndian.Uint64(at(offset, 8))) }
	meta := 16
	if number(page+16+48) > number(16+48) { // the newer of the two pages that say where everything is
		meta = page + 16
	}
	free := int(binary.LittleEndian.Uint16(at(number(meta+32)*page+10, 2)))
	if free == 0xFFFF {
		b.Fatal(fmt.Errorf("%s has too many free pages to count", path))
	}
	return page * (number(meta+40) - free)
}

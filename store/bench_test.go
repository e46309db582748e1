package store

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// BenchmarkAppend stands beside its floor: the frame's bytes written at the end of a file and synced, which is the
// least that durability costs.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{2, 100} {
		batch := cycles(1000)[7][:1]
		for _, more := range cycles(400) {
			if len(batch) < n {
				batch = append(batch, more...)
			}
		}
		batch = batch[:n]
		data := encode(b, 0, 1, noon, batch)

		b.Run(fmt.Sprintf("events=%d/log", n), func(b *testing.B) {
			log, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer log.Close()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := log.Append(noon, batch); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("events=%d/floor", n), func(b *testing.B) {
			file, err := os.Create(filepath.Join(b.TempDir(), "file"))
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			for b.Loop() {
				if _, err := file.Write(data); err != nil {
					b.Fatal(err)
				}
				if err := file.Sync(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecodeBlock decodes a block in memory, checks included: batches as they come.
func BenchmarkDecodeBlock(b *testing.B) {
	at, batches := busy(800)
	group := sealing(b, 1, at, batches, nil)
	data := packed(group)
	r, names, n := blockReader{reuse: true}, &decoder{}, 0
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		block, bad := parsePart(data)
		if bad != nil {
			b.Fatal(bad)
		}
		events, bad := r.events(&block, names)
		if bad != nil {
			b.Fatal(bad)
		}
		n += len(events)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	b.ReportMetric(float64(len(data))*float64(b.N)/float64(n), "bytes/event")
}

// BenchmarkDecode decodes frames in memory, checks included, as they come in cycles and with more events.
func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{2, 16, 1024} {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			batch := cycles(1)[0]
			for _, more := range cycles(2000) {
				if len(batch) < n {
					batch = append(batch, more...)
				}
			}
			data := encode(b, 0, 1, noon, batch[:n])
			var d decoder
			var events []jobmon.Event
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				f, bad := parseFrame(data)
				if bad != nil {
					b.Fatal(bad)
				}
				if events, bad = d.events(events, &f); bad != nil {
					b.Fatal(bad)
				}
			}
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}

// longLog is a log of so many thousand batches.
func longLog(b *testing.B, thousands int) (log *Log, events int) {
	b.Helper()
	log, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { log.Close() })
	log.db.NoSync = true
	for range thousands {
		for _, batch := range cycles(1000) {
			if _, err := log.Append(noon, batch); err != nil {
				b.Fatal(err)
			}
			events += len(batch)
		}
	}
	return log, events
}

// BenchmarkFollow copies a log, 20,000 events in a transaction, each on the disk before the next.
func BenchmarkFollow(b *testing.B) {
	log, events := longLog(b, 100)
	b.Run("links", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range log.Links(0) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	})
	var all [][]jobmon.Link
	n := 20_000
	for k, err := range log.Links(0) {
		if err != nil {
			b.Fatal(err)
		}
		if n >= 20_000 {
			all, n = append(all, nil), 0
		}
		n += len(k.Events)
		all[len(all)-1] = append(all[len(all)-1], k)
	}
	b.Run("follow", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			to, err := Open(b.TempDir(), Options{ID: log.ID()})
			if err != nil {
				b.Fatal(err)
			}
			for _, links := range all {
				if err := to.Follow(links); err != nil {
					b.Fatal(err)
				}
			}
			to.Close()
		}
		b.ReportMetric(float64(b.N)*float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	})
}

// BenchmarkRead reads a log from end to end through bbolt.
func BenchmarkRead(b *testing.B) {
	log, events := longLog(b, 20)
	for _, way := range []struct {
		name string
		read func(from uint64) iter.Seq2[jobmon.Batch, error]
	}{{"read", log.Read}, {"scan", log.Scan}} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for batch, err := range way.read(0) {
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
}

// BenchmarkOpen opens a log of 10,000 batches, ready to append.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	log, err := Open(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	log.db.NoSync = true
	for range 20 {
		for _, batch := range cycles(1000) {
			if _, err := log.Append(noon, batch); err != nil {
				b.Fatal(err)
			}
		}
	}
	log.Close()
	for b.Loop() {
		log, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		log.Close()
	}
}

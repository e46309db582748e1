package command

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// dayOfEvents are four hours of a made-up Deployment Server with 60 computers at work, from number 1 on.
func dayOfEvents(b *testing.B) (batches []jobmon.Batch) {
	begin := jobmon.InstantOf(time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC))
	ds, state, next := simulator.NewDS(begin, 3600, 1), history.New(), uint64(1)
	simulator.Play(ds, 60)
	commit := func(events []jobmon.Event) {
		if len(events) == 0 {
			return
		}
		for i := range events {
			events[i].Seq, events[i].At = next, ds.Now()
			next++
		}
		batch := jobmon.Batch{At: ds.Now(), Events: events}
		if err := state.Apply(&batch); err != nil {
			b.Fatal(err)
		}
		batches = append(batches, batch)
	}
	commit([]jobmon.Event{{Kind: jobmon.KindDaemonStarted, Text: "1"},
		{Kind: jobmon.KindConfigured, Text: jobmon.DefaultSettings().Encode()}, {Kind: jobmon.KindClock,
			Seconds: 3600}})
	for ds.Now() < begin.Add(4*time.Hour) {
		ds.Advance(10 * time.Second)
		s := ds.Snapshot(nil)
		s.Normalize()
		s.Gone = state.Mirror.Missing(s.Rows)
		s.Rows, _ = state.Mirror.Compare(s.Rows)
		commit(jobmon.Diff(state.Mirror, s, jobmon.DiffOptions{}))
	}
	return batches
}

// millionEvents writes a log of a million events, the same day again and again with other rows, and returns its file.
func millionEvents(b *testing.B) string {
	b.Helper()
	day := dayOfEvents(b)
	path := filepath.Join(b.TempDir(), "million.db")
	err := store.Build(b.Context(), path, strings.Repeat("0123456789abcdef", 2), "DS01",
		func(yield func(jobmon.Batch, error) bool) {
			for n, next := 0, uint64(1); next <= 1_000_000; n++ {
				for _, batch := range day {
					at := batch.At.Add(time.Duration(n) * 24 * time.Hour)
					events := append([]jobmon.Event(nil), batch.Events...)
					for i := range events {
						e := &events[i]
						e.Seq, e.At = next, at
						next++
						if e.Kind.OfRow() {
							e.Schedule += jobmon.ScheduleID(n * 1_000_000)
							e.Start += jobmon.WallTime(n) * 24 * 3600 * 1000
						}
					}
					if !yield(jobmon.Batch{At: at, Events: events}, nil) {
						return
					}
				}
			}
		})
	if err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkReplay asks a log of a million events: a file without caches, a running daemon, a backup of its log, and
// that log without the daemon. The floor is reading and decoding the whole log.
func BenchmarkReplay(b *testing.B) {
	file := millionEvents(b)
	b.Run("floor/read all", func(b *testing.B) {
		log, err := store.OpenFile(file)
		if err != nil {
			b.Fatal(err)
		}
		defer log.Close()
		for b.Loop() {
			for _, err := range log.Scan(0) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	dir := b.TempDir()
	if _, err := store.Restore(b.Context(), dir, file, store.RestoreOptions{}); err != nil {
		b.Fatal(err)
	}
	asks := []struct{ name, args string }{
		{"last 20", "-n 20"}, {"last hour", "--since -1h"}, {"an hour of last month", "--since -30d --until -719h"},
		{"one computer's day", "--since -1d --computer PC-0007"},
		{"one computer", "--computer PC-0007 -o ndjson"}, {"failures of a week", "--since -7d --state failed"},
		{"all failures", "--state failed"},
		{"grep", "--grep 1603 -o csv"}, {"all, ndjson", "-o ndjson"}, {"all, table", ""},
		{"all, reverse", "--reverse -o ndjson"},
		{"status", "status"}, {"show --at", "show --at -30d"},
		{"sessions of a day", "sessions --since -1d"}, {"stats of a week", "stats --since -7d"},
		{"diff of a day", "diff seq:990000 now"},
		{"waterfall", "waterfall PC-0007"},
	}
	run := func(way, flag string) {
		for _, ask := range asks {
			b.Run(way+"/"+ask.name, func(b *testing.B) {
				args := append([]string{"replay"}, strings.Fields(ask.args)...)
				if ask.args == "status" {
					args = []string{"status"}
				}
				for b.Loop() {
					if code := Main(b.Context(), append(args, flag), nil, strings.NewReader(""), io.Discard,
						io.Discard); code != exitOK {
						b.Fatalf("%s: code %d", ask.args, code)
					}
				}
			})
		}
	}
	run("file", "--log="+file)
	d := serve(b, dir) // its start leaves caches
	run("running", "--data-dir="+dir)
	d() // its end leaves the newest state
	log, err := store.Open(dir, store.Options{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	backup := filepath.Join(b.TempDir(), "backup.db")
	if _, err := store.Backup(b.Context(), log, backup, nil); err != nil {
		b.Fatal(err)
	}
	log.Close()
	run("backup", "--log="+backup)
	run("stopped", "--data-dir="+dir)
}

// BenchmarkFold folds a log of a million events: reading, decoding and projecting, and nothing else.
func BenchmarkFold(b *testing.B) {
	log, err := store.OpenFile(millionEvents(b))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	events := 0
	for b.Loop() {
		p := projector.New()
		events = 0
		for batch, err := range log.Scan(0) {
			if err != nil {
				b.Fatal(err)
			}
			p.Apply(&batch)
			events += len(batch.Events)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

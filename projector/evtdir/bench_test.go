package evtdir_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// BenchmarkChangedFiles publishes 10,000 changed files of 2 KiB and beside it, in turn and in the same run, does the
// least that could be done: write the same bytes to a file, rename it over. "x-bare" is the one over the other.
func BenchmarkChangedFiles(b *testing.B) {
	const files = 10_000
	evtPath, barePath := b.TempDir(), b.TempDir()
	evt := evtdir.New(evtdir.Options{Dir: evtPath, Ours: ours})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		evt.Run(ctx)
	}()
	defer func() {
		stop()
		<-ended
	}()

	round := 0
	contents := make([][]byte, files)
	change := func() {
		round++
		for i := range contents {
			contents[i] = append(bytes.Repeat([]byte("ours "), 400), fmt.Sprintf("%10d %10d\r\n", round, i)...)
		}
	}
	publish := func() {
		for i, content := range contents {
			evt.Publish(jobmon.ComputerID(5_000_001+i), evtdir.Content{Bytes: content})
		}
		if err := evt.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	bare := func() {
		for i, content := range contents {
			path := filepath.Join(barePath, fmt.Sprintf("%d.evt", 5_000_001+i))
			if err := os.WriteFile(path+".tmp", content, 0o644); err != nil {
				b.Fatal(err)
			}
			if err := os.Rename(path+".tmp", path); err != nil {
				b.Fatal(err)
			}
		}
	}
	change()
	publish()
	bare()

	var ourTime, bareTime time.Duration
	timed := func(sum *time.Duration, work func()) {
		begin := time.Now()
		work()
		*sum += time.Since(begin)
	}
	for b.Loop() {
		change()
		// Each goes first every other time, as what the disk still owes for the one is paid by the next.
		if round%2 == 0 {
			timed(&ourTime, publish)
			timed(&bareTime, bare)
		} else {
			timed(&bareTime, bare)
			timed(&ourTime, publish)
		}
	}
	n := time.Duration(b.N * files)
	b.ReportMetric(float64(ourTime/n), "ns/file")
	b.ReportMetric(float64(bareTime/n), "bare-ns/file")
	b.ReportMetric(float64(ourTime)/float64(bareTime), "x-bare")
	if s := evt.Stats(); s.Written != uint64((b.N+1)*files) || s.Failed != 0 {
		b.Fatalf("%+v after %d rounds", s, b.N+1)
	}
}

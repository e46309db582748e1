package store_test

import (
	"fmt"
	"iter"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestSkippedNumbersWhereAPageEnds: what is before the gap and what is behind it do not fit on one page, in blocks
// and in the tail.
func TestSkippedNumbersWhereAPageEnds(t *testing.T) {
	t.Parallel()
	for _, size := range []int{400, 600, 1000, 1100} {
		log := open(t, t.TempDir(), store.Options{})
		events := 0
		for round := range 9 {
			if round > 0 {
				if err := log.SkipTo(log.Next() + 700); err != nil {
					t.Fatal(err)
				}
			}
			appendBulky(t, log, size)
			events += size
			if got := toldBy(t, log.Read(0)); len(got) != events {
				t.Fatalf("%d batches of %d events: %d are read of %d", round+1, size, len(got), events)
			}
		}
		if err := log.Prove(t.Context(), 0); err != nil {
			t.Error(err)
		}
		next := compact(t, log, store.CompactOptions{})
		if got := toldBy(t, next.Read(0)); len(got) != events {
			t.Errorf("after a compaction: %d events of %d", len(got), events)
		}
	}
}

// appendBulky appends a batch of events of which a page holds about a thousand.
func appendBulky(t *testing.T, log *store.Log, n int) {
	t.Helper()
	next := log.Next()
	events := make([]jobmon.Event, n)
	for i := range events {
		events[i] = jobmon.Event{Kind: jobmon.KindRefreshed, Computer: jobmon.ComputerID(5_000_001 + i%50),
			Name: fmt.Sprintf("%0250d", next+uint64(i))}
	}
	if _, err := log.Append(noon+jobmon.Instant(next), events); err != nil {
		t.Fatal(err)
	}
}

// toldBy is what a reading told, event by event.
func toldBy(t *testing.T, batches iter.Seq2[jobmon.Batch, error]) []jobmon.Event {
	t.Helper()
	var events []jobmon.Event
	for b, err := range batches {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			if e.At != b.At {
				t.Fatalf("event %d of %v in a batch of %v", e.Seq, e.At, b.At)
			}
		}
		events = append(events, b.Events...)
	}
	return events
}

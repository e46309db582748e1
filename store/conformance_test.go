package store_test

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// eventLog is what every event log can do.
type eventLog interface {
	Append(at jobmon.Instant, events []jobmon.Event) (jobmon.Batch, error)
	SkipTo(seq uint64) error
	Next() uint64
	Read(from uint64) iter.Seq2[jobmon.Batch, error]
	Scan(from uint64) iter.Seq2[jobmon.Batch, error]
	Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error]
	Moment(at jobmon.Instant) (m store.Moment, ok bool, err error)
	Gaps() ([]store.Gap, error)
	Cache(name string, version uint32) (store.Cache, bool)
	Caches() ([]store.Cache, error)
	KeepCaches(caches ...store.Cache) error
	DropCaches() error
	First() (seq uint64, at jobmon.Instant, ok bool)
	Last() (seq uint64, at jobmon.Instant, ok bool)
	ID() string
	Site() string
	Path() string
	Close() error
}

// testSite is the site that the logs under test are to be created with.
const testSite = "DS-CONFORMANCE"

// Noon is a time for events.
const Noon = jobmon.Instant(1_795_348_800_000) // 2026-11-22T12:00:00Z

// conformance tests what every event log must do. open opens a new, empty log of site testSite; reopen closes a log
// and opens it again.
func conformance(t *testing.T, open func(t *testing.T) eventLog, reopen func(t *testing.T, log eventLog) eventLog) {
	tests := []struct {
		name string
		run  func(t *testing.T, log eventLog)
	}{
		{"an empty log has no ends and yields nothing", emptyLog},
		{"sequence numbers are consecutive from 1 and events share the batch's time", numbering},
		{"a refused batch leaves no trace", refusals},
		{"reading begins with the batch that contains the number", readFrom},
		{"a batch that was read belongs to the reader", ownership},
		{"scanning gives what reading gives", scanning},
		{"a reader sees what is appended while it reads", appendWhileReading},
		{"many readers read while one appends", concurrentReaders},
		{"a closed log says so", afterClose},
		{"a log opened again goes on", func(t *testing.T, log eventLog) { goesOn(t, log, reopen) }},
		{"a long log gives back what was appended", func(t *testing.T, log eventLog) { longLog(t, log, reopen) }},
		{"numbers that are skipped are never given", func(t *testing.T, log eventLog) { skipping(t, log, reopen) }},
		{"one computer's history is found", oneComputer},
		{"a moment is found by its time", moments},
		{"caches are kept until they are dropped", func(t *testing.T, log eventLog) { caches(t, log, reopen) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log := open(t)
			t.Cleanup(func() { log.Close() })
			test.run(t, log)
		})
	}
}

// Rows makes n events of a row of one computer.
func Rows(n int) []jobmon.Event {
	events := make([]jobmon.Event, n)
	for i := range events {
		events[i] = jobmon.Event{
			Kind: jobmon.KindStarted, Schedule: jobmon.ScheduleID(1000 + i), Computer: 5_000_017,
			Job:   jobmon.JobID(40 + i%7),
			Start: jobmon.WallTime(Noon), Status: jobmon.StatusRunning,
		}
	}
	return events
}

// collect reads everything from a sequence number on.
func collect(t *testing.T, log eventLog, from uint64) []jobmon.Batch {
	t.Helper()
	var batches []jobmon.Batch
	for batch, err := range log.Read(from) {
		if err != nil {
			t.Fatalf("reading from %d: %v", from, err)
		}
		batches = append(batches, batch)
	}
	return batches
}

func mustAppend(t *testing.T, log eventLog, at jobmon.Instant, events []jobmon.Event) jobmon.Batch {
	t.Helper()
	batch, err := log.Append(at, events)
	if err != nil {
		t.Fatalf("appending %d events: %v", len(events), err)
	}
	return batch
}

func emptyLog(t *testing.T, log eventLog) {
	if seq, at, ok := log.First(); ok || seq != 0 || at != 0 {
		t.Errorf("First() = %d, %v, %v", seq, at, ok)
	}
	if seq, at, ok := log.Last(); ok || seq != 0 || at != 0 {
		t.Errorf("Last() = %d, %v, %v", seq, at, ok)
	}
	for _, from := range []uint64{0, 1, 7} {
		if got := collect(t, log, from); len(got) != 0 {
			t.Errorf("Read(%d) yields %d batches", from, len(got))
		}
	}
	if len(log.ID()) != 32 || log.Site() != testSite || log.Path() == "" {
		t.Errorf("ID %q, testSite %q, Path %q", log.ID(), log.Site(), log.Path())
	}
}

func numbering(t *testing.T, log eventLog) {
	next := uint64(1)
	for i, at := range []jobmon.Instant{Noon, Noon + 5000, Noon - 60_000, Noon - 60_000} { // clocks jump back
		events := Rows(i + 2)
		events[0].Seq, events[0].At = 99, 99 // ignored
		batch := mustAppend(t, log, at, events)
		if batch.At != at || batch.First() != next || batch.Last() != next+uint64(i)+1 {
			t.Fatalf("batch %d: at %v, %d to %d, want at %v from %d", i, batch.At, batch.First(), batch.Last(), at,
				next)
		}
		for j, e := range batch.Events {
			if e.Seq != next+uint64(j) || e.At != at {
				t.Fatalf("event %d of batch %d: seq %d at %v", j, i, e.Seq, e.At)
			}
		}
		next = batch.Last() + 1
		if seq, lastAt, ok := log.Last(); !ok || seq != batch.Last() || lastAt != at {
			t.Fatalf("Last() = %d, %v, %v after batch %d", seq, lastAt, ok, i)
		}
	}
	if seq, at, ok := log.First(); !ok || seq != 1 || at != Noon {
		t.Errorf("First() = %d, %v, %v", seq, at, ok)
	}
}

func refusals(t *testing.T, log eventLog) {
	mustAppend(t, log, Noon, Rows(2))
	long := Rows(3)
	long[2].Name = strings.Repeat("x", store.MaxString+1)
	noKind := Rows(3)
	noKind[1].Kind = 0
	for _, test := range []struct {
		events []jobmon.Event
		want   error
	}{{nil, store.ErrInvalid}, {noKind, store.ErrInvalid}, {long, store.ErrTooLarge}} {
		if _, err := log.Append(Noon, test.events); !errors.Is(err, test.want) {
			t.Errorf("got %v, want %v", err, test.want)
		}
	}
	if batch := mustAppend(t, log, Noon, Rows(1)); batch.First() != 3 {
		t.Errorf("the next event has number %d, want 3", batch.First())
	}
	if got := collect(t, log, 0); len(got) != 2 {
		t.Errorf("%d batches, want 2", len(got))
	}
}

func readFrom(t *testing.T, log eventLog) {
	for _, n := range []int{1, 4, 1, 9, 2} {
		mustAppend(t, log, Noon, Rows(n))
	}
	firsts := []uint64{1, 2, 6, 7, 16}
	for from := uint64(0); from <= 17; from++ {
		want := firsts
		for len(want) > 1 && want[1] <= from {
			want = want[1:]
		}
		var got []uint64
		for _, batch := range collect(t, log, from) {
			got = append(got, batch.First())
		}
		if !slices.Equal(got, want) {
			t.Errorf("Read(%d) yields batches from %v, want %v", from, got, want)
		}
	}
	for _, from := range []uint64{18, 1000, 1<<64 - 1} {
		if got := collect(t, log, from); len(got) != 0 {
			t.Errorf("Read(%d) yields %d batches", from, len(got))
		}
	}
}

func ownership(t *testing.T, log eventLog) {
	given := Rows(3)
	mustAppend(t, log, Noon, given)
	want := slices.Clone(given)
	given[1].Job = -1
	read := collect(t, log, 1)[0]
	if !slices.Equal(read.Events, want) {
		t.Fatalf("got %+v, want %+v", read.Events, want)
	}
	read.Events[0].Name = "changed by its reader"
	if again := collect(t, log, 1)[0]; !slices.Equal(again.Events, want) {
		t.Errorf("got %+v, want %+v", again.Events, want)
	}
}

func scanning(t *testing.T, log eventLog) {
	for _, n := range []int{3, 1, 50, 2} {
		mustAppend(t, log, Noon, Rows(n))
	}
	for _, from := range []uint64{0, 4, 30, 57} {
		want := collect(t, log, from)
		for batch, err := range log.Scan(from) {
			if err != nil || len(want) == 0 || batch.At != want[0].At || !slices.Equal(batch.Events, want[0].Events) {
				t.Fatalf("Scan(%d) yields %v, %v, want %v", from, batch, err, want)
			}
			want = want[1:]
		}
		if len(want) > 0 {
			t.Errorf("Scan(%d) leaves out %d batches", from, len(want))
		}
	}
}

func appendWhileReading(t *testing.T, log eventLog) {
	mustAppend(t, log, Noon, Rows(1))
	seen := uint64(0)
	for batch, err := range log.Read(1) {
		if err != nil {
			t.Fatal(err)
		}
		if seen = batch.Last(); seen < 5 {
			mustAppend(t, log, Noon, Rows(1))
		}
	}
	if seen != 5 {
		t.Errorf("the reader saw up to %d, want 5", seen)
	}
}

func concurrentReaders(t *testing.T, log eventLog) {
	const batches = 60
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for next := uint64(1); next <= 2*batches; {
				for batch, err := range log.Read(next) {
					if err != nil {
						t.Error(err)
						return
					}
					if batch.First() != next || len(batch.Events) != 2 {
						t.Errorf("got events %d to %d, want two from %d", batch.First(), batch.Last(), next)
						return
					}
					next = batch.Last() + 1
				}
			}
		})
	}
	for i := range batches {
		if _, err := log.Append(Noon+jobmon.Instant(i), Rows(2)); err != nil {
			t.Error(err)
			break
		}
	}
	if t.Failed() {
		log.Close() // ends the readers
	}
	readers.Wait()
}

func afterClose(t *testing.T, log eventLog) {
	mustAppend(t, log, Noon, Rows(1))
	mustAppend(t, log, Noon, Rows(1))
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if _, err := log.Append(Noon, Rows(1)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Append: %v, want ErrClosed", err)
	}
	for _, from := range []uint64{1, 3} {
		yields := 0
		for batch, err := range log.Read(from) {
			yields++
			if len(batch.Events) != 0 || !errors.Is(err, store.ErrClosed) {
				t.Errorf("Read(%d): %d events, %v, want ErrClosed", from, len(batch.Events), err)
			}
		}
		if yields != 1 {
			t.Errorf("Read(%d) yields %d times, want one error", from, yields)
		}
	}
}

func goesOn(t *testing.T, log eventLog, reopen func(t *testing.T, log eventLog) eventLog) {
	id := log.ID()
	for round := range 4 {
		batch := mustAppend(t, log, Noon+jobmon.Instant(round), Rows(3))
		if want := uint64(3*round + 1); batch.First() != want {
			t.Fatalf("round %d begins with %d, want %d", round, batch.First(), want)
		}
		log = reopen(t, log)
		t.Cleanup(func() { log.Close() })
		if log.ID() != id || log.Site() != testSite {
			t.Fatalf("ID %q, testSite %q, want %q, %q", log.ID(), log.Site(), id, testSite)
		}
		if seq, at, ok := log.Last(); !ok || seq != batch.Last() || at != batch.At {
			t.Fatalf("Last() = %d, %v, %v, want %d, %v", seq, at, ok, batch.Last(), batch.At)
		}
		if seq, at, ok := log.First(); !ok || seq != 1 || at != Noon {
			t.Fatalf("First() = %d, %v, %v", seq, at, ok)
		}
		if got := collect(t, log, 0); len(got) != round+1 {
			t.Fatalf("%d batches, want %d", len(got), round+1)
		}
	}
}

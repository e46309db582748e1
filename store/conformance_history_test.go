package store_test

import (
	"bytes"
	"errors"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

// fleet makes the events of 30 computers, a third of them with a name.
func fleet(random *rand.Rand, n int) []jobmon.Event {
	events := make([]jobmon.Event, n)
	for i := range events {
		events[i] = jobmon.Event{
			Kind: jobmon.KindFinished, Schedule: jobmon.ScheduleID(random.IntN(1_000_000)),
			Computer: jobmon.ComputerID(5_000_001 + random.IntN(30)),
			Job:      jobmon.JobID(random.IntN(50)),
			Start:    jobmon.WallTime(Noon) + jobmon.WallTime(random.IntN(100)*60_000),
			Status:   jobmon.StatusOf(jobmon.Code(random.IntN(3))),
		}
		if random.IntN(3) == 0 {
			events[i].Kind, events[i].Name = jobmon.KindRefreshed, strings.Repeat("x", random.IntN(20))
		}
	}
	return events
}

// fill appends batches of 1 to 40 events of a fleet at times that go back now and then, and returns them.
func fill(t *testing.T, log eventLog, random *rand.Rand, batches int) []jobmon.Batch {
	t.Helper()
	var all []jobmon.Batch
	at := Noon
	for range batches {
		if at += jobmon.Instant(random.IntN(10_000)); random.IntN(20) == 0 {
			at -= jobmon.Instant(random.IntN(200_000))
		}
		batch := mustAppend(t, log, at, fleet(random, 1+random.IntN(40)))
		batch.Events = slices.Clone(batch.Events)
		all = append(all, batch)
	}
	return all
}

func compare(t *testing.T, what string, got iter.Seq2[jobmon.Batch, error], want []jobmon.Batch) {
	t.Helper()
	for batch, err := range got {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if len(want) == 0 || batch.At != want[0].At || !slices.Equal(batch.Events, want[0].Events) {
			t.Fatalf("%s: the batch of %d to %d is not the one that was appended", what, batch.First(), batch.Last())
		}
		want = want[1:]
	}
	if len(want) > 0 {
		t.Fatalf("%s: %d batches are missing", what, len(want))
	}
}

func longLog(t *testing.T, log eventLog, reopen func(t *testing.T, log eventLog) eventLog) {
	random := lawtest.Random(t)
	var all []jobmon.Batch
	for range 4 {
		all = append(all, fill(t, log, random, 60)...)
		last := all[len(all)-1].Last()
		for range 5 {
			from := random.Uint64N(last + 2)
			want := all
			for len(want) > 0 && want[0].Last() < from {
				want = want[1:]
			}
			compare(t, "Read", log.Read(from), want)
			compare(t, "Scan", log.Scan(from), want)
		}
		log = reopen(t, log)
		t.Cleanup(func() { log.Close() })
	}
	compare(t, "Read", log.Read(0), all)
}

func skipping(t *testing.T, log eventLog, reopen func(t *testing.T, log eventLog) eventLog) {
	random := lawtest.Random(t)
	skip := func(by uint64) store.Gap {
		t.Helper()
		next := log.Next()
		if err := log.SkipTo(next + by); err != nil {
			t.Fatal(err)
		}
		if log.Next() != next+by {
			t.Fatalf("Next() = %d after %d numbers from %d on were skipped", log.Next(), by, next)
		}
		return store.Gap{From: next, To: next + by - 1}
	}
	gaps := []store.Gap{skip(10)} // before the first event
	if batch := mustAppend(t, log, Noon, Rows(3)); batch.First() != 11 {
		t.Fatalf("the first event has the number %d", batch.First())
	}
	if err := log.SkipTo(13); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a number that was given: %v", err)
	}
	if err := log.SkipTo(14); err != nil {
		t.Errorf("the next number: %v", err)
	}
	fill(t, log, random, 5)
	skip(7)
	log = reopen(t, log) // nothing followed: it is forgotten
	for range 4 {
		fill(t, log, random, 50)
		gaps = append(gaps, skip(1+random.Uint64N(5000)))
		mustAppend(t, log, Noon, Rows(2))
		log = reopen(t, log)
	}
	t.Cleanup(func() { log.Close() })
	got, err := log.Gaps()
	if err != nil || !slices.Equal(got, gaps) {
		t.Fatalf("Gaps() = %v, %v, want %v", got, err, gaps)
	}
	if seq, _, _ := log.First(); seq != 11 {
		t.Errorf("First() = %d", seq)
	}
	for _, g := range gaps {
		for _, from := range []uint64{g.From, g.To} {
			for batch, err := range log.Read(from) {
				if err != nil || batch.First() != g.To+1 {
					t.Errorf("Read(%d) begins with %d, %v, want %d", from, batch.First(), err, g.To+1)
				}
				break
			}
		}
	}
	all := collect(t, log, 0)
	for i := range all[1:] {
		behind, next := all[i].Last()+1, all[i+1].First()
		if behind != next && !slices.Contains(gaps, store.Gap{From: behind, To: next - 1}) {
			t.Errorf("%d follows %d", next, behind-1)
		}
	}
}

func oneComputer(t *testing.T, log eventLog) {
	all := fill(t, log, lawtest.Random(t), 200)
	last := all[len(all)-1].Last()
	for _, id := range []jobmon.ComputerID{5_000_001, 5_000_017, 5_000_099} {
		for _, from := range []uint64{0, 700, last / 2, last, last + 1} {
			var want []jobmon.Batch
			for _, batch := range all {
				events := slices.DeleteFunc(slices.Clone(batch.Events),
					func(e jobmon.Event) bool { return e.Computer != id })
				if batch.Last() >= from && len(events) > 0 {
					want = append(want, jobmon.Batch{At: batch.At, Events: events})
				}
			}
			compare(t, "Computer", log.Computer(id, from), want)
		}
	}
	for range log.Computer(5_000_001, 0) {
		break // anyone who has seen enough gets no more
	}
}

func moments(t *testing.T, log eventLog) {
	if _, ok, err := log.Moment(Noon); ok || err != nil {
		t.Fatalf("an empty log has a moment: %v", err)
	}
	random := lawtest.Random(t)
	all := fill(t, log, random, 300)
	for range 50 {
		at := all[random.IntN(len(all))].At + jobmon.Instant(random.IntN(3)-1)
		var want store.Moment
		later, passed := true, false
		for _, batch := range all {
			if passed = passed || batch.At > at; !passed {
				want.First = batch.Last()
			}
			if batch.At <= at {
				if want.Seq, want.At = batch.Last(), batch.At; later {
					want.Times++
				}
			}
			later = batch.At > at
		}
		got, ok, err := log.Moment(at)
		if err != nil || ok != (want.Times > 0) || got != want {
			t.Fatalf("Moment(%v) = %+v, %v, %v, want %+v", at, got, ok, err, want)
		}
	}
}

func caches(t *testing.T, log eventLog, reopen func(t *testing.T, log eventLog) eventLog) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	mirror := store.Cache{Name: "mirror", Version: 3, Seq: 2, Data: big}
	if _, err := log.Append(Noon, Rows(2)); err != nil {
		t.Fatal(err)
	}
	if err := log.KeepCaches(mirror); err != nil {
		t.Fatal(err)
	}
	small := store.Cache{Name: "small", Seq: 1, Data: []byte{1}}
	if err := log.KeepCaches(small, store.Cache{Name: "empty", Seq: 2}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []store.Cache{{Name: "ahead", Seq: 3}, {Name: ""}, {Name: strings.Repeat("x", 65)}} {
		if err := log.KeepCaches(bad); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("the cache %q of %d: %v", bad.Name, bad.Seq, err)
		}
	}
	for range 2 {
		for _, want := range []store.Cache{mirror, small, {Name: "empty", Seq: 2}} {
			got, ok := log.Cache(want.Name, want.Version)
			if !ok || got.Name != want.Name || got.Version != want.Version || got.Seq != want.Seq ||
				!bytes.Equal(got.Data, want.Data) {
				t.Errorf("the cache %q: %v", want.Name, ok)
			}
			if _, ok := log.Cache(want.Name, want.Version+1); ok {
				t.Errorf("the cache %q is there in a version that it has not", want.Name)
			}
		}
		list, err := log.Caches()
		want := []store.Cache{{Name: "empty", Seq: 2}, {Name: "mirror", Version: 3, Seq: 2}, {Name: "small", Seq: 1}}
		if err != nil || !reflect.DeepEqual(list, want) {
			t.Errorf("the caches %+v, %v, want %+v", list, err, want)
		}
		log = reopen(t, log)
		t.Cleanup(func() { log.Close() })
	}
	mirror.Data, mirror.Seq = []byte("newer"), 4
	if _, err := log.Append(Noon, Rows(2)); err != nil {
		t.Fatal(err)
	}
	if err := log.KeepCaches(mirror); err != nil {
		t.Fatal(err)
	}
	if got, ok := log.Cache("mirror", 3); !ok || got.Seq != 4 || string(got.Data) != "newer" {
		t.Errorf("a cache that was kept anew: %d bytes of %d, %v", len(got.Data), got.Seq, ok)
	}
	for range 2 {
		if err := log.DropCaches(); err != nil {
			t.Fatal(err)
		}
		if _, ok := log.Cache("mirror", 3); ok {
			t.Error("a cache was dropped and is there")
		}
	}
	if got := collect(t, log, 0); len(got) != 2 {
		t.Errorf("%d batches, want 2: caches are no part of the log", len(got))
	}
}

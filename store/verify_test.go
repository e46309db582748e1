package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

// told is a log of known events: blocks, one of them of a batch that takes many pages, a gap, a tail and caches.
type told struct {
	dir, path string
	file      []byte
	events    map[uint64]jobmon.Event
	last      uint64
	largest   int // events of the largest batch or block
}

func tell(t testing.TB) *told { return tellSome(t, 220, 3000) }

// tellSome tells so many batches, one of them of that size; more than 150 have a gap.
func tellSome(t testing.TB, batches, large int) *told {
	t.Helper()
	w := &told{dir: t.TempDir(), events: map[uint64]jobmon.Event{}}
	log := open(t, w.dir, store.Options{Site: "DS01"})
	random := rand.New(rand.NewPCG(1, 2))
	for i := range batches {
		n := 1 + random.IntN(40)
		switch i {
		case batches / 2:
			n = large
		case 150:
			if err := log.SkipTo(w.last + 71); err != nil {
				t.Fatal(err)
			}
			w.last += 70
		}
		seq, _, _ := log.Last()
		if err := log.KeepCaches(store.Cache{Name: "c", Seq: seq, Data: make([]byte, 300)}); err != nil {
			t.Fatal(err)
		}
		batch, err := log.Append(noon+jobmon.Instant(w.last), knownEvents(int(w.last), n))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			w.events[e.Seq] = e
		}
		w.last = batch.Last()
		w.largest = max(w.largest, n)
	}
	log.Close()
	w.path = log.Path()
	var err error
	if w.file, err = os.ReadFile(w.path); err != nil {
		t.Fatal(err)
	}
	return w
}

// knownEvents are n known events behind number last.
func knownEvents(last, n int) []jobmon.Event {
	events := make([]jobmon.Event, n)
	for i := range events {
		events[i] = known(uint64(last + i + 1))
	}
	return events
}

// compare checks that each event told is the true one, told once and in order, and returns how many there are.
func (w *told) compare(t testing.TB, what string, batches func(func(jobmon.Batch, error) bool)) (n int) {
	t.Helper()
	last := uint64(0)
	for b, err := range batches {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, e := range b.Events {
			if e != w.events[e.Seq] || e.Seq <= last {
				t.Fatalf("%s: behind event %d comes %+v, true is %+v", what, last, e, w.events[e.Seq])
			}
			last = e.Seq
			n++
		}
	}
	return n
}

// check verifies a damaged file and compares what is said with the truth: an event that is said to be readable can be
// read and is true, and a log that is said to be whole tells everything. It returns how many events can be read.
func (w *told) check(t testing.TB, what string, file []byte) (report *store.Report, readable int) {
	t.Helper()
	report, err := store.VerifyBytes(t.Context(), file)
	if err != nil {
		return nil, 0
	}
	s, err := store.SalvageBytes(t.Context(), file)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	n := w.compare(t, what, s.Read(0))
	for _, r := range report.Readable {
		for seq := r.First; seq <= r.Last; seq++ {
			if _, ok := w.events[seq]; ok {
				readable++
			}
		}
	}
	if n < readable {
		t.Fatalf("%s: %d events can be got out, %d are said to be readable", what, n, readable)
	}
	if report.Whole() && (readable != len(w.events) || report.Events != readable) {
		t.Fatalf("%s: said to be whole with %d of %d events (%d readable)", what, report.Events, len(w.events),
			readable)
	}
	return report, readable
}

func TestVerifyAWholeLog(t *testing.T) {
	t.Parallel()
	w := tell(t)
	writer := open(t, w.dir, store.Options{}) // which locks the file
	report, err := store.Verify(t.Context(), w.path)
	if err != nil || !report.Whole() {
		t.Fatalf("%v %+v", err, report)
	}
	if report.Events != len(w.events) || report.Batches != 220 || report.Caches != 1 || report.Site != "DS01" ||
		report.ID != writer.ID() {
		t.Errorf("%+v", report)
	}
	if len(report.Gaps) != 1 || report.Gaps[0].To-report.Gaps[0].From != 69 || len(report.Readable) != 1 ||
		report.Readable[0].Last != w.last {
		t.Errorf("%+v %+v", report.Gaps, report.Readable)
	}
	if blocks := sealed(t, writer); report.Blocks != len(blocks) || report.Frames != writer.TailFrames() {
		t.Errorf("%d blocks and %d frames, there are %d and %d", report.Blocks, report.Frames, len(blocks),
			writer.TailFrames())
	}
}

func TestVerifyWhatOtherTestsMake(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(tail *store.Tail){
		"whole":          func(*store.Tail) {},
		"missing":        func(tail *store.Tail) { tail.Delete(21) },
		"of another log": func(tail *store.Tail) { tail.Put(21, tail.Foreign(21, 10)) },
		"wrong number":   func(tail *store.Tail) { tail.Put(25, tail.Get(21)) },
		"told again":     func(tail *store.Tail) { tail.Put(25, tail.Foreign(25, 6)) },
		"cut short":      func(tail *store.Tail) { tail.Put(21, tail.Get(21)[:30]) },
		"no number":      func(tail *store.Tail) { tail.PutKey("0000", tail.Get(21)) },
	} {
		t.Run(name, func(t *testing.T) {
			log := open(t, t.TempDir(), store.Options{})
			for range 5 {
				appendRows(t, log, 10)
			}
			if err := log.ChangeTail(damage); err != nil {
				t.Fatal(err)
			}
			report, err := store.Verify(t.Context(), log.Path())
			if err != nil || report.Whole() != (name == "whole") {
				t.Errorf("%v %+v", err, report)
			}
		})
	}
}

// regions names a byte of every region of the file.
func regions(file []byte) map[string][]int {
	used := usedBytes(file)
	found := map[string][]int{}
	for page := 0; page*4096 < used; page++ {
		at := page * 4096
		header := file[at:]
		kind := fmt.Sprintf("page type %#x", binary.LittleEndian.Uint16(header[8:]))
		if binary.LittleEndian.Uint64(header) != uint64(page) {
			kind = "inside"
		}
		found[kind] = append(found[kind], at)
	}
	return found
}

// TestOneFlippedBit flips bits in the header and the entries of every page and in many other places.
func TestOneFlippedBit(t *testing.T) {
	t.Parallel()
	w := tell(t)
	kinds := regions(w.file)
	for _, kind := range []string{"page type 0x1", "page type 0x2", "page type 0x4", "page type 0x10", "inside"} {
		if len(kinds[kind]) == 0 {
			t.Fatalf("the file has no %s: %v", kind, kinds)
		}
	}
	random := lawtest.Random(t)
	whole, broken, least := 0, 0, len(w.events)
	file := bytes.Clone(w.file)
	dir, path := filepath.Dir(w.path), w.path
	flip := func(at int, bit int) {
		file[at] ^= 1 << bit
		defer func() { file[at] ^= 1 << bit }()
		what := fmt.Sprintf("bit %d of byte %d", bit, at)
		report, readable := w.check(t, what, file)
		if readable < len(w.events)-w.largest {
			t.Fatalf("%s: only %d of %d events can be read", what, readable, len(w.events))
		}
		least = min(least, readable)
		if !report.Whole() {
			broken++
			return
		}
		whole++
		if whole%7 > 0 {
			return
		}
		write(t, path, string(file))
		log, err := store.Open(dir, store.Options{})
		if err != nil {
			t.Fatalf("%s: said to be whole: %v", what, err)
		}
		if n := w.compare(t, what, log.Read(0)); n != len(w.events) {
			t.Fatalf("%s: %d of %d events", what, n, len(w.events))
		}
		log.Close()
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for _, at := range kinds[kind] {
			flip(at+random.IntN(16), random.IntN(8))
			flip(at+16+random.IntN(64), random.IntN(8))
			flip(at+random.IntN(4096), random.IntN(8))
		}
	}
	for at := range 8192 { // the meta pages
		if at%4096 < 96 {
			flip(at, random.IntN(8))
		}
	}
	for range 300 {
		flip(random.IntN(len(file)), random.IntN(8))
	}
	t.Logf("%d pages, %d flips found, %d without consequence, at least %d of %d events "+
		"readable", len(file)/4096, broken, whole, least, len(w.events))
	if broken == 0 || whole == 0 {
		t.Error("the flips do not hit what they should")
	}
}

// TestABucketLeadsAnywhere flips each bit of what leads to a bucket or says that it lies inside its entry; page numbers
// that are too great for a place in a file are among what comes of it.
func TestABucketLeadsAnywhere(t *testing.T) {
	t.Parallel()
	w := tellSome(t, 4, 1500)
	for _, bucket := range []string{"meta", "tail", "blocks", "caches"} {
		found := 0
		for page := 2 * 4096; page < usedBytes(w.file); page += 4096 {
			if !bytes.Contains(w.file[page:page+4096], []byte(`"format"`)) {
				continue // the pages that were the root at some time hold what the log says of itself
			}
			at := page + bytes.Index(w.file[page:page+4096], []byte(bucket)) + len(bucket)
			for bit := range 128 {
				file := bytes.Clone(w.file)
				file[at+bit/8] ^= 1 << (bit % 8)
				what := fmt.Sprintf("bit %d behind the name %s in page %d", bit, bucket, page/4096)
				report, readable := w.check(t, what, file)
				if readable < len(w.events)-w.largest {
					t.Fatalf("%s: only %d of %d events can be read: %+v", what, readable, len(w.events), report)
				}
				if !report.Whole() {
					found++
				}
			}
		}
		if found < 64 {
			t.Errorf("%s: %d flips found", bucket, found)
		}
	}
}

func TestVerifyACutTail(t *testing.T) {
	t.Parallel()
	w := tell(t)
	used := usedBytes(w.file)
	for size := 0; size <= len(w.file); size += 2048 + size%3 {
		for _, size := range []int{size, size &^ 4095} {
			report, _ := w.check(t, fmt.Sprintf("cut at %d", size), w.file[:size])
			if whole := report != nil && report.Whole(); whole != (size >= used) {
				t.Fatalf("cut at %d of %d, %d are used: whole is %v", size, len(w.file), used, whole)
			}
		}
	}
}

// TestAFailedBatchIsNotSalvaged: a commit fails after the disk has kept everything, and another batch takes its place.
func TestAFailedBatchIsNotSalvaged(t *testing.T) {
	t.Parallel()
	fault := &fault{}
	dir := t.TempDir()
	store.CommitThrough(dir, fault.commit)
	log := open(t, dir, store.Options{})
	for i := range 30 {
		if i%3 == 1 {
			fault.next = "after"
			if _, err := log.Append(noon, Rows(50)); err == nil {
				t.Fatal("the commit did not fail")
			}
		}
		appendRows(t, log, 5)
	}
	log.Close()
	file, err := os.ReadFile(log.Path())
	if err != nil {
		t.Fatal(err)
	}
	clear(file[:8192]) // nothing says what is live
	s, err := store.SalvageBytes(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range s.Read(0) {
		if err != nil || len(b.Events) != 5 || b.First() != uint64(n+1) {
			t.Fatalf("%v, %d events from %d on behind %d", err, len(b.Events), b.First(), n)
		}
		n += len(b.Events)
	}
	if n != 150 {
		t.Errorf("%d events, want 150", n)
	}
}

// TestVerifyWhileItIsWritten: what is being written must not be taken for damage.
func TestVerifyWhileItIsWritten(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	appendRows(t, log, 1)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, err := log.Append(noon, Rows(30))
			if err == nil {
				err = log.KeepCaches(store.Cache{Name: "c", Seq: 1, Data: make([]byte, 5000)})
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	last := uint64(0)
	for last < 6000 { // several blocks are sealed meanwhile
		report, err := store.Verify(t.Context(), log.Path())
		if errors.Is(err, store.ErrLocked) {
			// only this test writes without a pause; a slow machine never has a quiet moment, which the error says
			break
		}
		// What a look passes by may be written anew under it: then it knows a batch before that is committed.
		if err != nil || !report.Whole() || len(report.Readable) != 1 || report.Readable[0].Last+30 < last {
			t.Errorf("behind %d: %v %+v", last, err, report)
			break
		}
		last = report.Readable[0].Last
	}
	close(stop)
	writing.Wait()
	if report, err := store.Verify(t.Context(), log.Path()); err != nil || !report.Whole() {
		t.Errorf("in peace: %v %+v", err, report)
	}
}

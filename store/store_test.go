package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

const noon = Noon

func open(t testing.TB, dir string, options store.Options) *store.Log {
	t.Helper()
	log, err := store.Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

func appendRows(t testing.TB, log *store.Log, n int) jobmon.Batch {
	t.Helper()
	batch, err := log.Append(noon, Rows(n))
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestConformance(t *testing.T) {
	t.Parallel()
	options := store.Options{Site: testSite}
	t.Run("on disk", func(t *testing.T) {
		conformance(t,
			func(t *testing.T) eventLog { return open(t, t.TempDir(), options) },
			func(t *testing.T, log eventLog) eventLog {
				if err := log.Close(); err != nil {
					t.Fatal(err)
				}
				return open(t, filepath.Dir(log.Path()), store.Options{Site: "another name is ignored"})
			})
	})
	t.Run("in memory", func(t *testing.T) {
		conformance(t,
			func(t *testing.T) eventLog { return &memory{SiteName: testSite} },
			func(t *testing.T, log eventLog) eventLog { return log.(*memory).Reopen() })
	})
}

// TestRandomOperations compares the log on disk with the one in memory. A failing run prints how to repeat it.
func TestRandomOperations(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "jobmon-store")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		fault := &fault{}
		options := store.Options{Site: "S"}
		store.CommitThrough(dir, fault.commit)
		log, err := store.Open(dir, options)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { log.Close() }()
		model := &memory{SiteName: "S"}
		// When a commit fails after the disk has it, and nothing was appended since, the next process finds the batch.
		stayed := func() {}

		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				at := noon + jobmon.Instant(rapid.Int64Range(-1e6, 1e6).Draw(t, "at"))
				var events []jobmon.Event
				if rapid.Bool().Draw(t, "of all kinds") {
					events = store.AnyEvents(t, 5)
				} else {
					events = Rows(rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(300, 1500)).Draw(t, "rows"))
				}
				fault.next = rapid.SampledFrom([]string{"", "", "", "before", "after"}).Draw(t, "fault")
				got, err := log.Append(at, slices.Clone(events))
				if failed := fault.fired; failed != "" {
					fault.fired = ""
					if err == nil {
						t.Fatal("a failed commit was not reported")
					}
					if failed == "after" {
						first := log.Next()
						stayed = func() { model.SkipTo(first); model.Append(at, events) }
					}
					return
				}
				want, _ := model.Append(at, events)
				if err != nil || !slices.Equal(got.Events, want.Events) {
					t.Fatalf("%v: got %d to %d, want %d to %d", err, got.First(), got.Last(), want.First(), want.Last())
				}
				stayed = func() {}
			},
			"keep a cache": func(t *rapid.T) {
				seq, at, ok := model.Last()
				if !ok {
					t.Skip("there is no event")
				}
				cache := store.Cache{Name: "c", Seq: seq, Data: fmt.Append(nil, seq, at)}
				fault.next = rapid.SampledFrom([]string{"", "", "", "before", "after"}).Draw(t, "fault")
				err := log.KeepCaches(cache)
				failed := fault.fired
				if fault.fired = ""; (err != nil) != (failed != "") {
					t.Fatalf("%q: %v", failed, err)
				}
				if failed != "before" {
					model.KeepCaches(cache)
				}
			},
			"skip": func(t *rapid.T) {
				to := log.Next() + rapid.Uint64Range(0, 3000).Draw(t, "numbers")
				if err := errors.Join(log.SkipTo(to), model.SkipTo(to)); err != nil {
					t.Fatal(err)
				}
			},
			"open again": func(t *rapid.T) {
				stayed()
				stayed = func() {}
				model = model.Reopen()
				if err := log.Close(); err != nil {
					t.Fatal(err)
				}
				if log, err = store.Open(dir, options); err != nil {
					t.Fatal(err)
				}
			},
			"read": func(t *rapid.T) {
				last, _, _ := model.Last()
				from := rapid.Uint64Range(0, last+2).Draw(t, "from")
				same(t, log.Read(from), model.Read(from))
				same(t, log.Computer(5_000_017, from), model.Computer(5_000_017, from))
			},
			"seek": func(t *rapid.T) {
				at := noon + jobmon.Instant(rapid.Int64Range(-1e6, 1e6).Draw(t, "at"))
				got, _, err := log.Moment(at)
				if want, _, _ := model.Moment(at); err != nil || got != want {
					t.Fatalf("Moment(%v) = %+v, %v, want %+v", at, got, err, want)
				}
				gaps, err := log.Gaps()
				if want, _ := model.Gaps(); err != nil || !slices.Equal(gaps, want) {
					t.Fatalf("Gaps() = %v, %v, want %v", gaps, err, want)
				}
			},
			"": func(t *rapid.T) {
				seq, at, ok := log.Last()
				wantSeq, wantAt, wantOK := model.Last()
				if seq != wantSeq || at != wantAt || ok != wantOK {
					t.Fatalf("Last() = %d, %v, %v, want %d, %v, %v", seq, at, ok, wantSeq, wantAt, wantOK)
				}
				got, ok := log.Cache("c", 0) // after a failed commit it may be absent, and never another
				if want, _ := model.Cache("c", 0); ok && (got.Seq != want.Seq || !bytes.Equal(got.Data, want.Data)) {
					t.Fatalf("the cache of %d, want that of %d", got.Seq, want.Seq)
				}
			},
		})
		same(t, log.Read(0), model.Read(0))
		same(t, log.Scan(0), model.Scan(0))
		if err := log.Prove(context.Background(), 0); err != nil {
			t.Fatal(err)
		}
	})
}

func same(t *rapid.T, got, want iter.Seq2[jobmon.Batch, error]) {
	next, stop := iter.Pull2(want)
	defer stop()
	for batch, err := range got {
		if err != nil {
			t.Fatal(err)
		}
		if want, _, ok := next(); !ok || batch.At != want.At || !slices.Equal(batch.Events, want.Events) {
			t.Fatalf("the batch from %d is not what was appended", batch.First())
		}
	}
	if want, _, ok := next(); ok {
		t.Fatalf("the batch from %d is missing", want.First())
	}
}

// fault makes one commit fail: before anything is written, or after everything is, as when the last fsync fails.
type fault struct {
	next  string // "before" or "after"
	fired string // what it was
}

func (f *fault) commit(tx *bolt.Tx) error {
	next := f.next
	f.next, f.fired = "", next
	switch next {
	case "before":
		tx.Rollback()
		return errors.New("injected: the disk is full")
	case "after":
		if err := tx.Commit(); err != nil {
			return err
		}
		return errors.New("injected: fsync failed")
	}
	return tx.Commit()
}

func TestAFailedCommit(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		t.Run("fails "+when+" the disk has it", func(t *testing.T) {
			dir := t.TempDir()
			fault := &fault{}
			store.CommitThrough(dir, fault.commit)
			log := open(t, dir, store.Options{})
			appendRows(t, log, 3)

			for range 2 {
				fault.next = when
				failed := Rows(5)
				if _, err := log.Append(noon, failed); err == nil || !strings.Contains(err.Error(), "injected") {
					t.Fatalf("got %v", err)
				}
				if failed[0].Seq != 0 {
					t.Error("a number was given to an event that was not appended")
				}
				if seq, _, _ := log.Last(); seq != 3 {
					t.Errorf("Last() = %d, want 3", seq)
				}
				if got := collect(t, log, 0); len(got) != 1 {
					t.Errorf("%d batches can be read, want 1", len(got))
				}
			}
			if batch := appendRows(t, log, 2); batch.First() != 4 {
				t.Errorf("the next event has number %d, want 4", batch.First())
			}
			log.Close()
			got := collect(t, open(t, dir, store.Options{}), 0)
			if len(got) != 2 || got[1].First() != 4 || got[1].Last() != 5 {
				t.Errorf("after opening again: %d batches", len(got))
			}
		})
	}
}

func TestTheProcessEndsAfterAFailedCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fault := &fault{next: "after"}
	store.CommitThrough(dir, fault.commit)
	log := open(t, dir, store.Options{})
	if _, err := log.Append(noon, Rows(5)); err == nil {
		t.Fatal("a failed commit was not reported")
	}
	log.Close()
	log = open(t, dir, store.Options{})
	if seq, _, _ := log.Last(); seq != 5 {
		t.Errorf("Last() = %d: the batch is on the disk whole, so it counts", seq)
	}
	if batch := appendRows(t, log, 1); batch.First() != 6 {
		t.Errorf("the next event has number %d, want 6", batch.First())
	}
}

func TestADiskThatFillsUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{})
	store.Limit(dir, 256<<10)
	appended := 0
	var full error
	for full == nil && appended < 1000 {
		if _, full = log.Append(noon, Rows(100)); full == nil {
			appended++
		}
	}
	if full == nil {
		t.Fatal("the disk never filled up")
	}
	for range 3 { // it stays full, and stays usable
		if _, err := log.Append(noon, Rows(100)); err == nil {
			t.Fatal("there was room after all")
		}
		if got := collect(t, log, 0); len(got) != appended {
			t.Fatalf("%d batches, want %d", len(got), appended)
		}
	}
	log.Close()
	store.Limit(dir, 0)
	log = open(t, dir, store.Options{}) // there is room again
	if batch := appendRows(t, log, 100); batch.First() != uint64(appended*100+1) {
		t.Errorf("the next event has number %d, want %d", batch.First(), appended*100+1)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := store.Open(dir, store.Options{ReadOnly: true}); !errors.Is(err, store.ErrNoLog) {
		t.Fatalf("an empty folder: %v, want ErrNoLog", err)
	}
	if _, err := store.Open(filepath.Join(dir, "absent"), store.Options{ReadOnly: true}); !errors.Is(err,
		store.ErrNoLog) {
		t.Fatalf("no folder: %v, want ErrNoLog", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Fatalf("opening for reading has left %v", entries)
	}

	writer := open(t, dir, store.Options{})
	appendRows(t, writer, 3)
	if _, err := store.Open(dir, store.Options{ReadOnly: true}); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("beside a writer: %v, want ErrLocked", err)
	}
	writer.Close()

	reader := open(t, dir, store.Options{ReadOnly: true})
	if _, err := reader.Append(noon, Rows(1)); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Append: %v, want ErrReadOnly", err)
	}
	second := open(t, dir, store.Options{ReadOnly: true})
	for batch, err := range reader.Read(1) {
		if err != nil || batch.Last() != 3 {
			t.Fatalf("%v, %v", batch, err)
		}
		if got := collect(t, second, 1); len(got) != 1 {
			t.Fatalf("a second reader gets %d batches", len(got))
		}
		// A reader that takes its time keeps no writer out.
		writer = open(t, dir, store.Options{})
		appendRows(t, writer, 2)
	}
	if seq, _, _ := reader.Last(); seq != 3 {
		t.Errorf("Last() = %d, want 3 as on opening", seq)
	}
	for _, err := range reader.Read(1) {
		if !errors.Is(err, store.ErrLocked) {
			t.Errorf("beside a writer: %v, want ErrLocked", err)
		}
	}
	writer.Close()
	if got := collect(t, reader, 1); len(got) != 1 {
		t.Errorf("%d batches, want 1 as on opening", len(got))
	}
}

func TestAMillionRowsAreOneBatch(t *testing.T) {
	t.Parallel()
	if os.Getenv("JOBMON_TEST_BIG") == "" {
		t.Skip("takes 1 GB of memory: set JOBMON_TEST_BIG=1")
	}
	log := open(t, t.TempDir(), store.Options{})
	appendRows(t, log, 1_000_000)
	appendRows(t, log, 1)
	got := collect(t, log, 0)
	if len(got) != 2 || got[0].Last() != 1_000_000 || got[1].First() != 1_000_001 {
		t.Errorf("%d batches", len(got))
	}
}

func TestALongReadTurnsPages(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	for range 30 {
		appendRows(t, log, 3000) // about 30 KB
	}
	appendRows(t, log, 60_000) // more than a page
	appendRows(t, log, 1)
	next := uint64(1)
	for batch, err := range log.Read(0) {
		if err != nil || batch.First() != next {
			t.Fatalf("batch from %d, want %d: %v", batch.First(), next, err)
		}
		next = batch.Last() + 1
	}
	if next != 150_002 {
		t.Errorf("read up to %d, want 150001", next-1)
	}
}

// TestCachesBehindAFailedCommit: the batch that failed, and had sealed the tail, is on the disk when caches are kept.
// The log opens all the same, with that batch.
func TestCachesBehindAFailedCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fault := &fault{}
	store.CommitThrough(dir, fault.commit)
	log := open(t, dir, store.Options{})
	appendRows(t, log, 1000)
	fault.next = "after"
	if _, err := log.Append(noon, Rows(100)); err == nil {
		t.Fatal("a failed commit was not reported")
	}
	if err := log.KeepCaches(store.Cache{Name: "c", Seq: 1000}); err != nil {
		t.Fatal(err)
	}
	log.Close()
	log = open(t, dir, store.Options{})
	if seq, _, _ := log.Last(); seq != 1100 {
		t.Errorf("Last() = %d", seq)
	}
}

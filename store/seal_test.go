package store_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// sealed are the log's blocks, by their first sequence number.
func sealed(t *testing.T, log *store.Log) map[uint64][]byte {
	t.Helper()
	blocks, err := log.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func TestTheTailIsSealedWhenItWouldExceed1024Events(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	for range 64 {
		appendRows(t, log, 16)
	}
	if n := len(sealed(t, log)); n != 0 {
		t.Fatalf("%d blocks behind 1,024 events, want none", n)
	}
	appendRows(t, log, 1)
	if n := len(sealed(t, log)); n != 1 {
		t.Fatalf("%d blocks behind 1,025 events, want 1", n)
	}
	if n := log.TailFrames(); n != 1 {
		t.Errorf("%d frames in the tail, want 1", n)
	}
	appendRows(t, log, 5000) // a batch is never divided
	appendRows(t, log, 1)
	if n := len(sealed(t, log)); n != 3 {
		t.Errorf("%d blocks, want 3", n)
	}
	if got := collect(t, log, 0); len(got) != 67 || len(got[65].Events) != 5000 {
		t.Errorf("%d batches", len(got))
	}
}

// damagedBlock is a log of 40 batches of 100 events, closed, whose second block, of the events 1001 to 2000, is changed
// in all copies that the file has of it.
func damagedBlock(t *testing.T, change func(block []byte)) (dir, path string) {
	t.Helper()
	dir, path, file := sample(t)
	log := open(t, dir, store.Options{ReadOnly: true})
	block := sealed(t, log)[1001]
	log.Close()
	found := 0
	for at := 0; ; {
		i := bytes.Index(file[at:], block)
		if i < 0 {
			break
		}
		at += i
		change(file[at : at+len(block)])
		at += len(block)
		found++
	}
	if found == 0 {
		t.Fatal("the block is not in the file")
	}
	write(t, path, string(file))
	return dir, path
}

func TestADamagedBlockIsNamedAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 3, 5, 9, 12, 20, 60, 200, -1} {
		dir, path := damagedBlock(t, func(block []byte) { block[(at+len(block))%len(block)] ^= 4 })
		for _, readOnly := range []bool{true, false} {
			events, err := readAll(dir, readOnly)
			oneSentence(t, err, store.ErrCorrupt, path)
			var damage *store.Error
			if !errors.As(err, &damage) || damage.Seq != 1001 || damage.Last != 2000 || events != 1000 {
				t.Fatalf("byte %d: after %d events: %+v", at, events, damage)
			}
		}
		log := open(t, dir, store.Options{})
		for i, batch := range collect(t, log, 2001) {
			if want := uint64(2001 + 100*i); batch.First() != want || batch.Last() != want+99 {
				t.Fatalf("byte %d: events %d to %d, want from %d", at, batch.First(), batch.Last(), want)
			}
		}
		if batch := appendRows(t, log, 100); batch.First() != 4001 {
			t.Errorf("byte %d: the next event has number %d", at, batch.First())
		}
		// One computer's history stops at the damage, and can go on behind it.
		events, failed := 0, false
		from := uint64(0)
		for range 2 {
			for batch, err := range log.Computer(5_000_017, from) {
				if events += len(batch.Events); err != nil {
					var damage *store.Error
					if !errors.As(err, &damage) || damage.Seq != 1001 || damage.Last != 2000 || events != 1000 {
						t.Fatalf("byte %d: after %d events: %v", at, events, err)
					}
					from, failed = damage.Last+1, true
				}
			}
		}
		if !failed || events != 3100 {
			t.Errorf("byte %d: %d events of the computer, want 3,100", at, events)
		}
		log.Close()
	}
}

func TestADamagedFrameIsSealedAsItIs(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	for range 5 {
		appendRows(t, log, 100)
	}
	err := log.ChangeTail(func(tail *store.Tail) {
		frame := tail.Get(201)
		frame[100] ^= 1
		tail.Put(201, frame)
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		appendRows(t, log, 100)
	}
	if n := len(sealed(t, log)); n < 3 || n > 6 {
		t.Fatalf("%d parts beside the damaged frame", n)
	}
	var failure *store.Error
	events := 0
	for from := uint64(0); ; from = failure.Last + 1 {
		again := false
		for batch, err := range log.Read(from) {
			if events += len(batch.Events); err != nil {
				if again = errors.As(err, &failure); !again || failure.Seq != 201 || failure.Last != 300 ||
					events != 200 {
					t.Fatalf("after %d events: %v", events, err)
				}
			}
		}
		if !again {
			break
		}
	}
	if events != 1600 {
		t.Errorf("%d events can be read, want 1,600", events)
	}
}

func TestAnExchangedBlockIsProven(t *testing.T) {
	t.Parallel()
	t.Run("for one with another event", func(t *testing.T) {
		dir, path, _ := sample(t)
		log := open(t, dir, store.Options{})
		if err := log.Prove(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if err := log.Forge(1001); err != nil {
			t.Fatal(err)
		}
		err := log.Prove(t.Context(), 0)
		oneSentence(t, err, store.ErrCorrupt, path)
		var damage *store.Error
		if !errors.As(err, &damage) || damage.Seq != 1001 {
			t.Errorf("%+v", damage)
		}
	})
	t.Run("a proof can be ended", func(t *testing.T) {
		dir, _, _ := sample(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := open(t, dir, store.Options{}).Prove(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDamagedCachesAreAbsent(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	appendRows(t, log, 3)
	cache := store.Cache{Name: "mirror", Version: 1, Seq: 3, Data: []byte("anything")}
	if err := log.KeepCaches(cache); err != nil {
		t.Fatal(err)
	}
	record, err := log.CacheRecord("mirror", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range record {
		bad := bytes.Clone(record)
		bad[i] ^= 0x10
		for _, value := range [][]byte{bad, record[:i]} {
			if _, err := log.CacheRecord("mirror", value); err != nil {
				t.Fatal(err)
			}
			if got, ok := log.Cache("mirror", 1); ok {
				t.Fatalf("byte %d: %+v", i, got)
			}
		}
	}
	// A record that was written under another name is no cache of that name.
	if _, err := log.CacheRecord("other", record); err != nil {
		t.Fatal(err)
	}
	if _, ok := log.Cache("other", 1); ok {
		t.Error("a cache of another name is there")
	}
}

// frozen is the data dir of a log that an earlier version wrote: a file of testdata, packed. It holds the events that
// known makes, 1 to 5 of them in a batch, 700 batches.
func frozen(t *testing.T, name string) (dir string) {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	log, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	write(t, filepath.Join(dir, "log-000001.db"), string(log))
	write(t, filepath.Join(dir, "CURRENT"), "log-000001.db\n")
	return dir
}

func TestLogsOfEarlierVersionsOpenForEver(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"log-format-2", "log-format-4"} {
		t.Run(name, func(t *testing.T) {
			if store.Update() && name == "log-format-4" {
				freeze(t, name)
			}
			dir := frozen(t, name)
			if last := verify(t, dir); last != 2100 {
				t.Fatalf("%d events, want 2,100", last)
			}
			log := open(t, dir, store.Options{})
			if log.Site() != "DS-FROZEN" {
				t.Errorf("Site() = %q", log.Site())
			}
			for range 3 {
				batch, err := log.Append(noon, []jobmon.Event{known(log.Next())})
				if err != nil || batch.First() != log.Next()-1 {
					t.Fatal(err)
				}
				if err := log.Prove(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(sealed(t, log)); n < 2 {
				t.Errorf("%d blocks, want at least 2", n)
			}
			appendKnown(t, log, 1500) // seals blocks of the present version behind the others
			log.Close()
			if last := verify(t, dir); last != 3603 {
				t.Errorf("%d events, want 3,603", last)
			}
			log = compact(t, open(t, dir, store.Options{}), store.CompactOptions{})
			if r, err := store.Verify(t.Context(), log.Path()); err != nil || !r.Whole() || r.Format != 4 {
				t.Errorf("the copy: %+v, %v", r, err)
			}
			log.Close()
			if last := verify(t, dir); last != 3603 {
				t.Errorf("%d events in the copy, want 3,603", last)
			}
		})
	}
}

// freeze writes the log of this version into testdata.
func freeze(t *testing.T, name string) {
	log := open(t, t.TempDir(), store.Options{Site: "DS-FROZEN"})
	for i := range 700 {
		var events []jobmon.Event
		for range 1 + i%5 {
			events = append(events, known(log.Next()+uint64(len(events))))
		}
		if _, err := log.Append(noon+jobmon.Instant(5000*i), events); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.KeepCaches(store.Cache{Name: "any", Version: 1, Seq: 2100, Data: []byte("kept")}); err != nil {
		t.Fatal(err)
	}
	log.Close()
	data, err := os.ReadFile(log.Path())
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, err = w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", name+".db.gz"), packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAReaderGoesOnWhileTheTailIsSealed(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	appendRows(t, log, 10)
	next := uint64(1)
	for batch, err := range log.Read(1) {
		if err != nil || batch.First() != next {
			t.Fatalf("the batch from %d follows %d: %v", batch.First(), next-1, err)
		}
		if next = batch.Last() + 1; next < 5000 {
			appendRows(t, log, 37)
		}
	}
	if last, _, _ := log.Last(); next != last+1 || next < 5000 {
		t.Errorf("read up to %d, the last is %d", next-1, last)
	}
}

func TestAReadOnlyLogStaysAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writer := open(t, dir, store.Options{})
	for range 5 {
		appendRows(t, writer, 100)
	}
	writer.Close()
	reader := open(t, dir, store.Options{ReadOnly: true})
	writer = open(t, dir, store.Options{})
	for range 10 {
		appendRows(t, writer, 100) // sealed together with what the reader knows
	}
	writer.Close()
	if got := collect(t, reader, 0); len(got) != 5 {
		t.Errorf("%d batches, want 5 as on opening", len(got))
	}
	n := 0
	for batch, err := range reader.Computer(5_000_017, 0) {
		if err != nil {
			t.Fatal(err)
		}
		n += len(batch.Events)
	}
	if n != 500 {
		t.Errorf("%d events of the computer, want 500", n)
	}
	if moment, ok, err := reader.Moment(noon); err != nil || !ok || moment.Seq != 500 {
		t.Errorf("Moment = %+v, %v, %v", moment, ok, err)
	}
	if got := slices.Collect(func(yield func(uint64) bool) {
		for batch := range reader.Read(450) {
			if !yield(batch.First()) {
				return
			}
		}
	}); !slices.Equal(got, []uint64{401}) {
		t.Errorf("Read(450) yields batches from %v", got)
	}
}

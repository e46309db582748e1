package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

const frameMagic = "\xe7JM"

// sample is a data dir with a log of 40 batches of 100 events, closed, and the bytes of its file.
func sample(t *testing.T) (dir, path string, file []byte) {
	t.Helper()
	dir = t.TempDir()
	log := open(t, dir, store.Options{})
	for range 40 {
		appendRows(t, log, 100)
	}
	log.Close()
	file, err := os.ReadFile(log.Path())
	if err != nil {
		t.Fatal(err)
	}
	return dir, log.Path(), file
}

// readAll opens a log, for writing or for reading, and reads it to its end or to the first failure.
func readAll(dir string, readOnly bool) (events int, err error) {
	log, err := store.Open(dir, store.Options{ReadOnly: readOnly})
	if err != nil {
		return 0, err
	}
	defer log.Close()
	for batch, err := range log.Read(0) {
		if err != nil {
			return events, err
		}
		events += len(batch.Events)
	}
	return events, nil
}

// usedBytes is how much of the file is in use, as its newest meta page says.
func usedBytes(file []byte) int {
	used, newest := uint64(0), uint64(0)
	for _, meta := range [][]byte{file[16:], file[4096+16:]} {
		if txid := binary.LittleEndian.Uint64(meta[48:]); txid >= newest {
			used, newest = binary.LittleEndian.Uint64(meta[40:])*4096, txid
		}
	}
	return int(used)
}

func TestACutTail(t *testing.T) {
	t.Parallel()
	dir, path, file := sample(t)
	used := usedBytes(file)
	for _, size := range []int{0, 1, 15, 79, 80, 100, 4095, 4096, 4175, 8191, 8192, 12288, 16384, used / 2,
		used - 4096, used - 1, used, len(file) - 1} {
		write(t, path, string(file[:size]))
		for _, readOnly := range []bool{false, true} {
			events, err := readAll(dir, readOnly)
			switch {
			case size >= used: // only unused space is gone
				if err != nil || events != 4000 {
					t.Errorf("cut at %d of %d: %d events, %v", size, len(file), events, err)
				}
			case size < 80: // not enough to tell what it was
				if !errors.Is(err, store.ErrTruncated) && !errors.Is(err, store.ErrNotOurs) {
					t.Errorf("cut at %d of %d: %v", size, len(file), err)
				}
			default:
				oneSentence(t, err, store.ErrTruncated, path)
			}
		}
	}
}

func TestAFileOfSomethingElse(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 100_000)
	random.Read(noise)
	dir, path, file := sample(t)
	halfZero := bytes.Clone(file)
	clear(halfZero[:8192])
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"noise":          {string(noise), store.ErrNotOurs},
		"a little noise": {string(noise[:20]), store.ErrNotOurs},
		"zeros":          {strings.Repeat("\x00", 65536), store.ErrNotOurs},
		"words":          {strings.Repeat("not a log\r\n", 3000), store.ErrNotOurs},
		"no meta pages":  {string(halfZero), store.ErrNotOurs},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, path, test.text)
			for _, readOnly := range []bool{false, true} {
				_, err := readAll(dir, readOnly)
				oneSentence(t, err, test.want, path)
			}
			if left, _ := os.ReadFile(path); string(left) != test.text {
				t.Error("the file was changed")
			}
		})
	}
}

func TestDamagedMetaPages(t *testing.T) {
	t.Parallel()
	dir, path, file := sample(t)
	for _, at := range []int{20, 30, 50, 60, 75} {
		one, both := bytes.Clone(file), bytes.Clone(file)
		one[at] ^= 1
		both[at] ^= 1
		both[4096+at] ^= 1
		write(t, path, string(both))
		_, err := readAll(dir, false)
		oneSentence(t, err, store.ErrCorrupt, path)
		// With one good meta page the log opens; the last batch may be gone, nothing else.
		write(t, path, string(one))
		if events, err := readAll(dir, true); err != nil || events < 3900 {
			t.Errorf("byte %d of the first: %d events, %v", at, events, err)
		}
	}
}

func TestADamagedFreeListKeepsWritersOut(t *testing.T) {
	t.Parallel()
	dir, path, file := sample(t)
	newest := file[16:]
	if binary.LittleEndian.Uint64(file[4096+16+48:]) > binary.LittleEndian.Uint64(newest[48:]) {
		newest = file[4096+16:]
	}
	list := int(binary.LittleEndian.Uint64(newest[32:])) * 4096
	for _, at := range []int{0, 8, 11, 13, 17, 22} { // id, flags, count, overflow, the first entry twice
		bad := bytes.Clone(file)
		bad[list+at] ^= 0x80
		write(t, path, string(bad))
		_, err := readAll(dir, false)
		oneSentence(t, err, store.ErrCorrupt, path)
		if events, err := readAll(dir, true); err != nil || events != 4000 {
			t.Errorf("byte %d: reading needs no free list: %d events, %v", at, events, err)
		}
	}
}

func TestADamagedFrameIsNamed(t *testing.T) {
	t.Parallel()
	dir, path, file := sample(t)
	// Of the frames that the file holds, also old copies on free pages, those of events 3301 to 3400.
	body := binary.AppendUvarint(nil, 3301)
	body = binary.AppendUvarint(body, 100)
	found := 0
	for at := 0; ; at++ {
		i := bytes.Index(file[at:], []byte(frameMagic))
		if i < 0 {
			break
		}
		at += i
		if bytes.HasPrefix(file[at+14:], body) { // its length takes two bytes
			file[at+200] ^= 4
			found++
		}
	}
	if found == 0 {
		t.Fatal("the frame is not in the file")
	}
	write(t, path, string(file))
	var damage *store.Error
	for _, readOnly := range []bool{false, true} {
		events, err := readAll(dir, readOnly)
		oneSentence(t, err, store.ErrCorrupt, path)
		if !errors.As(err, &damage) || damage.Seq != 3301 || damage.Last != 3400 || damage.Offset != 8 ||
			damage.Path != path || events != 3300 {
			t.Errorf("after %d events: %+v", events, damage)
		}
	}
	// What comes after it can be read on its own, and the log still takes new events.
	log := open(t, dir, store.Options{})
	if got := collect(t, log, damage.Last+1); len(got) != 6 {
		t.Errorf("%d batches behind the damage, want 6", len(got))
	}
	if batch := appendRows(t, log, 1); batch.First() != 4001 {
		t.Errorf("the next event has number %d, want 4001", batch.First())
	}
}

func TestFramesThatDoNotFollowOneAnother(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		do   func(tail *store.Tail)
		want error
		seq  uint64 // where it is noticed
	}{
		{"a frame is missing", func(tail *store.Tail) { tail.Delete(21) }, store.ErrCorrupt, 21},
		{"a frame was taken from another log", func(tail *store.Tail) { tail.Put(21, tail.Foreign(21, 10)) },
			store.ErrCorrupt, 21},
		{"a frame stands under a wrong number", func(tail *store.Tail) { tail.Put(25, tail.Get(21)) },
			store.ErrCorrupt, 25},
		{"a frame repeats the same events", func(tail *store.Tail) { tail.Put(25, tail.Foreign(25, 6)) },
			store.ErrCorrupt, 25},
		{"a frame is cut short", func(tail *store.Tail) { tail.Put(21, tail.Get(21)[:30]) }, store.ErrTruncated, 21},
		{"a frame is of a newer version", func(tail *store.Tail) { tail.Put(21, tail.Newer(21)) }, store.ErrNewer, 21},
		{"a key is no number", func(tail *store.Tail) { tail.PutKey("0000", tail.Get(21)) }, store.ErrCorrupt, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			log := open(t, dir, store.Options{})
			for range 5 {
				appendRows(t, log, 10)
			}
			if err := log.ChangeTail(test.do); err != nil {
				t.Fatal(err)
			}
			last := uint64(0)
			var failure error
			for batch, err := range log.Read(0) {
				if failure = err; err == nil {
					if batch.First() != last+1 {
						t.Fatalf("events from %d follow those up to %d", batch.First(), last)
					}
					last = batch.Last()
				}
			}
			oneSentence(t, failure, test.want, log.Path())
			var damage *store.Error
			if !errors.As(failure, &damage) || damage.Seq != test.seq {
				t.Errorf("names sequence number %d, want %d: %v", damage.Seq, test.seq, failure)
			}
		})
	}
}

func TestTheEndOfTheLogIsMissing(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	for range 5 {
		appendRows(t, log, 10)
	}
	if err := log.ChangeTail(func(tail *store.Tail) { tail.Delete(41) }); err != nil {
		t.Fatal(err)
	}
	var failure error
	for _, err := range log.Read(0) {
		failure = err
	}
	oneSentence(t, failure, store.ErrCorrupt, "41")
}

// TestWhatAnotherProcessDidAfterAFailedCommit: the file is closed for a moment then, and anything can have happened.
func TestWhatAnotherProcessDidAfterAFailedCommit(t *testing.T) {
	t.Parallel()
	for name, meddle := range map[string]func(tail *store.Tail){
		"it has less":              func(tail *store.Tail) { tail.Delete(11) },
		"its end is another":       func(tail *store.Tail) { tail.Put(11, tail.Foreign(11, 10)) },
		"it has more that follows": func(tail *store.Tail) { tail.Put(21, tail.Foreign(21, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			fault := &fault{}
			dir := t.TempDir()
			store.CommitThrough(dir, fault.commit)
			log := open(t, dir, store.Options{})
			appendRows(t, log, 10)
			appendRows(t, log, 10)
			if err := log.ChangeTail(meddle); err != nil {
				t.Fatal(err)
			}
			fault.next = "before"
			if _, err := log.Append(noon, Rows(1)); err == nil {
				t.Fatal("a failed commit was not reported")
			}
			for range 2 {
				_, err := log.Append(noon, Rows(1))
				oneSentence(t, err, store.ErrCorrupt, log.Path())
			}
			for _, err := range log.Read(1) {
				if err == nil {
					t.Error("a log that cannot be opened again was read")
				}
			}
		})
	}
}

func TestAnotherWriterTookTheLogAfterAFailedCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fault := &fault{}
	store.CommitThrough(dir, fault.commit)
	log := open(t, dir, store.Options{})
	appendRows(t, log, 1)
	fault.next = "before"
	if _, err := log.Append(noon, Rows(1)); err == nil {
		t.Fatal("a failed commit was not reported")
	}
	if err := log.Drop(); err != nil { // as in the moment between closing and opening again
		t.Fatal(err)
	}
	thief := open(t, dir, store.Options{})
	if _, err := log.Append(noon, Rows(1)); !errors.Is(err, store.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	thief.Close()
	if batch := appendRows(t, log, 1); batch.First() != 2 {
		t.Errorf("the next event has number %d, want 2", batch.First())
	}
}

// TestATruncatedFileUnderAnOpenLog: the pages are gone from under bbolt's memory map. Windows refuses to do that.
func TestPagesThatVanishUnderAnOpenLog(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	for range 40 {
		appendRows(t, log, 100)
	}
	if err := os.Truncate(log.Path(), 8192); err != nil {
		t.Logf("the system protects the file: %v", err)
		return
	}
	var failure error
	for _, err := range log.Read(1) {
		failure = err
	}
	oneSentence(t, failure, store.ErrCorrupt, log.Path())
	for range 2 {
		_, err := log.Append(noon, Rows(1))
		oneSentence(t, err, store.ErrCorrupt, log.Path())
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}

func TestTimesOfTheEnds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	log := open(t, dir, store.Options{})
	for i := range 3 {
		if _, err := log.Append(noon-jobmon.Instant(i), Rows(1)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		_, first, _ := log.First()
		_, last, _ := log.Last()
		if first != noon || last != noon-2 {
			t.Errorf("from %v to %v", first, last)
		}
		log.Close()
		log = open(t, dir, store.Options{ReadOnly: true})
	}
}

// TestADamagedKeyHidesNoLoss: the number under which a frame is stored is what is damaged, so it seems to begin later.
func TestADamagedKeyHidesNoLoss(t *testing.T) {
	t.Parallel()
	var lost []store.Gap
	log := open(t, t.TempDir(), store.Options{Damaged: func(e *store.Error) {
		lost = append(lost,
			store.Gap{From: e.Seq, To: e.Last})
	}})
	for range 5 {
		appendRows(t, log, 10)
	}
	if err := log.ChangeTail(func(tail *store.Tail) { tail.Put(23, tail.Get(21)); tail.Delete(21) }); err != nil {
		t.Fatal(err)
	}
	told := 0
	for b, err := range log.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		told += len(b.Events)
	}
	if want := (store.Gap{From: 21, To: 30}); told != 40 || len(lost) != 1 || lost[0] != want {
		t.Errorf("%d events, %v is said to be lost, want %v", told, lost, want)
	}
}

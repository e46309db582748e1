package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestEachLossIsNamed damages, bit by bit, what leads to the events: how many entries a page has, where they lie and how
// long they are, and the numbers under which events are stored, also together with a byte of what is stored there. A
// log that opens all the same gives each event or names it as damaged, in each way of reading.
func TestEachLossIsNamed(t *testing.T) {
	t.Parallel()
	w := tellSome(t, 30, 1200)
	log := open(t, w.dir, store.Options{ReadOnly: true})
	compact := filepath.Join(t.TempDir(), "log.db") // has no pages but those that the tree leads to
	if _, err := store.Backup(t.Context(), log, compact, nil); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(compact)
	if err != nil {
		t.Fatal(err)
	}
	disk, err := os.OpenFile(compact, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	flip := func(bits []int) {
		for _, bit := range bits {
			file[bit/8] ^= 1 << (bit % 8)
			if _, err := disk.WriteAt(file[bit/8:][:1], int64(bit/8)); err != nil {
				t.Fatal(err)
			}
		}
	}
	opened, refused := 0, 0
	try := func(what string, flips ...int) { // bits of the file
		flip(flips)
		defer flip(flips)
		if w.named(t, fmt.Sprint(what, flips), compact) {
			opened++
		} else {
			refused++
		}
	}
	for _, page := range regions(file)["page type 0x2"] {
		for bit := range 12 {
			try("bit of how many entries there are", (page+10)*8+bit)
		}
		last := int(binary.LittleEndian.Uint16(file[page+10:])) - 1
		for bit := range 8 * 16 {
			if bit%32 < 12 || bit%32 == 31 { // of one of the four numbers
				try("bit of the first entry", (page+16)*8+bit)
				try("bit of the last entry", (page+16+16*last)*8+bit)
			}
		}
	}
	var values []int // where frames and blocks begin
	for at := range file {
		if begin := file[at:]; bytes.HasPrefix(begin, []byte("\xe7JM")) || bytes.HasPrefix(begin, []byte("\xe7JB")) {
			values = append(values, at)
		}
	}
	for _, at := range []int{values[0], values[1], values[len(values)/2], values[len(values)-1]} {
		for bit := range 12 {
			key := (at-1)*8 + bit
			if bit >= 8 {
				key -= 16 // the number's last byte but one
			}
			try("bit of a key", key)
			try("bit of a key and of its value", key, (at+20)*8)
		}
	}
	t.Logf("%d files were opened, %d were refused", opened, refused)
	if opened < 50 || refused < 100 {
		t.Error("the damage does not do what it should")
	}
}

// named checks that each event of a damaged log is read or named as damaged; false when the log cannot be opened.
func (w *told) named(t *testing.T, what, path string) (opened bool) {
	t.Helper()
	var gone map[uint64]jobmon.Event
	damaged := func(e *store.Error) {
		for seq := e.Seq; seq <= min(e.Last, w.last); seq++ {
			delete(gone, seq)
		}
	}
	reading := func(how string, read func(*store.Log)) bool {
		gone = clone(w.events)
		log, err := store.OpenFileWith(path, store.Options{Damaged: damaged})
		if err != nil {
			return false
		}
		defer log.Close()
		if read(log); len(gone) > 0 {
			t.Errorf("%s: %s neither gives nor names %d of %d events", what, how, len(gone), len(w.events))
		}
		return true
	}
	take := func(batches func(func(jobmon.Batch, error) bool)) {
		for b, err := range batches {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			for _, e := range b.Events {
				if e != w.events[e.Seq] {
					t.Fatalf("%s: event %d is %+v, true is %+v", what, e.Seq, e, w.events[e.Seq])
				}
				delete(gone, e.Seq)
			}
		}
	}
	if !reading("Read", func(log *store.Log) { take(log.Read(0)) }) {
		return false
	}
	from := w.last / 2
	reading("Read from the middle", func(log *store.Log) {
		for seq := range from {
			delete(gone, seq)
		}
		take(log.Read(from))
	})
	reading("Remote, with what Scrub names,", func(log *store.Log) {
		s, err := log.Scrub(t.Context(), func(context.Context) error { return nil })
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, e := range s.Damage {
			damaged(e)
		}
		take((&store.Remote{Pages: log, Name: path}).Read(0))
	})
	id := w.events[from].Computer
	reading("Computer", func(log *store.Log) {
		for seq, e := range gone {
			if e.Computer != id {
				delete(gone, seq)
			}
		}
		take(log.Computer(id, 0))
	})
	return true
}

package store_test

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"testing"

	"github.com/jobmon-db/jobmon-db/store"
)

// FuzzVerify writes over a part of a log, cuts it, and makes the meta pages' checksums right again if asked, so that
// wrong page numbers get past them. Verify must not panic, hang or take much memory, and nothing may be told that is
// not so.
func FuzzVerify(f *testing.F) {
	w := tellSome(f, 70, 300) // small, for speed: two blocks
	f.Add(uint32(20), []byte{1}, uint32(1<<31), false)
	f.Add(uint32(16+16), []byte{3}, uint32(1<<31), true)
	f.Add(uint32(4096+16+40), []byte{0xff, 0xff, 0xff, 0xff, 0xff}, uint32(1<<31), true)
	f.Add(uint32(4096*3), bytes.Repeat([]byte("\xe7JM\x01aaaabbbb\x80\x80\x04"), 300), uint32(1<<31), false)
	f.Add(uint32(4096*2+10), []byte{0xff, 0xff}, uint32(100_000), false)
	f.Fuzz(func(t *testing.T, at uint32, patch []byte, size uint32, repair bool) {
		file := bytes.Clone(w.file)
		copy(file[int(at)%len(file):], patch)
		if repair {
			for page := range 2 {
				raw := file[page*4096+16:]
				sum := fnv.New64a()
				sum.Write(raw[:56])
				binary.LittleEndian.PutUint64(raw[56:], sum.Sum64())
			}
		}
		file = file[:min(int(size), len(file))]
		report, err := store.VerifyBytes(t.Context(), file)
		if err == nil && len(report.Faults) == 0 && report.Events != len(w.events) {
			// With repaired meta pages an older tree may be the valid one: what it tells must be true all the same.
			if !repair {
				t.Fatalf("said to be whole with %d of %d events", report.Events, len(w.events))
			}
		}
		s, err := store.SalvageBytes(t.Context(), file)
		if err != nil {
			return
		}
		w.compare(t, "salvaged", s.Read(0))
	})
}

// FuzzScan gives the scanner bytes without any file around them.
func FuzzScan(f *testing.F) {
	f.Add([]byte("\xe7JM"))
	f.Add(bytes.Repeat([]byte("\xe7JB\x01aaaabbbb\x20\x40"), 40))
	f.Add([]byte(`1234{"format":2,"reader":2,"first":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := store.SalvageBytes(t.Context(), data); err == nil {
			for range s.Read(0) {
			}
		}
		if report, err := store.VerifyBytes(t.Context(), data); err == nil && report.Whole() &&
			report.Events > len(data)/3 {
			t.Fatalf("%d events in %d bytes", report.Events, len(data))
		}
	})
}

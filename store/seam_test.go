package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestSeamsStay: what joins the parts of a log that was damaged, and then cut, is in every copy of it, and none of its
// readers takes it for damage, nor real damage for it.
func TestSeamsStay(t *testing.T) {
	t.Parallel()
	dir, path := damagedBlock(t, func(block []byte) { block[len(block)-1] ^= 1 })
	q, err := store.Quarantine(t.Context(), dir, errors.New("for a test"), time.Unix(1_800_000_000, 0))
	if err != nil || len(q.Lost) != 1 || q.Lost[0] != (store.Gap{From: 1001, To: 2000}) || q.Unsure {
		t.Fatalf("%s: %+v, %v", path, q, err)
	}
	log := open(t, dir, store.Options{})
	appendKnown(t, log, 1500)
	check := func(what string, log *store.Log, events int) {
		t.Helper()
		n, last := 0, uint64(0)
		for b, err := range log.Read(0) {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			n, last = n+len(b.Events), b.Last()
		}
		if end, _, _ := log.Last(); n != events || last != end {
			t.Errorf("%s: %d events up to %d of %d, want %d", what, n, last, end, events)
		}
		if err := log.Prove(t.Context(), 0); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if report, err := store.Verify(t.Context(), log.Path()); err != nil || !report.Whole() ||
			report.Events != events {
			t.Errorf("%s: %+v, %v", what, report, err)
		}
		n = 0
		for b, err := range (&store.Remote{Pages: log, Name: what}).Read(1500) {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			n += len(b.Events)
		}
		if first, _, _ := log.First(); first < 1001 && n != events-1000 {
			t.Errorf("%s: %d events behind the seam, want %d", what, n, events-1000)
		}
	}
	all := 3000 + len(q.Lost) + 1 + 1500
	check("moved aside", log, all)
	if gaps, err := log.Gaps(); err != nil || !slices.Equal(gaps, q.Lost) {
		t.Errorf("%v, %v", gaps, err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if s, err := store.Backup(t.Context(), log, backup, nil); err != nil || len(s.Damaged) > 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	check("backup", openCopy(t, backup), all)
	other := t.TempDir()
	if _, err := store.Restore(t.Context(), other, backup, store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	check("restored", open(t, other, store.Options{}), all)
	log = compact(t, log, store.CompactOptions{})
	check("compacted", log, all)
	at := uint64(0) // inside a block, behind the seam
	for b := range log.Scan(3500) {
		if b.First() > 3500 {
			at = b.First()
			break
		}
	}
	log = compact(t, log, store.CompactOptions{Cut: &store.Cut{At: at, Carried: carried(log, at)}})
	last, _, _ := log.Last()
	check("cut", log, 2+int(last-at)+1)
	log.Close()

	// A block that is exchanged for an older one is no seam.
	file, err := os.ReadFile(log.Path())
	if err != nil {
		t.Fatal(err)
	}
	begin := bytes.LastIndex(file, []byte("\xe7JM"))
	binary.LittleEndian.PutUint32(file[begin+4:], 0)
	write(t, log.Path(), string(file))
	if report, err := store.Verify(t.Context(), log.Path()); err != nil || report.Whole() {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestWhatIsNoCut: what stands for old history must end where the rest begins.
func TestWhatIsNoCut(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	appendRows(t, log, 10)
	appendRows(t, log, 10)
	for name, b := range map[string]jobmon.Batch{"nothing": {}, "too early": carried(log, 9), "too " +
		"late": carried(log, 14)} {
		if _,
			err := log.Compact(t.Context(), store.CompactOptions{Cut: &store.Cut{At: 11, Carried: b}}); !errors.Is(err,
			store.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

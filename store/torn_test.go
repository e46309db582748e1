package store_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestATornCommit plays what a loss of power, or a write that was cut short, leaves of a commit: some of its pages,
// some of them by half, and the meta page not at all, by half or whole. The log then ends before that commit or
// behind it, and tells everything that it had told before.
func TestATornCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	random := lawtest.Random(t)
	log := open(t, dir, store.Options{})
	w := &told{dir: dir, path: log.Path()}
	var before []byte
	last := 0
	for commit := range 60 {
		was := last
		n := 1 + random.IntN(60)
		last += n
		batch, err := log.Append(noon, knownEvents(was, n))
		if err != nil || batch.Last() != uint64(last) {
			t.Fatal(err)
		}
		after, err := os.ReadFile(log.Path())
		if err != nil {
			t.Fatal(err)
		}
		if commit%3 == 0 && len(before) == len(after) {
			for range 8 {
				torn, hasMeta := tear(random, before, after)
				end := w.endOf(t, torn)
				if end != was && end != last || end == was && hasMeta {
					t.Fatalf("commit %d: the log ends with %d, it is %d before and %d behind the commit; meta "+
						"page written: %v", commit, end, was, last, hasMeta)
				}
			}
		}
		before = after
	}
}

// tear takes some of the pages of after, the rest of before. The data pages are all there when the meta page is: the
// commit syncs them first.
func tear(random *rand.Rand, before, after []byte) (torn []byte, meta bool) {
	torn = bytes.Clone(before)
	half := random.IntN(3) // of the meta page: nothing, a part, all
	for at := 8192; at < len(after); at += 4096 {
		switch {
		case half > 0 || random.IntN(2) == 0:
			copy(torn[at:at+4096], after[at:])
		case random.IntN(4) == 0:
			copy(torn[at:at+random.IntN(4096)], after[at:])
		}
	}
	for at := 0; at < 8192; at += 4096 {
		switch half {
		case 1:
			copy(torn[at:at+16+random.IntN(64)], after[at:])
		case 2:
			copy(torn[at:at+4096], after[at:])
		}
	}
	return torn, half == 2
}

// endOf starts on the file, compares all that the log tells with the truth, and returns how many events there are.
func (w *told) endOf(t *testing.T, file []byte) int {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "log-000001.db"), string(file))
	write(t, filepath.Join(dir, "CURRENT"), "log-000001.db\n")
	log, q := takeUp(t, dir, store.Options{})
	defer log.Close()
	if q != nil {
		t.Fatalf("moved aside: %+v", q)
	}
	n := 0
	for b, err := range log.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			n++
			want := known(uint64(n))
			if want.Seq, want.At = uint64(n), b.At; e != want {
				t.Fatalf("event %d is %+v, want %+v", n, e, want)
			}
		}
	}
	return n
}

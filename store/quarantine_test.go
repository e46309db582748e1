package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

// takeUp opens a log as the daemon does: it is moved aside when it cannot be used.
func takeUp(t *testing.T, dir string, options store.Options) (*store.Log, *store.Quarantined) {
	t.Helper()
	log, err := store.Open(dir, options)
	if err == nil {
		return log, nil
	}
	q, quarantineErr := store.Quarantine(t.Context(), dir, err, time.Unix(1_800_000_000, 0))
	if quarantineErr != nil {
		t.Fatalf("%v, after %v", quarantineErr, err)
	}
	return open(t, dir, options), q
}

// TestNothingTrueIsLost damages the log in each region, a bit or the end of the file, starts on it as the daemon
// does, and compares all that the log then says with the truth.
func TestNothingTrueIsLost(t *testing.T) {
	t.Parallel()
	w := tell(t)
	random := lawtest.Random(t)
	type damaged struct {
		name string
		file []byte
	}
	noMeta := bytes.Clone(w.file)
	clear(noMeta[:8192])
	damages := []damaged{{"nothing", w.file}, {"no meta pages", noMeta}}
	kinds := regions(w.file)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for range 8 {
			page := kinds[kind][random.IntN(len(kinds[kind]))]
			for _, at := range []int{page + random.IntN(16), page + 16 + random.IntN(64), page + random.IntN(4096)} {
				file, bit := bytes.Clone(w.file), random.IntN(8)
				file[at] ^= 1 << bit
				damages = append(damages, damaged{fmt.Sprintf("%s, bit %d of byte %d", kind, bit, at), file})
			}
		}
	}
	used := usedBytes(w.file)
	for _, size := range []int{0, 4096, 8192, 20_000, len(w.file) / 2, used - 4096, used - 1} {
		damages = append(damages, damaged{fmt.Sprintf("cut at %d", size), w.file[:size]})
	}
	moved, kept := 0, 0
	for _, damage := range damages {
		name, file := damage.name, damage.file
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "log-000001.db")
			write(t, path, string(file))
			write(t, filepath.Join(dir, "CURRENT"), "log-000001.db\n")
			n, last := 0, uint64(0)
			lost := func(e *store.Error) {
				for seq := e.Seq; seq <= e.Last; seq++ {
					delete(w.events, seq)
				}
			}
			log, q := takeUp(t, dir, store.Options{Damaged: lost})
			defer log.Close()
			all := len(w.events)
			backup := clone(w.events)
			defer func() { w.events = backup }()
			var said []jobmon.Event
			for b, err := range log.Read(0) {
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range b.Events {
					if e.Kind == jobmon.KindDamaged && q != nil && e.Seq > q.Last {
						said = append(said, e)
						continue
					}
					if e.Seq <= last || e != backup[e.Seq] {
						t.Fatalf("behind event %d comes %+v, true is %+v", last, e, backup[e.Seq])
					}
					last = e.Seq
					n++
				}
			}
			if q == nil {
				kept++
				if n < all-w.largest || n != len(w.events) {
					t.Errorf("%d events of %d, without what is said to be damaged there are %d", n, all, len(w.events))
				}
				appendRows(t, log, 1)
				return
			}
			moved++
			if strings.HasPrefix(name, "cut") {
				if n > 0 && n != q.Events {
					t.Errorf("%d events, %d were carried over", n, q.Events)
				}
			} else if n < all-w.largest || n != q.Events {
				t.Errorf("%d of %d events were carried over; %+v", n, all, q)
			}
			if aside, err := os.ReadFile(q.Aside); err != nil || !bytes.Equal(aside, file) {
				t.Errorf("the damaged file is not what it was: %v", err)
			}
			if len(said) != len(q.Lost)+1 {
				t.Errorf("%d events tell of the loss of %+v", len(said), q.Lost)
			}
			for i, g := range q.Lost {
				if said[i].From != g.From || said[i].To != g.To {
					t.Errorf("%+v reports %+v", said[i], g)
				}
			}
			if report, err := store.Verify(t.Context(), log.Path()); err != nil || !report.Whole() {
				t.Errorf("the new log: %v %+v", err, report)
			}
			batch := appendRows(t, log, 1)
			if next := batch.First(); q.Unsure && n > 0 && next <= q.Last+store.UnsureEnd {
				t.Errorf("the next event has number %d, the last one that is known is %d", next, q.Last)
			}
		})
	}
	t.Logf("%d logs moved aside, %d kept", moved, kept)
	if moved == 0 || kept == 0 {
		t.Error("the damage does not do what it should")
	}
}

func clone(events map[uint64]jobmon.Event) map[uint64]jobmon.Event {
	out := make(map[uint64]jobmon.Event, len(events))
	for seq, e := range events {
		out[seq] = e
	}
	return out
}

// TestTheNewestBatchBehindADamagedMetaPage: bbolt alone would go by the older page and never miss the batch.
func TestTheNewestBatchBehindADamagedMetaPage(t *testing.T) {
	t.Parallel()
	w := tell(t)
	newest := 0
	if binary.LittleEndian.Uint64(w.file[4096+16+48:]) > binary.LittleEndian.Uint64(w.file[16+48:]) {
		newest = 4096
	}
	for _, page := range []int{newest, 4096 - newest} {
		file := bytes.Clone(w.file)
		file[page+16+20] ^= 1
		write(t, w.path, string(file))
		for range 2 { // the second time nothing is left to be mended
			log := open(t, w.dir, store.Options{})
			if n := w.compare(t, "the log", log.Read(0)); n != len(w.events) {
				t.Errorf("page %d: %d of %d events", page/4096, n, len(w.events))
			}
			log.Close()
		}
		log := open(t, w.dir, store.Options{})
		if len(log.Notes()) > 0 && page == newest {
			t.Error("mended again", log.Notes())
		}
		log.Close()
	}
}

func TestAMoveThatIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	why := errors.New("for a reason")
	t.Run("it is broken off", func(t *testing.T) {
		w := tell(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := store.Quarantine(ctx, w.dir, why, now); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if path, err := store.Current(w.dir); err != nil || path != w.path {
			t.Errorf("%s is in use: %v", path, err)
		}
		if left, err := os.ReadFile(w.path); err != nil || !bytes.Equal(left, w.file) {
			t.Errorf("the log is not what it was: %v", err)
		}
	})
	t.Run("the damaged log stays where it is", func(t *testing.T) {
		w := tell(t)
		aside := w.path + ".damaged-20270115T080000Z"
		if err := os.Mkdir(aside, 0o755); err != nil {
			t.Fatal(err)
		}
		q, err := store.Quarantine(t.Context(), w.dir, why, now)
		if err != nil || q.Aside != w.path {
			t.Fatalf("%v %+v", err, q)
		}
		open(t, w.dir, store.Options{})
		if q.Unsure || q.Events != len(w.events) || len(q.Lost) > 0 {
			t.Errorf("%+v", q)
		}
	})
	t.Run("what is no log is left alone", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "CURRENT"), "log-000001.db\n")
		write(t, filepath.Join(dir, "log-000001.db"), strings.Repeat("letters ", 9000))
		if _, err := store.Quarantine(t.Context(), dir, why, now); !errors.Is(err, store.ErrNotOurs) {
			t.Error(err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000001.db"}) {
			t.Error(got)
		}
	})
}

// TestAnotherProgramsFileIsNotMovedAside: CURRENT may be written by hand, and name what it should not.
func TestAnotherProgramsFileIsNotMovedAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "log-000001.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	write(t, filepath.Join(dir, "CURRENT"), "log-000001.db\n")
	if _, err := store.Quarantine(t.Context(), dir, errors.New("for a "+
		"reason"), time.Unix(1_800_000_000, 0)); !errors.Is(err, store.ErrNotOurs) {
		t.Error(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000001.db"}) {
		t.Error(got)
	}
}

// TestABranchThatLeadsAstray: bbolt would hang on these, or end the process.
func TestABranchThatLeadsAstray(t *testing.T) {
	t.Parallel()
	w := tell(t)
	for name, child := range map[string]func(page int) uint64{
		"to itself": func(page int) uint64 { return uint64(page / 4096) },
		"nowhere":   func(int) uint64 { return 1 << 40 },
	} {
		t.Run(name, func(t *testing.T) {
			file := bytes.Clone(w.file)
			for _, at := range regions(w.file)["page type 0x1"] {
				binary.LittleEndian.PutUint64(file[at+16+8:], child(at))
			}
			write(t, w.path, string(file))
			for _, readOnly := range []bool{true, false} {
				_, err := store.Open(w.dir, store.Options{ReadOnly: readOnly})
				oneSentence(t, err, store.ErrCorrupt, w.path)
			}
		})
	}
}

// TestBboltFindsNothingElse damages pages of the tree, the free list and their headers: a file that we open for writing
// is one with which bbolt's own check finds no fault.
func TestBboltFindsNothingElse(t *testing.T) {
	t.Parallel()
	w := tell(t)
	random := lawtest.Random(t)
	var pages []int
	for kind, list := range regions(w.file) {
		if strings.HasPrefix(kind, "page type") {
			pages = append(pages, list...)
		}
	}
	slices.Sort(pages)
	opened := 0
	for range 300 {
		file := bytes.Clone(w.file)
		begin := pages[random.IntN(len(pages))]
		page := file[begin:][:4096]
		if begin < 2*4096 { // bbolt reads the headers of its two meta pages in that check alone
			page = page[16:]
		}
		switch at := random.IntN(16 + 8*16); random.IntN(3) {
		case 0:
			page[at] ^= 1 << random.IntN(8)
		case 1: // one field becomes another one of the page
			copy(page[at&^3:][:4], page[random.IntN(40)*4:][:4])
		case 2:
			binary.LittleEndian.PutUint32(page[at&^3:], uint32(random.IntN(len(file)/4096)))
		}
		write(t, w.path, string(file))
		log, err := store.Open(w.dir, store.Options{})
		if err != nil {
			continue
		}
		log.Close()
		opened++
		for _, problem := range boltCheck(t, w.path) {
			t.Errorf("bbolt finds what we do not: %v", problem)
		}
	}
	if opened < 25 {
		t.Errorf("only %d files were opened", opened)
	}
}

// boltCheck is what bbolt finds wrong with a file, lost pages aside.
func boltCheck(t *testing.T, path string) (problems []error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for problem := range tx.Check() {
			if !strings.HasSuffix(problem.Error(), "unreachable unfreed") {
				problems = append(problems, problem)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

func TestScrub(t *testing.T) {
	t.Parallel()
	dir, path := damagedBlock(t, func(block []byte) { block[len(block)-1] ^= 1 })
	log := open(t, dir, store.Options{})
	pages := 0
	pause := func(ctx context.Context) error { pages++; return nil }
	s, err := log.Scrub(t.Context(), pause)
	if err != nil || len(s.Damage) != 1 || pages == 0 {
		t.Fatalf("%s: %v %+v", path, err, s)
	}
	gaps := s.Unrecorded()
	if len(gaps) != 1 || gaps[0].From != s.Damage[0].Seq || gaps[0].To < gaps[0].From {
		t.Fatalf("%+v", gaps)
	}
	if _, err := log.Append(noon, []jobmon.Event{{Kind: jobmon.KindDamaged, From: gaps[0].From,
		To: gaps[0].To}}); err != nil {
		t.Fatal(err)
	}
	if s, err = log.Scrub(t.Context(), pause); err != nil || len(s.Damage) != 1 || len(s.Unrecorded()) > 0 {
		t.Errorf("recorded once: %v %+v", err, s)
	}
	stop := errors.New("enough")
	if _, err = log.Scrub(t.Context(), func(context.Context) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestReadingOverDamage: a damaged block is left out by every way of reading, and told of once.
func TestReadingOverDamage(t *testing.T) {
	t.Parallel()
	dir, _ := damagedBlock(t, func(block []byte) { block[len(block)-1] ^= 1 })
	for _, readOnly := range []bool{false, true} {
		told := 0
		log := open(t, dir, store.Options{ReadOnly: readOnly, Damaged: func(e *store.Error) {
			if told++; e.Seq != 1001 || e.Last != 2000 {
				t.Errorf("told of %+v", e)
			}
		}})
		count := func(batches iter.Seq2[jobmon.Batch, error]) (n int) {
			for b, err := range batches {
				if err != nil {
					t.Fatal(err)
				}
				n += len(b.Events)
			}
			return n
		}
		if read, scanned := count(log.Read(0)), count(log.Scan(1500)); read != 3000 || scanned != 2000 {
			t.Errorf("%d events read, %d scanned", read, scanned)
		}
		id := Rows(1)[0].Computer
		whole := 0
		for b := range log.Read(0) {
			for _, e := range b.Events {
				if e.Computer == id {
					whole++
				}
			}
		}
		if n := count(log.Computer(id, 0)); n != whole || n == 0 {
			t.Errorf("%d events of one computer, want %d", n, whole)
		}
		if m, ok, err := log.Moment(noon); err != nil || !ok || m.Seq != 4000 {
			t.Errorf("%+v %v %v", m, ok, err)
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		log.Close()
	}
}

// TestALogThatWasMovedAsideBelongsToTheDataDir: it must not make the folder look like somebody else's.
func TestALogThatWasMovedAsideBelongsToTheDataDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "log-000001.db.damaged-20261122T120000Z"), "damaged")
	open(t, dir, store.Options{}).Close()
	if got := names(t, dir); !slices.Contains(got, "log-000001.db.damaged-20261122T120000Z") {
		t.Error(got)
	}
}

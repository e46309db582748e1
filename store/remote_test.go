package store_test

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// handedOut is a log of which pages are read, as commands read that of a daemon.
type handedOut struct{ *store.Log }

func (h handedOut) remote() *store.Remote {
	return &store.Remote{Pages: h.Log, Name: "the daemon's log", ID: h.ID()}
}

func (h handedOut) Read(from uint64) iter.Seq2[jobmon.Batch, error] { return h.remote().Read(from) }

func (h handedOut) Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error] {
	return h.remote().Computer(id, from)
}

func TestRemoteConformance(t *testing.T) {
	t.Parallel()
	conformance(t,
		func(t *testing.T) eventLog {
			return handedOut{open(t, t.TempDir(), store.Options{Site: testSite})}
		},
		func(t *testing.T, log eventLog) eventLog {
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			return handedOut{open(t, filepath.Dir(log.Path()), store.Options{})}
		})
}

// changing does something with the log between two pages, and counts them.
type changing struct {
	store.PageSource
	between []func()
	pages   int
}

func (c *changing) turn() {
	if c.pages++; len(c.between) > 0 {
		c.between[0]()
		c.between = c.between[1:]
	}
}

func (c *changing) Extract(from uint64) (store.Extract, error) {
	defer c.turn()
	return c.PageSource.Extract(from)
}

func (c *changing) ExtractComputer(id jobmon.ComputerID, from uint64) (store.Extract, error) {
	defer c.turn()
	return c.PageSource.ExtractComputer(id, from)
}

// TestRemoteWhileTheLogChanges: what is read over pages is what the log holds, each event once, while it is appended
// to, sealed, compacted and cut off between any two pages.
func TestRemoteWhileTheLogChanges(t *testing.T) {
	t.Parallel()
	for begin, step := range map[int]int{1: 1, 900: 300, 5000: 1024, 7100: 20} {
		for _, computer := range []jobmon.ComputerID{0, 5_000_007} {
			log := open(t, t.TempDir(), store.Options{})
			for last := 0; last < begin; last += min(begin, 500) {
				appendBulky(t, log, min(begin, 500))
			}
			source := &changing{PageSource: log}
			source.between = []func(){
				func() { appendKnown(t, log, step) },
				func() {
					appendKnown(t, log, step)
					log = compact(t, log, store.CompactOptions{})
					source.PageSource = log
				},
				func() { appendKnown(t, log, 1100) },
			}
			read := (&store.Remote{Pages: source, Name: "it"}).Read(0)
			if computer != 0 {
				read = (&store.Remote{Pages: source, Name: "it"}).Computer(computer, 0)
			}
			got := toldBy(t, read)
			want := toldBy(t, log.Read(0))
			if computer != 0 {
				want = toldBy(t, log.Computer(computer, 0))
			}
			if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
				t.Errorf("%d events, %d at a time, computer %d: %d were told and are others than the "+
					"log's", begin, step, computer, len(got))
			}
			if len(got) < len(want)-2*1100-3*step {
				t.Errorf("%d events of %d, computer %d: the end is missing", len(got), len(want), computer)
			}
			if begin > 1000 && source.pages < 4 {
				t.Errorf("%d events came in %d pages", begin, source.pages)
			}
		}
	}
}

// TestRemoteWhileHistoryIsCutOff: where the reading is behind the cut it misses nothing; where it is before it goes
// on with what the log says of what is gone, and misses nothing of the rest.
func TestRemoteWhileHistoryIsCutOff(t *testing.T) {
	t.Parallel()
	for _, behind := range []bool{true, false} {
		log := open(t, t.TempDir(), store.Options{})
		for range 20 {
			appendBulky(t, log, 500)
		}
		whole := toldBy(t, log.Read(0))
		at := uint64(501)
		if !behind {
			at = 9001
		}
		source := &changing{PageSource: log}
		var next *store.Log
		source.between = []func(){func() {
			next = compact(t, log, store.CompactOptions{Cut: &store.Cut{At: at, Carried: carried(log, at)}})
			source.PageSource = next
		}}
		got := toldBy(t, (&store.Remote{Pages: source, Name: "it"}).Read(0))
		if behind {
			if !slices.Equal(got, whole) {
				t.Errorf("%d events of %d were told, or others", len(got), len(whole))
			}
			continue
		}
		rest := toldBy(t, next.Read(0))
		i := 0
		for i < len(got) && got[i] == whole[i] {
			i++
		}
		rest = slices.DeleteFunc(rest, func(e jobmon.Event) bool { return e.Seq <= uint64(i) })
		if i < 1000 || i > 8000 || !slices.Equal(got[i:], rest) {
			t.Errorf("%d events and %d of %d after the cut were told, or others", i, len(got)-i, len(rest))
		}
	}
}

// TestRemoteLeavesOutDamage: a remote reader leaves out damage as a reader of the file does, and returns all the rest.
func TestRemoteLeavesOutDamage(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(tail *store.Tail){
		"a frame": func(tail *store.Tail) {
			frame := tail.Get(21)
			frame[len(frame)-1] ^= 1
			tail.Put(21, frame)
		},
		"a key":           func(tail *store.Tail) { tail.Put(23, tail.Get(21)); tail.Delete(21) },
		"a missing frame": func(tail *store.Tail) { tail.Delete(21) },
		"the last one":    func(tail *store.Tail) { tail.Put(41, []byte("nothing")) },
		"an empty one":    func(tail *store.Tail) { tail.Put(21, nil) },
	} {
		log := open(t, t.TempDir(), store.Options{Damaged: func(*store.Error) {}})
		for range 5 {
			appendRows(t, log, 10)
		}
		check := func(when string) {
			if got, want := toldBy(t, handedOut{log}.Read(0)), toldBy(t, log.Read(0)); !slices.Equal(got, want) ||
				len(want) == 50 {
				t.Errorf("%s, %s: %d events told, %d by the file", name, when, len(got), len(want))
			}
			id := Rows(10)[0].Computer
			if got, want := toldBy(t, handedOut{log}.Computer(id, 0)),
				toldBy(t, log.Computer(id, 0)); !slices.Equal(got, want) {
				t.Errorf("%s, %s: %d events of a computer told, %d by the file", name, when, len(got), len(want))
			}
		}
		if err := log.ChangeTail(damage); err != nil {
			t.Fatal(err)
		}
		check("in the tail")
		if name == "the last one" {
			continue // nothing can be appended behind it
		}
		appendRows(t, log, 1010) // it is sealed, in a block of frames
		check("in a block")
	}
}

func TestRemoteRefusesAnotherLog(t *testing.T) {
	t.Parallel()
	log, other := open(t, t.TempDir(), store.Options{}), open(t, t.TempDir(), store.Options{})
	for _, l := range []*store.Log{log, other} {
		for range 4 {
			appendBulky(t, l, 500)
		}
	}
	refused := func(what string, batches iter.Seq2[jobmon.Batch, error]) {
		t.Helper()
		var failure error
		for _, err := range batches {
			failure = err
		}
		if !errors.Is(failure, store.ErrNotOurs) || !strings.Contains(failure.Error(), "it has become another log") {
			t.Errorf("%s: %v", what, failure)
		}
	}
	refused("from the beginning", (&store.Remote{Pages: log, Name: "it", ID: other.ID()}).Read(0))
	refused("one computer's", (&store.Remote{Pages: log, Name: "it", ID: other.ID()}).Computer(5_000_001, 0))
	source := &changing{PageSource: log}
	source.between = []func(){func() { source.PageSource = other }}
	refused("in between", (&store.Remote{Pages: source, Name: "it"}).Read(0))
}

// FuzzRemote is handed anything as a page, again and again: reading ends, without a panic, and tells no event twice.
func FuzzRemote(f *testing.F) {
	log := open(f, f.TempDir(), store.Options{})
	for range 3 {
		appendRows(f, log, 700)
	}
	page, err := log.Extract(0)
	if err != nil {
		f.Fatal(err)
	}
	for i := range page.Parts {
		p := &page.Parts[i]
		f.Add(p.Seq, p.Until, p.Sealed, p.Data, page.Last, true)
		f.Add(p.Seq+1, p.Until-1, !p.Sealed, p.Data[:len(p.Data)/2], uint64(0), false)
		f.Add(uint64(0), uint64(1<<64-1), p.Sealed, p.Data, uint64(1<<64-1), true)
	}
	f.Fuzz(func(t *testing.T, seq, until uint64, sealed bool, data []byte, last uint64, meta bool) {
		x := store.Extract{Last: last, Parts: []store.Part{{Seq: seq, Until: until, Sealed: sealed, Data: data},
			{Seq: seq, Until: until, Sealed: !sealed, Data: data}}}
		if meta {
			x.Meta = page.Meta
		}
		for _, computer := range []bool{false, true} {
			endless := &again{page: x}
			r := &store.Remote{Pages: endless, Name: "it"}
			batches := r.Read(0)
			if computer {
				batches = r.Computer(1, 0)
			}
			told, failed := uint64(0), false
			for b, err := range batches {
				if failed {
					t.Fatal("something was told behind the failure")
				}
				if failed = err != nil; !failed {
					if len(b.Events) == 0 || b.First() <= told {
						t.Fatalf("behind event %d comes %v", told, b)
					}
					told = b.Last()
				}
			}
		}
	})
}

// again hands out a page again and again, until it is enough.
type again struct {
	store.PageSource // asked for nothing else
	page             store.Extract
	pages            int
}

func (a *again) Extract(uint64) (store.Extract, error) {
	if a.pages++; a.pages > 20 {
		return store.Extract{}, fmt.Errorf("page %d", a.pages)
	}
	return a.page, nil
}

func (a *again) ExtractComputer(_ jobmon.ComputerID, from uint64) (store.Extract, error) {
	return a.Extract(from)
}

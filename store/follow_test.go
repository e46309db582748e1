package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// follow copies what a copy of the log lacks, n links at a time.
func follow(t testing.TB, to, from *store.Log, n int) {
	t.Helper()
	last, _ := to.End()
	for links := range slices.Chunk(links(t, from, last+1), n) {
		if err := to.Follow(links); err != nil {
			t.Fatal(err)
		}
	}
}

// links are those of a log from a batch on.
func links(t rapid.TB, log *store.Log, from uint64) (all []jobmon.Link) {
	t.Helper()
	for k, err := range log.Links(from) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

func copyOf(t testing.TB, log *store.Log) *store.Log {
	return openUnsynced(t, store.Options{Site: log.Site(), ID: log.ID()})
}

func openUnsynced(t testing.TB, o store.Options) *store.Log {
	dir := t.TempDir()
	unsynced(dir)
	return open(t, dir, o)
}

// sameChain fails unless two logs have the same batches with the same checksums.
func sameChain(t rapid.TB, got, want *store.Log) {
	t.Helper()
	is, should := links(t, got, 0), links(t, want, 0)
	if len(is) != len(should) {
		t.Fatalf("%d links, want %d", len(is), len(should))
	}
	for i := range should {
		g, w := is[i], should[i]
		if g.After != w.After || g.Previous != w.Previous || g.Sum != w.Sum || g.Seam != w.Seam || g.Lost != w.Lost ||
			g.At != w.At || !slices.Equal(g.Events, w.Events) {
			t.Fatalf("link %d\ngot  %+v\nwant %+v", i, g, w)
		}
		if i > 0 && !w.Seam && w.Previous != should[i-1].Sum {
			t.Fatalf("link %d follows %08x, %08x is before it", i, w.Previous, should[i-1].Sum)
		}
		if i%7 != 0 && i < len(should)-3 {
			continue // it decodes a block
		}
		for _, log := range []*store.Log{got, want} {
			if sum, ok, err := log.SumAt(w.Last()); err != nil || !ok || sum != w.Sum {
				t.Fatalf("SumAt(%d) = %08x, %v, %v, want %08x", w.Last(), sum, ok, err, w.Sum)
			}
			if _, ok, err := log.SumAt(w.First()); err != nil || ok && len(w.Events) > 1 {
				t.Fatalf("SumAt(%d) = %v, %v, in the middle of a batch", w.First(), ok, err)
			}
		}
	}
	gotLast, gotSum := got.End()
	wantLast, wantSum := want.End()
	if gotLast != wantLast || gotSum != wantSum || len(should) > 0 && wantSum != should[len(should)-1].Sum {
		t.Fatalf("the end is %d %08x, want %d %08x", gotLast, gotSum, wantLast, wantSum)
	}
	sound(t, got)
	sound(t, want)
}

// sound fails unless a log is whole.
func sound(t rapid.TB, log *store.Log) {
	t.Helper()
	if report, err := store.Verify(context.Background(), log.Path()); err != nil || !report.Whole() {
		t.Fatalf("%+v, %v", report, err)
	}
	if err := log.Prove(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
}

// A log with a gap, blocks and a tail is followed as it was, in steps of any size; so is one that was cut off.
func TestFollow(t *testing.T) {
	t.Parallel()
	log := openUnsynced(t, store.Options{Site: "DS01"})
	if err := log.SkipTo(17); err != nil {
		t.Fatal(err)
	}
	history(t, log, 3000)
	if err := log.SkipTo(log.Next() + 40); err != nil {
		t.Fatal(err)
	}
	history(t, log, 4500)
	for _, n := range []int{1, 7, 10_000} {
		to := copyOf(t, log)
		if to.ID() != log.ID() {
			t.Fatalf("the copy has the id %s", to.ID())
		}
		follow(t, to, log, n)
		sameChain(t, to, log)
	}
	to := copyOf(t, log)
	follow(t, to, log, 10_000)
	appendKnown(t, log, 200)
	follow(t, to, log, 3)
	sameChain(t, to, log)

	at := links(t, log, 1500)[1].First()
	cut := compact(t, log, store.CompactOptions{Cut: &store.Cut{At: at, Carried: carried(log, at)}})
	to = copyOf(t, cut)
	follow(t, to, cut, 100)
	sameChain(t, to, cut)
	if to.Cut() != cut.Cut() {
		t.Errorf("cut at %d, want %d", to.Cut(), cut.Cut())
	}
}

func TestFollowRefuses(t *testing.T) {
	t.Parallel()
	log := openUnsynced(t, store.Options{})
	for range 5 {
		appendRows(t, log, 3)
	}
	other := open(t, t.TempDir(), store.Options{})
	appendRows(t, other, 3)
	to := copyOf(t, log)
	all := links(t, log, 0)
	if err := to.Follow(all[:2]); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(k *jobmon.Link){
		"another previous": func(k *jobmon.Link) { k.Previous++ },
		"another sum":      func(k *jobmon.Link) { k.Sum++ },
		"another event":    func(k *jobmon.Link) { k.Events[1].Job++ },
		"another time":     func(k *jobmon.Link) { k.At++ },
		"another after":    func(k *jobmon.Link) { k.After++ },
		"lost":             func(k *jobmon.Link) { k.Lost++ },
		"lost too many":    func(k *jobmon.Link) { k.Lost, k.Seam = 7, true },
		"skipped":          func(k *jobmon.Link) { *k = all[4] },
		"there already":    func(k *jobmon.Link) { *k = all[1] },
		"of another log":   func(k *jobmon.Link) { *k = links(t, other, 0)[0] },
		"no events":        func(k *jobmon.Link) { k.Events = nil },
	} {
		bad := all[2]
		bad.Events = slices.Clone(bad.Events)
		change(&bad)
		for what, links := range map[string][]jobmon.Link{"alone": {bad}, "behind a good one": {all[2], bad}} {
			if err := to.Follow(links); !errors.Is(err, store.ErrUnjoined) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if seq, sum := to.End(); seq != 6 || sum != all[1].Sum {
				t.Fatalf("%s, %s: the log ends with %d", name, what, seq)
			}
		}
	}
	if _, err := store.Open(t.TempDir(), store.Options{ID: "0a"}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an id of two digits: %v", err)
	}
	empty := copyOf(t, log)
	if err := empty.Follow(links(t, other, 0)); !errors.Is(err, store.ErrUnjoined) {
		t.Errorf("another log begins an empty copy: %v", err)
	}
	if err := to.Follow(all[2:]); err != nil {
		t.Fatal(err)
	}
	sameChain(t, to, log)
}

// lose leaves out links, and has the next one join at a seam, as where nobody has what is missing.
func lose(all []jobmon.Link, from, n int) []jobmon.Link {
	left := slices.Delete(slices.Clone(all), from, from+n)
	k := &left[from]
	k.Lost, k.Seam = k.After, true
	if k.After = 0; from > 0 {
		k.After = all[from-1].Last()
	}
	k.Lost -= k.After
	return left
}

// What nobody has is a seam in the copy, in every copy of the copy, and while a backup of it is written.
func TestFollowBehindWhatIsLost(t *testing.T) {
	t.Parallel()
	log := openUnsynced(t, store.Options{})
	for range 900 {
		appendRows(t, log, 3)
	}
	all := lose(lose(links(t, log, 0), 800, 7), 300, 400)
	to := copyOf(t, log)
	if err := to.Follow(all[:301]); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "backup.db")
	if _, err := store.Backup(t.Context(), &pausing{Log: to, then: func() {
		if err := to.Follow(all[301:]); err != nil {
			t.Error(err)
		}
	}}, path, nil); err != nil {
		t.Fatal(err)
	}
	for _, got := range []*store.Log{to, openCopy(t, path)} {
		want := []store.Gap{{From: 901, To: 2100}, {From: 2401, To: 2421}}
		if gaps, err := got.Gaps(); err != nil || !slices.Equal(gaps, want) {
			t.Errorf("gaps %v, %v", gaps, err)
		}
		again := copyOf(t, got)
		follow(t, again, got, 100)
		sameChain(t, again, got)
	}
	beginning := copyOf(t, log) // of which the beginning is nowhere
	if err := beginning.Follow(lose(links(t, log, 0), 0, 10)); err != nil {
		t.Fatal(err)
	}
	again := copyOf(t, log)
	follow(t, again, beginning, 33)
	sameChain(t, again, beginning)
	middle := copyOf(t, log) // begun in the middle, with nothing said of what is before
	if err := middle.Follow(links(t, log, 31)); err != nil {
		t.Fatal(err)
	}
	sound(t, middle)
	if first, _, _ := middle.First(); first != 31 {
		t.Errorf("it begins with event %d", first)
	}
}

// pausing is a log that is changed once while a copy of it is made.
type pausing struct {
	*store.Log
	then func()
}

func (p *pausing) Extract(from uint64) (store.Extract, error) {
	x, err := p.Log.Extract(from)
	if p.then != nil {
		p.then()
		p.then = nil
	}
	return x, err
}

// Of a commit that failed nothing stays, whatever the disk kept of it; a process that ends before it knows finds the
// whole of it.
func TestAFailedFollow(t *testing.T) {
	t.Parallel()
	log := openUnsynced(t, store.Options{Site: "S"})
	if err := log.SkipTo(9); err != nil {
		t.Fatal(err)
	}
	history(t, log, 6000)
	all := lose(links(t, log, 0), 100, 2)
	want := copyOf(t, log)
	if err := want.Follow(all); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"before", "after"} {
		dir, fault := t.TempDir(), &fault{}
		store.CommitThrough(dir, fault.commit)
		to := open(t, dir, store.Options{ID: log.ID()})
		for some := range slices.Chunk(all, 51) { // with a seam, blocks and a tail in several of them
			seq, sum := to.End()
			before := content(t, to, 0)
			for range 2 {
				fault.next = when
				if err := to.Follow(some); err == nil || !strings.Contains(err.Error(), "injected") {
					t.Fatalf("%s: %v", when, err)
				}
				if err := to.Recover(); err != nil {
					t.Fatal(err)
				}
				if is, crc := to.End(); is != seq || crc != sum || content(t, to, 0) != before {
					t.Fatalf("%s: the log ends with event %d, and had ended with %d", when, is, seq)
				}
				if at, ok, err := to.Moment(1 << 60); err != nil || ok != (seq > 0) || at.Seq != seq {
					t.Fatalf("%s: the newest moment is %+v, %v, of %d", when, at, err, seq)
				}
			}
			if err := to.Follow(some); err != nil {
				t.Fatalf("%s: %v", when, err)
			}
		}
		sameChain(t, to, want)
	}

	dir, fault := t.TempDir(), &fault{}
	store.CommitThrough(dir, fault.commit)
	to := open(t, dir, store.Options{ID: log.ID()})
	if err := to.Follow(all[:60]); err != nil {
		t.Fatal(err)
	}
	fault.next = "after"
	if err := errors.Join(to.Follow(all[60:]), to.Close()); err == nil {
		t.Fatal("no error")
	}
	sameChain(t, open(t, dir, store.Options{}), want)
}

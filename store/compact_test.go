package store_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

func compact(t *testing.T, log *store.Log, o store.CompactOptions) *store.Log {
	t.Helper()
	c, err := log.Compact(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	next, err := c.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { next.Close() })
	return next
}

func TestCompact(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{})
	history(t, log, 3000)
	keep := func(name string, seq uint64, data string) {
		t.Helper()
		if err := log.KeepCaches(store.Cache{Name: name, Seq: seq, Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
	keep("big", 1, strings.Repeat("x", 3<<20))
	keep("big", 2, "small")
	keep("old", 3, "old")
	reader, err := store.Open(t.TempDir(), store.Options{ReadOnly: true})
	if !errors.Is(err, store.ErrNoLog) {
		t.Fatal(reader, err)
	}
	c, err := log.Compact(t.Context(), store.CompactOptions{})
	if err != nil {
		t.Fatal(err)
	}
	history(t, log, 5000) // it is appended to meanwhile
	keep("old", 4, "new")
	keep("late", 4000, "late")
	want, id := content(t, log, 0), log.ID()
	next, err := c.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if content(t, next, 0) != want || next.ID() != id || next.Path() != filepath.Join(dir, "log-000002.db") {
		t.Errorf("%s tells something else", next.Path())
	}
	if err := next.Prove(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if c.After >= c.Before-2<<20 {
		t.Errorf("%d bytes became %d", c.Before, c.After)
	}
	for _, want := range []store.Cache{{Name: "big", Seq: 2, Data: []byte("small")}, {Name: "old", Seq: 4,
		Data: []byte("new")}, {Name: "late", Seq: 4000, Data: []byte("late")}} {
		if got, ok := next.Cache(want.Name, 0); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("the cache %q became %+v", want.Name, got)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000002.db"}) {
		t.Errorf("the folder holds %v", got)
	}
	if _, err := log.Append(noon, []jobmon.Event{known(1)}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("the old one was appended to: %v", err)
	}
	for _, err := range log.Read(0) {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("the old one was read: %v", err)
		}
	}
	if _, err := store.Open(dir, store.Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second writer: %v", err)
	}
	appendKnown(t, next, 3)
	next.Close()
	log = open(t, dir, store.Options{})
	if last, _, _ := log.Last(); content(t, log, 0)[:len(want)] != want || last == 0 {
		t.Errorf("opened again: up to %d", last)
	}
	log.Close()
}

// Those who read the old generation without a daemon finish in peace; the next writer removes it.
func TestReadersOfTheOldGeneration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{})
	history(t, log, 40000) // several pages
	log.Close()
	reader := open(t, dir, store.Options{ReadOnly: true})
	defer reader.Close()
	want := uint64(0)
	for b, err := range reader.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		if want == 0 {
			log := open(t, dir, store.Options{})
			compact(t, log, store.CompactOptions{KeepOld: true}).Close()
		}
		if b.First() != want+1 {
			t.Fatalf("%d follows %d", b.First(), want)
		}
		want = b.Last()
	}
	if last, _, _ := reader.Last(); want != last {
		t.Errorf("read up to %d of %d", want, last)
	}
	open(t, dir, store.Options{}).Close()
	if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000002.db"}) {
		t.Errorf("the folder holds %v", got)
	}
}

// A compaction that cannot be finished leaves the log as it was.
func TestCompactionThatFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{})
	defer func() { log.Close() }()
	history(t, log, 2000)
	begun := func() *store.Compaction {
		c, err := log.Compact(t.Context(), store.CompactOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	begun().Abandon()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := log.Compact(ctx, store.CompactOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000001.db"}) {
		t.Errorf("the folder holds %v", got)
	}
	// the name that the new generation is to get is taken, and nothing can be renamed to it
	c := begun()
	if err := os.MkdirAll(filepath.Join(dir, "log-000002.db", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Finish(t.Context()); err == nil {
		t.Error("no error")
	}
	if err := os.RemoveAll(filepath.Join(dir, "log-000002.db")); err != nil {
		t.Fatal(err)
	}
	appendKnown(t, log, 10)
	// and so is CURRENT: the new generation has its name already, and must not come into use
	current, aside := filepath.Join(dir, "CURRENT"), filepath.Join(dir, "CURRENT.jobmon-tmp")
	c = begun()
	if err := errors.Join(os.Rename(current, aside), os.MkdirAll(filepath.Join(current, "x"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Finish(t.Context()); err == nil || !strings.Contains(err.Error(), "making the log the one in use") {
		t.Errorf("CURRENT was refused: %v", err)
	}
	appendKnown(t, log, 10)
	if err := errors.Join(os.RemoveAll(current), os.Rename(aside, current)); err != nil {
		t.Fatal(err)
	}
	if second, err := store.Open(dir, store.Options{LockWait: time.Millisecond}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second writer has %v: %v", second, err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000001.db"}) {
		t.Errorf("the folder holds %v", got)
	}
	appendKnown(t, log, 10)
	if text, err := os.ReadFile(filepath.Join(dir, "CURRENT")); string(text) != "log-000001.db\n" {
		t.Errorf("%q, %v", text, err)
	}
	log = compact(t, log, store.CompactOptions{})
	appendKnown(t, log, 10)
}

// carried is a batch that stands for what is before at.
func carried(log *store.Log, at uint64) jobmon.Batch {
	b := jobmon.Batch{At: noon}
	for seq := max(at, 3) - 2; seq < at; seq++ {
		b.Events = append(b.Events, jobmon.Event{Seq: seq, Kind: jobmon.KindCut, Name: "state"})
	}
	return b
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, events := range []int{300, 4000} {
		dir := t.TempDir()
		log := open(t, dir, store.Options{})
		history(t, log, events)
		var firsts []uint64
		for b, err := range log.Read(0) {
			if err != nil {
				t.Fatal(err)
			}
			firsts = append(firsts, b.First())
		}
		at := firsts[len(firsts)*2/3]
		want := ""
		checked := false
		c, err := log.Compact(t.Context(), store.CompactOptions{Cut: &store.Cut{
			At: at, Carried: carried(log, at),
			Check: func(_ context.Context, next *store.Log) error {
				checked = true
				want = content(t, log, at)
				if got := content(t, next, at); got != want {
					t.Error("what is behind the cut has changed")
				}
				return nil
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		history(t, log, events+2500)
		want = content(t, log, at)
		next, err := c.Finish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if content(t, next, at) != want || !checked || next.Cut() != at || next.ID() != log.ID() {
			t.Errorf("cut at %d, wanted at %d", next.Cut(), at)
		}
		if gaps, err := next.Gaps(); err != nil || gaps != nil {
			t.Errorf("what was cut off is reported as lost: %v, %v", gaps, err)
		}
		if err := next.Prove(t.Context(), 0); err != nil {
			t.Error(err)
		}
		if first, _, _ := next.First(); first != at-2 {
			t.Errorf("it begins with event %d", first)
		}
		appendKnown(t, next, 1030) // seals what is in the tail
		appendKnown(t, next, 3)
		next.Close()
		next = open(t, dir, store.Options{})
		if err := next.Prove(t.Context(), 0); err != nil {
			t.Error(err)
		}
		// and once more, from what was compacted
		last, _, _ := next.Last()
		next = compact(t, next, store.CompactOptions{})
		if end, _, _ := next.Last(); end != last || next.Cut() != at {
			t.Errorf("up to %d of %d, cut at %d", end, last, next.Cut())
		}
		next.Close()
	}
}

func TestCutsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{})
	defer log.Close()
	history(t, log, 2000)
	var firsts []uint64
	for b := range log.Read(0) {
		firsts = append(firsts, b.First())
	}
	refused := errors.New("no")
	for name, cut := range map[string]*store.Cut{
		"at the beginning":           {At: 1, Carried: carried(log, 1)},
		"inside a batch":             {At: firsts[4] + 1, Carried: carried(log, firsts[4])},
		"behind the end":             {At: 9999, Carried: carried(log, 9999)},
		"carried ones are missing":   {At: firsts[4], Carried: carried(log, firsts[3])},
		"carried ones are behind it": {At: firsts[4], Carried: carried(log, firsts[6])},
		"the caller does not want it": {
			At: firsts[4], Carried: carried(log, firsts[4]),
			Check: func(context.Context, *store.Log) error { return refused },
		},
	} {
		if _, err := log.Compact(t.Context(), store.CompactOptions{Cut: cut}); !errors.Is(err, store.ErrInvalid) &&
			err != refused {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000001.db"}) {
		t.Errorf("the folder holds %v", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "log-000002.db.new")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// Of generations that lie beside the log only those are removed all of whose events it has.
func TestGenerationsBesideTheLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{})
	history(t, log, 300)
	put := func(source *store.Log, name string) {
		if _, err := store.Backup(t.Context(), source, filepath.Join(dir, name), nil); err != nil {
			t.Fatal(err)
		}
	}
	other := open(t, t.TempDir(), store.Options{})
	history(t, other, 10)
	put(log, "log-000002.db")   // finished, and cut off before it was used
	put(other, "log-000003.db") // something else
	put(log, "log-000007.db.aside")
	put(log, "log-000008.db.new")
	history(t, log, 600)
	put(log, "log-000009.db") // has more than the log that somebody goes back to
	log.Close()
	if err := os.Rename(filepath.Join(dir, "log-000001.db"), filepath.Join(dir, "log-000004.db")); err != nil {
		t.Fatal(err)
	}
	put(openCopy(t, filepath.Join(dir, "log-000002.db")), "log-000005.db")
	put(openCopy(t, filepath.Join(dir, "log-000002.db")), "log-000006.db")
	if err := os.WriteFile(filepath.Join(dir, "CURRENT"), []byte("log-000005.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir, store.Options{}).Close()
	want := []string{"CURRENT", "log-000002.db", "log-000003.db", "log-000004.db", "log-000005.db",
		"log-000007.db.aside", "log-000009.db"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("left are %v", got)
	}
}

// A second writer is refused with "in use" at every instant while generations change.
func TestNoSecondWriterSlipsIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{})
	history(t, log, 300)
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		tries := 0
		for {
			select {
			case <-stop:
				stopped <- tries
				return
			default:
			}
			second, err := store.Open(dir, store.Options{LockWait: time.Millisecond})
			if err == nil {
				t.Errorf("a second writer has %s", second.Path())
				second.Close()
			} else if !errors.Is(err, store.ErrLocked) {
				t.Errorf("it was told: %v", err)
			}
			tries++
		}
	}()
	for range 40 {
		c, err := log.Compact(t.Context(), store.CompactOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if log, err = c.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if tries := <-stopped; tries < 10 {
		t.Errorf("only %d tries", tries)
	}
	log.Close()
}

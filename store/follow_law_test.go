package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestFollowLaw: whatever has become of a site's log (gaps, history that was cut off, parts lost to damage), a copy
// that follows it, message by message, and goes on wherever it stopped, gives the same export, the same checksum for
// each batch, and is whole. What is not the site's, is changed or comes too early is refused, and nothing of it stays.
func TestFollowLaw(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		w := newFollowing(t)
		defer w.close()
		w.append(t)
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{
				"append", "append", "skip", "cut", "damage", "follow", "follow", "refuse", "open again",
			}).Draw(t, "step") {
			case "append":
				w.append(t)
			case "skip":
				w.check(t, w.site.SkipTo(w.site.Next()+rapid.Uint64Range(0, 3000).Draw(t, "numbers")))
			case "cut":
				w.cut(t)
			case "damage":
				w.damage(t)
			case "follow":
				w.follow(t, rapid.Float64Range(0, 1).Draw(t, "part"))
			case "refuse":
				w.refuse(t)
			case "open again":
				w.check(t, w.copy.Close())
				w.copy = w.open(t, w.copyDir, store.Options{})
			}
		}
		w.follow(t, 1)
		sound(t, w.copy)
		w.has(t) // and perhaps more: what the site lost since, or cut off
		w.anew(t)
		w.follow(t, 1)
		sameChain(t, w.copy, w.site)
		if got, want := exported(t, w.copy), exported(t, w.site); !bytes.Equal(got, want) {
			t.Fatalf("export of the copy\n%s\nof the site\n%s", got, want)
		}
	})
}

// following is a site's log and a copy of it.
type following struct {
	root             string
	siteDir, copyDir string
	site, copy       *store.Log
}

func newFollowing(t *rapid.T) *following {
	root, err := os.MkdirTemp("", "jobmon-follow")
	if err != nil {
		t.Fatal(err)
	}
	w := &following{root: root, siteDir: filepath.Join(root, "site")}
	w.site = w.open(t, w.siteDir, store.Options{Site: "S"})
	w.anew(t)
	return w
}

func (w *following) close() {
	_ = errors.Join(w.site.Close(), w.copy.Close(), os.RemoveAll(w.root))
}

func (w *following) check(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func (w *following) open(t *rapid.T, dir string, o store.Options) *store.Log {
	unsynced(dir)
	log, err := store.Open(dir, o)
	w.check(t, err)
	return log
}

// unsynced lets the log in dir sync nothing.
func unsynced(dir string) {
	store.CommitThrough(dir, func(tx *bolt.Tx) error {
		tx.DB().NoSync = true
		return tx.Commit()
	})
}

// anew begins another copy.
func (w *following) anew(t *rapid.T) {
	if w.copy != nil {
		w.check(t, w.copy.Close())
	}
	dir, err := os.MkdirTemp(w.root, "copy")
	w.check(t, err)
	w.copyDir, w.copy = dir, w.open(t, dir, store.Options{Site: "S", ID: w.site.ID()})
}

func (w *following) append(t *rapid.T) {
	for range rapid.IntRange(1, 5).Draw(t, "batches") {
		events := Rows(rapid.IntRange(1, 500).Draw(t, "rows"))
		if rapid.Bool().Draw(t, "of all kinds") {
			events = store.AnyEvents(t, 5)
		}
		for i := range events {
			e := &events[i]
			e.From, e.To = min(e.From, jobmon.MaxSeq), min(e.To, jobmon.MaxSeq) // as a text has them
		}
		_, err := w.site.Append(noon+jobmon.Instant(rapid.Int64Range(-1e6, 1e6).Draw(t, "at")), events)
		w.check(t, err)
	}
}

// cut cuts off the history before a batch.
func (w *following) cut(t *rapid.T) {
	all := links(t, w.site, 0)
	at := all[rapid.IntRange(0, len(all)-1).Draw(t, "at")].First()
	c, err := w.site.Compact(context.Background(), store.CompactOptions{
		Cut: &store.Cut{At: at, Carried: carried(w.site, at)},
	})
	if errors.Is(err, store.ErrInvalid) {
		return // it is the first one, or behind a gap
	}
	w.check(t, err)
	w.site, err = c.Finish(context.Background())
	w.check(t, err)
}

// damage flips a bit of a frame or block and moves the log aside, as a start does.
func (w *following) damage(t *rapid.T) {
	path := w.site.Path()
	w.check(t, w.site.Close())
	file, err := os.ReadFile(path)
	w.check(t, err)
	var places []int
	for _, magic := range []string{"\xe7JM", "\xe7JB"} {
		for at := 0; ; at++ {
			next := bytes.Index(file[at:], []byte(magic))
			if next < 0 {
				break
			}
			at += next
			places = append(places, at)
		}
	}
	file[places[rapid.IntRange(0, len(places)-1).Draw(t, "place")]+13] ^= 1
	w.check(t, os.WriteFile(path, file, 0o600))
	_, err = store.Quarantine(context.Background(), w.siteDir, errors.New("for a test"), time.Unix(1_800_000_000, 0))
	w.check(t, err)
	w.site = w.open(t, w.siteDir, store.Options{})
}

// behind makes a copy that the site's log does not continue anew, and returns what it lacks.
func (w *following) behind(t *rapid.T) []jobmon.Link {
	last, sum := w.copy.End()
	if at, ok, err := w.site.SumAt(last); err != nil || last > 0 && (!ok || at != sum) || w.copy.ID() != w.site.ID() {
		w.check(t, err)
		w.anew(t)
		last = 0
	}
	return links(t, w.site, last+1)
}

// has fails unless the copy has every batch of the site, with its checksum. Where it has old history the site may have
// what stands for it.
func (w *following) has(t *rapid.T) {
	for _, k := range links(t, w.site, w.site.Cut()) {
		if sum, ok, err := w.copy.SumAt(k.Last()); err != nil || !ok || sum != k.Sum {
			t.Fatalf("SumAt(%d) = %08x, %v, %v, want %08x", k.Last(), sum, ok, err, k.Sum)
		}
	}
}

// follow sends a part of what the copy lacks in messages.
func (w *following) follow(t *rapid.T, part float64) {
	rest := w.behind(t)
	for rest = rest[:int(part*float64(len(rest)))]; len(rest) > 0; {
		var together []jobmon.Link
		for range rapid.IntRange(1, 3).Draw(t, "messages") {
			n := len(message(t, rest))
			if n == 0 {
				break
			}
			_, got, err := ndjson.ReadMessage(ndjson.AppendMessage(nil, ndjson.Header{}, rest[:n]))
			w.check(t, err)
			together, rest = append(together, got...), rest[n:]
		}
		w.check(t, w.copy.Follow(together))
	}
}

// message draws how many of the links one message holds: none has a seam but the first.
func message(t *rapid.T, rest []jobmon.Link) []jobmon.Link {
	if len(rest) == 0 {
		return nil
	}
	n := rapid.IntRange(1, len(rest)).Draw(t, "links")
	if seam := slices.IndexFunc(rest[1:n], func(k jobmon.Link) bool { return k.Seam }); seam >= 0 {
		n = seam + 1
	}
	return rest[:n]
}

// refuse sends what is wrong: the copy takes none of it, or what it takes is the site's all the same, which the end of
// the law compares.
func (w *following) refuse(t *rapid.T) {
	rest := message(t, w.behind(t))
	if len(rest) == 0 {
		return
	}
	text := ndjson.AppendMessage(nil, ndjson.Header{}, rest)
	text[rapid.IntRange(0, len(text)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	if _, got, err := ndjson.ReadMessage(text); err == nil {
		if err := w.copy.Follow(got); err != nil && !errors.Is(err, store.ErrUnjoined) {
			t.Fatal(err)
		}
	}

	rest = slices.Clone(w.behind(t))
	if len(rest) < 2 {
		return
	}
	last, sum := w.copy.End()
	i := rapid.IntRange(0, len(rest)-1).Draw(t, "link")
	bad := &rest[i]
	bad.Events = slices.Clone(bad.Events)
	e := &bad.Events[rapid.IntRange(0, len(bad.Events)-1).Draw(t, "event")]
	switch rapid.SampledFrom([]string{"event", "sum", "previous", "left out"}).Draw(t, "wrong") {
	case "event":
		e.Text += "x"
	case "sum":
		bad.Sum ^= 1 << rapid.IntRange(0, 31).Draw(t, "bit of the sum")
	case "previous":
		bad.Previous ^= 1 << rapid.IntRange(0, 31).Draw(t, "bit of the previous")
	case "left out":
		if i = min(i, len(rest)-2); last == 0 && i == 0 {
			i = 1 // an empty log begins anywhere
		}
		rest = slices.Delete(rest, i, i+1)
	}
	err := w.copy.Follow(rest)
	if is, crc := w.copy.End(); is != last || crc != sum {
		if err == nil && i == len(rest) {
			return // nothing is behind what was left out
		}
		t.Fatalf("the log ended with %d, and ends with %d: %v", last, is, err)
	}
	if !errors.Is(err, store.ErrUnjoined) && !errors.Is(err, store.ErrTooLarge) {
		t.Fatal(err)
	}
}

func exported(t rapid.TB, log *store.Log) []byte {
	last, _ := log.End()
	var text bytes.Buffer
	h := ndjson.Header{LogID: log.ID(), Site: log.Site(), Last: last}
	if _, err := ndjson.Write(&text, h, log.Read(0)); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

package store_test

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// A log that is built of another one's batches is that log: its events, its gap, its id; and it can be appended to.
func TestBuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, err := store.Open(dir, store.Options{Site: "DS01"})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	appendKnown(t, log, 3000)
	seq, _, _ := log.Last()
	if err := log.SkipTo(seq + 40); err != nil {
		t.Fatal(err)
	}
	appendKnown(t, log, 100)

	path := filepath.Join(t.TempDir(), "built.db")
	if err := store.Build(t.Context(), path, log.ID(), "DS01", log.Read(0)); err != nil {
		t.Fatal(err)
	}
	if report, err := store.Verify(t.Context(), path); err != nil || !report.Whole() || report.Site != "DS01" {
		t.Errorf("%+v, %v", report, err)
	}
	built := openCopy(t, path)
	if content(t, built, 0) != content(t, log, 0) || built.ID() != log.ID() {
		t.Error("the built log is another one")
	}
	gaps, err := built.Gaps()
	if err != nil || len(gaps) != 1 || gaps[0] != (store.Gap{From: seq + 1, To: seq + 39}) {
		t.Errorf("gaps %v, %v", gaps, err)
	}

	fresh := t.TempDir()
	if _, err := store.Restore(t.Context(), fresh, path, store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(fresh, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	before := again.Next()
	appendKnown(t, again, 2000)
	if err := again.Prove(t.Context(), 0); err != nil || again.Next() <= before {
		t.Errorf("appended up to %d: %v", again.Next(), err)
	}
}

func TestBuildOfNonsense(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("0f", 16)
	batch := func(first uint64, n int) jobmon.Batch {
		b := jobmon.Batch{At: noon}
		for i := range n {
			b.Events = append(b.Events, jobmon.Event{Seq: first + uint64(i), At: noon, Kind: jobmon.KindDaemonStarted})
		}
		return b
	}
	hole := batch(1, 3)
	hole.Events[2].Seq = 9
	broken := errors.New("broken")
	list := func(err error, batches ...jobmon.Batch) iter.Seq2[jobmon.Batch, error] {
		return func(yield func(jobmon.Batch, error) bool) {
			for _, b := range batches {
				if !yield(b, nil) {
					return
				}
			}
			if err != nil {
				yield(jobmon.Batch{}, err)
			}
		}
	}
	for name, c := range map[string]struct {
		id      string
		batches iter.Seq2[jobmon.Batch, error]
		want    error
	}{
		"no id":          {"x", list(nil, batch(1, 1)), store.ErrInvalid},
		"no event":       {id, list(nil), store.ErrInvalid},
		"an empty batch": {id, list(nil, batch(1, 2), jobmon.Batch{}), store.ErrInvalid},
		"twice":          {id, list(nil, batch(1, 2), batch(2, 2)), store.ErrInvalid},
		"a hole inside":  {id, list(nil, hole), store.ErrInvalid},
		"a broken end":   {id, list(broken, batch(1, 2000)), broken},
	} {
		dir := t.TempDir()
		err := store.Build(t.Context(), filepath.Join(dir, "built.db"), c.id, "DS01", c.batches)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind %v, %v", name, left, err)
		}
	}
	path := filepath.Join(t.TempDir(), "built.db")
	if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := store.Build(t.Context(), path, id, "", list(nil, batch(1, 1))); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
}

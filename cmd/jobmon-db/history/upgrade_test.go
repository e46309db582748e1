package history

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestUpgradesChangeNoPicture: a log of each format that a version has written gives, once this version has opened it to
// append, the tables, facts and pictures of before, to the byte, now and at moments of its past.
func TestUpgradesChangeNoPicture(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "..", "store", "testdata", "log-format-*.db.gz"))
	if err != nil || len(paths) < 2 {
		t.Fatal(paths, err)
	}
	cut, err := filepath.Glob(filepath.Join("testdata", "cut-form-*.db.gz"))
	if err != nil || len(cut) == 0 {
		t.Fatal(cut, err)
	}
	for _, path := range append(paths, cut...) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range map[string][]byte{"log-000001.db": unpacked(t, path), "CURRENT": []byte("log-000001.db\n")} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before := taleOf(t, dir, true)
			upgraded := taleOf(t, dir, false)
			again := taleOf(t, dir, false)
			if len(before.moments) < 3 || len(before.mirror) == 0 {
				t.Fatalf("it tells of %d moments", len(before.moments))
			}
			if !reflect.DeepEqual(before, upgraded) || !reflect.DeepEqual(before, again) {
				t.Error("it tells something else than before")
			}
		})
	}
}

func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// tale is all that a log tells.
type tale struct {
	id                        string
	seq                       uint64
	mirror, facts, projection []byte
	moments                   map[uint64][]byte // the projection after that event
	files                     map[jobmon.ComputerID]string
}

func taleOf(t *testing.T, dir string, readOnly bool) tale {
	t.Helper()
	log, err := store.Open(dir, store.Options{ReadOnly: readOnly})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := log.Prove(t.Context(), 0); err != nil {
		t.Error(err)
	}
	s, err := Load(log)
	if err != nil {
		t.Fatal(err)
	}
	all := tale{id: log.ID(), seq: s.Seq, mirror: store.EncodeMirror(s.Mirror), facts: s.Facts.encode(), projection: s.Projection.Encode(),
		moments: map[uint64][]byte{}, files: map[jobmon.ComputerID]string{}}
	first := log.Cut()
	for i := range uint64(4) {
		seq := first + (s.Seq-first)*i/3
		p, err := Project(log, seq)
		if err != nil {
			t.Fatal(err)
		}
		all.moments[seq] = bytes.Clone(p.Encode())
	}
	for _, p := range Pictures(s.Projection) {
		file, err := evt.Encode(&p)
		if err != nil {
			t.Fatal(err)
		}
		all.files[p.Computer.ID] = string(file)
	}
	return all
}

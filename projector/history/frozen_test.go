package history

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/store"
)

var update = flag.Bool("update", false, "freeze a log that was cut, if there is none of this form yet")

// TestCutLogsOfEarlierVersionsOpenForEver: a log that was cut begins with a state in the form of its day. Raising
// projector.Form means a new pair of files beside those of released programs, which go on being read. No program has
// been released with a form before 3.
func TestCutLogsOfEarlierVersionsOpenForEver(t *testing.T) {
	t.Parallel()
	newest := fmt.Sprintf("cut-form-%d", projector.Form)
	if _, err := os.Stat(filepath.Join("testdata", newest+".db.gz")); *update && err != nil {
		freeze(t, newest)
	}
	paths, err := filepath.Glob(filepath.Join("testdata", "cut-form-*.db.gz"))
	if err != nil || !slices.Contains(paths, filepath.Join("testdata", newest+".db.gz")) {
		t.Fatalf("%d logs are frozen, %v: run go test ./cmd/jobmon-db/history -update", len(paths), err)
	}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(unpacked)
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		at := filepath.Join(t.TempDir(), "log.db")
		if err := os.WriteFile(at, content, 0o600); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(path, ".db.gz") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if got := essence(t, at); got != string(want) {
			t.Errorf("%s says\n%s\nand said\n%s", path, got, want)
		}
	}
}

// essence is what a log says in a few lines that no later version may understand otherwise.
func essence(t *testing.T, path string) string {
	t.Helper()
	log, err := store.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	begins, err := Begins(log)
	if err != nil || !begins.Cut {
		t.Fatalf("%+v, %v", begins, err)
	}
	s, err := Load(log)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(
		&out,
		"%+v, up to %d, %d rows, watching %v, %s\n",
		begins,
		s.Seq,
		s.Mirror.Rows.Len(),
		s.Projection.Watching(),
		s.Offset(),
	)
	for _, id := range slices.Sorted(maps.Keys(s.Names)) {
		fmt.Fprintf(&out, "%d %q gone %t\n", id, s.Names[id].Names, s.Names[id].Gone)
	}
	for _, p := range Pictures(s.Projection) {
		fmt.Fprintf(&out, "%d %s at event %d", p.Computer.ID, p.Computer.Name, p.Seq)
		if p.Session != nil {
			fmt.Fprintf(
				&out,
				": deployment %d %s, %d of %d jobs, %d failed",
				p.Session.Number,
				p.Session.State,
				p.Session.JobsDone,
				p.Session.Jobs,
				p.Session.Failed,
			)
			for _, st := range p.Session.Stages {
				fmt.Fprintf(&out, "; %s %s %s", st.Name, st.State, st.Expected)
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func freeze(t *testing.T, name string) {
	t.Helper()
	s := newSite(t, 3)
	s.calm = 25
	s.live(t, 400)
	log := s.onDisk(t)
	c, _, err := compact(t, log, s.batches[len(s.batches)/2].At)
	if err != nil {
		t.Fatal(err)
	}
	if log, err = c.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	log.Close()
	content, err := os.ReadFile(log.Path())
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(content)
	w.Close()
	base := filepath.Join("testdata", name)
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	for suffix, content := range map[string][]byte{".db.gz": packed.Bytes(), ".txt": []byte(essence(t, log.Path()))} {
		if err := os.WriteFile(base+suffix, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

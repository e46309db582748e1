package command

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/exchange"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// batchesOf is all that a log holds.
func batchesOf(t *testing.T, dir string) []jobmon.Batch {
	t.Helper()
	log, err := store.Open(dir, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var all []jobmon.Batch
	for b, err := range log.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func TestExport(t *testing.T) {
	dir := watched(t)
	path := filepath.Join(t.TempDir(), "events.ndjson")
	if got := jobmondb(t, "export", path, "--data-dir="+dir); got.code != exitOK || got.stdout != "" || !strings.Contains(got.stderr, "events up to number") {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := exchange.NewReader(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	var got []jobmon.Batch
	for b, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b)
	}
	if want := batchesOf(t, dir); !reflect.DeepEqual(got, want) || len(want) == 0 {
		t.Errorf("%d batches exported, %d in the log, or not the same", len(got), len(want))
	}
	if again := jobmondb(t, "export", "--data-dir="+dir); again.stdout != string(text) || again.stderr != "" {
		t.Errorf("to the standard output it writes something else: code %d, %s", again.code, again.stderr)
	}
	if over := jobmondb(t, "export", path, "--data-dir="+dir); over.code != exitUsage || !strings.Contains(over.stderr, "there already") {
		t.Errorf("over a file: %+v", over)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if after, _ := os.ReadFile(path); err != nil || len(left) != 1 || string(after) != string(text) {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

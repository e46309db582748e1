package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

func TestOpenReaderMakesTheFileBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "5000001.evt")
	if err := atomicfile.Write(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, []byte("new"), 0o644); !atomicfile.Busy(err) {
		t.Errorf("Write beside an open reader: %v; want a busy file", err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("the file reads %q, %v; want the old content", got, err)
	}
	if err := atomicfile.Write(path, []byte("new"), 0o644); err != nil {
		t.Errorf("after the reader has gone: %v", err)
	}
}

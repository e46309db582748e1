package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestSetAside: the old log stays, whole, and the new one is empty and has the id that was given.
func TestSetAside(t *testing.T) {
	t.Parallel()
	dir, id := t.TempDir(), strings.Repeat("0a", 16)
	if _, err := SetAside(dir, Options{}); !errors.Is(err, ErrNoLog) {
		t.Errorf("without a log: %v", err)
	}
	var old []string
	for i := range 3 {
		log, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := log.Append(jobmon.Instant(i), []jobmon.Event{{Kind: jobmon.KindDaemonStopped}}); err != nil {
			t.Fatal(err)
		}
		was := log.ID()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := SetAside(dir, Options{ID: "0b"}); !errors.Is(err, ErrInvalid) {
			t.Errorf("a bad id: %v", err)
		}
		aside, err := SetAside(dir, Options{Site: "DS01", ID: id})
		if err != nil {
			t.Fatal(err)
		}
		kept, err := OpenFile(filepath.Join(dir, aside))
		if err != nil || kept.ID() != was {
			t.Fatalf("%s: %v", aside, err)
		}
		old = append(old, aside)
	}
	log, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, _, ok := log.Last(); ok || log.ID() != id || log.Site() != "DS01" {
		t.Errorf("the new log is %s of %s", log.ID(), log.Site())
	}
	for _, aside := range old {
		if kept, err := OpenFile(filepath.Join(dir, aside)); err != nil {
			t.Errorf("%s: %v", aside, err)
		} else {
			kept.Close()
		}
	}
}

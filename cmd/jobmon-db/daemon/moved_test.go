package daemon_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// logFile is the log in use, whose daemon has stopped.
func (s *site) logFile() (path string, content []byte) {
	s.t.Helper()
	path, err := store.Current(s.dataDir)
	if err != nil {
		s.t.Fatal(err)
	}
	if content, err = os.ReadFile(path); err != nil {
		s.t.Fatal(err)
	}
	return path, content
}

// The log's pages are gone: it is moved aside, and the daemon goes on with a new one that holds all that was in it.
func TestALogBeyondUseIsMovedAside(t *testing.T) {
	play(t, "09:40", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:04").stop()
		before := s.batches()
		path, content := s.logFile()
		clear(content[:8192])
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s.watch()
		pc.shows("10:20:30", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
		s.stop()
		after := s.batches()
		for i, b := range before {
			if len(after) <= i || after[i].First() != b.First() || len(after[i].Events) != len(b.Events) ||
				after[i].Events[0] != b.Events[0] {
				t.Fatalf("batch %d is no longer what it was", i)
			}
		}
		if e := after[len(before)].Events[0]; e.Kind != jobmon.KindDamaged ||
			e.From != before[len(before)-1].Last()+1 || e.Seq <= e.To {
			t.Errorf("behind it comes %+v", e)
		}
		aside, err := filepath.Glob(filepath.Join(s.dataDir, "log-000001.db.damaged-*"))
		if err != nil || len(aside) != 1 {
			t.Fatalf("%v %v", aside, err)
		}
		if left, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(left, content) {
			t.Errorf("the damaged log is not what it was: %v", err)
		}
	})
}

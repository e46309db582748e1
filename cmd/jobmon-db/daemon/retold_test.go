package daemon_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A log that lost its end is told again what happened meanwhile; nobody knows any more when it was, although the file
// that says until when the source was watched has survived.
func TestWhatIsToldAgainAfterALossIsInexact(t *testing.T) {
	play(t, "09:40", func(s *site) {
		pc, over := s.watch().pc("PC-0001"), s.pc("PC-0002")
		s.at("10:00")
		over.drop(folder()...)
		s.at("10:04").stop()
		backup := t.TempDir()
		if err := os.CopyFS(backup, os.DirFS(s.dataDir)); err != nil {
			t.Fatal(err)
		}
		s.watch()
		pc.drop(folder()...)
		s.at("10:20").stop()
		covered, err := os.ReadFile(filepath.Join(s.dataDir, history.CoverageFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(backup, history.CoverageFile), covered, 0o644); err != nil {
			t.Fatal(err)
		}
		s.dataDir, s.seen = backup, nil
		s.watch().after(settle)
		s.stop()

		told := 0
		for _, b := range s.batches() {
			if !slices.ContainsFunc(b.Events, func(e jobmon.Event) bool { return e.Kind == jobmon.KindDamaged }) {
				continue
			}
			for _, e := range b.Events {
				if e.Kind != jobmon.KindStarted && e.Kind != jobmon.KindFinished {
					continue
				}
				if told++; !e.Flags.Has(jobmon.Inexact) {
					t.Errorf("told again as exact: %+v", e)
				}
			}
		}
		if told == 0 {
			t.Error("nothing was told again")
		}
	})
}

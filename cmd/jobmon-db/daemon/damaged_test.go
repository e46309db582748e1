package daemon_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The log is restored from a backup of a quarter of an hour before: files on the share are newer, also of computers
// without an open deployment. The next start records that, once, and records again what the database still shows.
func TestARestoredLogSaysThatItIsDamaged(t *testing.T) {
	play(t, "09:40", func(s *site) {
		pc, over, backup := s.goOnAfterABackup()
		newest := pc.file().Seq
		left := filepath.Join(s.evtDir, "5000099.evt") // of a computer that is no more: nobody will write it again
		if err := os.WriteFile(left, pc.content(), 0o644); err != nil {
			t.Fatal(err)
		}

		s.dataDir, s.seen = backup, nil
		end := s.batches()
		from := end[len(end)-1].Last() + 1
		s.watch()
		const ready = "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2"
		over.shows("10:20:30", ready)
		pc.shows("10:20:30", ready)
		said := jobmon.Event{Seq: newest + 1, From: from, To: newest} // its own number is one that nobody has seen
		s.damaged(said)
		// No later start says it again, though the log has not yet come so far as that file.
		s.watch().after(settle)
		s.damaged(said)
		if err := os.Remove(left); err != nil {
			t.Error(err)
		}
	})
}

// A log that is new lost nothing, whatever files lie beside it; neither at its first start nor at the next.
func TestANewLogBesideOldFilesIsNotDamaged(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:12").stop()
		s.dataDir, s.seen = filepath.Join(t.TempDir(), "data"), nil
		for range 2 {
			s.watch().after(settle)
			s.damaged()
		}
		if err := os.Remove(pc.path()); err != nil { // the new log knows of no deployment
			t.Error(err)
		}
	})
}

// In a log that lost its end, what happened since is recorded again, as inexact: nobody knows when it was, although the
// file that says until when the source was watched has survived.
func TestWhatIsToldAgainAfterALossIsInexact(t *testing.T) {
	play(t, "09:40", func(s *site) {
		_, _, backup := s.goOnAfterABackup()
		covered, err := os.ReadFile(filepath.Join(s.dataDir, daemon.CoverageFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(backup, daemon.CoverageFile), covered, 0o644); err != nil {
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

// goOnAfterABackup plays two deployments, and stops the daemon. The backup is the data dir from before the second one,
// but for the file that says what was published.
func (s *site) goOnAfterABackup() (pc, over *client, backup string) {
	s.t.Helper()
	pc, over = s.watch().pc("PC-0001"), s.pc("PC-0002")
	s.at("10:00")
	over.drop(folder()...)
	s.at("10:04").stop()
	backup = s.t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(s.dataDir)); err != nil {
		s.t.Fatal(err)
	}
	s.watch()
	pc.drop(folder()...)
	s.at("10:20").stop()
	published, err := os.ReadFile(filepath.Join(s.dataDir, daemon.PublishedFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(backup, daemon.PublishedFile), published, 0o644) // the log alone is older
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return pc, over, backup
}

// damaged stops the daemon and compares what its log says of its own damage: sequence numbers alone.
func (s *site) damaged(want ...jobmon.Event) {
	s.t.Helper()
	var got []jobmon.Event
	for _, b := range s.stop().batches() {
		for _, e := range b.Events {
			if e.Kind == jobmon.KindDamaged {
				got = append(got, jobmon.Event{Seq: e.Seq, From: e.From, To: e.To})
			}
		}
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the log says of its damage %+v, want %+v", got, want)
	}
}

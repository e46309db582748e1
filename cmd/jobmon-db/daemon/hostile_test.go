package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestPlantedFilesAreNoEvidence: whatever somebody puts into the evt folder, the log goes on where it ends.
func TestPlantedFilesAreNoEvidence(t *testing.T) {
	play(t, "09:40", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:04").stop()
		end := s.batches()
		last := end[len(end)-1].Last()
		number := regexp.MustCompile(`"seq":\d+`)
		for i, seq := range []uint64{last + 1, last + 1000, jobmon.MaxSeq, jobmon.MaxSeq + 2, 18446744073709551500} {
			planted := number.ReplaceAllString(string(pc.content()), fmt.Sprintf(`"seq":%d`, seq))
			for _, name := range []string{fmt.Sprintf("%d.evt", 5000090+i), fmt.Sprintf("x%d.evt", i)} {
				if err := os.WriteFile(filepath.Join(s.evtDir, name), []byte(planted), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(pc.path(), []byte(planted), 0o644); err != nil {
				t.Fatal(err)
			}
			s.watch().after(settle)
			if seq := pc.file().Seq; seq > last+200 {
				t.Errorf("the file is of event %d", seq)
			}
			s.damaged()
		}
		end = s.batches()
		if now := end[len(end)-1].Last(); now > last+200 {
			t.Errorf("the log has come to %d, it was at %d", now, last)
		}
		for i := range 5 {
			for _, name := range []string{fmt.Sprintf("%d.evt", 5000090+i), fmt.Sprintf("x%d.evt", i)} {
				if err := os.Remove(filepath.Join(s.evtDir, name)); err != nil {
					t.Error(err)
				}
			}
		}
		s.seen = nil
	})
}

// TestPublishedIsDurableBeforeTheFile: at any moment the data folder says at least what the newest file shows.
func TestPublishedIsDurableBeforeTheFile(t *testing.T) {
	play(t, "09:40", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		for range 10 {
			s.after(37 * time.Second)
			published, err := daemon.ReadPublished(s.dataDir)
			if f := pc.file(); err != nil || published.LogID == "" || published.Seq < f.Seq {
				t.Errorf("the file is of event %d, the data folder says %+v, %v", f.Seq, published, err)
			}
		}
	})
}

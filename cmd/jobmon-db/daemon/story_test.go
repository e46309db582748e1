package daemon_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
)

var updateStory = flag.Bool("update", false, "write the files of the monitor's story anew")

// story is where the monitor's tests find what a client was given, in files named by the moment and a number.
const story = "../../../client/hta/testdata/story"

// The monitor is tested with what DS delivers: a build in which a job fails and software is dropped late, and then the
// same PC being built again.
func TestStoryOfTheMonitor(t *testing.T) {
	given := map[string][]byte{}
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.copied = func(to *client, _ string) {
			name := fmt.Sprintf("%s-%02d.evt", s.ds.Now().Wall(winter).Time().Format("150405"), len(given))
			content, err := os.ReadFile(filepath.Join(s.clientsDir, "PC-0001", simulator.ClientFile))
			if err != nil {
				t.Fatal(err)
			}
			given[name] = content
		}
		s.at("10:00")
		rows := pc.drop(folder()...)
		s.ds.SetOutcome(rows[5], 1603)
		s.at("10:03:30")
		pc.drop(extras, vpn, fonts, mReady)
		s.at("10:20")
		pc.drop(folder()...)
		s.at("10:23:40") // nothing happens just before, which a read might not have seen yet
		pc.fresh = nil   // what was given is in the files
	})
	if len(given) < 12 {
		t.Fatalf("only %d files were delivered", len(given))
	}
	if *updateStory {
		if err := errors.Join(os.RemoveAll(story), os.MkdirAll(story, 0o755)); err != nil {
			t.Fatal(err)
		}
		for name, content := range given {
			if err := os.WriteFile(filepath.Join(story, name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Times differ by when the daemon happened to read; what the pictures say does not.
	var now, kept []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		f, err := evt.Decode(given[name])
		if err != nil {
			t.Fatal(err)
		}
		now = append(now, brief(f))
	}
	found, err := filepath.Glob(filepath.Join(story, "*.evt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		f, _ := fileOf(t, path)
		kept = append(kept, brief(f))
	}
	if !slices.Equal(kept, now) {
		t.Errorf("the kept files say\n  %s\ndelivered now is\n  %s\nwrite them anew with -update and see what "+
			"becomes of the monitor",
			strings.Join(kept, "\n  "), strings.Join(now, "\n  "))
	}
}

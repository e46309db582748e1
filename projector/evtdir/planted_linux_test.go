package evtdir_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
)

// A pipe or a link in the place of a file stays: nothing waits at the pipe, and nothing is written where the link
// leads.
func TestWhatIsPlantedInTheirPlacesStays(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "theirs")
	put(t, elsewhere, "ours 0")
	must(t, syscall.Mkfifo(filepath.Join(dir, "1.evt"), 0o600))
	must(t, os.Symlink(elsewhere, filepath.Join(dir, "2.evt")))
	must(t, os.Symlink(filepath.Join(dir, "none"), filepath.Join(dir, "3.evt")))
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		b.publish(1, "ours 1")
		b.publish(2, "ours 2")
		b.publish(3, "ours 3")
		b.settle()
		b.counts(0, 0, 3)
	})
	if text, err := os.ReadFile(elsewhere); err != nil || string(text) != "ours 0" {
		t.Errorf("a link was followed: %q, %v", text, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("a dangling link made a file: %v", err)
	}
}

package instance_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/instance"
)

// Somebody who may write to the folder plants a link, or a pipe, in the place of the word.
func TestPlantedWordIsNeitherFollowedNorWaitedFor(t *testing.T) {
	dir := t.TempDir()
	path, elsewhere := filepath.Join(dir, "instance.lock"), filepath.Join(dir, "elsewhere")
	must(t, os.WriteFile(elsewhere, []byte(`{"pid":7}`), 0o644))
	must(t, os.Symlink(elsewhere, path+".json"))
	lock := acquire(t, path)
	if text, err := os.ReadFile(elsewhere); string(text) != `{"pid":7}` || err != nil {
		t.Errorf("the word was written through the link: %q, %v", text, err)
	}
	for name, plant := range map[string]func() error{
		"link": func() error { return os.Symlink(elsewhere, path+".json") },
		"pipe": func() error { return syscall.Mkfifo(path+".json", 0o644) },
	} {
		must(t, os.Remove(path+".json"))
		must(t, plant())
		_, err := instance.Acquire(path, instance.Info{PID: 2})
		var held *instance.HeldError
		if !errors.As(err, &held) || held.Info.PID != 0 {
			t.Errorf("%s: Acquire = %v, want a holder that says nothing", name, err)
		}
	}
	must(t, lock.Release())
}

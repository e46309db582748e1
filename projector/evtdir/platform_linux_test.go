package evtdir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// A folder that may be read and not written: files are delayed one by one, and the folder is not away.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(dir, 0o777))
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, dir: dir, log: &logbook{}, evt: evtdir.New(evtdir.Options{Dir: dir, Ours: ours})}
		go func() {
			// Permissions do not bind root, so the thread that does the writing becomes somebody else for files.
			// It ends with this goroutine, as it is not unlocked.
			runtime.LockOSThread()
			if os.Geteuid() == 0 {
				must(t, syscall.Setfsuid(65534))
			}
			b.evt.Run(t.Context())
		}()
		b.publish(pc, "ours 1")
		b.settle()
		b.holds(pc, "ours 1")

		must(t, os.Chmod(dir, 0o555))
		b.publish(pc, "ours 2")
		if err := b.evt.WriteNow(t.Context(), pc+
			1, evtdir.Content{Bytes: []byte("ours")}); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("WriteNow: %v; want a missing permission", err)
		}
		b.after(time.Minute)
		b.holds(pc, "ours 1")
		b.counts(1, 2, 0)
		if s := b.evt.Stats(); s.Away != nil {
			t.Errorf("the folder counts as away: %v", s.Away)
		}

		must(t, os.Chmod(dir, 0o777))
		b.after(30 * time.Second)
		b.holds(pc, "ours 2")
		b.holds(pc+1, "ours")
		b.counts(3, 0, 0)
	})
}

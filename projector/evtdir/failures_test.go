package evtdir_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// block makes the file of pc impossible to write, on every system: a folder with something in it has its name. (Only
// under takeover is that tried at all.)
func (b *bench) block() {
	b.t.Helper()
	b.unblock()
	must(b.t, os.MkdirAll(filepath.Join(b.evt.Path(pc), "occupied"), 0o755))
}

func (b *bench) unblock() {
	b.t.Helper()
	must(b.t, os.RemoveAll(b.evt.Path(pc)))
}

func TestFailingFileHoldsUpNoOther(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir, takeover)
		b.settle()
		b.block()
		b.publish(pc, "ours 1")
		for id := range 5 {
			b.publish(pc+1+jobmon.ComputerID(id), "ours")
		}
		b.settle()
		for id := range 5 {
			b.holds(pc+1+jobmon.ComputerID(id), "ours")
		}
		b.counts(5, 1, 0)
		b.publish(pc, "ours 2")
		b.unblock()
		b.after(time.Second)
		b.holds(pc, "ours 2")
		b.counts(6, 0, 0)
	})
}

func TestFailingFileIsTriedLessAndLessButForEver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir, takeover)
		b.settle()
		b.block()
		b.publish(pc, "ours 1")
		b.after(time.Second)
		if failed := b.evt.Stats().Failed; failed < 4 || failed > 6 {
			t.Errorf("%d attempts in the first second; want about 5", failed)
		}
		b.after(9 * time.Second)
		if failed := b.evt.Stats().Failed; failed < 7 || failed > 9 {
			t.Errorf("%d attempts in the first ten seconds; want about 8", failed)
		}
		before := b.evt.Stats().Failed
		b.after(time.Hour)
		if failed := b.evt.Stats().Failed - before; failed < 115 || failed > 125 {
			t.Errorf("%d attempts in an hour; want one each half minute", failed)
		}
		b.logged("cannot be written", 1)
		b.unblock()
		b.after(30 * time.Second)
		b.holds(pc, "ours 1")
		b.after(30 * time.Second)
		b.logged("can be written again", 1)

		b.block() // the pauses start anew
		b.publish(pc, "ours 2")
		b.settle()
		b.unblock()
		b.after(50 * time.Millisecond)
		b.holds(pc, "ours 2")
	})
}

// away moves the folder elsewhere and back, as a share does that goes down.
func away(t *testing.T, dir string) (back func()) {
	t.Helper()
	must(t, os.Rename(dir, dir+".away"))
	return func() {
		t.Helper()
		must(t, os.Rename(dir+".away", dir))
	}
}

func TestFolderAwayDelaysFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evt")
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		for id := range 4 {
			b.publish(jobmon.ComputerID(id), "ours, before")
		}
		b.settle()
		back := away(t, dir)
		gone := time.Now()
		for range 3 {
			for id := range 3 {
				b.publish(jobmon.ComputerID(id), "ours, too early")
			}
			b.after(10 * time.Minute)
		}
		for id := range 3 {
			b.publish(jobmon.ComputerID(id), "ours, newest")
		}
		b.settle()
		b.counts(4, 3, 0)
		if s := b.evt.Stats(); !s.AwaySince.Equal(gone) || !errors.Is(s.Away, fs.ErrNotExist) {
			t.Errorf("away since %v because of %v; want %v and a missing folder", s.AwaySince, s.Away, gone)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Error("the folder was created in the place of the one that is away")
		}
		b.logged("cannot be reached", 1)

		back()
		b.after(30 * time.Second)
		for id := range 3 {
			b.holds(jobmon.ComputerID(id), "ours, newest")
		}
		b.holds(3, "ours, before")
		b.counts(7, 0, 0)
		b.logged("folder is back", 1)
		if s := b.evt.Stats(); !s.AwaySince.IsZero() || s.Away != nil {
			t.Errorf("still away: %+v", s)
		}
	})
}

func TestFolderCreatedAnewIsFilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evt")
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		b.publish(1, "ours 1")
		b.publish(2, "ours 2")
		b.settle()
		must(t, os.RemoveAll(dir))
		b.after(time.Minute) // nobody publishes: the check finds out
		b.logged("cannot be reached", 1)
		must(t, os.Mkdir(dir, 0o755))
		b.after(30 * time.Second)
		b.holds(1, "ours 1")
		b.holds(2, "ours 2")
		b.counts(4, 0, 0)
	})
}

func TestFolderThatCannotBeCreatedYet(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "share")
	put(t, parent, "not a folder")
	synctest.Test(t, func(t *testing.T) {
		b := start(t, filepath.Join(parent, "evt"))
		b.publish(pc, "ours")
		b.after(time.Minute)
		b.counts(0, 1, 0)
		must(t, os.Remove(parent))
		b.after(30 * time.Second)
		b.holds(pc, "ours")
		b.counts(1, 0, 0)
	})
}

func TestWriteNowSaysWhyNot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evt")
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir, takeover)
		b.settle()

		b.block()
		begin := time.Now()
		if err := b.evt.WriteNow(t.Context(), pc, evtdir.Content{Bytes: []byte("ours 1")}); err == nil ||
			!strings.Contains(err.Error(), b.evt.Path(pc)) {
			t.Errorf("a blocked file: %v; want an error with its name", err)
		}
		b.unblock()
		back := away(t, dir)
		if err := b.evt.WriteNow(t.Context(), pc, evtdir.Content{
			Bytes: []byte("ours 2"),
		}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a folder that is away: %v; want a missing folder", err)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("waited %v for what waiting does not mend", waited)
		}
		b.after(10 * time.Second) // the next look at the folder is seconds away now
		back()
		begin = time.Now()
		must(t, b.evt.WriteNow(t.Context(), pc, evtdir.Content{Bytes: []byte("ours 3")}))
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("waited %v although the folder is back", waited)
		}
		b.holds(pc, "ours 3")
	})
}

func TestWriteNowAfterAnErrorIsStillWritten(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir, takeover)
		b.settle()
		b.block()
		if err := b.evt.WriteNow(t.Context(), pc, evtdir.Content{Bytes: []byte("ours")}); err == nil {
			t.Error("no error")
		}
		b.unblock()
		b.after(time.Second)
		b.holds(pc, "ours")
	})
}

func TestNobodyWaitsForAWriterThatDoesNotRun(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		evt := evtdir.New(evtdir.Options{Dir: dir, Ours: ours})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := evt.WriteNow(ctx, pc, evtdir.Content{
			Bytes: []byte("ours"),
		}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before Run: %v; want the deadline", err)
		}
		if err := evt.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) ||
			!strings.Contains(err.Error(), "1 files in "+dir) {
			t.Errorf("Flush before Run: %v; want the deadline and one file in the folder", err)
		}

		waiting := make(chan error, 2)
		go func() { waiting <- evt.WriteNow(t.Context(), pc, evtdir.Content{Bytes: []byte("ours")}) }()
		go func() { waiting <- evt.Flush(t.Context()) }()
		synctest.Wait()
		stopped, stop := context.WithCancel(t.Context())
		stop()
		evt.Run(stopped)
		for range 2 {
			if err := <-waiting; !errors.Is(err, evtdir.ErrStopped) {
				t.Errorf("as Run ended: %v; want ErrStopped", err)
			}
		}
		if err := evt.WriteNow(t.Context(), pc, evtdir.Content{
			Bytes: []byte("ours"),
		}); !errors.Is(err, evtdir.ErrStopped) {
			t.Errorf("after Run: %v; want ErrStopped", err)
		}
	})
}

func TestFlushTriesAtOnceAndSaysWhatIsLeft(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evt")
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir, takeover)
		b.settle()
		b.block()
		b.publish(pc, "ours 1")
		b.publish(pc+1, "ours 1")
		b.after(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.evt.Flush(ctx); err == nil || !strings.Contains(err.Error(), "1 files") ||
			!strings.Contains(err.Error(), b.evt.Path(pc)) {
			t.Errorf("Flush: %v; want one file left, with its name", err)
		}
		b.unblock()
		begin := time.Now()
		must(t, b.evt.Flush(t.Context()))
		b.holds(pc, "ours 1")

		back := away(t, dir)
		b.publish(pc, "ours 2")
		b.after(time.Hour)
		begin = begin.Add(time.Hour)
		back()
		must(t, b.evt.Flush(t.Context()))
		b.holds(pc, "ours 2")
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("waited %v before trying", waited)
		}
	})
}

package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// history appends batches of known events until the log has at least n.
func history(t *testing.T, log *store.Log, n int) {
	t.Helper()
	for size := 1; ; size = size%97 + 7 {
		last, _, _ := log.Last()
		if last >= uint64(n) {
			return
		}
		appendKnown(t, log, size)
	}
}

func appendKnown(t *testing.T, log *store.Log, n int) {
	t.Helper()
	next := log.Next()
	events := make([]jobmon.Event, n)
	for i := range events {
		events[i] = known(next + uint64(i))
	}
	if _, err := log.Append(noon+jobmon.Instant(next), events); err != nil {
		t.Fatal(err)
	}
}

// content is all that a log tells, from sequence number from on.
func content(t *testing.T, log *store.Log, from uint64) string {
	t.Helper()
	var text strings.Builder
	for b, err := range log.Read(from) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&text, b)
	}
	return text.String()
}

func openCopy(t *testing.T, path string) *store.Log {
	t.Helper()
	log, err := store.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

func TestBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{Site: "DS01"})
	defer log.Close()
	path := filepath.Join(t.TempDir(), "copy.db")
	for _, n := range []int{0, 1, 900, 5000} { // nothing, tails, blocks
		history(t, log, n)
		at := path + fmt.Sprint(n)
		told := uint64(0)
		s, err := store.Backup(t.Context(), log, at, func(done, total uint64) {
			if done > total || done < told {
				t.Errorf("%d of %d after %d", done, total, told)
			}
			told = done
		})
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(at)
		if err != nil {
			t.Fatal(err)
		}
		last, lastAt, _ := log.Last()
		if s.Path != at || s.ID != log.ID() || s.Site != "DS01" || s.Last != last || s.LastAt != lastAt ||
			s.Bytes != info.Size() || s.Damaged != nil {
			t.Errorf("%+v", s)
		}
		if n > 0 && told == 0 {
			t.Error("no progress was told")
		}
		saved := openCopy(t, at)
		if content(t, saved, 0) != content(t, log, 0) {
			t.Errorf("the backup of %d events tells other ones", last)
		}
	}
	// a file that is there is not replaced, and nothing is left beside it
	if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Backup(t.Context(), log, path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(path); string(text) != "theirs" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := store.Backup(t.Context(), log, filepath.Join(dir, "gone", "x.db"), nil); !errors.Is(err,
		fs.ErrNotExist) {
		t.Errorf("into a folder that is not there: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("enough")
	cancel(stopped)
	if _, err := store.Backup(ctx, log, path+"-cut", nil); !errors.Is(err, stopped) {
		t.Errorf("%v", err)
	}
	if got := names(t, filepath.Dir(path)); len(got) != 5 {
		t.Errorf("the folder holds %v", got)
	}
}

// sealing is a log that is appended to between two pages of its copy, so that its tail is sealed under the copier.
type sealing struct {
	*store.Log
	t     *testing.T
	sizes []int
}

func (s *sealing) Extract(from uint64) (store.Extract, error) {
	x, err := s.Log.Extract(from)
	if len(s.sizes) > 0 {
		appendKnown(s.t, s.Log, s.sizes[0])
		s.sizes = s.sizes[1:]
	}
	return x, err
}

func TestBackupWhileTheTailIsSealed(t *testing.T) {
	t.Parallel()
	for _, begin := range []int{0, 1, 1000, 1020, 3000} {
		for _, sizes := range [][]int{{5}, {1, 1, 1100, 1, 1}, {40, 1000, 30, 1000, 3}, {2000, 2000, 1},
			{1024, 1024, 1024}} {
			log := open(t, t.TempDir(), store.Options{})
			history(t, log, begin)
			path := filepath.Join(t.TempDir(), "copy.db")
			s, err := store.Backup(t.Context(), &sealing{log, t, sizes}, path, nil)
			if err != nil {
				t.Fatalf("%d events and %v: %v", begin, sizes, err)
			}
			saved := openCopy(t, path)
			if last, _, _ := saved.Last(); last != s.Last || last < uint64(begin) ||
				!strings.HasPrefix(content(t, log, 0), content(t, saved, 0)) {
				t.Errorf("%d events and %v: the backup has %d events, or other ones", begin, sizes, last)
			}
			if err := saved.Prove(t.Context(), 0); err != nil {
				t.Error(err)
			}
			log.Close()
		}
	}
}

// Damage inside the log does not keep what is left of it from being saved.
func TestBackupOfADamagedLog(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	defer log.Close()
	history(t, log, 700)
	err := log.ChangeTail(func(tail *store.Tail) {
		frame := tail.Get(2)
		frame[len(frame)-1] ^= 1
		tail.Put(2, frame)
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	s, err := store.Backup(t.Context(), log, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Damaged, []store.Gap{{From: 2, To: 9}}) {
		t.Errorf("%+v", s.Damaged)
	}
	if got, want := content(t, openCopy(t, path), 10), content(t, log, 10); got != want {
		t.Error("what is behind the damage was not saved")
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{Site: "DS01"})
	history(t, log, 3000)
	path := filepath.Join(t.TempDir(), "copy.db")
	saved, err := store.Backup(t.Context(), log, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	history(t, log, 4000)
	newest, _, _ := log.Last()
	if _, err := store.Restore(t.Context(), dir, path, store.RestoreOptions{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("while it is written to: %v", err)
	}
	want := content(t, log, 0)
	log.Close()
	before := names(t, dir)
	r, err := store.Restore(t.Context(), dir, path, store.RestoreOptions{DryRun: true})
	if err != nil || r.Lost != newest-saved.Last || r.Present.Last != newest || r.Backup.Last != saved.Last ||
		r.Broken != "" {
		t.Errorf("%+v, %v", r, err)
	}
	if after := names(t, dir); !slices.Equal(before, after) {
		t.Errorf("a dry run left %v", after)
	}
	if r, err = store.Restore(t.Context(), dir, path, store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if r.Aside != filepath.Join(dir, "log-000001.db.aside") || content(t, openCopy(t, r.Aside), 0) != want {
		t.Errorf("the old log is not whole in %s", r.Aside)
	}
	log = open(t, dir, store.Options{})
	if got := content(t, log, 0); got != content(t, openCopy(t, path), 0) || log.ID() != saved.ID {
		t.Error("the log is not the backup")
	}
	// no number that the lost events had is given again, and the gap is reported
	if next := log.Next(); next != newest+1 {
		t.Errorf("the next event is %d", next)
	}
	appendKnown(t, log, 1)
	if gaps, err := log.Gaps(); err != nil || !slices.Equal(gaps, []store.Gap{{From: saved.Last + 1, To: newest}}) {
		t.Errorf("%v, %v", gaps, err)
	}
	log.Close()
	if _, err := os.Stat(r.Aside); err != nil {
		t.Errorf("the next writer removed what was moved aside: %v", err)
	}

	// into a folder without a log, and over one that cannot be opened
	for _, spoil := range []func(dir string) error{
		func(string) error { return nil },
		func(dir string) error {
			open(t, dir, store.Options{}).Close()
			return os.Truncate(filepath.Join(dir, "log-000001.db"), 5000)
		},
		func(dir string) error {
			open(t, dir, store.Options{}).Close()
			return os.WriteFile(filepath.Join(dir, "CURRENT"), []byte("nonsense"), 0o600)
		},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Restore(t.Context(), dir, path, store.RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		log := open(t, dir, store.Options{})
		if last, _, _ := log.Last(); last != saved.Last {
			t.Errorf("up to %d", last)
		}
		log.Close()
	}

	// another site's log is not replaced by mistake
	other := t.TempDir()
	open(t, other, store.Options{}).Close()
	if _, err := store.Restore(t.Context(), other, path, store.RestoreOptions{}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("%v", err)
	}
	if r, err := store.Restore(t.Context(), other, path, store.RestoreOptions{Other: true}); err != nil || r.Lost != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := store.Restore(t.Context(), other, filepath.Join(other, "nothing.db"),
		store.RestoreOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

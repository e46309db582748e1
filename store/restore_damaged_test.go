package store_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestRestoreOfADamagedBackup: everything that is whole of a backup that bbolt could not open, or would die of, is
// restored when that is asked for.
func TestRestoreOfADamagedBackup(t *testing.T) {
	t.Parallel()
	w := tell(t)
	for name, damage := range map[string]func(file []byte) []byte{
		"both meta pages": func(file []byte) []byte {
			copy(file[16:], "nonsense")
			copy(file[4096+16:],
				"nonsense")
			return file
		},
		"its end is gone": func(file []byte) []byte { return file[:usedBytes(file)/8192*4096] },
		"pages of nothing": func(file []byte) []byte {
			clear(file[2*4096 : usedBytes(file)/8192*4096])
			for _, meta := range [][]byte{file, file[4096:]} { // the root of the tree too, wherever it lies
				clear(file[4096*binary.LittleEndian.Uint64(meta[32:]):][:4096])
			}
			return file
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "backup.db")
			write(t, file, string(damage(slices.Clone(w.file))))
			if _, err := store.OpenFile(file); err == nil {
				t.Fatal("it can be opened")
			}
			dir := t.TempDir()
			if _, err := store.Restore(t.Context(), dir, file, store.RestoreOptions{}); !errors.Is(err,
				store.ErrBackup) ||
				len(names(t, dir)) != 0 {
				t.Fatalf("without Damaged: %v, %v", names(t, dir), err)
			}
			dry, err := store.Restore(t.Context(), dir, file, store.RestoreOptions{DryRun: true, Damaged: true})
			if err != nil || len(names(t, dir)) != 0 {
				t.Fatalf("%v, %v", names(t, dir), err)
			}
			r, err := store.Restore(t.Context(), dir, file, store.RestoreOptions{Damaged: true})
			if err != nil || r.Backup.Path != file || r.Backup.Last != dry.Backup.Last {
				t.Fatalf("%+v, %+v, %v", r, dry, err)
			}
			if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000001.db"}) {
				t.Errorf("the folder holds %v", got)
			}
			missing := uint64(0)
			for _, g := range r.Backup.Damaged {
				missing += g.To - g.From + 1
			}
			log := open(t, dir, store.Options{})
			said := false
			found := 0
			for b, err := range log.Read(0) {
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range b.Events {
					if want, known := w.events[e.Seq]; known && e == want {
						found++
					} else if e.Kind != jobmon.KindDamaged {
						t.Errorf("event %d is %+v", e.Seq, e)
					}
					said = said || strings.HasPrefix(e.Text, "a damaged backup was restored")
				}
			}
			if uint64(found) != r.Backup.Events {
				t.Errorf("%d events were restored, %d are reported", found, r.Backup.Events)
			}
			if !said || found == 0 || name == "both meta pages" && found != len(w.events) ||
				found+int(missing) > len(w.events)+70 {
				t.Errorf("%d of %d events are there, %v are missing", found, len(w.events), r.Backup.Damaged)
			}
			// The page that says which log it is may be among those that are gone: then it gets an id of its own.
			told := strings.Contains(string(damage(slices.Clone(w.file))), `"id":"`)
			if told != (log.ID() == w.id(t)) || name == "both meta pages" && !told {
				t.Errorf("it is another log: %s", log.ID())
			}
			appendKnown(t, log, 3)
			if err := log.Prove(t.Context(), 0); err != nil {
				t.Error(err)
			}
			log.Close()
			if now, err := os.ReadFile(file); err != nil || string(now) != string(damage(slices.Clone(w.file))) {
				t.Error("the backup was changed")
			}
		})
	}
	foreign := filepath.Join(t.TempDir(), "letter.db")
	write(t, foreign, strings.Repeat("letters ", 9000))
	dir := t.TempDir()
	if _, err := store.Restore(t.Context(), dir, foreign, store.RestoreOptions{}); !errors.Is(err,
		store.ErrNotOurs) || len(names(t, dir)) != 0 {
		t.Errorf("%v, %v", names(t, dir), err)
	}
}

// id is the id of the log that was told.
func (w *told) id(t *testing.T) string {
	t.Helper()
	log := open(t, w.dir, store.Options{ReadOnly: true})
	defer log.Close()
	return log.ID()
}

// damages are copies of a file, each cut short at one of many lengths or changed at one of many places: each with its
// name. Every page is hit in its head, and at places throughout.
func damages(file []byte) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for n := 0; n < len(file); n += 1531 {
			for _, length := range []int{n, n / 4096 * 4096, n/4096*4096 + 1, (n/4096+1)*4096 - 1} {
				if length < len(file) && !yield(fmt.Sprintf("cut to %d bytes", length), file[:length:length]) {
					return
				}
			}
		}
		for at := 0; at < len(file); {
			hit := slices.Clone(file)
			hit[at] ^= 1 << (at % 8)
			if !yield(fmt.Sprintf("bit %d of byte %d", at%8, at), hit) {
				return
			}
			if at%4096 < 80 {
				at += 7
			} else {
				at += 211
			}
		}
		for page := 0; page < len(file); page += 4096 {
			hit := slices.Clone(file)
			clear(hit[page : page+4096])
			if !yield(fmt.Sprintf("page %d is zero", page/4096), hit) {
				return
			}
		}
	}
}

// TestNoDamagedBackupPassesForAWholeOne: wherever a backup is damaged, it is refused and nothing is changed, or all
// of its events are there. What --damaged promises is what it gives, and it never invents an event.
func TestNoDamagedBackupPassesForAWholeOne(t *testing.T) {
	t.Parallel()
	w := tellSome(t, 40, 1100)
	good := filepath.Join(t.TempDir(), "backup.db")
	log := open(t, w.dir, store.Options{})
	if _, err := store.Backup(t.Context(), log, good, nil); err != nil {
		t.Fatal(err)
	}
	appendKnown(t, log, 5)
	log.Close()
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	before, present := names(t, w.dir), len(w.events)+5
	file := filepath.Join(t.TempDir(), "damaged.db")
	refused, passed, restored := 0, 0, 0
	for name, damaged := range damages(whole) {
		write(t, file, string(damaged))
		r, err := store.Restore(t.Context(), w.dir, file, store.RestoreOptions{DryRun: true})
		switch {
		case err == nil &&
			(r.Backup.Events != uint64(len(w.events)) || r.Lost != 5 || r.Present.Events != uint64(present)):
			t.Fatalf("%s: it passes with %d of %d events, %d lost", name, r.Backup.Events, len(w.events), r.Lost)
		case err == nil:
			passed++
			continue
		case !errors.Is(err, store.ErrBackup) && !errors.Is(err, store.ErrNotOurs) && !errors.Is(err, store.ErrNewer):
			t.Fatalf("%s: %v", name, err)
		}
		refused++
		if refused%15 != 0 || r.Backup.Events == 0 {
			continue
		}
		restored++
		w.restorePart(t, name, file)
	}
	if !slices.Equal(before, names(t, w.dir)) {
		t.Errorf("the folder holds %v", names(t, w.dir))
	}
	if refused < 200 || passed < 50 || restored < 8 {
		t.Errorf("%d refused, %d passed, %d restored: the damage is too little", refused, passed, restored)
	}
}

// restorePart restores what is whole of the file into a new folder.
func (w *told) restorePart(t *testing.T, name, file string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	r, err := store.Restore(t.Context(), dir, file, store.RestoreOptions{Damaged: true})
	if err != nil || r.Fault == "" {
		t.Fatalf("%s: %+v, %v", name, r, err)
	}
	log := open(t, dir, store.Options{ReadOnly: true, Damaged: func(*store.Error) {}})
	defer log.Close()
	found := uint64(0)
	for b, err := range log.Read(0) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range b.Events {
			if want, known := w.events[e.Seq]; known && e == want {
				found++
			} else if e.Kind != jobmon.KindDamaged {
				t.Fatalf("%s: event %d is %+v", name, e.Seq, e)
			}
		}
	}
	if found != r.Backup.Events {
		t.Errorf("%s: %d events are there, %d were reported", name, found, r.Backup.Events)
	}
}

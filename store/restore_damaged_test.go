package store_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestRestoreOfADamagedBackup: of a backup that bbolt could not open, or would die of, everything is restored that is whole.
func TestRestoreOfADamagedBackup(t *testing.T) {
	w := tell(t)
	for name, damage := range map[string]func(file []byte) []byte{
		"both meta pages": func(file []byte) []byte { copy(file[16:], "nonsense"); copy(file[4096+16:], "nonsense"); return file },
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
			dry, err := store.Restore(t.Context(), dir, file, store.RestoreOptions{DryRun: true})
			if err != nil || len(names(t, dir)) != 0 {
				t.Fatalf("%v, %v", names(t, dir), err)
			}
			r, err := store.Restore(t.Context(), dir, file, store.RestoreOptions{})
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
			if !said || found == 0 || name == "both meta pages" && found != len(w.events) || found+int(missing) > len(w.events)+70 {
				t.Errorf("%d of %d events are there, %v are missing", found, len(w.events), r.Backup.Damaged)
			}
			// The page that says which log it is may be among those that are gone: then it gets an id of its own.
			told := strings.Contains(string(damage(slices.Clone(w.file))), `"id":"`)
			if told != (log.ID() == dry.Backup.ID) || name == "both meta pages" && !told {
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
	if _, err := store.Restore(t.Context(), dir, foreign, store.RestoreOptions{}); !errors.Is(err, store.ErrNotOurs) || len(names(t, dir)) != 0 {
		t.Errorf("%v, %v", names(t, dir), err)
	}
}

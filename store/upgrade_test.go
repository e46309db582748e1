package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/store"
)

const (
	oldName = "log-000001.db"
	newName = "log-000002.db"
)

func fileBytes(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// upgradeChild opens a log of an older format for writing.
func upgradeChild(dir string) error {
	fmt.Println(1)
	log, err := store.Open(dir, store.Options{})
	if err != nil {
		return err
	}
	return log.Close()
}

func TestALogOfAnOlderFormatIsWrittenAnewBeside(t *testing.T) {
	dir := frozen(t, "log-format-1")
	old, path := fileBytes(t, filepath.Join(dir, oldName)), filepath.Join(dir, oldName)

	reading := open(t, dir, store.Options{ReadOnly: true})
	if verify(t, dir) != 2100 || reading.UpgradedFrom() != "" || len(names(t, dir)) != 2 || !bytes.Equal(fileBytes(t, path), old) {
		t.Fatalf("reading changed something: %v", names(t, dir))
	}
	log := open(t, dir, store.Options{})
	if log.UpgradedFrom() != path || log.Path() != filepath.Join(dir, newName) || current(t, dir) != log.Path() {
		t.Errorf("the log is %s, from %q, in use is %s", log.Path(), log.UpgradedFrom(), current(t, dir))
	}
	if log.ID() != reading.ID() || log.Site() != "DS-FROZEN" {
		t.Errorf("it has become the log %s of %s", log.ID(), log.Site())
	}
	if !bytes.Equal(fileBytes(t, path), old) {
		t.Error("the old file has changed")
	}
	for batch, err := range reading.Read(1) { // whoever reads the old file goes on to its end
		if err != nil || batch.Last() > 2100 {
			t.Fatal(batch.Last(), err)
		}
	}
	appendRows(t, log, 1)
	log.Close()
	report, err := store.Verify(t.Context(), log.Path())
	if err != nil || len(report.Faults) > 0 || report.Format != 2 || report.Events != 2101 {
		t.Errorf("%+v, %v", report, err)
	}

	log = open(t, dir, store.Options{})
	if log.UpgradedFrom() != "" || !slices.Equal(names(t, dir), []string{"CURRENT", newName}) {
		t.Errorf("from %q; the next start leaves %v", log.UpgradedFrom(), names(t, dir))
	}
}

// What is damaged before is damaged in the same way after: the rest is neither lost nor moved.
func TestADamagedLogOfAnOlderFormat(t *testing.T) {
	dir := frozen(t, "log-format-1")
	path := filepath.Join(dir, oldName)
	data := fileBytes(t, path)
	at := bytes.Index(data, []byte{0xe7, 'J', 'M', 1})
	for range 300 {
		at += 4 + bytes.Index(data[at+4:], []byte{0xe7, 'J', 'M', 1})
	}
	data[at+20] ^= 0x10
	write(t, path, string(data))
	damaged := func(options store.Options) (found []store.Error) {
		options.Damaged = func(e *store.Error) { found = append(found, store.Error{Seq: e.Seq, Last: e.Last, Offset: e.Offset}) }
		log := open(t, dir, options)
		defer log.Close()
		for _, err := range log.Read(1) {
			if err != nil {
				t.Fatal(err)
			}
		}
		return found
	}
	before := damaged(store.Options{ReadOnly: true})
	after := damaged(store.Options{})
	if len(before) != 1 || !slices.Equal(before, after) || filepath.Base(current(t, dir)) != newName {
		t.Errorf("damaged was %+v, is %+v in %s", before, after, current(t, dir))
	}
}

// Whatever instant an upgrade is cut off at: the next start finds one log, with every event.
func TestAnUpgradeCutOffAnywhere(t *testing.T) {
	whole := frozen(t, "log-format-1")
	old := fileBytes(t, filepath.Join(whole, oldName))
	open(t, whole, store.Options{}).Close()
	written := fileBytes(t, filepath.Join(whole, newName))
	for name, c := range map[string]struct {
		files map[string][]byte
		after string // the log that an opening for reading uses
	}{
		"at its first byte":         {map[string][]byte{newName + ".new": nil}, oldName},
		"in its first page":         {map[string][]byte{newName + ".new": written[:1000]}, oldName},
		"half written":              {map[string][]byte{newName + ".new": written[:len(written)/2]}, oldName},
		"written":                   {map[string][]byte{newName + ".new": written}, oldName},
		"named":                     {map[string][]byte{newName: written}, oldName},
		"before CURRENT is whole":   {map[string][]byte{newName: written, "CURRENT.17.jobmon-tmp": []byte("log-")}, oldName},
		"before CURRENT is renamed": {map[string][]byte{newName: written, "CURRENT.17.jobmon-tmp": []byte(newName + "\n")}, oldName},
		"after CURRENT is replaced": {map[string][]byte{newName: written, "CURRENT": []byte(newName + "\n")}, newName},
	} {
		t.Run(name, func(t *testing.T) {
			dir := frozen(t, "log-format-1")
			for file, data := range c.files {
				write(t, filepath.Join(dir, file), string(data))
			}
			if last := verify(t, dir); last != 2100 || filepath.Base(current(t, dir)) != c.after {
				t.Fatalf("%d events in %s", last, current(t, dir))
			}
			if data := fileBytes(t, filepath.Join(dir, oldName)); !bytes.Equal(data, old) {
				t.Error("the old log is not what it was")
			}
			log := open(t, dir, store.Options{})
			if upgraded := log.UpgradedFrom() != ""; upgraded != (c.after == oldName) {
				t.Errorf("upgraded from %q", log.UpgradedFrom())
			}
			log.Close()
			open(t, dir, store.Options{}).Close()
			if left := names(t, dir); len(left) != 2 || verify(t, dir) != 2100 {
				t.Errorf("left are %v", left)
			}
		})
	}
}

func TestKilledWhileUpgrading(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 12 {
		dir := frozen(t, "log-format-1")
		cmd, lines := startChild(t, "upgrade", dir)
		if !lines.Scan() {
			t.Fatal("the child ended by itself")
		}
		timer := time.AfterFunc(time.Duration(random.IntN(60_000))*time.Microsecond, func() { cmd.Process.Kill() })
		cmd.Wait()
		timer.Stop()
		before := strings.Join(names(t, dir), " ")
		if last := verify(t, dir); last != 2100 {
			t.Fatalf("%d events, the folder holds %s", last, before)
		}
		for range 2 {
			open(t, dir, store.Options{}).Close()
		}
		if left := names(t, dir); verify(t, dir) != 2100 || len(left) != 2 {
			t.Fatalf("left are %v of %s", left, before)
		}
	}
}

// An older program is played by this one, before a log of formats that it does not know.
func TestAnOlderProgramLeavesANewerLogAlone(t *testing.T) {
	dir := frozen(t, "log-format-2")
	changeMeta(t, filepath.Join(dir, oldName), func(meta map[string]any) { meta["format"], meta["reader"] = 9, 9 })
	before := fileBytes(t, filepath.Join(dir, oldName))
	for what, use := range map[string]func() error{
		"opening": func() error { _, err := store.Open(dir, store.Options{}); return err },
		"reading": func() error { _, err := store.Open(dir, store.Options{ReadOnly: true}); return err },
		"looking": func() error { return store.Examine(t.Context(), dir) },
	} {
		err := use()
		if what == "looking" && err == nil {
			continue // the pages are as ever
		}
		oneSentence(t, err, store.ErrNewer, dir)
		if errors.Is(err, store.ErrUpgrade) || !strings.Contains(err.Error(), "format 9") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if left := names(t, dir); len(left) != 2 || !bytes.Equal(fileBytes(t, filepath.Join(dir, oldName)), before) {
		t.Errorf("something was changed: %v", left)
	}
}

// A backup takes the place of a log of an older format, which is not written anew only to be moved aside.
func TestARestoredLogOfAnOlderFormat(t *testing.T) {
	dir := frozen(t, "log-format-1")
	before := fileBytes(t, filepath.Join(dir, oldName))
	saved := filepath.Join(t.TempDir(), "saved.db")
	log := open(t, dir, store.Options{ReadOnly: true})
	if _, err := store.Backup(t.Context(), log, saved, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), dir, saved, store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if aside := fileBytes(t, filepath.Join(dir, oldName+".aside")); !bytes.Equal(aside, before) || len(names(t, dir)) != 3 {
		t.Errorf("the folder holds %v", names(t, dir))
	}
	log = open(t, dir, store.Options{})
	if log.UpgradedFrom() == "" {
		t.Error("what was restored is of the older format, and was not upgraded")
	}
	log.Close()
	open(t, dir, store.Options{}).Close()
	if left := names(t, dir); verify(t, dir) != 2100 || !slices.Equal(left, []string{"CURRENT", oldName + ".aside", "log-000003.db"}) {
		t.Errorf("left are %v", left)
	}
}

// Back to an earlier version: its backup takes the place of a log that it cannot read, which is kept.
func TestABackupTakesThePlaceOfANewerLog(t *testing.T) {
	dir := frozen(t, "log-format-2")
	saved := filepath.Join(t.TempDir(), "saved.db")
	log := open(t, dir, store.Options{ReadOnly: true})
	if _, err := store.Backup(t.Context(), log, saved, nil); err != nil {
		t.Fatal(err)
	}
	changeMeta(t, filepath.Join(dir, oldName), func(meta map[string]any) { meta["format"], meta["reader"] = 9, 9 })
	newer := fileBytes(t, filepath.Join(dir, oldName))
	done, err := store.Restore(t.Context(), dir, saved, store.RestoreOptions{})
	if err != nil || !strings.Contains(done.Broken, "newer version") || verify(t, dir) != 2100 {
		t.Errorf("%+v, %v", done, err)
	}
	if !bytes.Equal(fileBytes(t, filepath.Join(dir, oldName+".aside")), newer) {
		t.Error("the newer log is not what it was")
	}
}

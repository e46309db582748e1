package store_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/store"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// oneSentence asserts that an error says in one line what and where and, after a colon, what to do.
func oneSentence(t *testing.T, err error, kind error, where string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want %v", err, kind)
		return
	}
	text := err.Error()
	if strings.Contains(text, "\n") || !strings.Contains(text, where) || !strings.Contains(text, ": ") ||
		len(text) > 400 {
		t.Errorf("not one sentence with what, where (%q) and what to do: %q", where, text)
	}
}

func TestCreation(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "new folder")
	log := open(t, dir, store.Options{Site: "DS1"})
	if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "log-000001.db"}) {
		t.Errorf("files %v", got)
	}
	if current, _ := os.ReadFile(filepath.Join(dir, "CURRENT")); string(current) != "log-000001.db\n" {
		t.Errorf("CURRENT holds %q", current)
	}
	if log.Path() != filepath.Join(dir, "log-000001.db") {
		t.Errorf("Path() = %q", log.Path())
	}
	other := open(t, t.TempDir(), store.Options{Site: "DS1"})
	if log.ID() == other.ID() {
		t.Error("two logs have one id")
	}
}

func TestWhatLiesBesideTheLogByDefault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "jobmon-db.yaml"), "site: DS1\n")
	write(t, filepath.Join(dir, "LOCK"), "pid 7")
	for _, secret := range []string{"source.password", "targets.ops.url", "targets.ops.old_secret", "ntfy.token",
		"ds01.nk", "ds01.creds", "ca.pem"} {
		write(t, filepath.Join(dir, secret), "secret")
	}
	for _, folder := range []string{"evt", "notify"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Open(dir, store.Options{ReadOnly: true}); !errors.Is(err, store.ErrNoLog) {
		t.Errorf("for reading: %v, want ErrNoLog", err)
	}
	appendRows(t, open(t, dir, store.Options{}), 1)
}

func TestWhatACutOffCreationLeaves(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	open(t, empty, store.Options{Site: "left over"}).Close()
	db, err := os.ReadFile(filepath.Join(empty, "log-000001.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]map[string]string{
		"an empty new file":     {"log-000001.db.new": ""},
		"half a new file":       {"log-000001.db.new": string(db[:5000])},
		"garbage in a new file": {"log-000001.db.new": strings.Repeat("x", 20_000)},
		"a whole new file":      {"log-000001.db.new": string(db), "LOCK": "pid 7"},
		"a log without CURRENT": {"log-000001.db": string(db)},
		"a half CURRENT":        {"log-000001.db": string(db), "CURRENT.0123abcd.jobmon-tmp": "log-0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range files {
				write(t, filepath.Join(dir, file), text)
			}
			if _, err := store.Open(dir, store.Options{ReadOnly: true}); !errors.Is(err, store.ErrNoLog) {
				t.Errorf("for reading: %v, want ErrNoLog", err)
			}
			log := open(t, dir, store.Options{Site: "new"})
			appendRows(t, log, 1)
			if log.Site() != "new" {
				t.Errorf("Site() = %q", log.Site())
			}
			want := []string{"CURRENT", "log-000001.db"}
			if _, ok := files["LOCK"]; ok {
				want = []string{"CURRENT", "LOCK", "log-000001.db"}
			}
			if got := names(t, dir); !slices.Equal(got, want) {
				t.Errorf("files %v, want %v", got, want)
			}
		})
	}
	t.Run("a later generation that was never finished", func(t *testing.T) {
		write(t, filepath.Join(empty, "log-000002.db.new"), "half")
		write(t, filepath.Join(empty, "CURRENT.0123abcd.jobmon-tmp"), "log-000002.db\n")
		log := open(t, empty, store.Options{})
		if got := names(t, empty); !slices.Equal(got, []string{"CURRENT", "log-000001.db"}) ||
			log.Site() != "left over" {
			t.Errorf("files %v, site %q", got, log.Site())
		}
	})
}

func TestWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"a file": "setup.exe", "a file like " +
		"ours": "log-1.db", "text": "CURRENT.txt"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, file), "somebody's")
			for _, readOnly := range []bool{false, true} {
				_, err := store.Open(dir, store.Options{ReadOnly: readOnly})
				oneSentence(t, err, store.ErrNotOurs, file)
			}
			if got := names(t, dir); !slices.Equal(got, []string{file}) {
				t.Errorf("files %v", got)
			}
		})
	}
	t.Run("a folder", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "Windows"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(dir, store.Options{})
		oneSentence(t, err, store.ErrNotOurs, "Windows")
	})
	t.Run("another program's bbolt file", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, store.Options{}).Close()
		path := filepath.Join(dir, "log-000001.db")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: 4096})
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		_, err = store.Open(dir, store.Options{})
		oneSentence(t, err, store.ErrNotOurs, path)
	})
	t.Run("a file instead of a folder", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		write(t, path, "x")
		if _, err := store.Open(path, store.Options{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCurrentThatIsWrong(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "a path": `..\log-000001.db`, "words": "hello", "a log that is not there": "log-000009.db\n"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			appendRows(t, open(t, dir, store.Options{}), 1)
			current := filepath.Join(dir, "CURRENT")
			write(t, current, text)
			_, err := store.Open(dir, store.Options{})
			oneSentence(t, err, store.ErrCorrupt, current)
		})
	}
	t.Run("lost, beside a log with events", func(t *testing.T) {
		dir := t.TempDir()
		log := open(t, dir, store.Options{})
		appendRows(t, log, 1)
		log.Close()
		if err := os.Remove(filepath.Join(dir, "CURRENT")); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(dir, store.Options{})
		oneSentence(t, err, store.ErrCorrupt, log.Path())
		write(t, filepath.Join(dir, "CURRENT"), "log-000001.db\r\n") // as the sentence says, with Notepad
		if got := collect(t, open(t, dir, store.Options{}), 0); len(got) != 1 {
			t.Errorf("%d batches, want 1", len(got))
		}
	})
}

// changeMeta rewrites what a log says of itself.
func changeMeta(t *testing.T, path string, change func(meta map[string]any)) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte("meta"))
		var meta map[string]any
		if err := json.Unmarshal(bucket.Get([]byte("log"))[4:], &meta); err != nil {
			return err
		}
		change(meta)
		text, err := json.Marshal(meta)
		if err != nil {
			return err
		}
		return bucket.Put([]byte("log"), append(store.Checksum(text), text...))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestALogOfAnotherFormat(t *testing.T) {
	t.Parallel()
	newLog := func(t *testing.T, change func(meta map[string]any)) string {
		dir := t.TempDir()
		log := open(t, dir, store.Options{})
		appendRows(t, log, 2)
		log.Close()
		changeMeta(t, log.Path(), change)
		return dir
	}
	for _, format := range []int{1, 3, 5} {
		dir := newLog(t, func(meta map[string]any) { meta["format"] = format })
		for _, readOnly := range []bool{false, true} {
			_, err := store.Open(dir, store.Options{ReadOnly: readOnly})
			oneSentence(t, err, store.ErrNewer, dir)
		}
	}
	dir := newLog(t, func(meta map[string]any) { meta["colour"] = "blue" })
	if got := collect(t, open(t, dir, store.Options{}), 0); len(got) != 1 {
		t.Errorf("%d batches, want 1", len(got))
	}
}

func TestALogThatBeginsLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir, store.Options{})
	log.Close()
	changeMeta(t, log.Path(), func(meta map[string]any) { meta["first"] = 1000 })
	log = open(t, dir, store.Options{})
	if batch := appendRows(t, log, 3); batch.First() != 1000 {
		t.Fatalf("the first event has number %d, want 1000", batch.First())
	}
	appendRows(t, log, 1)
	log.Close()
	log = open(t, dir, store.Options{})
	if seq, _, _ := log.First(); seq != 1000 {
		t.Errorf("First() = %d, want 1000", seq)
	}
	if got := collect(t, log, 1); len(got) != 2 || got[1].First() != 1003 {
		t.Errorf("%d batches", len(got))
	}
	log.Close()
	changeMeta(t, log.Path(), func(meta map[string]any) { meta["id"] = "0123456789abcdef0123456789abcdef" })
	_, err := store.Open(dir, store.Options{})
	oneSentence(t, err, store.ErrCorrupt, log.Path())
}

package check_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// begin makes the site's log and appends batches of one event.
func (s *site) begin(name string, batches int) *store.Log {
	s.Helper()
	log, err := store.Open(s.dir, store.Options{Site: name})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = log.Close() })
	for i := range batches {
		if _, err := log.Append(noon+jobmon.Instant(i*60_000),
			[]jobmon.Event{{Kind: jobmon.KindDaemonStarted, Text: "test"}}); err != nil {
			s.Fatal(err)
		}
	}
	return log
}

func (s *site) close(log *store.Log) {
	s.Helper()
	if err := log.Close(); err != nil {
		s.Fatal(err)
	}
}

func TestLog(t *testing.T) {
	s := newSite(t)
	log := s.begin("DS01", 0)
	s.close(log)
	s.expect(s.run(), "log", check.OK, log.Path(), "empty")

	log = s.begin("DS01", 3)
	s.close(log)
	lines := s.run()
	s.expect(lines, "log", check.OK, log.Path(), "3 events", "2026-11-22 12:00:00 to 2026-11-22 12:02:00 UTC")
	s.expect(lines, "data folder", check.OK, s.dir+", writable")

	other := newSite(t)
	other.close(other.begin("DS02", 1))
	other.expect(other.run(), "log", check.Warn, "1 event", "begun for DS02, and site is DS01", "data_dir")
}

func TestALogInUse(t *testing.T) {
	s := newSite(t)
	log := s.begin("DS01", 1)
	s.expect(s.run(), "log", check.Warn, "in use by another process, which does not say who it is", "wait")

	info, err := json.Marshal(instance.Info{PID: 77, Host: "DS01", Purpose: "restore", Started: noon.Time(),
		Command: "--source-dsn=" + planted})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.options.DataLock+".json", string(info))
	s.expect(s.run(), "log", check.Warn, "process 77 on DS01 (restore, since 2026-11-22 12:00:00 UTC)")
	s.close(log)
	s.expect(s.run(), "log", check.OK, "1 event") // the daemon that said so has died
}

func TestALogThatCannotBeUsed(t *testing.T) {
	s := newSite(t)
	write(t, filepath.Join(s.dir, "letters.doc"), "Dear Sir")
	s.expect(s.run(), "log", check.Fail, "letters.doc", "name an empty folder as data_dir")

	s = newSite(t)
	log := s.begin("DS01", 1)
	s.close(log)
	changeMeta(t, log.Path(), func(meta map[string]any) { meta["format"] = 9 })
	s.expect(s.run(), "log", check.Fail, log.Path(), "newer", "install")

	s = newSite(t)
	log = s.begin("DS01", 1)
	s.close(log)
	if err := os.Truncate(log.Path(), 5000); err != nil {
		t.Fatal(err)
	}
	s.expect(s.run(), "log", check.Fail, log.Path(), "cut short", "restore it from a backup")

	s = newSite(t)
	log = s.begin("DS01", 2)
	s.close(log)
	flip(t, log.Path(), []byte("\xe7JM")) // the newest frame
	s.expect(s.run(), "log", check.Fail, log.Path(), "damaged")

	s = newSite(t)
	s.close(s.begin("DS01", 1))
	write(t, filepath.Join(s.dir, "CURRENT"), "log-000002.db\n")
	s.expect(s.run(), "log", check.Fail, "log-000002.db", "restore it from a backup")
}

// changeMeta rewrites what a log says of itself; the new text must be no longer than the old one.
func changeMeta(t *testing.T, path string, change func(meta map[string]any)) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; ; {
		begin := bytes.Index(content[at:], []byte(`{"format"`))
		if begin < 0 {
			break
		}
		begin += at
		var meta map[string]any
		decoder := json.NewDecoder(bytes.NewReader(content[begin:]))
		if err := decoder.Decode(&meta); err != nil {
			t.Fatal(err)
		}
		end := begin + int(decoder.InputOffset())
		change(meta)
		text, err := json.Marshal(meta)
		if err != nil || len(text) > end-begin {
			t.Fatalf("%s instead of %s: %v", text, content[begin:end], err)
		}
		text = append(text, bytes.Repeat([]byte(" "), end-begin-len(text))...)
		copy(content[begin:], text)
		binary.LittleEndian.PutUint32(content[begin-4:], crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)))
		at = end
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// flip changes the last byte of what stands 20 bytes behind the last occurrence of a text.
func flip(t *testing.T, path string, text []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(content, text)
	if at < 0 {
		t.Fatal("no frame in the log")
	}
	content[at+20] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

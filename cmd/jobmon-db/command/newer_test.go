package command

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ofLaterFormat lets the log say that a later version wrote it: the meta record is patched where it lies, so that the
// file is whole in all else.
func ofLaterFormat(t *testing.T, path string, format byte) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := 0; ; {
		next := bytes.Index(file[at:], []byte(`{"format":`))
		if next < 0 {
			break
		}
		at += next
		text := file[at : at+bytes.IndexByte(file[at:], '}')+1]
		if sum := file[at-4 : at]; binary.LittleEndian.Uint32(sum) == crc32.Checksum(text,
			crc32.MakeTable(crc32.Castagnoli)) {
			text[len(`{"format":`)] = format
			binary.LittleEndian.PutUint32(sum, crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)))
			found++
		}
		at += len(text)
	}
	if found == 0 {
		t.Fatal("the log does not say what it is")
	}
	write(t, path, string(file))
}

// folder is every file below a folder but those that come and go with a process.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), "LOCK") {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// An earlier version meets the log of a later one. It is played by this one, before a log of a format that is yet to
// come.
func TestALogOfALaterVersionIsRefused(t *testing.T) {
	dir := watchedFor(t, 5*time.Minute)
	ofLaterFormat(t, filepath.Join(dir, "log-000001.db"), '9')
	before := folder(t, dir)
	data := "--data-dir=" + dir
	saved := filepath.Join(t.TempDir(), "saved.db")
	for _, args := range [][]string{
		{"run", "--source-kind=simulator", "--evt-dir=" + t.TempDir()},
		{"demo", "--for=1s", "--evt-dir=" + t.TempDir()},
		{"replay"}, {"replay", "show", "--at=10:00"}, {"replay", "sessions"}, {"status"}, {"verify"}, {"backup", saved},
		{"compact"}, {"export"},
	} {
		got := jobmondb(t, append(args, data)...)
		sentence := strings.TrimSpace(got.stderr)
		if got.code != exitNewer || strings.Contains(sentence, "\n") || !strings.Contains(sentence, "newer version") {
			t.Errorf("%v: %+v", args, got)
		}
		after := folder(t, dir)
		for path, content := range before {
			if after[path] != content {
				t.Errorf("%v changed %s", args, path)
			}
			delete(after, path)
		}
		if len(after) > 0 {
			t.Errorf("%v left %d files more", args, len(after))
		}
	}
	if _, err := os.Stat(saved); err == nil {
		t.Error("there is a backup of what cannot be read")
	}
}

package command

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestADamagedBackupDoesNotReplaceAGoodLog: a backup that is empty, cut short or changed in one byte is refused with a
// code of its own; the folder stays as it is, also one that was not there; what --damaged restores is counted.
func TestADamagedBackupDoesNotReplaceAGoodLog(t *testing.T) {
	t.Parallel()
	dir := watched(t)
	good := filepath.Join(t.TempDir(), "good.db")
	if got := jobmondb(t, "backup", good, "--data-dir="+dir); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	file, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(file)
	flipped[bytes.Index(flipped, []byte("\xe7JM\x01"))+30] ^= 1 // in the first frame
	write(t, filepath.Join(dir, "covered.json"), "{}")
	before := folder(t, dir)
	for name, damaged := range map[string][]byte{"empty": nil, "half": file[:len(file)*3/4], "end": file[:len(file)-1],
		"flipped": flipped} {
		path := filepath.Join(t.TempDir(), name+".db")
		write(t, path, string(damaged))
		for _, flags := range [][]string{nil, {"--dry-run"}, {"--other-log"}} {
			got := jobmondb(t, append([]string{"restore", path, "--data-dir=" + dir}, flags...)...)
			if got.code != exitBackup || !strings.Contains(got.stderr, "nothing was changed") || got.stdout != "" {
				t.Errorf("%s, %v: %+v", name, flags, got)
			}
		}
		if after := folder(t, dir); !maps.Equal(after, before) {
			t.Errorf("%s: the folder holds %d files, or others than before", name, len(after))
		}
		none := filepath.Join(t.TempDir(), "data")
		if got := jobmondb(t, "restore", path, "--data-dir="+none); got.code != exitBackup {
			t.Errorf("%s: %+v", name, got)
		}
		if _, err := os.Stat(none); err == nil {
			t.Errorf("%s: it left a folder", name)
		}
		want, says := exitPart, "There is no log yet.\nIt is the log now."
		if name == "empty" {
			want, says = exitBackup, ""
		}
		if got := jobmondb(t, "restore", "--damaged", path, "--data-dir="+none); got.code != want ||
			!strings.Contains(got.stdout, says) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	got := jobmondb(t, "restore", good, "--data-dir="+dir)
	if got.code != exitOK || !strings.Contains(got.stdout, "0 of them are not in the backup.\nIt is the log now.") {
		t.Errorf("%+v", got)
	}
}

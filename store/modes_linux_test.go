package store

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The log and its backup are closed to others whatever the umask is.
func TestModesUnderUmaskZero(t *testing.T) {
	t.Parallel()
	defer syscall.Umask(syscall.Umask(0))
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	log, err := Open(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(1, []jobmon.Event{{Kind: jobmon.KindJob, Job: 7, Name: "a job"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), log, filepath.Join(dir, "backup.db"), nil); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o027 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		files++
		return nil
	})
	if err != nil || files < 4 {
		t.Errorf("%d files, %v", files, err)
	}
}

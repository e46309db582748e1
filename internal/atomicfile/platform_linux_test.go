package atomicfile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

func TestPermissions(t *testing.T) {
	eachWriter(t, func(t *testing.T, write writer) {
		path := filepath.Join(t.TempDir(), "secret.yaml")
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := write(path, []byte("password"), 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != fs.FileMode(0o600) {
			t.Errorf("permissions are %v, %v; want 0600", info.Mode(), err)
		}
	})
}

// A link that somebody planted in the target's place must not lead the write elsewhere.
func TestReplacesALinkInsteadOfFollowingIt(t *testing.T) {
	dir := t.TempDir()
	elsewhere, path := filepath.Join(dir, "elsewhere"), filepath.Join(dir, "5000001.evt")
	if err := os.WriteFile(elsewhere, []byte("untouched"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, path); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(elsewhere); string(got) != "untouched" {
		t.Errorf("the write followed the link: %q", got)
	}
	if got, _ := os.ReadFile(path); string(got) != "new" {
		t.Errorf("the file reads %q", got)
	}
}

func TestNothingIsBusyHere(t *testing.T) {
	if atomicfile.Busy(fs.ErrPermission) {
		t.Error("a permission that is missing does not come by waiting")
	}
}

//go:build !windows

package secretfile

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// A file for an account is its own, and nobody else's, before anything is in it.
func TestRightsComeBeforeTheContent(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	create, err := creator(me.Username)
	if err != nil {
		t.Fatal(err)
	}
	f, err := create(filepath.Join(t.TempDir(), "password"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := create(f.Name()); !os.IsExist(err) {
		t.Errorf("a second one: %v", err)
	}
}

func TestExposed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if Exposed(path) {
		t.Error("a file that is not there can be read")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o622: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if Exposed(path) != want {
			t.Errorf("%o: %v", mode, !want)
		}
	}
}

func TestProtectionIsToldInWords(t *testing.T) {
	if got := Protection("jobmon"); !strings.Contains(got, "jobmon") || !strings.Contains(got, "not encrypted") {
		t.Error(got)
	}
}

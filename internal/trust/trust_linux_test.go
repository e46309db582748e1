package trust

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestExisting(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	if err := Existing(path); err != nil {
		t.Errorf("nothing there: %v", err)
	}
	if err := MakeFolder(path); err != nil {
		t.Fatal(err)
	}
	if err := Existing(path); err != nil {
		t.Errorf("our own: %v", err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Existing(link); !errors.Is(err, ErrOwner) {
		t.Errorf("a link: %v", err)
	}
	if os.Geteuid() != 0 {
		return // only root can give files away
	}
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Fatal(err)
	}
	if err := Existing(path); !errors.Is(err, ErrOwner) {
		t.Errorf("of somebody else: %v", err)
	}
	if h, err := Look(path, dir); err != nil || h.Trusted {
		t.Errorf("%+v, %v", h, err)
	}
	if h, err := Look(path, path); err != nil || !h.Trusted {
		t.Errorf("beside itself: %+v, %v", h, err)
	}
}

// A new folder is closed to others whatever the umask is.
func TestMakeFolderUnderUmaskZero(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "a", "b")
	if err := MakeFolder(path); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o750 {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
}

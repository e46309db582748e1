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

// A folder whose files are run by SYSTEM is closed in every depth.
func TestClosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "JobMon.hta"), filepath.Join(dir, "languages")
	if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Mkdir(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := Closed(dir, false); err != nil {
		t.Errorf("closed: %v", err)
	}
	for path, mode := range map[string]os.FileMode{file: 0o644, folder: 0o755, dir: 0o755} {
		if err := os.Chmod(path, mode|0o022); err != nil {
			t.Fatal(err)
		}
		for _, anyOwner := range []bool{false, true} {
			if err := Closed(dir, anyOwner); !errors.Is(err, ErrOwner) {
				t.Errorf("%s is everybody's, owners count %v: %v", path, !anyOwner, err)
			}
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(file, 65534, -1); err != nil {
			t.Fatal(err)
		}
		if err := Closed(dir, false); !errors.Is(err, ErrOwner) {
			t.Errorf("a file of somebody else: %v", err)
		}
		if err := Closed(dir, true); err != nil {
			t.Errorf("the same on a share: %v", err)
		}
	}
	if err := errors.Join(os.Remove(file), os.Symlink(folder, file)); err != nil {
		t.Fatal(err)
	}
	if err := Closed(dir, false); !errors.Is(err, ErrOwner) {
		t.Errorf("a link: %v", err)
	}
}

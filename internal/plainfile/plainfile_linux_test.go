package plainfile

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWhatLiesInAFolderOfOthers: nothing but a small regular file is read, and nothing blocks, is followed or is made.
func TestWhatLiesInAFolderOfOthers(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	secret := filepath.Join(elsewhere, "secret")
	plain := func(name string, size int64) string {
		path := filepath.Join(dir, name)
		file, err := os.Create(path)
		if err == nil {
			err = errors.Join(file.Truncate(size), file.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	make := func(name string, how func(path string) error) string {
		path := filepath.Join(dir, name)
		if err := how(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		plain("empty", 0):             nil,
		plain("largest", Most):        nil,
		plain("large", Most+1):        ErrTooLarge,
		plain("sparse", 3<<30):        ErrTooLarge,
		filepath.Join(dir, "nothing"): fs.ErrNotExist,
		dir:                           ErrIrregular,
		"/dev/zero":                   ErrIrregular,
		make("pipe", func(p string) error { return syscall.Mkfifo(p, 0o600) }): ErrIrregular,
		make("dangling", func(p string) error {
			return os.Symlink(filepath.Join(elsewhere, "made"), p)
		}): ErrIrregular,
		make("link", func(p string) error { return os.Symlink(secret, p) }): ErrIrregular,
		make("socket", func(p string) error {
			l, err := net.Listen("unix", p)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		}): ErrIrregular,
	} {
		content, err := Read(path)
		if !errors.Is(err, want) || want == nil && err != nil || want != nil && content != nil {
			t.Errorf("%s: %d bytes, %v", path, len(content), err)
		}
		if err != nil && strings.Count(err.Error(), path) != 1 {
			t.Errorf("%v does not name the file once", err)
		}
	}
	if content, info, err := Head(filepath.Join(dir, "sparse"), 10); err != nil || len(content) != 10 ||
		info.Size() != 3<<30 {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) != 1 {
		t.Errorf("a link was followed: %v, %v", left, err)
	}
}

// TestAFileThatIsExchangedMeanwhile: what was a file when it was looked at may be a pipe or a link when it is opened.
func TestAFileThatIsExchangedMeanwhile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Symlink("/etc/passwd", link)); err != nil {
		t.Fatal(err)
	}
	{ // a call that blocks for ever fails the test
		file, err := openPlain(pipe)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if info, err := file.Stat(); err != nil || info.Mode().IsRegular() {
			t.Errorf("%v, %v", info, err)
		}
	}
	if _, err := openPlain(link); !errors.Is(err, ErrIrregular) {
		t.Errorf("%v", err)
	}
}

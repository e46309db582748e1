package keyfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/keyfile"
)

func TestKeyIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if key, err := keyfile.Read(path); key != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %x, %v", key, err)
	}
	key, err := keyfile.Make(path)
	if err != nil || len(key) != keyfile.Size {
		t.Fatal(len(key), err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for name, read := range map[string]func(string) ([]byte, error){"Make": keyfile.Make, "Read": keyfile.Read} {
		if again, err := read(path); err != nil || !bytes.Equal(key, again) {
			t.Errorf("%s gives another key the next time (%v)", name, err)
		}
	}
	if other, err := keyfile.Make(path + "2"); err != nil || bytes.Equal(key, other) {
		t.Errorf("not random: %v", err)
	}
}

// A damaged file is neither taken nor replaced, and its content is not repeated.
func TestDamagedKeyStaysAsItIs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	for _, content := range []string{"", "secret", "00ff", strings.Repeat("0", 1<<20), strings.Repeat("0", 2*keyfile.Size+2)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := keyfile.Make(path)
		if key != nil || err == nil || !strings.Contains(err.Error(), path) ||
			content != "" && strings.Contains(err.Error(), content) {
			t.Errorf("%q: %x, %v", content, key, err)
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != content {
			t.Errorf("%q became %q (%v)", content, left, err)
		}
	}
	if _, err := keyfile.Make(filepath.Join(path, "below")); err == nil {
		t.Error("a key without a folder")
	}
}

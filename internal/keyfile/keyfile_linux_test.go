package keyfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/keyfile"
)

// A pipe would block whatever opens it for ever.
func TestAKeyIsARegularFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := keyfile.Make(path); key != nil || err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%x, %v", key, err)
	}
}

func TestAKeyThatOthersReadIsExposed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := keyfile.Exposed(path); err != nil {
		t.Errorf("no file: %v", err)
	}
	if _, err := keyfile.Make(path); err != nil {
		t.Fatal(err)
	}
	for mode, exposed := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o620: true, 0o604: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		err := keyfile.Exposed(path)
		if (err != nil) != exposed || exposed && !strings.Contains(err.Error(), "chmod go= "+path) {
			t.Errorf("%o: %v", mode, err)
		}
	}
}

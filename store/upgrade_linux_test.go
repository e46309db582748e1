package store_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jobmon-db/jobmon-db/store"
)

// There is no room for the new file: the old log stays in use, and nothing of the new one is left.
func TestAnUpgradeWithoutRoom(t *testing.T) {
	const variable = "JOBMON_TEST_STORE_SMALL"
	if dir := os.Getenv(variable); dir != "" { // in the process below: files can have no more than so many bytes
		signal.Ignore(syscall.SIGXFSZ)
		small := syscall.Rlimit{Cur: 24 << 10, Max: 24 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(dir, store.Options{})
		if !errors.Is(err, store.ErrUpgrade) || !strings.Contains(err.Error(), "file too large") || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%v", err)
		}
		return
	}
	dir := frozen(t, "log-format-1")
	before := fileBytes(t, filepath.Join(dir, oldName))
	cmd := exec.Command(os.Args[0], "-test.run=^TestAnUpgradeWithoutRoom$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
	if left := names(t, dir); len(left) != 2 || verify(t, dir) != 2100 || !bytes.Equal(fileBytes(t, filepath.Join(dir, oldName)), before) {
		t.Errorf("left are %v", left)
	}
}

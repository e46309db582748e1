package undo_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/undo"
)

func TestEverythingIsTakenBackTheLastFirst(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	var done undo.Log
	var order []int
	done.Did(func() error { order = append(order, 1); return errors.New("stuck") })
	done.Did(func() error { order = append(order, 2); return os.ErrNotExist })
	make := func(path string) error { return os.MkdirAll(path, 0o755) }
	if err := done.MakeFolder(filepath.Join(root, "a", "b"), make); err != nil {
		t.Fatal(err)
	}
	if err := done.After(nil); err != nil || order != nil {
		t.Errorf("%v, %v taken back without a failure", err, order)
	}
	why := errors.New("a step failed")
	if err := done.After(why); !errors.Is(err, why) || err.Error() != "a step failed; and not all could be put back: stuck" {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(root); len(left) != 0 || len(order) != 2 || order[0] != 2 {
		t.Errorf("left are %v, the order was %v", left, order)
	}
}

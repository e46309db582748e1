// Package inherit gives what root makes to the owner of the folder that it lies in, so that a command of an
// administrator leaves nothing in a service's folder that the service cannot read or replace. For other users it does
// nothing.
//
// On Windows it does nothing either: files and folders there have the rights that their folder passes on.
package inherit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// MkdirAll is os.MkdirAll; each folder that it makes belongs to the owner of the one above it.
func MkdirAll(path string, perm fs.FileMode) error {
	var missing []string
	for dir := filepath.Clean(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	if err := os.MkdirAll(path, perm); err != nil {
		return err
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := Path(missing[i]); err != nil {
			return err
		}
	}
	return nil
}

//go:build !windows

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// Busy says that err may pass by itself because somebody has the file open. That is so on Windows only.
func Busy(error) bool { return false }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	// Network file systems that know no sync of a folder say so with one of these.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

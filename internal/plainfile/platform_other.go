//go:build !windows

package plainfile

import (
	"errors"
	"os"
	"syscall"
)

// openPlain opens without following a link and without waiting for the other end of a pipe.
func openPlain(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENXIO) {
		return nil, ErrIrregular // a link, a socket
	}
	return file, err
}

//go:build !windows

package command

import (
	"errors"
	"syscall"
)

// isClosedPipe says that nobody reads our output any more.
func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

package http

import (
	"errors"

	"golang.org/x/sys/windows"
)

// inUse takes "access denied" for in use too: so Windows says that another program keeps the address for itself, or
// that the port is one of a range that is reserved.
func inUse(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}

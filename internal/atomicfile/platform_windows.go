package atomicfile

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// Busy says that err may pass by itself because somebody has the file open: access denied (5), which is what a
// rename over an open file gets, sharing violation (32) and lock violation (33). Windows gives the first one also
// where rights are missing for good, so retries must end some time. Elsewhere nothing is ever busy.
func Busy(err error) bool {
	var code syscall.Errno
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case windows.ERROR_ACCESS_DENIED, windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION:
		return true
	}
	return false
}

func syncDir(string) error { return nil }

//go:build !windows

package command

import (
	"fmt"
	"syscall"
)

// systemLibrariesOnly has nothing to do: the program loads none by name.
func systemLibrariesOnly() error { return nil }

// noCoreDump keeps the system from writing the memory of this process, with the password in it, to the disk when it
// crashes. A program that the administrator has core dumps piped to gets them all the same, with the wish for none.
func noCoreDump() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("switch core dumps off: %w", err)
	}
	return nil
}

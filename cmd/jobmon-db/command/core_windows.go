package command

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// systemLibrariesOnly has Windows look for libraries in its own folder alone, and not beside this program, in the
// current folder or in PATH, where others may have put one.
func systemLibrariesOnly() error {
	if err := windows.SetDefaultDllDirectories(windows.LOAD_LIBRARY_SEARCH_SYSTEM32); err != nil {
		return fmt.Errorf("have libraries loaded from the system's folder alone: %w", err)
	}
	return nil
}

// noCoreDump has nothing to do: Windows keeps the memory of a process that crashes only where an administrator has
// asked for it (LocalDumps), and Go's own end of a program asks for none.
func noCoreDump() error { return nil }

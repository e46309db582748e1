package inherit

import "os"

// File does nothing on Windows.
func File(*os.File) error { return nil }

// Path does nothing on Windows.
func Path(string) error { return nil }

package recording

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

// Write keeps the recording at path, whole and on the disk when it returns nil, readable for its owner alone (Windows:
// for those whom the folder lets in). It returns the number of bytes. See Free for what may be at path before.
func (r *Recording) Write(path string, replace bool) (int, error) {
	content, err := r.Encode()
	if err != nil {
		return 0, err
	}
	if err := Free(path, replace); err != nil {
		return 0, err
	}
	if err := atomicfile.WriteDurable(path, content, 0o600); err != nil {
		return 0, err
	}
	return len(content), nil
}

// Free is nil when a recording may be written at path: nothing is there, or a file that may be replaced. The error,
// which wraps fs.ErrExist when something is there, says what to do.
func Free(path string, replace bool) error {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look for %s: %w", path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: %w, and is no plain file; name another one", path, fs.ErrExist)
	case !replace:
		return fmt.Errorf("%s: %w; name another file, or give --force to replace it", path, fs.ErrExist)
	}
	return nil
}

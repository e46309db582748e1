package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

// Backup writes a copy of the log to a new file and returns when it is on the disk. Others may append meanwhile: the
// copy holds everything up to some moment before the return. It is a log by itself, see OpenFile; caches come along.
//
// Before the file gets its name it is opened, compared with what was read, and checked as Scrub does. Damage inside the
// source does not keep it from being copied: the bytes are the same, and Summary.Damaged lists what cannot be read. A
// file of that name is never replaced (fs.ErrExist). If interrupted, either the whole copy has that name or no file
// does; a crash leaves a file beside whose name ends with atomicfile.Suffix.
func Backup(ctx context.Context, source Source, path string, progress Progress) (Summary, error) {
	if _, err := os.Lstat(path); err == nil {
		return Summary{}, errThere(path, nil)
	}
	temporary := fmt.Sprintf("%s.%08x%s", path, rand.Uint32(), atomicfile.Suffix)
	summary, err := copyLog(ctx, source, temporary, progress, func(m *meta) { m.Replaces = nil })
	if err != nil {
		return Summary{}, err
	}
	if err := patiently(func() error { return name(temporary, path) }); err != nil {
		_ = os.Remove(temporary)
		if errors.Is(err, fs.ErrExist) {
			return Summary{}, errThere(path, err)
		}
		return Summary{}, ioError("giving the backup its name", err)
	}
	summary.Path = path
	return summary, syncFolder(filepath.Dir(path))
}

func errThere(path string, cause error) error {
	if cause == nil {
		cause = fs.ErrExist
	}
	return fmt.Errorf("%w: %s is not replaced: name a new file", cause, path)
}

// name gives a finished file its name if no other has it.
func name(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		if removed := os.Remove(temporary); err == nil {
			return removed
		}
		return err
	}
	// A file system without links (FAT, some shares). Between these two lines another process could make the file.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temporary, path)
}

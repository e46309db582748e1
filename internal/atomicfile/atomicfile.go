// Package atomicfile replaces files as a whole: anyone who opens the path sees the old content or the new, never a part
// of one and never nothing.
//
// The new content is written to a file beside the target, closed, and renamed over it. When anything fails the target
// is as it was and the file beside it is removed; only a crash can leave one behind, which Sweep removes.
package atomicfile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
)

// Suffix ends the name of every temporary file of this package: "<target>.<8 hexadecimal digits>" + Suffix.
const Suffix = ".jobmon-tmp"

// Write replaces the file at path, or creates it, with the permissions perm (before umask; Windows ignores them and
// gives the file what its folder passes on; what root writes belongs to the owner of the folder). The folder must
// exist. A symbolic link at path is itself replaced.
//
// Nothing is synced: after a power failure the file may be the old one, the new one, or empty. That is meant for
// files that can be made again, such as the .evt files, whose truth is the log; the others use WriteDurable.
//
// Windows refuses the rename while somebody else has the target open. Such an error satisfies Busy; the caller
// decides when to try again. Calls for the same path may run at the same time, also from several processes: one of
// the contents wins, whole.
func Write(path string, content []byte, perm fs.FileMode) error {
	return write(path, content, withMode(perm), false)
}

// WriteDurable is Write, and the content has reached the disk when it returns nil. The new name has too, except on
// Windows, which offers no way to sync a folder.
func WriteDurable(path string, content []byte, perm fs.FileMode) error {
	return WriteDurableWith(path, content, withMode(perm))
}

// WriteDurableWith is WriteDurable for a file whose rights are more than a mode: create makes the file that is written
// before it takes its place, empty and open for writing, with the rights that the target shall have. Its error
// satisfies errors.Is for fs.ErrExist when there is a file of that name; it is then asked for another one.
func WriteDurableWith(path string, content []byte, create func(name string) (*os.File, error)) error {
	if err := write(path, content, create, true); err != nil {
		return err
	}
	return synced(path)
}

// SyncDir makes the names in a folder durable. Windows offers no way to; NTFS writes them to its journal.
func SyncDir(dir string) error { return syncDir(dir) }

func synced(path string) error {
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%s is replaced, but its folder was not synced: %w", path, err)
	}
	return nil
}

// WriteDurableFrom is WriteDurable for content that is too long to keep in memory: fill writes it. When fill fails, the
// file at path stays as it is.
func WriteDurableFrom(path string, perm fs.FileMode, fill func(io.Writer) error) error {
	if err := replace(path, fill, withMode(perm), true); err != nil {
		return err
	}
	return synced(path)
}

// withMode creates files that nobody else has. It is not os.CreateTemp because that one's files are private to their
// owner, while the clients' copies of a monitor file are made by others.
func withMode(perm fs.FileMode) func(name string) (*os.File, error) {
	return func(name string) (*os.File, error) {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if err != nil {
			return nil, err
		}
		if err := inherit.File(f); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(name))
		}
		return f, nil
	}
}

func write(path string, content []byte, create func(string) (*os.File, error), sync bool) error {
	fill := func(w io.Writer) error {
		if _, err := w.Write(content); err != nil {
			return fmt.Errorf("write beside %s: %w", path, err)
		}
		return nil
	}
	err := replace(path, fill, create, sync)
	if errors.Is(err, fs.ErrNotExist) {
		// Either the folder is missing, or a daemon that starts just now has swept our temporary file away.
		err = replace(path, fill, create, sync)
	}
	return err
}

func replace(path string, fill func(io.Writer) error, create func(string) (*os.File, error), sync bool) (err error) {
	f, err := temporaryFor(path, create)
	if err != nil {
		return fmt.Errorf("create a temporary file beside %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			// Windows removes closed files only; closing a second time does no harm.
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := fill(f); err != nil {
		return err
	}
	if sync {
		if err := f.Sync(); err != nil {
			return fmt.Errorf("sync beside %s: %w", path, err)
		}
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close the temporary file beside %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	return nil
}

// temporaryFor makes a temporary file for path that nobody else has.
func temporaryFor(path string, create func(string) (*os.File, error)) (*os.File, error) {
	const attempts = 100 // names collide about never
	var err error
	for range attempts {
		var f *os.File
		name := fmt.Sprintf("%s.%08x%s", path, rand.Uint32(), Suffix)
		if f, err = create(name); !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, err
}

// Sweep removes the temporary files that crashed writers left directly in dir, and says how many. It is meant for a
// program's start: a temporary file that another process is using at this moment goes too, upon which that process
// writes it again. Files that cannot be removed are named in the error; the others are removed all the same.
func Sweep(dir string) (removed int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("look for left-over temporary files: %w", err)
	}
	var failed []error
	for _, entry := range entries {
		if entry.IsDir() || !temporary(entry.Name()) {
			continue
		}
		switch err := os.Remove(filepath.Join(dir, entry.Name())); {
		case err == nil:
			removed++
		case !errors.Is(err, fs.ErrNotExist):
			failed = append(failed, err)
		}
	}
	if failed != nil {
		return removed, fmt.Errorf("remove left-over temporary files: %w", errors.Join(failed...))
	}
	return removed, nil
}

// temporary says whether name was made by temporaryFor.
func temporary(name string) bool {
	target, ours := strings.CutSuffix(name, Suffix)
	dot := len(target) - 9
	if !ours || dot < 1 || target[dot] != '.' {
		return false
	}
	_, err := hex.DecodeString(target[dot+1:])
	return err == nil
}

// Package plainfile reads files in folders that others write to: the evt folder and its request folder, the folder of
// the monitor, a client's temporary folder.
//
// An account that can write to such a folder can put anything into it: a pipe that blocks the program that opens it,
// a link that leads to a file elsewhere, a device, a file of many gigabytes. This package follows no link in the last
// part of a path, never blocks, accepts regular files alone, and reads no more than a bound. Nothing else may open
// what lies in these folders; internal/architecture sees to it. Writing to them is the business of
// internal/atomicfile, which creates a new file and renames it, and so follows no link either.
package plainfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Most is how many bytes Read reads: no .evt file and no request may have more.
const Most = 64 << 10

// What Read refuses.
var (
	ErrIrregular = errors.New("it is not a regular file")
	ErrTooLarge  = errors.New("it is larger than any file of this program")
)

// Read reads a file of at most 64 KiB. Errors wrap ErrIrregular, ErrTooLarge, or come from the operating system.
func Read(path string) ([]byte, error) { return ReadMost(path, Most) }

// ReadMost is Read for a file of at most that many bytes.
func ReadMost(path string, most int) ([]byte, error) {
	content, info, err := Head(path, most)
	if err == nil && info.Size() > int64(most) {
		return nil, fmt.Errorf("read %s: %w", path, ErrTooLarge)
	}
	return content, err
}

// Head reads the beginning of a file of any size, at most that many bytes, and what the open file is.
func Head(path string, most int) ([]byte, fs.FileInfo, error) {
	file, info, err := open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, int64(most)))
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return content, info, nil
}

// Stat describes a file without reading it. Errors are those of Read.
func Stat(path string) (fs.FileInfo, error) {
	file, info, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", path, err)
	}
	return info, file.Close()
}

// open opens a regular file, not through a link, and without waiting for anybody.
func open(path string) (*os.File, fs.FileInfo, error) {
	named, err := os.Lstat(path)
	if err != nil {
		return nil, nil, bare(err)
	}
	if !named.Mode().IsRegular() {
		return nil, nil, ErrIrregular // opening a device can have an effect
	}
	file, err := openPlain(path)
	if err != nil {
		return nil, nil, bare(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrIrregular // it was exchanged since
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

// bare is the error without the path, which the caller says.
func bare(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

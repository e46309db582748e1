// Package undo takes back what was done when a later step fails.
package undo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Log is how to take back what was done, in the order in which it was done.
type Log []func() error

// Did adds how to take back what was just done.
func (l *Log) Did(back func() error) { *l = append(*l, back) }

// After takes everything back when err is not nil, the last first, and adds to the error what could not be taken back.
func (l Log) After(err error) error {
	if err == nil {
		return nil
	}
	for _, back := range slices.Backward(l) {
		if failed := back(); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = fmt.Errorf("%w; and not all could be put back: %w", err, failed)
		}
	}
	return err
}

// MakeFolder makes a folder and those above it that are missing, by make.
func (l *Log) MakeFolder(path string, make func(path string) error) error {
	var missing []string
	for dir := path; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append(missing, dir)
	}
	for _, dir := range slices.Backward(missing) {
		l.Did(func() error { return os.Remove(dir) })
	}
	if err := make(path); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	return nil
}

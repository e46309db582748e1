package store

import (
	"errors"
	"os"
	"path/filepath"
)

// SetAside begins an empty log in place of the one in use, which is kept under the name that it returns: that of its
// file in the data dir. o gives the new log's site and id. It is for a copy of a log that became another history.
//
// The caller has closed the log and makes sure that nobody else uses the data dir. When it fails, or is cut off, the
// old log or the new one is in use. Errors: ErrNoLog, ErrInvalid (the id), and what the disk says.
func SetAside(dir string, o Options) (aside string, err error) {
	old, err := Current(dir)
	if err != nil {
		return "", err
	}
	m := newMeta(o.Site)
	if o.ID != "" {
		if err := m.take(o.ID, dir); err != nil {
			return "", err
		}
	}
	path, err := nextGeneration(dir)
	if err != nil {
		return "", err
	}
	_ = os.Remove(path + tempSuffix) // of an attempt that was cut off
	b := builder{path: path + tempSuffix}
	if err := errors.Join(b.begin(m), b.finish()); err != nil {
		return "", err
	}
	if err := publish(path); err != nil {
		return "", errors.Join(err, os.Remove(path+tempSuffix))
	}
	if err := writeCurrent(dir, path); err != nil {
		return "", err
	}
	return filepath.Base(old + asideSuffix), moveAside(old, old+asideSuffix)
}

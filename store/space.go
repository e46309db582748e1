package store

import "errors"

// ErrNoSpace says that there is too little room on the disk for what was asked for; nothing was written.
var ErrNoSpace = errors.New("too little room on the disk")

// spareBytes stay free beside a copy, for what is appended meanwhile.
const spareBytes = 64 << 20

// FreeBytes is how many bytes the account may still write in the folder; ok is false when that is unknown.
func FreeBytes(dir string) (free uint64, ok bool) { return freeBytes(dir) }

// requireSpace makes sure that a file of that size has room in the folder.
func requireSpace(dir string, size int64) error {
	need := uint64(size) + spareBytes
	if free, ok := freeBytes(dir); ok && free < need {
		return sentence(ErrNoSpace, dir, "%s has room for %d MiB, %d are needed: make room on this "+
			"disk", dir, free>>20, need>>20)
	}
	return nil
}

// Package keyfile keeps a random key in a file of the data folder, readable for its owner alone.
package keyfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// The daemon's keys, in its data folder.
const (
	Sessions = "jobmon-db.session-key" // signs browsers' sessions
	Links    = "jobmon-db.link-key"    // signs the links on screens
)

// Size is the length of a key in bytes.
const Size = 32

// most is more bytes than the file of a key has.
const most = 1 << 10

// Read returns the key in the file at path. The error is fs.ErrNotExist where there is no file; it never repeats
// what the file holds.
func Read(path string) ([]byte, error) {
	text, err := plainfile.ReadMost(path, most)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != Size {
		return nil, fmt.Errorf("%s does not hold a key, %d hexadecimal digits", path, 2*Size)
	}
	return key, nil
}

// Make is Read, and where there is no file it makes a random key and keeps it durably. The folder must exist.
func Make(path string) ([]byte, error) {
	key, err := Read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = Random()
	return key, atomicfile.WriteDurable(path, append(hex.AppendEncode(nil, key), '\n'), 0o600)
}

// Random returns a new key.
func Random() []byte {
	key := make([]byte, Size)
	rand.Read(key) // never fails
	return key
}

// Exposed says who else than the owner can read the key in that file, and what to do; nil where nobody can, or where
// there is no such file.
func Exposed(path string) error {
	h, err := trust.Alone(path, filepath.Dir(path))
	if err != nil || h.Others == trust.Nobody {
		return nil
	}
	return fmt.Errorf("others than its owner can read the key in %s, %s: %s, and remove it for a new key if somebody "+
		"may have read it", path, h.Text, h.Mend(trust.Nobody))
}

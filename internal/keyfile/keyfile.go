// Package keyfile keeps a random key in a file of the data folder, readable for its owner alone.
package keyfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

// Size is the length of a key in bytes.
const Size = 32

// Read returns the key in the file at path. The error is fs.ErrNotExist where there is no file; it never repeats
// what the file holds.
func Read(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
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
	key = make([]byte, Size)
	rand.Read(key) // never fails
	return key, atomicfile.WriteDurable(path, append(hex.AppendEncode(nil, key), '\n'), 0o600)
}

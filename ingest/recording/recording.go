// Package recording keeps one read of a Deployment Server's tables as a file, and plays it back as a source: an
// administrator can send a problem to a developer, and a test can hold it for ever. docs/recording.md specifies the
// file.
package recording

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Version is the number of the format. It rises with every change; later programs read all earlier versions.
const Version = 1

// Limits of a file. A read of a table of DS comes near none of them.
const (
	MaxLine  = 1 << 20    // bytes of a line
	MaxLines = 10_000_000 // of a file, blank ones included
)

// Why a file is not a recording that can be used. Errors of this package wrap one of these, name the line and say
// what to do.
var (
	ErrForeign   = errors.New("this is no recording of jobmon-db")
	ErrNewer     = errors.New("the recording is of a newer version")
	ErrTruncated = errors.New("the recording was cut short")
	ErrDamaged   = errors.New("the recording is damaged")
)

// Recording is one read of a Deployment Server's tables.
type Recording struct {
	Program    string           // version of the program that made it
	Server     string           // product and version of the server, as it reports them; neither its name nor a login
	Unknown    []string         // optional tables and columns that could not be read: "sessions", "computer.group_id"
	Pseudonyms bool             // names are replaced, see Disguise
	Tables     *jobmon.Snapshot // Now, Offset, Rows, Jobs, Computers and Agents, normalized; the rest is empty

	sum string // SHA-256 of the file it was loaded from, hexadecimal; "" when it was not
}

// Load reads the file at path. Errors are those of Decode and of reading, with the path.
func Load(path string) (*Recording, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the recording: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	r, err := Decode(io.TeeReader(file, sum))
	if err != nil {
		return nil, fmt.Errorf("%s, %w", path, err)
	}
	r.sum = hex.EncodeToString(sum.Sum(nil))
	return r, nil
}

// String describes it: from when, of what server, by which version, and whether names are pseudonyms.
func (r *Recording) String() string {
	text := fmt.Sprintf("a recording of %s UTC%s, made by jobmon-db %s", r.Tables.Now.Wall(r.Tables.Offset),
		r.Tables.Offset, r.Program)
	if r.Server != "" {
		text += " from " + r.Server
	}
	if r.Pseudonyms {
		return text + ", with pseudonyms"
	}
	return text + ", with names as they are"
}

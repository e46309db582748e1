package evt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What can be wrong with a file. Decode wraps exactly one of them.
var (
	// ErrEmpty: nothing is in the file, or only the zero bytes that a power cut leaves.
	ErrEmpty = errors.New("the file is empty")
	// ErrTruncated: the file ends before its line does. It may be in the middle of being copied; read it again.
	ErrTruncated = errors.New("the file is cut off: it is still being copied, or its copy was interrupted")
	// ErrForeign: another program wrote the file.
	ErrForeign = errors.New("the file was not written by jobmon-db")
	// ErrTooLarge: the file is longer than any that is written.
	ErrTooLarge = fmt.Errorf("the file is longer than %d bytes", MaxBytes)
	// ErrNewer: the file's format version is higher than Version.
	ErrNewer = errors.New("the file was written by a newer jobmon-db: update this program")
	// ErrInvalid: the file begins as ours and is not what the format allows. It was damaged or made by hand.
	ErrInvalid = errors.New("the file is damaged")
)

// format names the format in the file itself.
const format = "jobmon-evt"

// The fixed parts of a line. Every version begins with magic, the version, seqField, the sequence number.
const (
	magic    = `{"format":"` + format + `","v":`
	seqField = `,"seq":`
	lineEnd  = "\r\n"
)

// Decode reads a whole file. Fields that it does not know are ignored.
func Decode(data []byte) (*File, error) {
	if blank(data) {
		return nil, ErrEmpty
	}
	if !bytes.HasPrefix(data, []byte(magic)) {
		if bytes.HasPrefix([]byte(magic), data) {
			return nil, ErrTruncated
		}
		return nil, ErrForeign
	}
	version, rest := number(data[len(magic):])
	switch {
	case len(rest) == 0:
		return nil, ErrTruncated
	case version > Version:
		return nil, fmt.Errorf("format version %d, known are those up to %d: %w", version, Version, ErrNewer)
	case len(data) > MaxBytes:
		return nil, fmt.Errorf("%d bytes: %w", len(data), ErrTooLarge)
	}
	line, whole := bytes.CutSuffix(data, []byte(lineEnd))
	for i, c := range line {
		if c < ' ' || c > '~' {
			return nil, fmt.Errorf("byte %d is %#02x, which no line of ours holds: %w", i, c, ErrInvalid)
		}
	}
	if !whole {
		return nil, ErrTruncated
	}
	f := new(File)
	if err := json.Unmarshal(line, f); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrInvalid, err)
	}
	if seq, ok := Seq(data); !ok || seq != f.Seq {
		return nil, fmt.Errorf("%w: the sequence number is not where it belongs", ErrInvalid)
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if f.Link != nil && !f.Link.sound() {
		f.Link = nil // the picture is worth showing without it
	}
	return f, nil
}

// check says which part is missing that no reader can do without, or goes beyond its bounds.
func (f *File) check() error {
	if err := bounded(reflect.ValueOf(*f), ""); err != nil {
		return err
	}
	switch {
	case f.Seq > jobmon.MaxSeq:
		return fmt.Errorf("sequence number %d", f.Seq)
	case f.V < 1 || f.V > Version:
		return fmt.Errorf("format version %d", f.V)
	case f.Kind == KindStopped:
		return nil
	case f.Kind != KindIdle && f.Kind != KindDeployment:
		return fmt.Errorf("kind %.40q", f.Kind)
	case f.At == 0 || f.AtLocal == 0:
		return errors.New("no as-of time")
	case f.Source != SourceOK && f.Source != SourceLost:
		return fmt.Errorf("source %.40q", f.Source)
	case f.Kind == KindIdle:
		return nil
	case f.Session == nil || f.Counts == nil || f.Stages == nil:
		return errors.New("a deployment without session, counts or stages")
	case f.Session.State == "":
		return errors.New("a session without state")
	case f.Percent == nil && f.Session.State != jobmon.SessionPlanned.String():
		return errors.New("a deployment that has begun, without percent")
	}
	for i, s := range f.Stages {
		if s.State == "" {
			return fmt.Errorf("stage %d without state", i)
		}
	}
	for _, index := range []*int{f.Current, f.Next} {
		if index != nil && (*index < 0 || *index >= len(f.Stages)) {
			return fmt.Errorf("index %d among %d stages", *index, len(f.Stages))
		}
	}
	return nil
}

// Ours says whether a file may be overwritten: a program of this project wrote it, in whatever version, whole or cut
// off, or nothing is in it. The output of a site's own template is not recognised:
// evtdir.Ledger knows it.
func Ours(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) || blank(data) }

// Seq is the sequence number of a file of any version, whole or not, without reading the rest of it; false when there
// is none. It is 0 for a file of kind KindStopped.
func Seq(data []byte) (uint64, bool) {
	data, ours := bytes.CutPrefix(data, []byte(magic))
	if !ours {
		return 0, false
	}
	_, data = number(data)
	data, ours = bytes.CutPrefix(data, []byte(seqField))
	seq, rest := number(data)
	return seq, ours && len(rest) < len(data) && len(rest) > 0
}

// number reads the digits at the beginning of data; a number too large for uint64 is cut to the largest.
func number(data []byte) (uint64, []byte) {
	n := 0
	for n < len(data) && data[n] >= '0' && data[n] <= '9' {
		n++
	}
	value, _ := strconv.ParseUint(string(data[:n]), 10, 64) // on overflow the largest value, as wanted; 0 for no digits
	return value, data[n:]
}

// blank says that nothing is in the file.
func blank(data []byte) bool { return len(bytes.Trim(data, "\x00 \t\r\n")) == 0 }

package winsession

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// Record remembers what runs, for the next one to close it. It is kept in a file of the program's folder. An account
// that may write there could run a program of its own in place of ours anyway. Still, no more is believed of it than
// the names of two processes, which are compared with what runs before anything is ended.
type Record struct {
	Watcher Process `json:"watcher"` // follows the console; zero for none
	Program Process `json:"program"` // is on the screen; zero for none
}

// ReadRecord reads the file at path. What is no record, or missing, is an empty one.
func ReadRecord(path string) (Record, error) {
	content, err := plainfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, plainfile.ErrIrregular) ||
		errors.Is(err, plainfile.ErrTooLarge) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("read what was started before: %w", err)
	}
	var r Record
	if json.Unmarshal(content, &r) != nil {
		return Record{}, nil
	}
	return r, nil
}

// Write replaces the file at path.
func (r Record) Write(path string) error {
	content, err := json.Marshal(r)
	if err == nil {
		err = atomicfile.Write(path, append(content, "\r\n"...), 0o644)
	}
	if err != nil {
		return fmt.Errorf("note what was started, for the next one to close it: %w", err)
	}
	return nil
}

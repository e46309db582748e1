package winsession

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

// Record remembers what runs, for the next one to close it. It is kept in a file of the program's folder. Whoever can
// write there could run a program of his own in place of ours anyway; still, no more is believed of it than the
// names of two processes, which are compared with what runs before anything is ended.
type Record struct {
	Watcher Process `json:"watcher"` // follows the console; zero for none
	Program Process `json:"program"` // is on the screen; zero for none
}

const maxRecord = 64 << 10

// ReadRecord reads the file at path. What is no record, or missing, is an empty one.
func ReadRecord(path string) (Record, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("read what was started before: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxRecord {
		return Record{}, nil
	}
	content, err := os.ReadFile(path)
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

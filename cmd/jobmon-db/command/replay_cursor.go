package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

// cursor is the file that says how far a reader has come.
type cursor struct {
	path  string
	LogID string `json:"log_id"`
	Seq   uint64 `json:"seq"` // the last event that was looked at

	held    bool   // write does it: the output is a file that has not got its name yet
	waiting uint64 // what is to be written then
}

// openCursor reads the file; without one it begins before the first event. path is "" for none, which is nil.
func openCursor(path, logID string) (*cursor, error) {
	if path == "" {
		return nil, nil
	}
	c := &cursor{path: path, LogID: logID}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the cursor: %w", err)
	}
	var kept cursor
	if err := json.Unmarshal(text, &kept); err != nil || kept.LogID == "" {
		return nil, &usageError{fmt.Errorf("%s is no cursor of this program: name another file", path)}
	}
	if kept.LogID != logID {
		return nil, &usageError{fmt.Errorf("%s belongs to another log (%s, this one is %s): name another file, or "+
			"remove it to begin anew", path, kept.LogID, logID)}
	}
	c.Seq = kept.Seq
	return c, nil
}

// write writes what was held back.
func (c *cursor) write() error {
	if c == nil {
		return nil
	}
	c.held = false
	return c.reached(c.waiting)
}

// reached records that everything up to this event was printed. The file is replaced as a whole.
func (c *cursor) reached(seq uint64) error {
	if c == nil || seq <= c.Seq {
		return nil
	}
	if c.held {
		c.waiting = seq
		return nil
	}
	text, err := json.Marshal(cursor{LogID: c.LogID, Seq: seq})
	if err != nil {
		return fmt.Errorf("encode the cursor: %w", err)
	}
	if err := atomicfile.Write(c.path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the cursor: %w", err)
	}
	c.Seq = seq
	return nil
}

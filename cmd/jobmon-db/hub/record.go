package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// recordFile is the name of the file in a site's folder that says which logs were set aside.
const recordFile = "fleet.json"

// record is what a hub keeps of a site beside its log.
type record struct {
	Asides []aside `json:"asides"`
}

// aside is a log that the hub followed, and that another one took the place of.
type aside struct {
	File  string         `json:"file"` // in the same folder
	LogID string         `json:"log_id"`
	Last  uint64         `json:"last"` // its newest event
	Why   string         `json:"why"`  // a sentence
	At    jobmon.Instant `json:"at_ms"`
}

func readRecord(dir string) (r record, err error) {
	text, err := os.ReadFile(filepath.Join(dir, recordFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err == nil:
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("read %s, which names the logs that were set aside: %w; move it away to go on without",
			recordFile, err)
	}
	return r, nil
}

func (r *record) write(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", recordFile, err)
	}
	return atomicfile.WriteDurable(filepath.Join(dir, recordFile), append(text, '\n'), 0o640)
}

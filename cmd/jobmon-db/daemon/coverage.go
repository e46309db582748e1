package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// CoverageFile is the name of the file in the data dir that says until when the log is complete.
const CoverageFile = "covered.json"

// Coverage says until when the reads of a log's daemon covered. A quiet night appends nothing to the log, yet it was
// watched; this is how a later run, and replay, know. The file is a hint: without it the last batch's time is taken.
type Coverage struct {
	Until   jobmon.Instant `json:"until_ms"` // UTC by the SQL Server's clock
	AheadMS int64          `json:"ahead_ms"` // how far that clock is ahead of ours
}

// Ahead is how far the server's clock is ahead of ours.
func (c Coverage) Ahead() time.Duration { return time.Duration(c.AheadMS) * time.Millisecond }

// ReadCoverage reads the file; a missing or damaged one gives the zero value.
func ReadCoverage(dataDir string) Coverage {
	var c Coverage
	text, err := os.ReadFile(filepath.Join(dataDir, CoverageFile))
	if err != nil || json.Unmarshal(text, &c) != nil {
		return Coverage{}
	}
	return c
}

// coverageSize is the size of the file in bytes: any Coverage as JSON, and spaces.
const coverageSize = 80

// WriteCoverage writes the file over what it held, with one write as it happens at each read. Nothing is synced: after
// a power failure the log's last batch counts.
func WriteCoverage(dataDir string, c Coverage) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode %s: %w", CoverageFile, err)
	}
	path, line := filepath.Join(dataDir, CoverageFile), fmt.Appendf(nil, "%-*s\n", coverageSize-1, text)
	if overwrite(path, line) == nil {
		return nil
	}
	err = atomicfile.Write(path, line, 0o640)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the data dir has gone: %w", err)
	}
	return err
}

// overwrite writes over the beginning of a file, if it is there and this account may write it.
func overwrite(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

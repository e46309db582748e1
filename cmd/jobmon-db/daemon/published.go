package daemon

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

// PublishedFile is the name of the file in the data dir that says up to which event pictures were published.
const PublishedFile = "jobmon-db.published.json"

// Published says up to which event files may show pictures. It is on the disk before the first file that does. A log
// that ends before it has lost its last batches. The files themselves say nothing about the log: others write to their
// folder.
type Published struct {
	LogID string `json:"log_id"`
	Seq   uint64 `json:"seq"`
}

// ReadPublished reads the file; the zero value stands for a missing one. An error says why it cannot be used.
func ReadPublished(dataDir string) (p Published, err error) {
	text, err := os.ReadFile(filepath.Join(dataDir, PublishedFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err == nil:
		err = json.Unmarshal(text, &p)
	}
	if err == nil && p.Seq > jobmon.MaxSeq {
		err = fmt.Errorf("there is no event %d", p.Seq)
	}
	if err != nil {
		return Published{}, fmt.Errorf("read %s: %w", PublishedFile, err)
	}
	return p, nil
}

// WritePublished replaces the file, and returns when that is on the disk.
func WritePublished(dataDir string, p Published) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode %s: %w", PublishedFile, err)
	}
	return atomicfile.WriteDurable(filepath.Join(dataDir, PublishedFile), append(text, '\n'), 0o640)
}

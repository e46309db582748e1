package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Place is how far a target has got in the log, as its file keeps it.
type Place struct {
	LogID  string          `json:"log_id"`
	Seq    uint64          `json:"seq"`              // the target has everything up to this event
	Window json.RawMessage `json:"window,omitempty"` // what Window needs to go on from there

	// For people, by this machine's clock.
	Sent    jobmon.Instant `json:"sent_ms,omitempty"` // when the last message arrived
	Error   string         `json:"error,omitempty"`   // of the last try, "" when it went well
	ErrorAt jobmon.Instant `json:"error_ms,omitempty"`
}

func (p *Place) equal(q *Place) bool {
	return p.LogID == q.LogID && p.Seq == q.Seq && p.Sent == q.Sent && p.Error == q.Error && p.ErrorAt == q.ErrorAt &&
		bytes.Equal(p.Window, q.Window)
}

// Folder is the folder of the places in a data folder.
func Folder(dataDir string) string { return filepath.Join(dataDir, "notify") }

func placeFile(folder, target string) string { return filepath.Join(folder, target+".json") }

// ReadPlace reads a target's place; ok is false where there is none.
func ReadPlace(folder, target string) (p Place, ok bool, err error) {
	path := placeFile(folder, target)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &p)
	}
	if err == nil && (p.LogID == "" || p.Seq > jobmon.MaxSeq) {
		err = errors.New("it names no place in a log")
	}
	if err != nil {
		return Place{}, false, fmt.Errorf("read %s: %w", path, err)
	}
	return p, true, nil
}

// writePatience is how long a file that somebody looks at on Windows keeps its place from being written.
const writePatience = time.Second

func writePlace(folder, target string, p *Place) error {
	content, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode the place of target %s: %w", target, err)
	}
	return atomicfile.Patiently(writePatience, func() error {
		return atomicfile.WriteDurable(placeFile(folder, target), append(content, '\n'), 0o600)
	})
}

// forget removes the places of targets that are no more: should one come back, it begins with the present.
func forget(folder string, keep func(target string) bool) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && !keep(name) {
			err = errors.Join(err, os.Remove(filepath.Join(folder, e.Name())))
		}
	}
	return err
}

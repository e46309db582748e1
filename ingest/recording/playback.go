package recording

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

// PlaybackFile is the name of the file that says which recording the log beside it was made from, and since when it
// plays.
const PlaybackFile = "jobmon-db.playback.json"

// ErrOther says that the log beside the file was made from another recording.
var ErrOther = errors.New("another recording is played there")

// playback is the file's content.
type playback struct {
	Recording string    `json:"recording_sha256"`
	Began     time.Time `json:"began"` // by our clock
}

// Continue lets the clock go on with the playback that an earlier process began in the folder, as if that had never
// stopped, and notes this one there when there is none. The recording must come from Load. An error wraps ErrOther when
// the earlier one was of another recording.
func (s *Source) Continue(dir string) error {
	path := filepath.Join(dir, PlaybackFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		note, err := json.Marshal(playback{s.recording.sum, s.began.UTC()})
		if err != nil {
			return err
		}
		if err := atomicfile.WriteDurable(path, append(note, '\n'), 0o600); err != nil {
			return fmt.Errorf("note which recording is played: %w", err)
		}
		return nil
	}
	var p playback
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	switch {
	case err != nil:
		return fmt.Errorf("find out which recording was played: %s: %w; name another data_dir to begin anew", path, err)
	case p.Recording != s.recording.sum:
		return fmt.Errorf("%s: %w; name another data_dir for this one", dir, ErrOther)
	}
	s.at = max(s.at, s.at+jobmon.Instant(time.Since(p.Began).Milliseconds()))
	s.began = time.Now()
	return nil
}

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// asideSuffix ends the name of a log that a restored one has taken the place of. Nothing removes it.
const asideSuffix = ".aside"

func isAside(name string) bool {
	base, ok := strings.CutSuffix(name, asideSuffix)
	return ok && isLogName(base)
}

// generation is the number in the name of a log, of one that is not finished or of one that was moved aside; 0 for
// other files.
func generation(name string) (n int) {
	name = strings.TrimSuffix(strings.TrimSuffix(name, tempSuffix), asideSuffix)
	if !isLogName(name) {
		return 0
	}
	if _, err := fmt.Sscanf(name, "log-%d.db", &n); err != nil {
		return 0
	}
	return n
}

// nextGeneration is the path of a generation that was never there.
func nextGeneration(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", ioError("reading the data dir", err)
	}
	newest := 0
	for _, entry := range entries {
		newest = max(newest, generation(entry.Name()))
	}
	return filepath.Join(dir, logName(newest+1)), nil
}

// isOver says whether a generation beside the log that is open for writing can be removed: the one that it was
// compacted from, which may have been in use until then; and a newer one that was finished and never used, all of whose
// events the log has. Whatever else lies there stays.
func (l *Log) isOver(name string) bool {
	own := filepath.Base(l.path)
	switch {
	case !isLogName(name) || name == own:
		return false
	case slices.Contains(l.meta.Replaces, name):
		return true
	case generation(name) < generation(own):
		return false
	}
	other, err := OpenFile(filepath.Join(l.dir, name))
	if err != nil {
		return false
	}
	defer other.Close()
	last, _, _ := other.Last()
	return other.ID() == l.ID() && last <= l.ends().last
}

// openCurrent opens the log that CURRENT names, and makes sure that it still does: between reading the name and getting
// the file's lock another process may have made a new generation the one in use.
func (l *Log) openCurrent() error {
	for {
		path, err := currentLog(l.dir)
		if errors.Is(err, fs.ErrNotExist) {
			path, err = l.absent()
		}
		if err != nil {
			return err
		}
		db, err := openFile(path, l.options.ReadOnly, l.options.LockWait, l.options.maxSize)
		if err != nil {
			if now, other := currentLog(l.dir); other == nil && now != path {
				continue
			}
			return err
		}
		if now, err := currentLog(l.dir); err != nil || now != path {
			if err := closeAfter(db, err); err != nil {
				return err
			}
			continue
		}
		l.path, l.db = path, db
		return nil
	}
}

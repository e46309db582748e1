package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// Files in the data dir. CURRENT holds the name of the log in use and a line end; other generations of the log can
// lie beside it.
const (
	currentFile = "CURRENT"
	// held by the process that writes, with a word about it in LOCK.json; see internal/instance
	lockFile    = "LOCK"
	tempSuffix  = ".new"      // a log that is not finished: removed by the next writer
	asideSuffix = ".aside"    // a log that a restored one has taken the place of. Nothing removes it
	asideMark   = ".damaged-" // a damaged log that was moved aside; a time follows. Nothing removes it
)

// logName is the name of a generation of the log.
func logName(generation int) string { return fmt.Sprintf("log-%06d.db", generation) }

var logNames = regexp.MustCompile(`^log-(\d{6,9})\.db$`)

func isLogName(name string) bool { return logNames.MatchString(name) }

// generation is the number in the name of a log, also of one that is not finished or was moved aside; 0 for other
// files.
func generation(name string) int {
	name = strings.TrimSuffix(strings.TrimSuffix(name, tempSuffix), asideSuffix)
	name, _, _ = strings.Cut(name, asideMark)
	parts := logNames.FindStringSubmatch(name)
	if parts == nil {
		return 0
	}
	n, _ := strconv.Atoi(parts[1]) // nine digits always are a number
	return n
}

// isNeighbour reports whether a file or folder belongs to this program and may lie beside the log: the instance lock,
// the folder of .evt files, the configuration, secrets and certificates in files, what the daemon, its targets,
// endpoint and simulator keep there, and logs that were moved aside.
func isNeighbour(name string) bool {
	switch name {
	case lockFile, lockFile + ".json", "hub.yaml", "evt", "clients", "notify", "covered.json", "fleet.json",
		"endpoint.sock", "simulator.ndjson":
		return true
	}
	switch filepath.Ext(name) { // as docs/notices.md and docs/fleet.md name them, and `config set-secret`
	case ".password", ".url", ".secret", ".old_secret", ".token", ".nk", ".creds", ".pem":
		return true
	}
	return strings.HasPrefix(name, "jobmon-db.") || strings.HasPrefix(name, "jobmon-db-") ||
		generation(name) > 0 && !isLogName(name) && !strings.HasSuffix(name, tempSuffix)
}

// isLeftover reports whether a file is an unfinished one that a crash left.
func isLeftover(name string) bool {
	if base, ok := strings.CutSuffix(name, tempSuffix); ok {
		return isLogName(base)
	}
	return strings.HasPrefix(name, currentFile+".") && strings.HasSuffix(name, atomicfile.Suffix)
}

// currentLog is the path of the log in use. The error is fs.ErrNotExist when the data dir has none.
func currentLog(dir string) (string, error) {
	path := filepath.Join(dir, currentFile)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return "", sentence(ErrNotOurs, dir, "%s is a file: name a folder as data_dir", dir)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", ioError("finding the log", err)
	}
	name := strings.TrimSpace(string(text))
	if !isLogName(name) {
		return "", sentence(ErrCorrupt, path,
			"%s does not name a log: write into it the name of the newest log-*.db beside "+
				"it", path)
	}
	logPath := filepath.Join(dir, name)
	if _, err := os.Stat(logPath); errors.Is(err, fs.ErrNotExist) {
		if again, err := os.ReadFile(path); err == nil && !bytes.Equal(again, text) {
			return currentLog(dir) // a new generation has just taken its place
		}
		return "", sentence(ErrCorrupt, path, "%s names the log %s, which is not there: restore it from a backup",
			path, name)
	}
	return logPath, nil
}

func errLocked(path string, cause error) error {
	e := sentence(ErrLocked, path, "%s is in use by another process: stop it, or ask it instead of opening the file",
		path)
	e.Err = cause
	return e
}

// Usable checks that the data dir holds a log, or that one may be created in it; it changes nothing. Beside what
// belongs to a log there may be the folders with these names. Errors are those of Open.
func Usable(dir string, folders ...string) error {
	_, err := currentLog(dir)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = withoutCurrent(dir, defaultLockWait, folders...)
	}
	return err
}

// withoutCurrent decides about a data dir that has no CURRENT: nil means that a log may be created in it, once the
// files in leftovers are removed. There is none yet, or a creation was cut off.
func withoutCurrent(dir string, wait time.Duration, folders ...string) (leftovers []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, ioError("reading the data dir", err)
	}
	unnamed := "" // the newest log with events
	for _, entry := range entries {
		name := entry.Name()
		path := filepath.Join(dir, name)
		switch {
		case isNeighbour(name), entry.IsDir() && slices.Contains(folders, name):
		case isLeftover(name):
			leftovers = append(leftovers, path)
		case isLogName(name):
			last, err := lastIn(path, wait)
			if err != nil {
				return nil, err
			}
			if last > 0 {
				unnamed = name
			} else {
				leftovers = append(leftovers, path)
			}
		default:
			return nil, sentence(ErrNotOurs, dir,
				"%s holds other files (%q) and no log of jobmon-db: name an empty folder as "+
					"data_dir", dir, name)
		}
	}
	if unnamed != "" {
		path := filepath.Join(dir, unnamed)
		return nil, sentence(ErrCorrupt, path,
			"%s holds events, but %s is missing beside it: write the line %q into a file of "+
				"that name", path, currentFile, unnamed)
	}
	return leftovers, nil
}

// lastIn is the last sequence number in a log that nothing names.
func lastIn(path string, wait time.Duration) (uint64, error) {
	log, err := openLog("", path, Options{ReadOnly: true, LockWait: wait})
	if err != nil {
		return 0, err
	}
	return log.bounds.last, nil
}

// createLog creates a data dir with an empty log in it and returns the log's path. Whatever instant it is cut off
// at, what it leaves is either a log or recognised as left over by withoutCurrent:
//
//	log-000001.db.new  written and synced   cut off here: removed by the next writer
//	log-000001.db      renamed              cut off here: holds no events, removed by the next writer
//	CURRENT.*          written and synced   the same
//	CURRENT            renamed              from here on there is a log
func createLog(dir string, o Options) (string, error) {
	m := newMeta(o.Site)
	if o.ID != "" {
		if err := m.take(o.ID, dir); err != nil {
			return "", err
		}
	}
	leftovers, err := withoutCurrent(dir, o.LockWait)
	if err != nil {
		return "", err
	}
	if err := trust.MakeFolder(dir); err != nil {
		return "", ioError("creating the data dir", err)
	}
	for _, path := range leftovers {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", ioError("removing what an earlier start left over", err)
		}
	}
	path := filepath.Join(dir, logName(1))
	b := builder{path: path + tempSuffix}
	if err := errors.Join(b.begin(m), b.finish()); err != nil {
		return "", err
	}
	if err := publish(path); err != nil {
		return "", err
	}
	return path, writeCurrent(dir, path)
}

// writeCurrent makes the log at path the one in use. On Windows, where a virus scanner may hold a new file for a
// moment, it and publish try again for up to a second.
func writeCurrent(dir, path string) error {
	err := patiently(func() error {
		return atomicfile.WriteDurable(filepath.Join(dir, currentFile), []byte(filepath.Base(path)+"\n"), 0o600)
	})
	if err != nil {
		return ioError("making the log the one in use", err)
	}
	return nil
}

// isCurrent reports whether the log at path is the one in use.
func isCurrent(dir, path string) bool {
	now, err := currentLog(dir)
	return err == nil && now == path
}

// nextGeneration is the path of a new generation.
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

// isOver reports whether a generation beside the log that is open for writing can be removed: the one that it was
// compacted from, which may have been in use until then; and a newer one that was finished and never used, all of whose
// events the log has. Whatever else lies there stays.
func (l *Log) isOver(name string) bool {
	own := filepath.Base(l.path)
	switch {
	case !isLogName(name) || name == own:
		return false
	case slices.Contains(l.meta().Replaces, name):
		return true
	case generation(name) < generation(own):
		return false
	}
	other, err := OpenFile(filepath.Join(l.dir, name))
	return err == nil && other.ID() == l.ID() && other.bounds.last <= l.ends().last
}

// openCurrent opens the file that CURRENT names, and makes sure that it still does: between reading the name and
// getting the file's lock another process may have made a new generation the one in use.
func (l *Log) openCurrent() (*bolt.DB, error) {
	for {
		path, err := currentLog(l.dir)
		if errors.Is(err, fs.ErrNotExist) {
			path, err = l.absent()
		}
		if err != nil {
			return nil, err
		}
		db, err := openFile(path, l.options.ReadOnly, l.options.LockWait, true)
		now, changed := currentLog(l.dir)
		switch {
		case err != nil && changed == nil && now != path:
			continue
		case err != nil:
			return nil, err
		case changed == nil && now == path:
			l.path = path
			return db, nil
		}
		if err := closeAfter(db, changed); err != nil {
			return nil, err
		}
	}
}

// publish gives a finished log its name and makes the name durable.
func publish(path string) error {
	err := patiently(func() error { return os.Rename(path+tempSuffix, path) })
	if err != nil {
		return ioError("giving the new log its name", err)
	}
	return syncFolder(filepath.Dir(path))
}

// patience is how long to wait for a file that is open elsewhere: on Windows a virus scanner may hold a new one.
const patience = time.Second

func patiently(do func() error) error { return atomicfile.Patiently(patience, do) }

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	if err := atomicfile.SyncDir(dir); err != nil {
		return ioError("syncing the folder "+dir, err)
	}
	return nil
}

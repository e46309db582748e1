package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// asideMark stands in the name of a log that was moved aside, between its old name and the time.
const asideMark = ".damaged-"

// isMovedAside says that a file is a log that was moved aside. Nothing ever removes it but a person.
func isMovedAside(name string) bool {
	base, _, ok := strings.Cut(name, asideMark)
	return ok && isLogName(base)
}

// unsureEnd is how many sequence numbers are passed over when the end of a log may be lost: far more than are given
// between two backups, so that no number that somebody has seen comes to mean another event.
const unsureEnd = 1 << 20

// Quarantined is what became of a log that could not be opened or written.
type Quarantined struct {
	Aside   string // where the damaged file lies now
	Path    string // the new log
	ID      string // of the new log: the old one's, if that could be read
	Events  int    // carried over
	Batches int
	Lost    []Gap  // what could not be, recorded in the new log as events of the kind damaged
	Last    uint64 // the last number carried over
	Unsure  bool   // events behind Last may have been lost: the numbers up to 1,048,576 behind it are never given
}

// Quarantine moves the log in use aside, which cannot be opened or written because of what why says, and begins a new one
// with everything of it that is whole: every batch keeps its sequence numbers and its bytes, at most damaged ones are
// lost. The new log says so itself, in events of the kind damaged. The damaged file is never deleted; the disk must have
// room for both.
//
// It is for whoever has made sure that nobody else uses the data dir. At any instant that it is cut off, the old log or
// the new one is in use, and doing it again ends it. When it fails the old log stays in use. Errors: ErrNoLog,
// ErrNotOurs (nothing in the file is of a log), ErrNewer, and what the disk says.
func Quarantine(ctx context.Context, dir string, why error, now time.Time) (*Quarantined, error) {
	path, err := Current(dir)
	if err != nil {
		return nil, err
	}
	s, err := OpenSalvage(ctx, path)
	if err != nil {
		return nil, err
	}
	q, err := s.carryOver(ctx, dir, fmt.Sprintf("a damaged log was moved aside: %v", why), jobmon.InstantOf(now))
	if err := errors.Join(err, s.Close()); err != nil { // Windows moves no open file
		return nil, fmt.Errorf("beginning a new log in place of the damaged %s: %w", path, err)
	}
	if err := q.exchange(dir, path); err != nil {
		if used, currentErr := currentLog(dir); currentErr == nil && used == path {
			err = errors.Join(err, os.Remove(q.Path))
		}
		return nil, err
	}
	return q, nil
}

// carryOver writes a new log in the folder, under its name, which says by itself why it came to be.
func (s *Salvage) carryOver(ctx context.Context, dir, why string, now jobmon.Instant) (*Quarantined, error) {
	m := s.scan.meta
	switch {
	case s.scan.record:
		m.Format, m.Reader = max(m.Format, fileFormat), max(m.Reader, fileFormat)
	case len(s.chain) == 0 && s.size > 0 && !s.begun:
		return nil, sentence(ErrNotOurs, s.path, "nothing in %s is of a log: move it away yourself if it can be done without", s.path)
	default:
		m = newMeta("")
	}
	next, err := nextLog(dir)
	if err != nil {
		return nil, err
	}
	q := &Quarantined{
		Aside: s.path + asideMark + now.Time().UTC().Format("20060102T150405Z"), Path: next, ID: m.ID, Unsure: !s.certain,
	}
	w, err := newCarrier(q.Path+tempSuffix, m)
	if err != nil {
		return nil, err
	}
	err = s.frames(ctx, func(f *frame) error {
		if f.begin() > w.next {
			q.Lost = append(q.Lost, Gap{w.next, f.begin() - 1})
		}
		q.Batches++
		q.Events += f.count
		q.Last = f.last()
		return w.add(f)
	})
	if err == nil {
		err = w.record(q, why, now)
	}
	if err := errors.Join(err, w.close()); err != nil {
		return nil, errors.Join(err, os.Remove(q.Path+tempSuffix))
	}
	return q, publish(q.Path)
}

// exchange makes the new log the one in use. The damaged one gets a second name before, so that it lies aside under that
// name from the first instant at which it is no longer in use.
func (q *Quarantined) exchange(dir, path string) error {
	linked := os.Link(path, q.Aside) == nil // not every file system can
	if err := writeCurrent(dir, q.Path); err != nil {
		if linked {
			err = errors.Join(err, os.Remove(q.Aside))
		}
		return err
	}
	if linked {
		if err := os.Remove(path); err != nil {
			return nil // somebody has it open: it lies there under both names, and none is in use
		}
		return nil
	}
	if err := patiently(func() error { return os.Rename(path, q.Aside) }); err != nil {
		q.Aside = path // the same: it is not in use under that name
	}
	return nil
}

// nextLog is the path of the log behind all that lie in the data dir, also those moved aside.
func nextLog(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", ioError("reading the data dir", err)
	}
	number := regexp.MustCompile(`^log-(\d{6,9})\.db`)
	last := 0
	for _, entry := range entries {
		if parts := number.FindStringSubmatch(entry.Name()); parts != nil && !strings.HasSuffix(entry.Name(), tempSuffix) {
			n, _ := strconv.Atoi(parts[1]) // nine digits always are a number
			last = max(last, n)
		}
	}
	path := filepath.Join(dir, logName(last+1))
	if err := os.Remove(path + tempSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", ioError("removing what an earlier start left over", err)
	}
	return path, nil
}

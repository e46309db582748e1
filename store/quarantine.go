package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// unsureEnd is how many sequence numbers are passed over when the end of a log may be lost: far more than are given
// between two backups, so that no number that anybody has seen comes to mean another event.
const unsureEnd = 1 << 20

// Quarantined is what became of a log that could not be opened or written.
type Quarantined struct {
	Aside  string // where the damaged file lies now
	Path   string // the new log
	Events int    // carried over
	Lost   []Gap  // what could not be, recorded in the new log as events of the kind damaged
	Last   uint64 // the last number carried over
	Unsure bool   // events behind Last may have been lost: the numbers up to 1,048,576 behind it are never given
}

// Quarantine moves the log in use aside, which cannot be opened or written because of why, and begins a new one with
// everything of it that is whole: every batch keeps its sequence numbers and its bytes, at most damaged ones are lost.
// The new log records what is missing, in events of the kind damaged. The damaged file is never deleted; the disk must
// have room for both.
//
// The caller makes sure that nobody else uses the data dir. If interrupted, the old log or the new one is in use, and
// doing it again ends it. When it fails the old log stays in use. Errors: ErrNoLog, ErrNotOurs (nothing in the file
// is of a log), ErrNewer, and what the disk says.
func Quarantine(ctx context.Context, dir string, why error, now time.Time) (*Quarantined, error) {
	path, err := Current(dir)
	if err != nil {
		return nil, err
	}
	f, err := openFileLog(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	q := &Quarantined{Aside: path + asideMark + now.UTC().Format("20060102T150405Z")}
	err = q.carryOver(ctx, dir, f, fmt.Sprintf("a damaged log was moved aside: %v", why), jobmon.InstantOf(now))
	if err := errors.Join(err, f.Close()); err != nil { // Windows moves no open file
		return nil, fmt.Errorf("beginning a new log in place of the damaged %s: %w", path, err)
	}
	if err := moveAside(path, q.Aside); err != nil {
		q.Aside = path // it is not in use under that name
	}
	return q, nil
}

// carryOver makes a new log of everything that is whole.
func (q *Quarantined) carryOver(ctx context.Context, dir string, f *fileLog, why string,
	now jobmon.Instant) (err error) {
	if len(f.parts) == 0 && !f.known && f.size > 0 && (f.tree.good == 0 || len(f.tree.faults) == 0) {
		return sentence(ErrNotOurs, f.path, "nothing in %s is of a log: move it away yourself if you can do without "+
			"it", f.path)
	}
	f.join()
	q.Lost, q.Unsure = f.lost, !f.certain
	for i := range f.parts {
		p := &f.parts[i]
		q.Events, q.Last = q.Events+p.events, p.last
	}
	if err := f.recordLoss(why, now); err != nil {
		return err
	}
	q.Path, err = install(ctx, dir, f, nil, func(*meta) {})
	return err
}

// install makes a copy of a log the one in use.
func install(ctx context.Context, dir string, source pages, progress Progress, reset func(*meta)) (string, error) {
	path, err := nextGeneration(dir)
	if err != nil {
		return "", err
	}
	_ = os.Remove(path + tempSuffix) // of an attempt that was cut off
	if _, err = copyLog(ctx, source, path+tempSuffix, progress, reset); err != nil {
		return "", err
	}
	if err := publish(path); err != nil {
		return "", errors.Join(err, os.Remove(path+tempSuffix))
	}
	if err := writeCurrent(dir, path); err != nil {
		if !isCurrent(dir, path) {
			err = errors.Join(err, os.Remove(path))
		}
		return "", err
	}
	return path, nil
}

// moveAside gives a log that is no longer in use another name.
func moveAside(path, aside string) error {
	err := patiently(func() error { return os.Rename(path, aside) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ioError("the new log is in use, but the old one could not be moved aside", err)
	}
	return syncFolder(filepath.Dir(aside))
}

// recordLoss adds a last frame, which records what could not be carried over. When the end of the old log may be lost,
// the numbers that may have been given behind it are passed over. The parts are joined before.
func (f *fileLog) recordLoss(why string, now jobmon.Instant) error {
	var events []jobmon.Event
	for _, g := range f.lost {
		events = append(events, jobmon.Event{
			Kind: jobmon.KindDamaged, From: g.From, To: g.To, Text: "could not be carried over from a damaged log",
		})
	}
	reason := jobmon.Event{Kind: jobmon.KindDamaged, Text: strings.ToValidUTF8(why[:min(len(why), 1000)], "")}
	next, of := f.meta.First, frame{previous: f.meta.chain(), at: now}
	if n := len(f.parts); n > 0 {
		last := &f.parts[n-1]
		next, of.previous, of.at = last.last+1, last.crc, last.lastAt
	}
	of.first = next
	if most := jobmon.MaxSeq - uint64(len(events)); !f.certain && next < most {
		of.first = min(next+unsureEnd, most)
		of.skipped = of.first - next
		reason.From, reason.To = next, of.first-1
	}
	data, _, _, err := appendFrame(nil, nil, &of, append(events, reason))
	f.loss = &Part{Seq: of.first, Until: of.first + uint64(len(events)), Data: data}
	return err
}

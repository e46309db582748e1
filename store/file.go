package store

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
)

func boltOptions(readOnly bool, wait time.Duration) *bolt.Options {
	return &bolt.Options{
		ReadOnly: readOnly, Timeout: wait, PageSize: pageSize,
		FreelistType: bolt.FreelistMapType, NoStatistics: true,
	}
}

func isLockTimeout(err error) bool { return errors.Is(err, berrors.ErrTimeout) }

// openFile opens a bbolt file that exists, after a look at its pages: at all of its tree when thorough, otherwise at
// those that say how long the file is.
func openFile(path string, readOnly bool, wait time.Duration, thorough bool) (*bolt.DB, error) {
	if err := look(path, !readOnly, thorough); err != nil {
		// A writer at work can look like damage. Behind a shared lock nobody writes, and what is found holds.
		probe, probeErr := openBolt(path, boltOptions(true, wait))
		if errors.Is(probeErr, ErrLocked) {
			return nil, probeErr
		}
		if probeErr == nil {
			err = closeAfter(probe, look(path, !readOnly, thorough))
		}
		if err != nil {
			return nil, err
		}
	}
	return openBolt(path, boltOptions(readOnly, wait))
}

func openBolt(path string, options *bolt.Options) (db *bolt.DB, err error) {
	err = guarded(path, func() (err error) {
		db, err = bolt.Open(path, 0o600, options)
		return err
	})
	if err == nil && !options.ReadOnly {
		if err = inherit.Path(path); err != nil {
			err = errors.Join(err, db.Close())
		}
	}
	if isLockTimeout(err) {
		return nil, errLocked(path, err)
	}
	var known *Error
	if err != nil && !errors.As(err, &known) {
		err = ioError("opening the log "+path, err)
	}
	return db, err
}

// guarded calls bbolt, which panics, or touches memory that is not there, when its pages are damaged. Not everything
// can be caught so: see "Damage" in docs/event-log.md.
func guarded(path string, call func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = sentence(ErrCorrupt, path, "%s is damaged, %v (%v): restore it from a backup", path, errPanicked, p)
		}
	}()
	return call()
}

// errPanicked is the cause of an ErrCorrupt after which bbolt may hold its locks for ever.
var errPanicked = errors.New("its pages do not fit together")

// closeAfter closes db after its use gave err, unless that could wait for ever.
func closeAfter(db *bolt.DB, err error) error {
	if errors.Is(err, errPanicked) {
		return err
	}
	if closeErr := db.Close(); err == nil && closeErr != nil {
		return ioError("closing the log", closeErr)
	}
	return err
}

// readState reads the meta record, and the ends of the log.
func readState(db *bolt.DB, path string) (m meta, b bounds, err error) {
	err = guarded(path, func() error {
		return db.View(func(tx *bolt.Tx) error {
			var err error
			if m, err = readMeta(tx, path); err != nil {
				return err
			}
			b, err = readBounds(tx, path, &m)
			return err
		})
	})
	return m, b, err
}

func readBounds(tx *bolt.Tx, path string, m *meta) (bounds, error) {
	b := bounds{crc: m.chain()}
	old, sealed, err := readSealedEnds(tx, path, m)
	if err != nil {
		return b, err
	}
	tail := tx.Bucket([]byte(bucketTail)).Cursor()
	firstKey, firstValue := tail.First()
	if firstKey == nil {
		if sealed {
			return b, missing(path, old.last+1, 0, "the newest events are not there")
		}
		return b, nil
	}
	last, err := frameAt(path, lastOf(tail))
	if err != nil {
		return b, err
	}
	first, err := frameAt(path, entry{firstKey, firstValue})
	if err != nil && !(sealed && errors.Is(err, ErrCorrupt)) { // its events are not the log's first ones
		return b, err
	}
	h := first.head()
	switch {
	case !sealed && !m.joins(&h, m.First, m.chain()):
		return b, missing(path, m.First, 0, "the log does not begin with its first frame")
	case err == nil && old.last > 0 && !m.joins(&h, old.last+1, old.crc):
		return b, missing(path, old.last+1, h.begin()-1, fmt.Sprintf("what follows holds %d to %d", h.first, h.last))
	}
	b = bounds{first: first.first, firstAt: first.at, last: last.last(), lastAt: last.at, crc: last.crc}
	if old.first > 0 {
		b.first, b.firstAt = old.first, old.firstAt
	}
	b.tail, _ = keySeq(firstKey)
	return b, nil
}

func lastOf(c *bolt.Cursor) entry {
	key, value := c.Last()
	return entry{key, value}
}

// readSealedEnds reads the ends of what is sealed; sealed is false when nothing is. A head that is damaged keeps no log
// from being opened, reading reports it: at the beginning it is passed over, and last is 0 when the last one is.
func readSealedEnds(tx *bolt.Tx, path string, m *meta) (b bounds, sealed bool, err error) {
	blocks := tx.Bucket([]byte(bucketBlocks))
	if blocks == nil {
		return b, false, nil
	}
	c := blocks.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		h, err := headAt(path, entry{key, value})
		if errors.Is(err, ErrNewer) {
			return b, true, err
		}
		if err != nil {
			sealed = true
			continue
		}
		if !sealed && !m.joins(&h, m.First, m.chain()) {
			return b, true, missing(path, m.First, 0, "the log does not begin with its first block")
		}
		b.first, b.firstAt, sealed = h.first, h.firstAt, true
		break
	}
	if !sealed {
		return b, false, nil
	}
	h, err := headAt(path, lastOf(c))
	if errors.Is(err, ErrNewer) {
		return b, true, err
	}
	if err == nil {
		b.last, b.lastAt, b.crc = h.last, h.lastAt, h.crc
	}
	return b, true, nil
}

// headAt takes apart the head of what is stored under a key.
func headAt(path string, e entry) (head, error) {
	seq, ok := keySeq(e.key)
	if !ok {
		return head{}, misfit(path, "what is stored under a key that is no sequence number cannot be read")
	}
	h, bad := parseHead(e.value)
	if bad != nil {
		return h, damage(path, seq, seq, bad)
	}
	if h.first != seq {
		return h, missing(path, seq, 0, fmt.Sprintf("what holds %d is stored there", h.first))
	}
	return h, nil
}

// frameAt takes apart the frame that is stored under a key.
func frameAt(path string, e entry) (frame, error) {
	if _, err := headAt(path, e); err != nil {
		return frame{}, err
	}
	f, bad := parseFrame(e.value)
	if bad != nil {
		seq, _ := keySeq(e.key)
		return f, damage(path, seq, seq, bad)
	}
	return f, nil
}

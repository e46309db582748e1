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

// readBounds reads the ends of the log. A damaged head among the blocks keeps no log from being opened, as reading
// reports it. The last frame must be whole, and so must the first one of a log without blocks.
func readBounds(tx *bolt.Tx, path string, m *meta) (b bounds, err error) {
	b.crc = m.chain()
	first, before, err := sealedEnds(tx, path, m)
	if err != nil {
		return b, err
	}
	sealed := first.first > 0
	tail := tx.Bucket([]byte(bucketTail)).Cursor()
	key, value := tail.First()
	if key == nil {
		if sealed {
			return b, missing(path, before.last+1, 0, "the newest events are not there")
		}
		return b, nil
	}
	h, err := headAt(path, entry{key, value})
	whole := err == nil
	switch {
	case !whole && !(sealed && errors.Is(err, ErrCorrupt)):
		return b, err
	case !sealed && !m.joins(&h, m.First, m.chain()):
		return b, missing(path, m.First, 0, "the log does not begin with its first frame")
	case whole && before.last > 0 && !m.joins(&h, before.last+1, before.crc):
		return b, missing(path, before.last+1, h.begin()-1, fmt.Sprintf("what follows holds %d to %d", h.first, h.last))
	}
	last, err := headAt(path, lastOf(tail))
	if err != nil {
		return b, err
	}
	if !sealed {
		first = h
	}
	b = bounds{first: first.first, firstAt: first.firstAt, last: last.last, lastAt: last.lastAt, crc: last.crc}
	b.tail, _ = keySeq(key)
	return b, nil
}

func lastOf(c *bolt.Cursor) entry {
	key, value := c.Last()
	return entry{key, value}
}

// sealedEnds reads the first head among the blocks that is whole, and the last one, which is zero when it is damaged.
func sealedEnds(tx *bolt.Tx, path string, m *meta) (first, last head, err error) {
	blocks := tx.Bucket([]byte(bucketBlocks))
	if blocks == nil {
		return first, last, nil
	}
	c, atBegin := blocks.Cursor(), true
	for key, value := c.First(); key != nil && first.first == 0; key, value = c.Next() {
		h, err := headAt(path, entry{key, value})
		switch {
		case errors.Is(err, ErrNewer):
			return first, last, err
		case err == nil && atBegin && !m.joins(&h, m.First, m.chain()):
			return first, last, missing(path, m.First, 0, "the log does not begin with its first block")
		case err == nil:
			first = h
		}
		atBegin = false
	}
	if first.first == 0 {
		return first, last, nil
	}
	if last, err = headAt(path, lastOf(c)); err != nil && !errors.Is(err, ErrNewer) {
		return first, head{}, nil
	}
	return first, last, err
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

package store

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

func boltOptions(readOnly bool, wait time.Duration) *bolt.Options {
	return &bolt.Options{
		ReadOnly: readOnly, Timeout: wait, PageSize: pageSize,
		FreelistType: bolt.FreelistMapType, NoStatistics: true,
	}
}

func isLockTimeout(err error) bool { return errors.Is(err, berrors.ErrTimeout) }

// openFile opens a bbolt file that exists, after a look at its pages.
func openFile(path string, readOnly bool, wait time.Duration, maxSize int) (*bolt.DB, error) {
	options := boltOptions(readOnly, wait)
	options.MaxSize = maxSize
	if err := inspect(path, !readOnly); err != nil {
		// A writer at work can look like damage. Behind a shared lock nobody writes, and what is found holds.
		probe, probeErr := openBolt(path, boltOptions(true, wait))
		if errors.Is(probeErr, ErrLocked) {
			return nil, probeErr
		}
		if probeErr == nil {
			err = closeAfter(probe, inspect(path, !readOnly))
		}
		if err != nil {
			return nil, err
		}
	}
	return openBolt(path, options)
}

func openBolt(path string, options *bolt.Options) (db *bolt.DB, err error) {
	err = guarded(path, func() (err error) {
		db, err = bolt.Open(path, 0o600, options)
		return err
	})
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
// can be caught so: see "What is not there yet" in docs/event-log.md.
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

// readState reads what the log says of itself, and its ends.
func readState(db *bolt.DB, path string, toWrite bool) (m meta, b bounds, err error) {
	err = guarded(path, func() error {
		return db.View(func(tx *bolt.Tx) error {
			var err error
			if m, err = readMeta(tx, path, toWrite); err != nil {
				return err
			}
			b, err = readBounds(tx, path, &m)
			return err
		})
	})
	return m, b, err
}

func readBounds(tx *bolt.Tx, path string, m *meta) (bounds, error) {
	b := bounds{crc: m.Chain}
	c := tx.Bucket([]byte(bucketTail)).Cursor()
	key, value := c.First()
	if key == nil {
		return b, nil
	}
	first, err := frameAt(path, key, value)
	if err != nil {
		return b, err
	}
	if first.first != m.First || first.previous != m.Chain {
		return b, missing(path, m.First, "the log does not begin with its first frame")
	}
	key, value = c.Last()
	last, err := frameAt(path, key, value)
	if err != nil {
		return b, err
	}
	return bounds{first: first.first, firstAt: first.at, last: last.last(), lastAt: last.at, crc: last.crc}, nil
}

// frameAt takes apart the frame that is stored under key.
func frameAt(path string, key, value []byte) (frame, error) {
	seq, ok := keySeq(key)
	if !ok {
		return frame{}, misfit(path, "a frame is stored under a key that is no sequence number")
	}
	f, bad := parseFrame(value)
	if bad != nil {
		return f, damage(path, seq, bad)
	}
	if f.first != seq {
		return f, missing(path, seq, fmt.Sprintf("the frame of %d is stored there", f.first))
	}
	return f, nil
}

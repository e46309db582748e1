package store

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// fill is how full bbolt packs a page before it begins the next: keys only ever come at the end.
const fill = 0.95

// Append appends the events as one batch of time at (UTC): all or none. When it returns without error they are on
// the disk; Seq and At are then set in the events that were given, which the batch holds. Whatever Seq and At were
// is ignored. The time need not be later than the last batch's.
//
// After an error nothing was appended, as far as this process and every later one that appends is concerned: should
// the disk have kept the batch all the same, the next Append writes over it. (Only when the process ends before
// that does the batch stay, whole.) Errors: ErrInvalid (no events, or one without kind), ErrTooLarge, ErrReadOnly,
// ErrClosed, and what the disk says; after the last kind the file is opened anew by the next Append, and errors are
// those of Open.
func (l *Log) Append(at jobmon.Instant, events []jobmon.Event) (jobmon.Batch, error) {
	l.appending.Lock()
	defer l.appending.Unlock()

	if l.options.ReadOnly {
		return jobmon.Batch{}, sentence(ErrReadOnly, l.path, "%s is open for reading only: this is a mistake in the program", l.path)
	}
	if l.closed {
		return jobmon.Batch{}, errClosed(l.path)
	}
	if l.failed {
		if err := l.reopen(); err != nil {
			return jobmon.Batch{}, err
		}
		l.failed = false
	}
	b := l.ends()
	first := max(b.last+1, l.meta.First)
	var crc uint32
	var err error
	l.frame, l.body, crc, err = appendFrame(l.frame[:0], l.body, b.crc, first, at, events)
	if err != nil {
		return jobmon.Batch{}, err
	}
	if err := l.commit(first, l.frame); err != nil {
		l.failed = true
		var known *Error
		if errors.As(err, &known) {
			return jobmon.Batch{}, err
		}
		return jobmon.Batch{}, ioError(fmt.Sprintf("appending events %d to %d to %s", first, first+uint64(len(events))-1, l.path), err)
	}
	if cap(l.frame) > maxScratch {
		l.frame, l.body = nil, nil
	}

	for i := range events {
		events[i].Seq, events[i].At = first+uint64(i), at
	}
	if b.last == 0 {
		b.first, b.firstAt = first, at
	}
	b.last, b.lastAt, b.crc = first+uint64(len(events))-1, at, crc
	l.state.Lock()
	l.bounds = b
	l.state.Unlock()
	return jobmon.Batch{At: at, Events: events}, nil
}

// maxScratch is how many bytes of working space are kept from one append to the next.
const maxScratch = 1 << 20

// commit stores a frame and returns when it is on the disk.
func (l *Log) commit(first uint64, frame []byte) error {
	l.handle.RLock()
	defer l.handle.RUnlock()
	return l.use(func(db *bolt.DB) error {
		tx, err := db.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() // after the commit it does nothing
		tail := tx.Bucket([]byte(bucketTail))
		tail.FillPercent = fill
		if err := tail.Put(seqKey(first), frame); err != nil {
			return err
		}
		return l.options.commit(tx)
	})
}

// reopen closes the file after a failed commit and opens it again, so that nothing is left of what bbolt and the
// system believed to be on the disk. What was acknowledged must still be there. A batch behind it is the one that
// failed: it stays unseen, and the next frame takes its key.
func (l *Log) reopen() error {
	l.handle.Lock()
	defer l.handle.Unlock()
	if err := l.deadly(); err != nil {
		return err
	}
	if err := l.closeFile(); err != nil {
		return err
	}
	db, err := openFile(l.path, false, l.options.LockWait, l.options.maxSize)
	if err != nil {
		return err
	}
	if err := l.sameAsBefore(db); err != nil {
		return closeAfter(db, err)
	}
	l.db = db
	return nil
}

func (l *Log) sameAsBefore(db *bolt.DB) error {
	m, found, err := readState(db, l.path, true)
	if err != nil {
		return err
	}
	known := l.ends()
	switch {
	case m.ID != l.meta.ID:
		return sentence(ErrNotOurs, l.path, "%s has become another log: start the program again", l.path)
	case found.last == known.last && found.crc == known.crc:
		return nil
	case found.last <= known.last:
		return missing(l.path, found.last+1, fmt.Sprintf("events up to %d had been written", known.last))
	}
	// One frame more than was acknowledged: it must follow what was.
	return guarded(l.path, func() error {
		return db.View(func(tx *bolt.Tx) error {
			key, value := tx.Bucket([]byte(bucketTail)).Cursor().Last()
			f, err := frameAt(l.path, key, value)
			if err != nil {
				return err
			}
			if f.first != max(known.last+1, l.meta.First) || f.previous != known.crc {
				return missing(l.path, known.last+1, "what follows was not written by this process")
			}
			return nil
		})
	})
}

package store

import (
	"bytes"
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

	if err := l.writable(); err != nil {
		return jobmon.Batch{}, err
	}
	b := l.ends()
	next := b.next(&l.meta().meta)
	f := frame{previous: b.crc, first: max(next, l.skipTo), at: at}
	f.skipped, f.count = f.first-next, len(events)
	var err error
	if l.frame, l.body, f.crc, err = appendFrame(l.frame[:0], l.body, &f, events); err != nil {
		return jobmon.Batch{}, err
	}
	end := b
	end.add(&f)
	what := fmt.Sprintf("appending events %d to %d", f.first, f.last())
	err = l.extend(&end, nil, what, func(tx *bolt.Tx) (err error) {
		end.tail, err = putFrame(tx, l.path, &b, &f, l.frame)
		return err
	})
	if err != nil {
		return jobmon.Batch{}, err
	}
	if cap(l.frame) > maxScratch {
		l.frame, l.body = nil, nil
	}

	for i := range events {
		events[i].Seq, events[i].At = f.first+uint64(i), at
	}
	return jobmon.Batch{At: at, Events: events}, nil
}

// extend commits what put stores behind the log's end, and makes end its end then, and m its meta record unless that is
// nil. The caller holds appending, and end is not read before put was called.
func (l *Log) extend(end *bounds, m *description, what string, put func(tx *bolt.Tx) error) error {
	l.attempts = append(l.attempts, attempt{end.last, end.crc})
	err := l.commit(what, func(tx *bolt.Tx) error {
		if l.unsure {
			if err := l.forget(tx); err != nil {
				return err
			}
		}
		if m != nil {
			if err := tx.Bucket([]byte(bucketMeta)).Put([]byte(keyLog), m.record); err != nil {
				return err
			}
		}
		return put(tx)
	})
	if err != nil {
		return err
	}
	l.unsure, l.attempts = false, nil
	if m != nil {
		l.described.Store(m)
	}
	l.state.Lock()
	defer l.state.Unlock()
	l.bounds = *end
	return nil
}

// attempt is where the log would end if a commit that failed reached the disk.
type attempt struct {
	last uint64
	crc  uint32
}

// SkipTo lets the next batch begin with sequence number seq: those before it that were not given yet are never given.
// It is for a log that lost its end, so that no number that somebody has seen comes to mean another event. The gap is
// recorded with that batch, and until then forgotten when the log is closed. Errors: ErrInvalid (the number has been
// given, or is above jobmon.MaxSeq), ErrReadOnly, ErrClosed.
func (l *Log) SkipTo(seq uint64) error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if err := l.mayWrite(); err != nil {
		return err
	}
	b := l.ends()
	if next := b.next(&l.meta().meta); seq < next {
		return sentence(ErrInvalid, l.path,
			"the next event of %s cannot have the sequence number %d, it is at least %d: "+
				"this is a mistake in the program", l.path, seq, next)
	}
	if seq > jobmon.MaxSeq {
		return sentence(ErrInvalid, l.path,
			"the next event of %s cannot have the sequence number %d, the highest is %d",
			l.path, seq, jobmon.MaxSeq)
	}
	l.skipTo = seq
	return nil
}

// Next is the sequence number that the next event appended will have.
func (l *Log) Next() uint64 {
	l.appending.Lock()
	defer l.appending.Unlock()
	b := l.ends()
	return max(b.next(&l.meta().meta), l.skipTo)
}

// mayWrite returns why the log takes nothing. The caller holds appending.
func (l *Log) mayWrite() error {
	if l.options.ReadOnly {
		return sentence(ErrReadOnly, l.path, "%s is open for reading only: this is a mistake in the program", l.path)
	}
	if l.closed {
		return errClosed(l.path)
	}
	return nil
}

// Recover opens the file again after a failed commit, as the next Append would. Until then, a log whose file could
// not be opened again cannot be read: reading gives ErrClosed.
func (l *Log) Recover() error {
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.writable()
}

// writable opens the file again after a failed commit. The caller holds appending.
func (l *Log) writable() error {
	if err := l.mayWrite(); err != nil {
		return err
	}
	if l.failed {
		if err := l.reopen(); err != nil {
			return err
		}
		l.failed, l.unsure = false, true
	}
	return nil
}

// maxScratch is how many bytes of working space are kept from one append to the next.
const maxScratch = 1 << 20

// commitTx commits; tests make it fail.
var commitTx = (*bolt.Tx).Commit

// commit writes in one transaction what write puts into it, and returns when it is on the disk. what names the attempt
// in errors. The caller holds appending.
func (l *Log) commit(what string, write func(*bolt.Tx) error) error {
	l.handle.RLock()
	defer l.handle.RUnlock()
	err := l.use(func(db *bolt.DB) error {
		tx, err := db.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() // after the commit it does nothing
		if err := write(tx); err != nil {
			return err
		}
		return commitTx(tx)
	})
	if err == nil {
		return nil
	}
	l.failed = true
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return ioError(what+" to "+l.path, err)
}

// forget removes what a failed commit left behind the end of the log.
func (l *Log) forget(tx *bolt.Tx) error {
	last := l.ends().last
	for _, name := range [...]string{bucketTail, bucketBlocks} {
		if bucket := tx.Bucket([]byte(name)); bucket != nil {
			if err := cutOff(tx, bucket, []byte(name), last); err != nil {
				return err
			}
		}
	}
	if tx.Bucket([]byte(bucketTail)) == nil {
		if _, err := tx.CreateBucket([]byte(bucketTail)); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyLog), l.meta().record)
}

// cutOff removes what is stored behind sequence number last, and the bucket when nothing is left in it. It looks up all
// keys first: between pages that have become empty, a cursor may search for ever.
func cutOff(tx *bolt.Tx, bucket *bolt.Bucket, name []byte, last uint64) error {
	c := bucket.Cursor()
	if first, _ := c.First(); bytes.Compare(first, seqKey(last)) > 0 {
		return tx.DeleteBucket(name)
	}
	var over [][]byte
	for key, _ := c.Seek(seqKey(last + 1)); key != nil; key, _ = c.Next() {
		over = append(over, bytes.Clone(key))
	}
	for _, key := range over {
		if err := bucket.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// reopen closes the file after a failed commit and opens it again, so that nothing is left of what bbolt and the
// system believed to be on the disk. What was acknowledged must still be there. What is behind it must be what
// failed: it stays unseen, and the next commit takes its place.
func (l *Log) reopen() error {
	l.handle.Lock()
	defer l.handle.Unlock()
	if err := l.deadly(); err != nil {
		return err
	}
	if err := l.closeFile(); err != nil {
		return err
	}
	db, err := openFile(l.path, false, l.options.LockWait, false)
	if err != nil {
		return err
	}
	tail, err := l.sameAsBefore(db)
	if err != nil {
		return closeAfter(db, err)
	}
	l.db = db
	l.state.Lock()
	l.bounds.tail = tail // the failed commit may have sealed it
	l.state.Unlock()
	return nil
}

// sameAsBefore makes sure that the file holds what was acknowledged. It returns where its tail begins.
func (l *Log) sameAsBefore(db *bolt.DB) (tail uint64, err error) {
	m, found, err := readState(db, l.path)
	if err != nil {
		return 0, err
	}
	known := l.ends()
	switch {
	case m.ID != l.meta().ID:
		return 0, sentence(ErrNotOurs, l.path, "%s has become another log: start the program again", l.path)
	case found.last == known.last && found.crc == known.crc:
		l.attempts = nil
		return found.tail, nil
	case found.last <= known.last:
		return 0, missing(l.path, found.last+1, known.last, fmt.Sprintf("events up to %d had been written", known.last))
	}
	for _, a := range l.attempts {
		if found.last == a.last && found.crc == a.crc {
			l.attempts = []attempt{a}
			return found.tail, nil
		}
	}
	return 0, missing(l.path, known.last+1, 0, "what follows was not written by this process")
}

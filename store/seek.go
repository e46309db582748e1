package store

import (
	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Moment is a place in the log that was found by time.
type Moment struct {
	Seq   uint64         // last sequence number of the last batch that is not later
	At    jobmon.Instant // time of that batch
	Times int            // how often the clock passed the time that was asked for: more than once when it was set back
	First uint64         // all events up to this one are not later, the next one is; Seq when none is
}

// Moment finds the last batch whose time (UTC) is not later than at; ok is false when all are later. It reads the
// heads of all blocks, the blocks in which the clock passed that time, and the tail. A block with a damaged head is
// left out. Errors are those of Read.
func (l *Log) Moment(at jobmon.Instant) (m Moment, ok bool, err error) {
	b := l.ends()
	before := false // the last batch that was looked at was not later
	passed := false // one of those before it was
	see := func(seq uint64, batchAt jobmon.Instant, later bool) {
		if !later {
			m.Seq, m.At = seq, batchAt
			if !before {
				m.Times++
			}
		}
		if later && !passed {
			m.First, passed = m.Seq, true
		}
		before = !later
	}
	scan := func(from, to uint64) error {
		for batch, err := range l.Scan(from) {
			if err != nil {
				return err
			}
			if batch.First() > to {
				break
			}
			see(batch.Last(), batch.At, batch.At > at)
		}
		return nil
	}
	heads, err := l.heads(b.tail)
	for i := 0; err == nil && i < len(heads); i++ {
		if h := &heads[i]; h.minAt <= at && h.maxAt > at {
			err = scan(h.first, h.last)
		} else {
			see(h.last, h.lastAt, h.minAt > at)
		}
	}
	if err == nil {
		err = scan(b.tail, b.last)
	}
	if !passed {
		m.First = m.Seq
	}
	return m, m.Times > 0 && err == nil, err
}

// heads are the heads of the blocks before the tail, without those that are damaged.
func (l *Log) heads(tail uint64) (list []head, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketBlocks))
		if bucket == nil {
			return nil
		}
		c := bucket.Cursor()
		for key, value := c.First(); key != nil; key, value = c.Next() {
			h, bad := parseHead(value)
			if seq, ok := keySeq(key); bad != nil || !ok || seq != h.first {
				continue
			}
			if h.first >= tail {
				break // it was sealed just now
			}
			h.computers = nil // bytes of the transaction
			list = append(list, h)
		}
		return nil
	})
	return list, err
}

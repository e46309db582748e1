package store

import (
	"sync"

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
	b, p := l.ends(), passing{moment: &m}
	scan := func(from, to uint64) error {
		for batch, err := range l.Scan(from) {
			if err != nil {
				return err
			}
			if batch.First() > to {
				break
			}
			p.see(batch.Last(), batch.At, batch.At > at)
		}
		return nil
	}
	heads, err := l.heads()
	for i := 0; err == nil && i < len(heads) && heads[i].first < b.tail; i++ {
		if h := &heads[i]; h.minAt <= at && h.maxAt > at {
			err = scan(h.first, h.last)
		} else {
			p.see(h.last, h.lastAt, h.minAt > at)
		}
	}
	if err == nil {
		err = scan(b.tail, b.last)
	}
	if !p.passed {
		m.First = m.Seq
	}
	return m, m.Times > 0 && err == nil, err
}

// passing looks at batches in their order and finds where the clock passes a time.
type passing struct {
	moment *Moment
	before bool // the last batch was not later
	passed bool // one of those before it was
}

// see looks at batches that end with the number seq, the last one of time at; later says that all are later.
func (p *passing) see(seq uint64, at jobmon.Instant, later bool) {
	if !later {
		if p.moment.Seq, p.moment.At = seq, at; !p.before {
			p.moment.Times++
		}
	}
	if later && !p.passed {
		p.moment.First, p.passed = p.moment.Seq, true
	}
	p.before = !later
}

// knownHeads are the heads of the blocks, without those that are damaged: some 150 bytes for 1,024 events.
type knownHeads struct {
	mu   sync.Mutex
	list []head
}

// heads reads the heads of the blocks, those before the tail at least. Blocks never change: it reads the new ones.
func (l *Log) heads() ([]head, error) {
	l.blocks.mu.Lock()
	defer l.blocks.mu.Unlock()
	next, list, last := uint64(0), l.blocks.list, l.ends().last
	if n := len(list); n > 0 {
		next = list[n-1].first + 1
	}
	err := l.view(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketBlocks))
		if bucket == nil {
			return nil
		}
		c := bucket.Cursor()
		for key, value := c.Seek(seqKey(next)); key != nil; key, value = c.Next() {
			h, bad := parseHead(value)
			if h.first > last {
				break // what a failed commit left
			}
			if seq, ok := keySeq(key); bad != nil || !ok || seq != h.first {
				continue
			}
			h.computers = nil // bytes of the transaction
			list = append(list, h)
		}
		return nil
	})
	if err == nil {
		l.blocks.list = list
	}
	return list, err
}

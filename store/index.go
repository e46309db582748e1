package store

import (
	"iter"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// index is what the heads of the blocks say, kept in memory: about 100 bytes for 1,024 events. Blocks are never
// changed, so it only ever grows; it is read when it is first asked for.
type index struct {
	mu      sync.Mutex
	entries []indexEntry
}

type indexEntry struct {
	first, last  uint64
	minAt, maxAt jobmon.Instant
	head         blockHead // of which lists and gaps are asked
	bad          bool      // the head is damaged: what the block holds is not known
}

// sealed are the index entries of all blocks, and the last sequence number when they were read.
func (l *Log) sealed() (entries []indexEntry, last uint64, err error) {
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	b := l.ends()
	err = l.view(func(tx *bolt.Tx) error { return l.index.grow(tx, &b) })
	return l.index.entries, b.last, err
}

// grow adds the blocks that were sealed since it grew last.
func (x *index) grow(tx *bolt.Tx, b *bounds) error {
	bucket := tx.Bucket([]byte(bucketBlocks))
	if bucket == nil {
		return nil
	}
	next := uint64(0)
	if n := len(x.entries); n > 0 {
		next = x.entries[n-1].first + 1
	}
	c := bucket.Cursor()
	for key, value := c.Seek(seqKey(next)); key != nil; key, value = c.Next() {
		seq, ok := keySeq(key)
		if !ok {
			continue // reading says so
		}
		if seq > b.last {
			return nil
		}
		if n := len(x.entries); n > 0 && x.entries[n-1].bad {
			x.entries[n-1].last = seq - 1
		}
		e := indexEntry{first: seq, last: max(seq, b.tail-1)} // which is so when it is the last one
		h, _, bad := parseBlockHead(value)
		if bad != nil || h.first != seq {
			e.bad = true
		} else {
			h.computers = append([]byte(nil), h.computers...)
			e.last, e.minAt, e.maxAt, e.head = h.last, h.minAt, h.maxAt, h
		}
		x.entries = append(x.entries, e)
	}
	return nil
}

// Computer yields the history of one computer from sequence number from on: the batches in which it has a part, in
// order, each with the events of that computer alone. It reads the blocks that list the computer and the tail. Events
// that concern all computers are not among them. Failures, and all else, are as with Read; a batch belongs to the
// caller.
func (l *Log) Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		entries, last, err := l.sealed()
		if err != nil {
			yield(jobmon.Batch{}, err)
			return
		}
		listed, rest := listing(entries, id, from, last)
		r := reader{origin: l, path: l.path, last: last, reuse: true, blocks: blockReader{reuse: true}}
		part := partOf(id, yield)
		for len(listed) > 0 {
			r.page.clear()
			if err = l.view(func(tx *bolt.Tx) (err error) { listed, err = r.page.copyBlocks(tx, l.path, listed); return err }); err != nil {
				break
			}
			for i := range r.page.pieces {
				p := &r.page.pieces[i]
				r.from, r.chained = max(from, p.key), false
				for err = r.piece(p, part); err != nil; err = r.piece(p, part) {
					next, ok := l.over(err, r.from)
					if !ok || next > p.until {
						break
					}
					r.from, r.chained = next, false // a block of frames is read on behind the damaged one
				}
				if _, ok := l.over(err, r.from); err != nil && !ok {
					break
				}
				err = nil
			}
			if err != nil {
				break
			}
		}
		switch {
		case err == errEnough:
			return
		case err != nil:
			yield(jobmon.Batch{}, err)
			return
		}
		for batch, err := range l.Scan(rest) {
			if !part(batch, err) {
				return
			}
		}
	}
}

// listing are the keys of the blocks, from sequence number from on, that list the computer or may do so, and where the tail begins.
func listing(entries []indexEntry, id jobmon.ComputerID, from, last uint64) (listed []uint64, tail uint64) {
	tail = from
	for i := range entries {
		e := &entries[i]
		if e.last >= from && (e.bad || e.head.lists(id)) {
			listed = append(listed, e.first)
		}
		tail = max(tail, min(e.last, last)+1)
	}
	return listed, tail
}

// partOf passes on of each batch the events of one computer, copied, and no batch without any.
func partOf(id jobmon.ComputerID, yield func(jobmon.Batch, error) bool) func(jobmon.Batch, error) bool {
	return func(batch jobmon.Batch, err error) bool {
		if batch.Events = ofComputer(batch.Events, id); err == nil && len(batch.Events) == 0 {
			return true
		}
		return yield(batch, err)
	}
}

// ofComputer copies the events of one computer.
func ofComputer(events []jobmon.Event, id jobmon.ComputerID) []jobmon.Event {
	var of []jobmon.Event
	for i := range events {
		if events[i].Computer == id {
			of = append(of, events[i])
		}
	}
	return of
}

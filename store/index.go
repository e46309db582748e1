package store

import (
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// index holds the heads of the blocks in memory: about 100 bytes for 1,024 events. Blocks are never changed, so it only
// ever grows; it is read when it is first needed.
type index struct {
	mu      sync.Mutex
	entries []indexEntry
}

type indexEntry struct {
	first, last uint64
	head        head
	bad         bool // the head is damaged: what the block holds is not known
}

// sealed returns the index entries of all blocks.
func (l *Log) sealed() ([]indexEntry, error) {
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	b := l.ends()
	err := l.view(func(tx *bolt.Tx) error { return l.index.grow(tx, &b) })
	return l.index.entries, err
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
			continue // reading reports it
		}
		if seq > b.last {
			return nil
		}
		if n := len(x.entries); n > 0 && x.entries[n-1].bad {
			x.entries[n-1].last = seq - 1
		}
		e := indexEntry{first: seq, last: max(seq, b.tail-1)} // which is so when it is the last one
		h, bad := parseHead(value)
		if bad != nil || h.first != seq {
			e.bad = true
		} else {
			h.computers = append([]byte(nil), h.computers...)
			e.last, e.head = h.last, h
		}
		x.entries = append(x.entries, e)
	}
	return nil
}

// maxListed is how many blocks are looked up at once for one computer.
const maxListed = 64

// listing returns the keys of the next blocks, from sequence number from on, that list the computer or may do so, and
// where reading goes on without any.
func listing(entries []indexEntry, id jobmon.ComputerID, from, last uint64) (listed []uint64, rest uint64) {
	rest = from
	for i := range entries {
		e := &entries[i]
		if e.last >= from && (e.bad || e.head.lists(id)) {
			listed = append(listed, e.first)
		}
		if len(listed) == maxListed {
			break
		}
		rest = max(rest, min(e.last, last)+1)
	}
	return listed, rest
}

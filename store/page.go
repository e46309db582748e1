package store

import (
	"math"

	bolt "go.etcd.io/bbolt"
)

// pageBytes is how many bytes of frames and blocks are copied out in one transaction, unless one alone has more.
const pageBytes = 256 << 10

// page is some frames and blocks copied out of the file.
type page struct {
	data   []byte
	pieces []piece
}

// piece is one frame or one block.
type piece struct {
	key        uint64 // sequence number under which it is stored
	until      uint64 // the last one that it can hold, as far as is known
	sealed     bool   // among the blocks
	begin, end int    // where it is in the page's data
}

func (p *page) clear() { p.data, p.pieces = p.data[:0], p.pieces[:0] }

func (p *page) bytes(of *piece) []byte { return p.data[of.begin:of.end] }

// copy copies blocks and frames in their order, beginning with the one that can hold sequence number from, at least one
// if there is one, and none behind last.
func (p *page) copy(tx *bolt.Tx, path string, from, last uint64) error {
	tail := tx.Bucket([]byte(bucketTail)).Cursor()
	key, value := atOrBefore(tail, from)
	if seq, ok := keySeq(key); !ok || seq > from {
		if blocks := tx.Bucket([]byte(bucketBlocks)); blocks != nil {
			c := blocks.Cursor()
			blockKey, block := atOrBefore(c, from)
			if h, bad := parseHead(block); bad == nil && h.last < from {
				blockKey, block = c.Next() // numbers were skipped behind it
			}
			if more, err := p.add(c, blockKey, block, true, path, from, last); !more || err != nil {
				return err
			}
		}
	} else if f, bad := parseFrame(value); bad == nil && f.last() < from {
		key, value = tail.Next() // the same
	}
	_, err := p.add(tail, key, value, false, path, from, last)
	return err
}

// take copies a frame or a block.
func (p *page) take(path string, seq uint64, value []byte, sealed bool) error {
	if len(value) > maxBlock {
		return damage(path, seq, seq, broken(maxBlock, "it has at most %d bytes", maxBlock))
	}
	begin := len(p.data)
	p.data = append(p.data, value...)
	p.pieces = append(p.pieces, piece{key: seq, until: math.MaxUint64, sealed: sealed, begin: begin, end: len(p.data)})
	return nil
}

// atOrBefore is the entry with the greatest key that is no greater than seq, or else the first entry.
func atOrBefore(c *bolt.Cursor, seq uint64) (key, value []byte) {
	key, value = c.Seek(seqKey(seq))
	if at, ok := keySeq(key); ok && at == seq {
		return key, value
	}
	if key == nil {
		key, value = c.Last()
	} else {
		key, value = c.Prev()
	}
	if key == nil {
		return c.First()
	}
	return key, value
}

// add copies entries from the cursor's on; it returns false when the page is full or last is reached.
func (p *page) add(c *bolt.Cursor, key, value []byte, sealed bool, path string, from, last uint64) (bool, error) {
	for ; key != nil; key, value = c.Next() {
		seq, ok := keySeq(key)
		if !ok {
			return false, missing(path, from, 0, "what comes next is stored under a key that is no sequence number")
		}
		if n := len(p.pieces); n > 0 {
			p.pieces[n-1].until = seq - 1
			if seq > last {
				return false, nil
			}
			if len(p.data)+len(value) > pageBytes {
				return false, nil
			}
		}
		if err := p.take(path, seq, value, sealed); err != nil {
			return false, err
		}
	}
	return true, nil
}

// copyBlocks copies blocks of those keys, at least one and as many as a page holds.
func (p *page) copyBlocks(tx *bolt.Tx, path string, keys []uint64) error {
	bucket := tx.Bucket([]byte(bucketBlocks))
	if bucket == nil {
		return missing(path, keys[0], 0, "its block is gone")
	}
	c := bucket.Cursor()
	behind, _ := tx.Bucket([]byte(bucketTail)).Cursor().First()
	for _, seq := range keys {
		if len(p.data) > pageBytes {
			return nil
		}
		key, value := c.Seek(seqKey(seq))
		if at, ok := keySeq(key); !ok || at != seq {
			return missing(path, seq, 0, "its block is gone")
		}
		if err := p.take(path, seq, value, true); err != nil {
			return err
		}
		next, _ := c.Next()
		if next == nil {
			next = behind
		}
		if at, ok := keySeq(next); ok {
			p.pieces[len(p.pieces)-1].until = at - 1
		}
	}
	return nil
}

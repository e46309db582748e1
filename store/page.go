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
	parts  []piece // of a block of frames
}

// piece is one frame or one block.
type piece struct {
	key        uint64 // sequence number under which it is stored
	until      uint64 // the last one that it can hold, as far as is known
	sealed     bool   // a block
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
			if h, _, bad := parseBlockHead(block); bad == nil && h.last < from {
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

// add copies entries from the cursor's on; it says false when the page is full or last is reached.
func (p *page) add(c *bolt.Cursor, key, value []byte, sealed bool, path string, from, last uint64) (bool, error) {
	limit := MaxFrame
	if sealed {
		limit = maxBlock
	}
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
		if len(value) > limit {
			return false, damage(path, seq, seq, broken(limit, "it has at most %d bytes", limit))
		}
		begin := len(p.data)
		p.data = append(p.data, value...)
		p.pieces = append(p.pieces, piece{key: seq, until: math.MaxUint64, sealed: sealed, begin: begin, end: len(p.data)})
	}
	return true, nil
}

// copyBlocks copies blocks of those keys, at least one, and returns the keys that are left.
func (p *page) copyBlocks(tx *bolt.Tx, path string, keys []uint64) (left []uint64, err error) {
	bucket := tx.Bucket([]byte(bucketBlocks))
	if bucket == nil {
		return nil, missing(path, keys[0], 0, "its block is gone")
	}
	c := bucket.Cursor()
	behind, _ := tx.Bucket([]byte(bucketTail)).Cursor().First()
	for i, seq := range keys {
		if len(p.data) > pageBytes {
			return keys[i:], nil
		}
		key, value := c.Seek(seqKey(seq))
		if at, ok := keySeq(key); !ok || at != seq {
			return nil, missing(path, seq, 0, "its block is gone")
		}
		if len(value) > maxBlock {
			return nil, damage(path, seq, seq, broken(maxBlock, "it has at most %d bytes", maxBlock))
		}
		begin := len(p.data)
		p.data = append(p.data, value...)
		until := uint64(math.MaxUint64)
		next, _ := c.Next()
		if next == nil {
			next = behind
		}
		if at, ok := keySeq(next); ok {
			until = at - 1
		}
		p.pieces = append(p.pieces, piece{key: seq, until: until, sealed: true, begin: begin, end: len(p.data)})
	}
	return nil, nil
}

// inside finds the frames in a block of frames.
func (p *page) inside(of *piece, b *block) ([]piece, *frameError) {
	p.parts = p.parts[:0]
	c := cursor{data: b.body}
	for c.at < len(c.data) {
		begin := c.at
		key, length := c.uvarint(), c.uvarint()
		at := of.begin + b.bodyAt + c.at
		c.bytes(length)
		n := len(p.parts)
		if c.bad || key > b.last || key < b.first || n > 0 && key <= p.parts[n-1].key {
			return nil, broken(b.bodyAt+begin, "no frame begins here")
		}
		if n > 0 {
			p.parts[n-1].until = key - 1
		}
		p.parts = append(p.parts, piece{key: key, until: b.last, begin: at, end: at + int(length)})
	}
	return p.parts, nil
}

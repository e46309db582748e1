package store

import (
	"bytes"
	"iter"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// pageBytes is how many bytes of frames and blocks are copied out in one transaction, unless one alone has more.
const pageBytes = 256 << 10

// Part is a frame or a block as it is stored.
type Part struct {
	Seq    uint64 `json:"seq"`              // the sequence number under which it is stored
	Until  uint64 `json:"until"`            // what comes next begins behind it
	Since  uint64 `json:"since,omitempty"`  // what was left out right before it ends before this number
	Sealed bool   `json:"sealed,omitempty"` // it is among the blocks
	Data   []byte `json:"data"`
}

// Extract is a page of a log as it is stored.
type Extract struct {
	Meta  []byte `json:"meta"` // the meta record
	Last  uint64 `json:"last"` // the log's last sequence number when the page was copied
	Parts []Part `json:"parts"`
}

// Extract copies a page, 256 KiB or one part, beginning with the part that can hold sequence number from; there are no
// parts behind Last. A copy of the log is made of such pages, while others append. Damage inside a part is copied as
// well. The bytes belong to the caller. Errors: ErrClosed, ErrCorrupt, and those of the operating system.
func (l *Log) Extract(from uint64) (Extract, error) { return l.extract(from, nil) }

// ExtractComputer is Extract without the blocks that do not list the computer.
func (l *Log) ExtractComputer(id jobmon.ComputerID, from uint64) (Extract, error) {
	return l.extract(from, &id)
}

func (l *Log) extract(from uint64, one *jobmon.ComputerID) (Extract, error) {
	x := Extract{Last: l.ends().last}
	m := l.meta() // never behind the ends
	x.Meta = m.record
	if from = max(from, m.First); from > x.Last {
		return x, l.usable()
	}
	err := l.view(func(tx *bolt.Tx) error { return x.copy(tx, l.path, from, one) })
	return x, err
}

// copy copies parts in their order, at least one if there is one, and none behind Last.
func (x *Extract) copy(tx *bolt.Tx, path string, from uint64, one *jobmon.ComputerID) error {
	size, since := 0, uint64(1)
	var before *Part // the part whose end the next entry shows
	for e, sealed := range stored(tx, from) {
		seq, ok := keySeq(e.key)
		if !ok {
			return missing(path, from, 0, "what comes next is stored under a key that is no sequence number")
		}
		if before != nil {
			before.Until, before = min(seq-1, before.Until), nil
		}
		if len(x.Parts) > 0 && (seq > x.Last || size+len(e.value) > pageBytes) {
			return nil
		}
		if last, ok := leftOut(e.value, from, len(x.Parts) == 0, one); ok {
			since = last + 1
			continue
		}
		if len(e.value) > maxBlock {
			return damage(path, seq, seq, broken(maxBlock, "it has at most %d bytes", maxBlock))
		}
		size += len(e.value)
		x.Parts = append(x.Parts, Part{
			Seq: seq, Until: max(x.Last, seq), Since: since, Sealed: sealed, Data: bytes.Clone(e.value),
		})
		before = &x.Parts[len(x.Parts)-1]
	}
	return nil
}

// leftOut reports whether a page leaves out a frame or block, and where that ends. The first one may end before the
// number at which the page begins, because numbers were skipped behind it. A block may not list the computer.
func leftOut(value []byte, from uint64, first bool, one *jobmon.ComputerID) (last uint64, ok bool) {
	if !first && (one == nil || !isBlock(value)) {
		return 0, false
	}
	h, bad := parseHead(value) // a damaged one stays
	return h.last, bad == nil && (first && h.last < from || one != nil && !h.lists(*one))
}

// entry is a key of a bucket with its value.
type entry struct{ key, value []byte }

// stored yields the blocks (sealed) and then the frames of the tail, beginning with the last one whose key is not
// greater than from, or else the first one.
func stored(tx *bolt.Tx, from uint64) iter.Seq2[entry, bool] {
	return func(yield func(e entry, sealed bool) bool) {
		tail := tx.Bucket([]byte(bucketTail)).Cursor()
		key, value := atOrBefore(tail, from)
		if seq, ok := keySeq(key); !ok || seq > from {
			if blocks := tx.Bucket([]byte(bucketBlocks)); blocks != nil {
				c := blocks.Cursor()
				for k, v := atOrBefore(c, from); k != nil; k, v = c.Next() {
					if !yield(entry{k, v}, true) {
						return
					}
				}
			}
		}
		for ; key != nil; key, value = tail.Next() {
			if !yield(entry{key, value}, false) {
				return
			}
		}
	}
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

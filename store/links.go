package store

import (
	"iter"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Links yields the batches like Read, each with its place in the chain: what Follow appends to a copy of the log.
// Behind damage that reading leaves out, the next link is After an event that was not yielded.
func (l *Log) Links(from uint64) iter.Seq2[jobmon.Link, error] {
	return func(yield func(jobmon.Link, error) bool) {
		r := l.reader(from, false)
		r.proving = true // makes the checksums of the batches of blocks
		r.each(func(b jobmon.Batch, err error) bool {
			if err != nil {
				return yield(jobmon.Link{}, err)
			}
			return yield(r.link(b), nil)
		})
	}
}

// link is the link of the batch that is yielded.
func (r *reader) link(b jobmon.Batch) jobmon.Link {
	k := jobmon.Link{Batch: b, Previous: r.batch.previous, Sum: r.batch.crc}
	begin := b.First() - r.batch.skipped
	if r.opens {
		k.Lost, k.Seam = r.meta.seam(begin)
	}
	if k.After = begin - k.Lost - 1; k.After+1 == r.meta.First { // the log begins with it
		k.After = 0
		if k.Seam {
			k.Lost = begin - 1
		}
	}
	return k
}

// SumAt is the checksum of the batch that ends with event seq; ok is false where none ends there. Errors are those of
// Read.
func (l *Log) SumAt(seq uint64) (sum uint32, ok bool, err error) {
	b := l.ends()
	switch {
	case seq == 0 || seq > b.last || seq < b.first:
		return 0, false, nil
	case seq == b.last:
		return b.crc, true, nil
	}
	err = l.view(func(tx *bolt.Tx) error {
		for e := range stored(tx, seq) {
			sum, ok, err = sumIn(l.path, e, seq)
			return err
		}
		return nil
	})
	return sum, ok, err
}

// sumIn looks for the batch that ends with event seq in a frame or block.
func sumIn(path string, e entry, seq uint64) (sum uint32, ok bool, err error) {
	h, err := headAt(path, e)
	if err != nil || h.last < seq {
		return 0, false, err
	}
	if h.last == seq {
		return h.crc, true, nil
	}
	if h.frame {
		return 0, false, nil
	}
	b, bad := parsePart(e.value)
	r := reader{proving: true}
	var events []jobmon.Event
	if bad == nil {
		events, bad = r.decode(&b)
	}
	if bad != nil {
		return 0, false, damage(path, h.first, h.last, bad)
	}
	for i := range r.blocks.batches {
		if batch := &r.blocks.batches[i]; events[batch.end-1].Seq == seq {
			return batch.crc, true, nil
		}
	}
	return 0, false, nil
}

// End is the number of the newest event and the checksum of its batch, once they are on the disk. A log without events
// ends with 0 and the checksum that its first batch follows.
func (l *Log) End() (seq uint64, sum uint32) {
	b := l.ends()
	return b.last, b.crc
}

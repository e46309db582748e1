package store

import (
	"bytes"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	sealEvents = 1024    // sequence numbers that the tail holds at most, unless one batch has more
	sealBytes  = 1 << 20 // bytes of frames that go into one block, unless one frame has more
)

// putFrame stores a frame behind what b describes, and seals the tail before it when it would become too long. It
// returns where the tail begins then.
func putFrame(tx *bolt.Tx, path string, b *bounds, f *frame, data []byte) (tail uint64, err error) {
	if tail = b.tail; tail > b.last {
		tail = 0 // only what a failed commit had left was there
	}
	if tail > 0 && f.last()-tail >= sealEvents {
		if err = sealTail(tx, path); err != nil {
			return 0, err
		}
		tail = 0
	}
	if tail == 0 {
		tail = f.first
	}
	bucket := tx.Bucket([]byte(bucketTail))
	bucket.FillPercent = fill
	return tail, bucket.Put(seqKey(f.first), data)
}

// sealTail packs the tail's frames into blocks and removes them from the tail. It never fails for what is in the
// frames: those that cannot be packed, being damaged or of a newer writer, stay as they are, among the blocks.
func sealTail(tx *bolt.Tx, path string) error {
	tail := tx.Bucket([]byte(bucketTail))
	var group []tailFrame
	events, size := 0, 0
	flush := func() error {
		err := putBlocks(tx, group)
		group, events, size = nil, 0, 0
		return err
	}
	c := tail.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		f, ok := newTailFrame(key, value)
		if !ok {
			return misfit(path, "a frame is stored under a key that is no sequence number")
		}
		if events+f.count > sealEvents || size+len(value) > sealBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		group = append(group, f)
		events, size = events+f.count, size+len(value)
	}
	if err := flush(); err != nil {
		return err
	}
	return emptyTail(tx)
}

// putBlocks stores frames in as few blocks as possible, behind all others.
func putBlocks(tx *bolt.Tx, group []tailFrame) error {
	if len(group) == 0 {
		return nil
	}
	blocks, err := tx.CreateBucketIfNotExists([]byte(bucketBlocks))
	if err != nil {
		return err
	}
	blocks.FillPercent = fill
	return pack(group, func(seq uint64, data []byte) error { return blocks.Put(seqKey(seq), data) })
}

// emptyTail removes all frames of the tail.
func emptyTail(tx *bolt.Tx) error {
	err := tx.DeleteBucket([]byte(bucketTail))
	if err == nil {
		_, err = tx.CreateBucket([]byte(bucketTail))
	}
	return err
}

// tailFrame is a frame that is to be sealed.
type tailFrame struct {
	frame
	key  uint64
	data []byte
	bad  bool

	decoded []jobmon.Event // nil where they are only in the bytes
}

func newTailFrame(key, value []byte) (t tailFrame, ok bool) {
	t.data = value
	if t.key, ok = keySeq(key); !ok {
		return t, false
	}
	f, bad := parseFrame(value)
	t.frame, t.bad = f, bad != nil || f.first != t.key
	return t, true
}

// pack makes as few blocks as possible of the frames. One that cannot be in a block is put as it is.
func pack(group []tailFrame, put func(seq uint64, data []byte) error) error {
	if block := packed(group); block != nil {
		return put(group[0].key, block)
	}
	if len(group) == 1 {
		return put(group[0].key, group[0].data)
	}
	half := len(group) / 2
	if err := pack(group[:half], put); err != nil {
		return err
	}
	return pack(group[half:], put)
}

// packed makes a block of the frames, nil when that would not give them back byte for byte, or be too large.
func packed(group []tailFrame) []byte {
	batches := make([]jobmon.Batch, len(group))
	h := group[0].head()
	h.events, h.batches, h.gaps = 0, len(group), nil
	var d decoder
	for i := range group {
		f := &group[i]
		if f.bad || i > 0 && (f.begin() != h.last+1 || f.previous != h.crc) {
			return nil
		}
		batches[i] = jobmon.Batch{At: f.at, Events: f.decoded}
		if f.decoded == nil {
			var bad *frameError
			if batches[i].Events, bad = d.events(nil, &f.frame); bad != nil {
				return nil
			}
		}
		h.events, h.last, h.crc = h.events+f.count, f.last(), f.crc
		h.lastAt, h.minAt, h.maxAt = f.at, min(h.minAt, f.at), max(h.maxAt, f.at)
		if f.skipped > 0 {
			h.gaps = append(h.gaps, blockGap{f.first, f.skipped})
		}
	}
	var body []byte
	body, h.computers = appendColumns(nil, batches)
	data := appendBlock(nil, &h, body)
	if len(data) > maxBlock || !unpacks(data, group) {
		return nil
	}
	return data
}

// unpackers are used again, as a block's events are many bytes.
var unpackers = sync.Pool{New: func() any { return &blockReader{reuse: true} }}

// unpacks reports whether a block gives back the frames byte for byte.
func unpacks(data []byte, group []tailFrame) bool {
	b, bad := parsePart(data)
	if bad != nil {
		return false
	}
	r := unpackers.Get().(*blockReader)
	defer unpackers.Put(r)
	events, bad := r.events(&b, &decoder{})
	if bad != nil {
		return false
	}
	same := 0
	_, bad = r.frames(&b, events, func(frame []byte) bool {
		ok := bytes.Equal(frame, group[same].data)
		same++
		return ok
	})
	return bad == nil && same == len(group)
}

// frames makes the frames that a decoded block was made of and gives them to each, which may refuse one. It returns
// the checksum of the last one; those of all are in r.batches.
func (r *blockReader) frames(
	b *part, events []jobmon.Event, each func(frame []byte) bool,
) (crc uint32, bad *frameError) {
	f := frame{previous: b.previous, crc: b.previous}
	var data, scratch []byte
	begin := 0
	for i := range r.batches {
		batch := &r.batches[i]
		of := events[begin:batch.end]
		f.first, f.skipped, f.at, f.previous = of[0].Seq, batch.skipped, batch.at, f.crc
		var err error
		if data, scratch, f.crc, err = appendFrame(data[:0], scratch, &f, of); err != nil || !each(data) {
			return 0, broken(b.bodyAt, "the batch of %d to %d is not as it was appended", of[0].Seq, of[len(of)-1].Seq)
		}
		batch.previous, batch.crc = f.previous, f.crc
		begin = batch.end
	}
	return f.crc, nil
}

package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	sealEvents = 1024    // sequence numbers that the tail holds at most, unless one batch has more
	sealBytes  = 1 << 20 // bytes of frames that go into one block, unless one frame has more
	sealAtOnce = 16      // blocks sealed by one commit: a log of frames alone is sealed little by little
)

// sealTail packs the tail's frames, which hold the sequence numbers up to last, into blocks and removes them from the tail.
// It returns the first sequence number that stays in the tail, 0 when none does.
//
// It never fails for what is in the frames: those that cannot be packed as columns, being damaged or of a newer
// writer, stay byte for byte as they are, in a block of frames.
func sealTail(tx *bolt.Tx, path string, m *meta, last uint64) (rest uint64, err error) {
	tail := tx.Bucket([]byte(bucketTail))
	blocks, err := tx.CreateBucketIfNotExists([]byte(bucketBlocks))
	if err != nil {
		return 0, err
	}
	blocks.FillPercent = fill
	before := m.blockSeed()
	if _, newest := blocks.Cursor().Last(); newest != nil {
		before = sha256.Sum256(newest)
	}
	c := tail.Cursor()
	key, value := c.First()
	var sealed [][]byte
	for n := 0; n < sealAtOnce && key != nil; n++ {
		var group []tailFrame
		events, size := 0, 0
		for ; key != nil; key, value = c.Next() {
			f, ok := newTailFrame(key, value)
			if !ok {
				return 0, misfit(path, "a frame is stored under a key that is no sequence number")
			}
			if len(group) > 0 && (events+f.count > sealEvents || size+len(value) > sealBytes) {
				break
			}
			group = append(group, f)
			events, size = events+f.count, size+len(value)
			sealed = append(sealed, key)
		}
		if len(group) == 0 {
			break
		}
		end := last
		if key != nil {
			rest, _ = keySeq(key)
			end = rest - 1
		} else {
			rest = 0
		}
		data := makeBlock(group, end, before)
		if err := blocks.Put(seqKey(group[0].key), data); err != nil {
			return 0, err
		}
		before = sha256.Sum256(data)
	}
	for _, key := range sealed {
		if err := tail.Delete(key); err != nil {
			return 0, err
		}
	}
	return rest, nil
}

// tailFrame is a frame that is to be sealed.
type tailFrame struct {
	frame
	key  uint64
	data []byte
	bad  bool
}

func newTailFrame(key, value []byte) (t tailFrame, ok bool) {
	t.data = value
	if t.key, ok = keySeq(key); !ok {
		return t, false
	}
	f, bad := parseFrame(value)
	if bad != nil || f.first != t.key {
		t.bad, t.first = true, t.key
		if len(value) >= fixedLen { // what it says of the chain may still be right
			t.previous, t.crc = binary.LittleEndian.Uint32(value[4:]), binary.LittleEndian.Uint32(value[8:])
		}
		return t, true
	}
	t.frame = f
	return t, true
}

// makeBlock makes the block of these frames, which hold the sequence numbers up to end.
func makeBlock(group []tailFrame, end uint64, before [sha256.Size]byte) []byte {
	h := blockHead{
		encoding: asFrames, first: group[0].first, last: end, before: before,
		previous: group[0].previous, crc: group[len(group)-1].crc,
	}
	var body []byte
	good := true
	for i := range group {
		f := &group[i]
		body = binary.AppendUvarint(body, f.key)
		body = binary.AppendUvarint(body, uint64(len(f.data)))
		body = append(body, f.data...)
		if f.bad {
			good = false
			continue
		}
		if h.batches == 0 {
			h.firstAt, h.minAt, h.maxAt = f.at, f.at, f.at
		}
		h.batches, h.events = h.batches+1, h.events+f.count
		h.lastAt, h.minAt, h.maxAt = f.at, min(h.minAt, f.at), max(h.maxAt, f.at)
		if f.skipped > 0 {
			h.gaps = append(h.gaps, blockGap{f.first, f.skipped})
		}
	}
	if good {
		if block := packed(group, h, len(body)); block != nil {
			return block
		}
	}
	return appendBlock(nil, &h, body)
}

// packed makes a block of columns, nil when that would not give back the frames byte for byte, or be larger.
func packed(group []tailFrame, h blockHead, size int) []byte {
	h.encoding, h.last = asColumns, group[len(group)-1].last()
	var events []jobmon.Event
	batches := make([]frame, len(group))
	var d decoder
	for i := range group {
		batches[i] = group[i].frame
		batch, bad := d.events(nil, &batches[i])
		if bad != nil {
			return nil
		}
		events = append(events, batch...)
	}
	var body []byte
	if body, h.computers = appendColumns(nil, batches, events); len(body) > size {
		return nil
	}
	data := appendBlock(nil, &h, body)
	b, bad := parseBlock(data)
	if bad != nil {
		return nil
	}
	var r blockReader
	unpacked, bad := r.events(&b, &d)
	if bad != nil {
		return nil
	}
	same := 0
	_, bad = r.frames(&b, unpacked, func(frame []byte) bool {
		ok := bytes.Equal(frame, group[same].data)
		same++
		return ok
	})
	if bad != nil || same != len(group) {
		return nil
	}
	return data
}

// frames makes the frames that a decoded block was made of and gives them to each, which may refuse one. It returns
// the checksum of the last one.
func (r *blockReader) frames(b *block, events []jobmon.Event, each func(frame []byte) bool) (crc uint32, bad *frameError) {
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
		begin = batch.end
	}
	return f.crc, nil
}

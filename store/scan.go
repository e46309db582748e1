package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// What is below finds frames, blocks and meta records in the bytes of a file by what they are, wherever they lie: bbolt
// keeps a value in one piece, so nothing need be known of its pages, and none of them can mislead. Old copies are found
// too; chain.go decides which of all these make the log.

const (
	scanStep = 64 << 20 // bytes that are searched at once; what begins in them may end behind them

	// maxFinds is how many different frames and blocks are remembered, some 200 bytes each.
	maxFinds = 1 << 20

	// maxMetaTries is how often something is looked at that begins like a meta record.
	maxMetaTries = 10_000
	maxMetaLen   = 1 << 20
)

// found is a frame or a block that is whole.
type found struct {
	head
	offset int64 // in the file
	size   int   // bytes
	sealed bool  // among the blocks, as far as bbolt's tree says
	live   bool  // bbolt's tree points to it
}

// scan is what was found in a file.
type scan struct {
	finds  []found
	meta   meta
	record bool // a meta record was found
	newer  bool // something of another version was found, which cannot be used
	gaveUp bool // too much looked like a frame and was none, or there was too much: something may have been overlooked

	size   int64
	known  map[identity]struct{}
	reader reader // decodes what is found
	wasted int64  // bytes summed up for nothing
	tries  int
}

// identity is the same for all copies of a frame or block.
type identity struct {
	first, last uint64
	crc         uint32
	block       bool
}

// scanFile goes through the whole file. It reads at most a small multiple of its size and keeps no more than two
// blocks of the greatest size and 64 bytes for each find, whatever the bytes are. Errors are the disk's and the
// context's.
func scanFile(ctx context.Context, file io.ReaderAt, size int64) (*scan, error) {
	s := &scan{size: size, known: map[identity]struct{}{}, reader: newChecker()}
	window := make([]byte, min(size, scanStep+maxBlock))
	end := int64(0) // of the last find
	for base := int64(0); base < size; base += scanStep {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		n, err := file.ReadAt(window[:min(int64(len(window)), size-base)], base)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading the log at byte %d: %w", base, err)
		}
		end = s.window(window[:n], base, end)
	}
	return s, nil
}

// window searches what begins in the first scanStep bytes of data, which are those of the file from base on. It returns
// where the last find ends in the file; nothing is searched before that.
func (s *scan) window(data []byte, base, end int64) int64 {
	begins := data[:min(len(data), scanStep+len(metaBegin)+metaSumLen)]
	for at := int(max(0, end-base)); at < len(begins); {
		next := bytes.Index(begins[at:], []byte(magic[:2]))
		if next < 0 {
			break
		}
		at += next
		at += max(s.candidate(data[at:], base+int64(at)), 1)
		end = base + int64(at)
	}
	for at := 0; s.tries < maxMetaTries; at++ {
		next := bytes.Index(begins[at:], []byte(metaBegin))
		if next < 0 {
			break
		}
		if at += next; at >= metaSumLen { // else it was in the window before
			s.tries++
			s.metaRecord(data[at-metaSumLen : min(len(data), at+maxMetaLen)])
		}
	}
	return end
}

// candidate records the frame or block that data begins with, at offset of the file. It returns its size; 0 for none.
func (s *scan) candidate(data []byte, offset int64) int {
	size := sizeOf(data)
	if size == 0 || size > int64(len(data)) {
		return 0
	}
	if size > pageSize && s.wasted > 4*s.size+256<<20 {
		s.gaveUp = true
		return 0
	}
	data = data[:size]
	h, bad := s.reader.check(data)
	if bad != nil {
		s.newer = s.newer || bad.kind == ErrNewer
		s.wasted += size
		return 0
	}
	id := identity{h.first, h.last, h.crc, !h.frame}
	if _, again := s.known[id]; again {
		return len(data)
	}
	if len(s.finds) == maxFinds {
		s.gaveUp = true
		return len(data)
	}
	s.known[id] = struct{}{}
	s.finds = append(s.finds, found{head: h, offset: offset, size: len(data)})
	return len(data)
}

// newChecker is a reader that decodes parts by themselves.
func newChecker() reader { return reader{reuse: true, blocks: blockReader{reuse: true}, proving: true} }

// check decodes all of a frame or block.
func (r *reader) check(data []byte) (head, *frameError) {
	b, bad := parsePart(data)
	if bad == nil {
		_, bad = r.decode(&b)
	}
	b.computers = nil // bytes of data
	return b.head, bad
}

// sizeOf is the size that a frame or block says it has, by its first bytes; 0 when none begins so.
func sizeOf(head []byte) int64 {
	if len(head) <= fixedLen {
		return 0
	}
	c := cursor{data: head, at: fixedLen}
	length, most := c.uvarint(), uint64(MaxFrame)
	switch string(head[:len(magic)]) {
	case magic:
	case blockMagic:
		length, most = min(length, maxBlock)+c.uvarint(), maxBlock
	default:
		return 0
	}
	if c.bad || length > most {
		return 0
	}
	return int64(c.at) + int64(length)
}

// metaBegin begins the JSON of every meta record.
const metaBegin = `{"format":`

// metaRecord records the meta record that begins there, with its checksum.
func (s *scan) metaRecord(record []byte) {
	sum := uint32(0) // of what was looked at so far
	for at := metaSumLen; at < len(record); {
		end := bytes.IndexByte(record[at:], '}')
		if end < 0 {
			return
		}
		end += at + 1
		sum = checksum(sum, record[at:end])
		at = end
		if sum != binary.LittleEndian.Uint32(record) {
			continue
		}
		m, why := parseMeta(record[:end])
		switch {
		case why != "" || m.First == 0:
		case m.known():
			s.meta, s.record = m, true
		default:
			s.newer = true
		}
		return
	}
}

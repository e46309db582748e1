package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What is below finds frames, blocks and meta records in the bytes of a file by what they are, wherever they lie: bbolt
// keeps a value in one piece, so nothing need be known of its pages, and none of them can mislead. Old copies are found
// too; chain.go decides which of all these make the log.

const (
	scanWindow = 1 << 20 // bytes read at once
	scanHeader = fixedLen + 2*binary.MaxVarintLen64

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

	file    io.ReaderAt
	size    int64
	known   map[identity]struct{}
	reader  reader // decodes what is found
	scratch []byte
	wasted  int64 // bytes summed up for nothing
	tries   int
}

// identity is the same for all copies of a frame or block.
type identity struct {
	first, last uint64
	crc         uint32
	block       bool
}

// scanFile goes through the whole file. It reads at most a small multiple of its size and keeps no more than a frame of
// the greatest size and 64 bytes for each find, whatever the bytes are. Errors are the disk's and the context's.
func scanFile(ctx context.Context, file io.ReaderAt, size int64) (*scan, error) {
	s := &scan{file: file, size: size, known: map[identity]struct{}{}, reader: newChecker()}
	window := make([]byte, scanWindow+scanHeader)
	resume := int64(0)
	for base := int64(0); base < size; base += scanWindow {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		n, err := file.ReadAt(window[:min(int64(len(window)), size-base)], base)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading the log at byte %d: %w", base, err)
		}
		if resume, err = s.window(window[:n], base, resume); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// window looks for beginnings in the first scanWindow bytes of data, those before the byte resume of the file left out,
// as they are inside something that was found.
func (s *scan) window(data []byte, base, resume int64) (int64, error) {
	begins := data[:min(len(data), scanWindow+len(magic)-1)]
	for at := max(0, int(min(resume-base, scanWindow))); ; {
		next := bytes.Index(begins[at:], []byte(magic[:2]))
		if next < 0 {
			break
		}
		at += next
		size, err := s.candidate(data[at:], base+int64(at))
		if err != nil {
			return resume, err
		}
		at += max(size, 1)
		resume = base + int64(at)
		if at >= len(begins) {
			break
		}
	}
	for at := 0; s.tries < maxMetaTries; at++ {
		next := bytes.Index(begins[at:], []byte(metaBegin[:1]))
		if next < 0 {
			break
		}
		at += next
		if bytes.HasPrefix(data[at:], []byte(metaBegin)) {
			s.tries++
			if err := s.metaRecord(base + int64(at)); err != nil {
				return resume, err
			}
		}
	}
	return resume, nil
}

// candidate records the frame or block that begins at offset, and returns its size; 0 when there is none.
func (s *scan) candidate(head []byte, offset int64) (int, error) {
	size := sizeOf(head)
	if size == 0 || size > s.size-offset {
		return 0, nil
	}
	if size > pageSize && s.wasted > 4*s.size+256<<20 {
		s.gaveUp = true
		return 0, nil
	}
	data := head
	if int64(len(data)) >= size {
		data = data[:size]
	} else {
		if int64(cap(s.scratch)) < size {
			s.scratch = make([]byte, size)
		}
		data = s.scratch[:size]
		if _, err := s.file.ReadAt(data, offset); errors.Is(err, io.EOF) {
			return 0, nil // the file has become shorter
		} else if err != nil {
			return 0, fmt.Errorf("reading the log at byte %d: %w", offset, err)
		}
	}
	h, _, bad := s.reader.check(data)
	if bad != nil {
		s.newer = s.newer || bad.kind == ErrNewer
		s.wasted += size
		return 0, nil
	}
	id := identity{h.first, h.last, h.crc, !h.frame}
	if _, again := s.known[id]; again {
		return len(data), nil
	}
	if len(s.finds) == maxFinds {
		s.gaveUp = true
		return len(data), nil
	}
	s.known[id] = struct{}{}
	s.finds = append(s.finds, found{head: h, offset: offset, size: len(data)})
	return len(data), nil
}

// newChecker is a reader that decodes parts by themselves.
func newChecker() reader { return reader{reuse: true, blocks: blockReader{reuse: true}, proving: true} }

// check decodes all of a frame or block. The next call overwrites the events.
func (r *reader) check(data []byte) (h head, events []jobmon.Event, bad *frameError) {
	b, bad := parsePart(data)
	if bad == nil {
		events, bad = r.decode(&b)
	}
	b.computers = nil // bytes of data
	return b.head, events, bad
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

// metaRecord records the meta record whose JSON begins at offset.
func (s *scan) metaRecord(offset int64) error {
	if offset < metaSumLen {
		return nil
	}
	record := make([]byte, min(maxMetaLen, s.size-offset+metaSumLen))
	n, err := s.file.ReadAt(record, offset-metaSumLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the log at byte %d: %w", offset, err)
	}
	record = record[:n]
	sum := uint32(0) // of what was looked at so far
	for at := metaSumLen; at < n; {
		end := bytes.IndexByte(record[at:], '}')
		if end < 0 {
			return nil
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
		return nil
	}
	return nil
}

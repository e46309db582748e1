package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	blockVersion = 2
	formerBlocks = 1 // of fieldFormat: the head begins with an encoding, and has a SHA-256 behind the checksums

	formerColumns = 1 // the encoding of its columns

	// blockMagic begins every block, as magic begins every frame.
	blockMagic = "\xe7JB"

	// maxBlock is the size of the largest block that a reader accepts: the largest frame as it is, and a head.
	maxBlock = MaxFrame + 1<<20

	// maxBlockEvents is the most events of a block: one batch of the greatest size, or as many as are sealed at once.
	maxBlockEvents = MaxEvents + sealEvents
)

// head is what a frame or a block says of itself. That of a block has a checksum of its own, so that it can be
// believed without reading the rest; the rest are columns, see columns.go.
//
//	0       3         4          8          12
//	+-------+---------+----------+----------+-------------+-------------+----------+----------+
//	| magic | version | head CRC | body CRC | head length | body length | head ... | body ... |
//	+-------+---------+----------+----------+-------------+-------------+----------+----------+
//
// The head's CRC is taken over everything up to the body but itself. These 12 bytes and the two lengths stay the same
// in all versions. docs/event-log.md has the whole description.
type head struct {
	first, last     uint64         // sequence numbers
	batches, events int            // how many
	firstAt, lastAt jobmon.Instant // times of the first and of the last batch,
	minAt, maxAt    jobmon.Instant // and the earliest and the latest of all
	previous, crc   uint32         // checksums of the frame before and of the last frame
	gaps            []blockGap
	computers       []byte // packed, see appendComputers
	frame           bool   // it is that of a frame
	bodyCRC         uint32
}

// blockGap says that so many sequence numbers were skipped before the batch that begins with seq.
type blockGap struct{ seq, skipped uint64 }

// part is a frame or a block taken apart; its bytes belong to the caller that parsed it.
type part struct {
	head
	block  bool
	body   []byte // columns, or the events of a frame
	bodyAt int    // where the body begins
}

// appendBlock appends a block of that head and body.
func appendBlock(dst []byte, h *head, body []byte) []byte {
	start := len(dst)
	dst = append(dst, blockMagic...)
	dst = append(dst, blockVersion, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, checksum(0, body))
	head := h.append(nil)
	dst = binary.AppendUvarint(dst, uint64(len(head)))
	dst = binary.AppendUvarint(dst, uint64(len(body)))
	dst = append(dst, head...)
	binary.LittleEndian.PutUint32(dst[start+4:], checksum(0, dst[start:start+4], dst[start+8:]))
	return append(dst, body...)
}

func (h *head) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, h.first)
	dst = binary.AppendUvarint(dst, h.last-h.first)
	dst = binary.AppendUvarint(dst, uint64(h.batches))
	dst = binary.AppendUvarint(dst, uint64(h.events))
	dst = binary.AppendUvarint(dst, zigzag(int64(h.firstAt)))
	for _, at := range [...]jobmon.Instant{h.lastAt, h.minAt, h.maxAt} {
		dst = binary.AppendUvarint(dst, zigzag(int64(at-h.firstAt)))
	}
	dst = binary.LittleEndian.AppendUint32(dst, h.previous)
	dst = binary.LittleEndian.AppendUint32(dst, h.crc)
	dst = binary.AppendUvarint(dst, uint64(len(h.gaps)))
	for _, g := range h.gaps {
		dst = binary.AppendUvarint(dst, g.seq-h.first)
		dst = binary.AppendUvarint(dst, g.skipped)
	}
	dst = binary.AppendUvarint(dst, uint64(len(h.computers)))
	return append(dst, h.computers...)
}

// parseBlockHead checks the head of a block and returns its fields, and where the body begins. It checks that the block
// is whole, but reads no byte of the body.
func parseBlockHead(data []byte) (h head, bodyAt int, bad *frameError) {
	if len(data) <= fixedLen {
		return h, 0, &frameError{ErrTruncated, len(data), fmt.Sprintf("a block has at least %d bytes", fixedLen+1)}
	}
	if string(data[:len(blockMagic)]) != blockMagic {
		return h, 0, broken(0, "no block begins here")
	}
	c := cursor{data: data, at: fixedLen}
	headLen, bodyLen := c.uvarint(), c.uvarint()
	if c.bad && len(data) < fixedLen+2*binary.MaxVarintLen64 {
		return h, 0, &frameError{ErrTruncated, len(data), "its lengths are cut off"}
	}
	if c.bad || headLen > maxBlock || bodyLen > maxBlock {
		return h, 0, broken(fixedLen, "its lengths make no sense")
	}
	headAt := c.at
	if whole := uint64(headAt) + headLen + bodyLen; uint64(len(data)) < whole {
		return h, 0, &frameError{ErrTruncated, len(data), fmt.Sprintf("%d bytes are missing", whole-uint64(len(data)))}
	} else if uint64(len(data)) > whole {
		return h, 0, broken(int(whole), "%d bytes too many", uint64(len(data))-whole)
	}
	bodyAt = headAt + int(headLen)
	if crc, is := checksum(0, data[:4], data[8:bodyAt]), binary.LittleEndian.Uint32(data[4:]); crc != is {
		return h, 0, broken(4, "the checksum of its head is %08x, its bytes give %08x", is, crc)
	}
	// Only now, as a flipped bit in the version must not look like a newer version.
	switch version := data[3]; {
	case version > blockVersion:
		return h, 0, &frameError{ErrNewer, 3, fmt.Sprintf("the block has format version %d, known is "+
			"%d", version, blockVersion)}
	case version == 0:
		return h, 0, broken(3, "there is no format version 0")
	}
	h.bodyCRC = binary.LittleEndian.Uint32(data[8:])
	c = cursor{data: data[:bodyAt], at: headAt}
	if !h.parse(&c, data[3] == formerBlocks) {
		return h, 0, broken(headAt, "its head makes no sense")
	}
	return h, bodyAt, nil
}

// parse reads the fields of a head and says whether they make sense; what follows them is of a newer writer. former
// says that the head is of a file of fieldFormat.
func (h *head) parse(c *cursor, former bool) bool {
	if former && c.uvarint() != formerColumns {
		return false
	}
	h.first = c.uvarint()
	span, batches, events := c.uvarint(), c.uvarint(), c.uvarint()
	h.firstAt = jobmon.Instant(c.zigzag())
	h.lastAt = h.firstAt + jobmon.Instant(c.zigzag())
	h.minAt = h.firstAt + jobmon.Instant(c.zigzag())
	h.maxAt = h.firstAt + jobmon.Instant(c.zigzag())
	if chain := c.bytes(8); chain != nil {
		h.previous, h.crc = binary.LittleEndian.Uint32(chain), binary.LittleEndian.Uint32(chain[4:])
	}
	if former {
		c.bytes(sha256.Size)
	}
	if h.first == 0 || h.first > jobmon.MaxSeq || span > jobmon.MaxSeq-h.first || events > maxBlockEvents ||
		batches > events {
		return false
	}
	h.last, h.batches, h.events = h.first+span, int(batches), int(events)
	for range c.uvarint() {
		g := blockGap{seq: h.first + c.uvarint(), skipped: c.uvarint()}
		if c.bad || g.seq < h.first || g.seq > h.last || g.skipped == 0 || g.skipped >= g.seq ||
			len(h.gaps) > 0 && g.seq-g.skipped <= h.gaps[len(h.gaps)-1].seq {
			return false
		}
		h.gaps = append(h.gaps, g)
	}
	h.computers = c.bytes(c.uvarint())
	return !c.bad
}

// parseHead takes apart the head of a frame or a block.
func parseHead(data []byte) (head, *frameError) {
	if isBlock(data) {
		h, _, bad := parseBlockHead(data)
		return h, bad
	}
	f, bad := parseFrame(data)
	return f.head(), bad
}

func isBlock(data []byte) bool {
	return len(data) >= len(blockMagic) && string(data[:len(blockMagic)]) == blockMagic
}

// parsePart takes a frame or a block apart and checks everything but what its body holds.
func parsePart(data []byte) (part, *frameError) {
	if !isBlock(data) {
		f, bad := parseFrame(data)
		return part{head: f.head(), body: f.events, bodyAt: f.eventsAt}, bad
	}
	h, at, bad := parseBlockHead(data)
	if bad != nil {
		return part{}, bad
	}
	b := part{head: h, block: true, body: data[at:], bodyAt: at}
	if crc := checksum(0, b.body); crc != b.bodyCRC {
		return b, broken(8, "the checksum of its body is %08x, its bytes give %08x", b.bodyCRC, crc)
	}
	return b, nil
}

// skippedBefore is how many sequence numbers were skipped before the part's first event.
func (h *head) skippedBefore() uint64 {
	if len(h.gaps) > 0 && h.gaps[0].seq == h.first {
		return h.gaps[0].skipped
	}
	return 0
}

// begin is the sequence number that comes behind the part before.
func (h *head) begin() uint64 { return h.first - h.skippedBefore() }

// lists reports whether events of the computer can be in the part. A frame lists nothing.
func (h *head) lists(id jobmon.ComputerID) bool {
	if h.frame {
		return true
	}
	c := cursor{data: h.computers}
	for at := int64(0); c.at < len(c.data); {
		if at += c.zigzag(); at >= int64(id) || c.bad {
			return at == int64(id)
		}
	}
	return false
}

// appendComputers packs ascending ids.
func appendComputers(dst []byte, ids []jobmon.ComputerID) []byte {
	last := int64(0)
	for _, id := range ids {
		dst = binary.AppendUvarint(dst, delta(&last, int64(id)))
	}
	return dst
}

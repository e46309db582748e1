package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Limits of the format. Append refuses what is beyond them (ErrTooLarge), and a reader believes no length beyond them.
const (
	MaxString = 1 << 20  // bytes of one Name, Place or Text
	MaxEvents = 1 << 22  // events of one batch
	MaxFrame  = 64 << 20 // bytes of one frame, that is of one batch as it is stored
)

const (
	frameVersion = 1  // of a frame that follows the one before it,
	gapVersion   = 2  // and of one before which sequence numbers were skipped
	fixedLen     = 12 // magic, version, CRC of the previous frame, own CRC
	minEventLen  = 3  // kind, length, flags
)

// magic begins every frame. The first byte is no ASCII and no UTF-8, so that text never looks like a frame.
const magic = "\xe7JM"

// checksum is the CRC-32C (Castagnoli, in hardware on every machine this runs on) of the parts, begun with seed.
func checksum(seed uint32, parts ...[]byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	for _, part := range parts {
		seed = crc32.Update(seed, table, part)
	}
	return seed
}

// frameError says what is wrong with the bytes of a frame; a caller that knows the file and the sequence number turns
// it into an Error.
type frameError struct {
	kind   error // ErrCorrupt, ErrTruncated or ErrNewer
	offset int   // bytes from the start of the frame
	why    string
}

func (e *frameError) Error() string { return fmt.Sprintf("%v at byte %d: %s", e.kind, e.offset, e.why) }

func broken(offset int, format string, args ...any) *frameError {
	return &frameError{ErrCorrupt, offset, fmt.Sprintf(format, args...)}
}

// frame is one frame taken apart; its bytes belong to the caller that parsed it.
//
//	0       3         4               8           12
//	+-------+---------+---------------+-----------+----------------------------------------+
//	| magic | version | previous CRC  | own CRC   | length, first sequence, count, time ...|
//	+-------+---------+---------------+-----------+----------------------------------------+
//	... skipped (version 2 only), events          |
//	+---------------------------------------------+
//
// The CRC is taken over everything but itself. It covers the previous frame's CRC, which chains the frames, and yet
// a frame can be checked alone when its predecessor is lost. These 12 bytes and the length stay the same in all
// versions of the format. docs/event-log.md has the whole description.
type frame struct {
	previous uint32 // CRC of the frame before
	crc      uint32
	first    uint64         // sequence number of its first event
	skipped  uint64         // how many sequence numbers before it were never given
	count    int            // number of its events
	at       jobmon.Instant // time of the batch
	events   []byte
	eventsAt int // where events begin in the frame
}

// last is the sequence number of the frame's last event.
func (f *frame) last() uint64 { return f.first + uint64(f.count) - 1 }

// begin is the sequence number that comes behind the frame before.
func (f *frame) begin() uint64 { return f.first - f.skipped }

// head is what the frame says of itself, as a block would say it.
func (f *frame) head() head {
	h := head{
		frame: true, first: f.first, last: f.last(), batches: 1, events: f.count, previous: f.previous, crc: f.crc,
		firstAt: f.at, lastAt: f.at, minAt: f.at, maxAt: f.at,
	}
	if f.skipped > 0 {
		h.gaps = []blockGap{{f.first, f.skipped}}
	}
	return h
}

// appendFrame appends to dst the frame of a batch and returns it with the frame's CRC. head gives previous, first,
// skipped and at; Seq and At of the events are not looked at. scratch is working space that may be nil; it is returned
// to be used again.
func appendFrame(dst, scratch []byte, head *frame, events []jobmon.Event) (out, space []byte, crc uint32, err error) {
	first, at := head.first, head.at
	if len(events) == 0 {
		return dst, scratch, 0, sentence(ErrInvalid, "", "a batch without events cannot be appended: append what "+
			"happened, or nothing")
	}
	if len(events) > MaxEvents {
		return dst, scratch, 0, sentence(ErrTooLarge, "", "a batch of %d events cannot be appended, the most is %d: "+
			"append it in parts", len(events), MaxEvents)
	}
	if first == 0 || first > jobmon.MaxSeq+1-uint64(len(events)) {
		return dst, scratch, 0, sentence(ErrTooLarge, "", "there are no sequence numbers left behind %d: begin a new "+
			"log", first)
	}
	body := binary.AppendUvarint(scratch[:0], first)
	body = binary.AppendUvarint(body, uint64(len(events)))
	body = binary.AppendUvarint(body, zigzag(int64(at)))
	version := byte(frameVersion)
	if head.skipped > 0 {
		version = gapVersion
		body = binary.AppendUvarint(body, head.skipped)
	}
	body, err = appendEvents(body, at, events)
	if err != nil {
		return dst, body, 0, err
	}
	start := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, version)
	dst = binary.LittleEndian.AppendUint32(dst, head.previous)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, uint64(len(body)))
	dst = append(dst, body...)
	if len(dst)-start > MaxFrame {
		return dst[:start], body, 0, sentence(ErrTooLarge, "", "a batch of %d bytes cannot be appended, the most is "+
			"%d: append it in parts", len(dst)-start, MaxFrame)
	}
	crc = checksum(0, dst[start:start+8], dst[start+fixedLen:])
	binary.LittleEndian.PutUint32(dst[start+8:], crc)
	return dst, body, crc, nil
}

// frameBody checks the length and the checksum of a frame. It returns where its numbers begin.
func frameBody(data []byte) (at int, bad *frameError) {
	if len(data) <= fixedLen {
		return 0, &frameError{ErrTruncated, len(data), fmt.Sprintf("a frame has at least %d bytes", fixedLen+1)}
	}
	if string(data[:len(magic)]) != magic {
		return 0, broken(0, "no frame begins here")
	}
	length, n := binary.Uvarint(data[fixedLen:])
	if n == 0 {
		return 0, &frameError{ErrTruncated, len(data), "its length is cut off"}
	}
	if n < 0 || length > MaxFrame {
		return 0, broken(fixedLen, "its length makes no sense")
	}
	at = fixedLen + n
	if is := uint64(len(data) - at); is < length {
		return 0, &frameError{ErrTruncated, len(data), fmt.Sprintf("%d bytes are missing", length-is)}
	} else if is > length {
		return 0, broken(at+int(length), "%d bytes too many", is-length)
	}
	said := binary.LittleEndian.Uint32(data[8:])
	if crc := checksum(0, data[:8], data[fixedLen:]); crc != said {
		return 0, broken(8, "its checksum is %08x, its bytes give %08x", said, crc)
	}
	return at, nil
}

// parseFrame takes a frame apart and checks everything but its events. data must be one frame and no more.
func parseFrame(data []byte) (frame, *frameError) {
	var f frame
	begin, bad := frameBody(data)
	if bad != nil {
		return f, bad
	}
	f.previous = binary.LittleEndian.Uint32(data[4:])
	f.crc = binary.LittleEndian.Uint32(data[8:])
	// Only now, as a flipped bit in the version must not look like a newer version.
	version := data[3]
	switch {
	case version > gapVersion:
		why := fmt.Sprintf("the frame has format version %d, known is %d", version, gapVersion)
		return f, &frameError{ErrNewer, 3, why}
	case version == 0:
		return f, broken(3, "there is no format version 0")
	}
	c := cursor{data: data, at: begin}
	first, count, at := c.uvarint(), c.uvarint(), c.zigzag()
	if version == gapVersion {
		if f.skipped = c.uvarint(); f.skipped == 0 || f.skipped >= first {
			return f, broken(begin, "before sequence number %d none of %d numbers can have been skipped", first,
				f.skipped)
		}
	}
	f.eventsAt, f.events = c.at, data[c.at:]
	switch {
	case c.bad:
		return f, broken(c.at, "a number has no end")
	case first == 0 || count == 0 || count > MaxEvents || first > jobmon.MaxSeq+1-count:
		return f, broken(begin, "%d events from sequence number %d make no sense", count, first)
	case count > uint64(len(f.events)/minEventLen):
		return f, broken(c.at, "%d bytes cannot hold %d events", len(f.events), count)
	}
	f.first, f.count, f.at = first, int(count), jobmon.Instant(at)
	return f, nil
}

// number reads a uvarint at data[at] and says where it ends: beyond the end of data when it is not whole, so that
// what is read behind it is not whole either.
func number(data []byte, at int) (v uint64, end int) {
	if uint(at) < uint(len(data)) && data[at] < 0x80 { // most numbers have one byte
		return uint64(data[at]), at + 1
	}
	return longNumber(data, at)
}

func longNumber(data []byte, at int) (v uint64, end int) {
	if at < len(data) {
		if v, n := binary.Uvarint(data[at:]); n > 0 {
			return v, at + n
		}
	}
	return 0, len(data) + 1
}

// cursor reads fields and remembers whether one was out of bounds, so that it need not be asked after each.
type cursor struct {
	data []byte
	at   int
	bad  bool
}

func (c *cursor) uvarint() uint64 {
	v, end := number(c.data, c.at)
	if end > len(c.data) {
		c.bad = true
		return 0
	}
	c.at = end
	return v
}

func (c *cursor) zigzag() int64 { return unzigzag(c.uvarint()) }

// bytes takes the next n bytes.
func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.data)-c.at) {
		c.bad = true
		return nil
	}
	part := c.data[c.at : c.at+int(n)]
	c.at += int(n)
	return part
}

// zigzag maps small numbers of either sign to small numbers without: 0, -1, 1, -2 become 0, 1, 2, 3.
func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

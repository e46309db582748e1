package store

import (
	"encoding/binary"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A field is a key, tag<<2 | wire, and a value. The wire type says how long the value is, so that a reader can step
// over a tag that it does not know. Neither ever changes its meaning.
const (
	wireNumber = 0 // one uvarint
	wireString = 1 // a uvarint length and as many bytes
	wireRow    = 2 // five uvarints
	wireFixed  = 3 // eight bytes, little endian
)

// The fields of an event, by tag.
const (
	fieldRow      = 1
	fieldComputer = 2
	fieldJob      = 3
	fieldStart    = 4 // in a block's form, with row: start_time is not NULL
	fieldName     = 5
	fieldPlace    = 6
	fieldText     = 7
	fieldSeconds  = 8
	fieldCount    = 9
	fieldStep     = 10
	fieldUntil    = 11
	fieldFrom     = 12
	fieldTo       = 13
	fieldSum      = 14

	lastField = fieldSum
)

const (
	keyRow      = fieldRow<<2 | wireRow
	keyComputer = fieldComputer<<2 | wireNumber
	keyJob      = fieldJob<<2 | wireNumber
	keyStart    = fieldStart<<2 | wireNumber
	keySum      = fieldSum<<2 | wireFixed
)

// text is the text of a field.
func text(e *jobmon.Event, field int) *string {
	switch field {
	case fieldName:
		return &e.Name
	case fieldPlace:
		return &e.Place
	}
	return &e.Text
}

// numberField is a field from fieldSeconds to fieldTo as it is stored in a batch of time at; has is false for zero,
// which is not stored.
func numberField(e *jobmon.Event, field int, at int64) (v uint64, has bool) {
	switch field {
	case fieldSeconds:
		return zigzag(int64(e.Seconds)), e.Seconds != 0
	case fieldCount:
		return zigzag(int64(e.Count)), e.Count != 0
	case fieldStep:
		return zigzag(e.Step), e.Step != 0
	case fieldUntil:
		return zigzag(int64(e.Until) - at), e.Until != 0
	case fieldFrom:
		return e.From, e.From != 0
	}
	return e.To, e.To != 0
}

// numberField reads such a field.
func (c *cursor) numberField(e *jobmon.Event, field int, at int64) {
	v := c.uvarint()
	switch field {
	case fieldSeconds:
		e.Seconds = c.int32(unzigzag(v))
	case fieldCount:
		e.Count = c.int32(unzigzag(v))
	case fieldStep:
		e.Step = unzigzag(v)
	case fieldUntil:
		e.Until = jobmon.Instant(at + unzigzag(v))
	case fieldFrom:
		e.From = v
	case fieldTo:
		e.To = v
	}
}

// How start_time is encoded within a row: the two low bits of its number.
const (
	startNull    = 0 // NoStart, or in a start field of its own
	startMinutes = 1 // whole minutes from the last one
	startMillis  = 2 // milliseconds from the last one
)

const (
	minute = 60_000 // milliseconds

	// farStart is beyond what a row can hold of a start_time, in milliseconds from 1970: 18 million years.
	farStart = 1 << 59

	// firstComputer is the base of a frame's first computer id: every DS counts from 5,000,001
	// (docs/ds-database.md).
	firstComputer = 5_000_000
)

// near holds the bases for the numbers of one frame: the last ones encoded, so that most of them take one byte. A
// writer and a reader begin with the same and go on alike.
type near struct {
	at       int64 // time of the frame
	schedule int64
	computer int64
	job      int64
	start    int64 // on a whole minute
}

func nearTo(at jobmon.Instant) near {
	n := near{at: int64(at), computer: firstComputer}
	n.startAt(int64(at))
	return n
}

func (n *near) startAt(start int64) {
	if start > -farStart && start < farStart {
		n.start = wholeMinute(start)
	}
}

// wholeMinute is the last whole minute not after a time, in milliseconds.
func wholeMinute(at int64) int64 { return at - ((at%minute)+minute)%minute }

// hasRow reports whether an event is stored with its row, even if all of it is NULL.
func hasRow(e *jobmon.Event) bool {
	return e.Kind.OfRow() || e.Schedule != 0 || e.Start != 0 || e.Status.Set
}

// appendEvents appends the events of a frame of time at.
func appendEvents(dst []byte, at jobmon.Instant, events []jobmon.Event) ([]byte, error) {
	n := nearTo(at)
	for i := range events {
		e := &events[i]
		if e.Kind == 0 {
			return dst, sentence(ErrInvalid, "",
				"event %d of the batch has no kind: this is a mistake in the program", i)
		}
		for _, s := range [...]string{e.Name, e.Place, e.Text} {
			if len(s) > MaxString {
				return dst, sentence(ErrTooLarge, "",
					"a text of %d bytes in a %s event cannot be appended, the longest is "+
						"%d: cut it", len(s), e.Kind, MaxString)
			}
		}
		dst = append(dst, byte(e.Kind), 0)
		start := len(dst)
		dst = append(dst, byte(e.Flags))
		dst = n.appendFields(dst, e)
		if size := len(dst) - start; size < 0x80 {
			dst[start-1] = byte(size)
		} else { // rare: make room for a length of more than one byte
			var length [binary.MaxVarintLen64]byte
			more := binary.PutUvarint(length[:], uint64(size)) - 1
			dst = append(dst, length[:more]...)
			copy(dst[start+more:], dst[start:start+size])
			copy(dst[start-1:], length[:more+1])
		}
	}
	return dst, nil
}

func (n *near) appendFields(dst []byte, e *jobmon.Event) []byte {
	if hasRow(e) {
		dst = n.appendRow(dst, e)
	} else {
		if e.Computer != 0 {
			dst = appendNumber(dst, keyComputer, delta(&n.computer, int64(e.Computer)))
		}
		if e.Job != 0 {
			dst = appendNumber(dst, keyJob, delta(&n.job, int64(e.Job)))
		}
	}
	for field := fieldName; field <= fieldText; field++ {
		if s := *text(e, field); s != "" {
			dst = append(appendNumber(dst, byte(field<<2|wireString), uint64(len(s))), s...)
		}
	}
	for field := fieldSeconds; field <= fieldTo; field++ {
		if v, has := numberField(e, field, n.at); has {
			dst = appendNumber(dst, byte(field<<2|wireNumber), v)
		}
	}
	if e.Sum != 0 {
		dst = append(dst, keySum)
		dst = binary.LittleEndian.AppendUint64(dst, e.Sum)
	}
	return dst
}

func (n *near) appendRow(dst []byte, e *jobmon.Event) []byte {
	dst = append(dst, keyRow)
	dst = binary.AppendUvarint(dst, delta(&n.schedule, int64(e.Schedule)))
	dst = binary.AppendUvarint(dst, delta(&n.computer, int64(e.Computer)))
	dst = binary.AppendUvarint(dst, delta(&n.job, int64(e.Job)))
	start := int64(e.Start)
	far := start <= -farStart || start >= farStart
	switch {
	case far:
		dst = append(dst, startNull)
	case start%minute == 0:
		dst = binary.AppendUvarint(dst, zigzag((start-n.start)/minute)<<2|startMinutes)
	default:
		dst = binary.AppendUvarint(dst, zigzag(start-n.start)<<2|startMillis)
	}
	dst = appendStatus(dst, e.Status)
	n.startAt(start)
	if far && e.Start != jobmon.NoStart {
		dst = appendNumber(dst, keyStart, zigzag(start))
	}
	return dst
}

// delta encodes v as its difference from *last, and makes v the last one.
func delta(last *int64, v int64) uint64 {
	difference := v - *last
	*last = v
	return zigzag(difference)
}

// appendStatus appends a status: 0 is NULL.
func appendStatus(dst []byte, s jobmon.Status) []byte {
	if !s.Set {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, zigzag(int64(s.Code))+1)
}

func appendNumber(dst []byte, key byte, v uint64) []byte {
	return binary.AppendUvarint(append(dst, key), v)
}

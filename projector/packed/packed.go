// Package packed writes state in few bytes and reads it back, for what is kept beside the log and can be made again.
//
// One function does both, so that what is written and what is read cannot drift apart: it hands each value's address to
// a Coder, which takes the value or sets it.
//
//	func codeJob(c *packed.Coder, j *job) {
//		packed.Int(c, &j.id)
//		c.Text(&j.name)
//	}
//
// Reading believes nothing: a value that cannot be gives an error at the end and zeros until then, and nothing larger
// is allocated than the bytes that are there can hold.
package packed

import (
	"encoding/binary"
	"errors"
	"slices"
)

// ErrMalformed says that the bytes are not what was written.
var ErrMalformed = errors.New("packed state makes no sense")

// Coder writes, or reads what was written. It is not safe for concurrent use.
type Coder struct {
	reading bool
	bad     bool

	body    []byte            // written so far, or to be read
	at      int               // reading: so far
	text    []byte            // writing: the table of texts
	numbers map[string]uint64 // writing: their places in it
	texts   []string          // reading: the table
	bits    uint64            // of the record at hand
	bit     int               // how many of them were coded
}

// NewWriter returns a Coder that takes values.
func NewWriter() *Coder { return &Coder{numbers: map[string]uint64{}} }

// NewReader returns a Coder that sets values from what Bytes gave.
func NewReader(data []byte) *Coder {
	c := &Coder{reading: true, body: data}
	for range c.Count(0, 1) {
		n := c.uint()
		if n > uint64(len(c.body)-c.at) {
			c.Fail()
			return c
		}
		c.texts = append(c.texts, string(c.body[c.at:c.at+int(n)]))
		c.at += int(n)
	}
	return c
}

// Reading says that the Coder sets values.
func (c *Coder) Reading() bool { return c.reading }

// Bytes is what was written: the same values give the same bytes.
func (c *Coder) Bytes() []byte {
	out := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(c.text)+len(c.body)), uint64(len(c.numbers)))
	return append(append(out, c.text...), c.body...)
}

// End is called when everything was read. It fails with ErrMalformed when something made no sense or is left over.
func (c *Coder) End() error {
	if c.bad || c.at < len(c.body) {
		return ErrMalformed
	}
	return nil
}

// Fail records that what was read makes no sense.
func (c *Coder) Fail() { c.bad, c.body, c.at = true, nil, 0 }

func (c *Coder) uint() uint64 {
	if c.at < len(c.body) && c.body[c.at] < 0x80 { // most numbers are small
		c.at++
		return uint64(c.body[c.at-1])
	}
	v, n := binary.Uvarint(c.body[c.at:])
	if n <= 0 {
		c.Fail()
		return 0
	}
	c.at += n
	return v
}

// Uint codes a number that is mostly small.
func (c *Coder) Uint(v *uint64) {
	if c.reading {
		*v = c.uint()
		return
	}
	c.body = binary.AppendUvarint(c.body, *v)
}

// Number is what Int, Delta and Mostly code.
type Number interface {
	~int | ~int32 | ~int64 | ~uint8 | ~uint64
}

// Int codes a number that is mostly near zero.
func Int[T Number](c *Coder, v *T) { Delta(c, v, 0) }

// Delta codes a number that is mostly near another one, which the reader knows as well.
func Delta[T Number](c *Coder, v *T, near T) {
	if !c.reading {
		d := int64(*v) - int64(near)
		c.body = binary.AppendUvarint(c.body, uint64(d)<<1^uint64(d>>63))
		return
	}
	u := c.uint()
	told := int64(near) + (int64(u>>1) ^ -int64(u&1))
	if *v = T(told); int64(*v) != told {
		*v = 0
		c.Fail()
	}
}

// Enum codes a value of at most most.
func Enum[T ~uint8](c *Coder, v *T, most T) {
	told := uint64(*v)
	if c.Uint(&told); told > uint64(most) {
		told = 0
		c.Fail()
	}
	*v = T(told)
}

// Text codes a text; each is kept once.
func (c *Coder) Text(s *string) {
	if c.reading {
		n := c.uint()
		if n >= uint64(len(c.texts)) {
			*s = ""
			c.Fail()
			return
		}
		*s = c.texts[n]
		return
	}
	n, known := c.numbers[*s]
	if !known {
		n = uint64(len(c.numbers))
		c.numbers[*s] = n
		c.text = append(binary.AppendUvarint(c.text, uint64(len(*s))), *s...)
	}
	c.body = binary.AppendUvarint(c.body, n)
}

// Flags codes up to 64 truths in one number; those that are mostly false come last.
func (c *Coder) Flags(flags ...*bool) {
	var bits uint64
	for i, f := range flags {
		if *f {
			bits |= 1 << i
		}
	}
	c.Uint(&bits)
	if bits>>len(flags) != 0 {
		bits = 0
		c.Fail()
	}
	for i, f := range flags {
		*f = bits&(1<<i) != 0
	}
}

// Record codes the fields of one thing. Each Bit and Mostly among them takes one bit of a number in front of it; up to
// 64 do. The number is short where only early ones are set.
func (c *Coder) Record(fields func()) {
	bits, bit := c.bits, c.bit
	c.bits, c.bit = 0, 0
	if c.reading {
		c.bits = c.uint()
		if fields(); c.bits>>c.bit != 0 {
			c.Fail()
		}
	} else {
		start := len(c.body)
		fields()
		var number [binary.MaxVarintLen64]byte
		c.body = slices.Insert(c.body, start, binary.AppendUvarint(number[:0], c.bits)...)
	}
	c.bits, c.bit = bits, bit
}

// Bit codes a truth within a Record, and returns it.
func (c *Coder) Bit(b *bool) bool {
	if c.reading {
		*b = c.bits&(1<<c.bit) != 0
	} else if *b {
		c.bits |= 1 << c.bit
	}
	c.bit++
	return *b
}

// Mostly codes a number within a Record that is mostly usual, and otherwise near another one.
func Mostly[T Number](c *Coder, v *T, usual, near T) {
	if other := *v != usual; c.Bit(&other) {
		Delta(c, v, near)
	} else {
		*v = usual
	}
}

// Maybe codes within a Record what a pointer leads to, where it leads anywhere.
func Maybe[T any](c *Coder, v **T, code func(*T)) {
	there := *v != nil
	if c.Bit(&there); !there {
		return
	}
	if c.reading {
		*v = new(T)
	}
	code(*v)
}

// Count codes how many things follow, each of which takes that many bytes at least. Reading gives no more than can
// follow.
func (c *Coder) Count(n, least int) int {
	told := uint64(n)
	c.Uint(&told)
	if c.reading && told > uint64((len(c.body)-c.at)/least) {
		c.Fail()
		return 0
	}
	return int(told)
}

package tdstest

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Token types and the bits of a DONE token (MS-TDS 2.2.7).
const (
	tokenMetadata  = 0x81
	tokenError     = 0xaa
	tokenLoginAck  = 0xad
	tokenRow       = 0xd1
	tokenEnvChange = 0xe3
	tokenSSPI      = 0xed
	tokenDone      = 0xfd

	doneMore  = 0x01
	doneError = 0x02
	doneCount = 0x10
	doneAttn  = 0x20
)

// answer is the part of a reply that is written so far.
type answer []byte

func (a *answer) bytes(b ...byte) { *a = append(*a, b...) }
func (a *answer) uint16(n uint16) { *a = binary.LittleEndian.AppendUint16(*a, n) }
func (a *answer) uint32(n uint32) { *a = binary.LittleEndian.AppendUint32(*a, n) }
func (a *answer) uint64(n uint64) { *a = binary.LittleEndian.AppendUint64(*a, n) }
func (a *answer) shortText(s string) {
	a.bytes(byte(len(ucs2(s)) / 2))
	a.bytes(ucs2(s)...)
}
func (a *answer) sized(token byte, body answer) {
	a.bytes(token)
	a.uint16(uint16(len(body)))
	a.bytes(body...)
}

// latin1GeneralCI is SQL_Latin1_General_CP1_CI_AS: US English, sort order 52, code page 1252.
func latin1GeneralCI() []byte { return []byte{0x09, 0x04, 0xd0, 0x00, 52} }

func (a *answer) done(status uint16, rows int) {
	a.bytes(tokenDone)
	a.uint16(status)
	a.uint16(0)
	a.uint64(uint64(rows))
}

// failure is the end of an answer with this error; its text is the tests' own.
func failure(number int32, text string) (reply answer) {
	var body answer
	body.uint32(uint32(number))
	body.bytes(1, 16) // state and severity
	body.uint16(uint16(len(ucs2(text)) / 2))
	body.bytes(ucs2(text)...)
	body.shortText(ServerName)
	body.shortText("") // no procedure
	body.uint32(1)     // the line
	reply.sized(tokenError, body)
	reply.done(doneError, 0)
	return reply
}

// changed announces a new database (1), packet size (4) or collation (7).
func (a *answer) changed(kind byte, now, before string) {
	body := answer{kind}
	body.shortText(now)
	body.shortText(before)
	a.sized(tokenEnvChange, body)
}

// welcome is what a login is answered with.
func welcome(strict bool) (a answer) {
	ack := answer{1, 0x74, 0, 0, 4} // T-SQL over TDS 7.4
	if strict {
		ack = answer{1, 8, 0, 0, 0}
	}
	ack.shortText("Test SQL Server")
	ack.bytes(10, 0, 0, 1)
	a.changed(1, Database, "master")
	a.changed(4, fmt.Sprint(packetSize), "4096")
	a.sized(tokenEnvChange, append(append(answer{7, 5}, latin1GeneralCI()...), 0))
	a.sized(tokenLoginAck, ack)
	a.done(0, 0)
	return a
}

// Type is the type of a column, as INFORMATION_SCHEMA names it.
type Type string

// The types of columns. All of them can be NULL.
const (
	Int      Type = "int"
	BigInt   Type = "bigint"
	VarChar  Type = "varchar"  // code page 1252, up to 8,000 characters
	NVarChar Type = "nvarchar" // up to 4,000 UTF-16 units
	DateTime Type = "datetime" // in steps of 1/300 s
)

const longestText = 8000 // bytes

// described is the type in the head of a result set: its number, the size, and the collation of texts.
func (t Type) described() answer {
	const low, high = longestText & 0xff, longestText >> 8
	switch t {
	case BigInt:
		return answer{0x26, 8}
	case VarChar:
		return append(answer{0xa7, low, high}, latin1GeneralCI()...)
	case NVarChar:
		return append(answer{0xe7, low, high}, latin1GeneralCI()...)
	case DateTime:
		return answer{0x6f, 8}
	}
	return answer{0x26, 4}
}

// rows writes a result set up to its DONE, or up to a row that cannot be written.
func (a *answer) rows(t *Table) error {
	a.bytes(tokenMetadata)
	a.uint16(uint16(len(t.Columns)))
	for _, c := range t.Columns {
		a.bytes(0, 0, 0, 0, 1, 0) // no type of a user's; can be NULL
		a.bytes(c.Type.described()...)
		a.shortText(c.Name)
	}
	for _, row := range t.Rows {
		whole := len(*a)
		a.bytes(tokenRow)
		for i, c := range t.Columns {
			if err := a.cell(c, row[i]); err != nil {
				*a = (*a)[:whole]
				return err
			}
		}
	}
	return nil
}

// cell writes one value. A value that the column cannot hold is an error of the test.
func (a *answer) cell(c Column, value any) error {
	isText := c.Type == VarChar || c.Type == NVarChar
	var raw answer
	n, whole := value.(int)
	text, written := value.(string)
	wall, clock := value.(jobmon.WallTime)
	switch {
	case value == nil && isText:
		a.uint16(0xffff)
		return nil
	case value == nil: // a length of 0
	case whole && c.Type == Int && int(int32(n)) == n:
		raw.uint32(uint32(n))
	case whole && c.Type == BigInt:
		raw.uint64(uint64(n))
	case clock && c.Type == DateTime:
		days, ticks := datetime(wall)
		raw.uint32(uint32(days))
		raw.uint32(ticks)
	case written && c.Type == VarChar && len(codePage1252(text)) <= longestText:
		raw = codePage1252(text)
	case written && c.Type == NVarChar && len(ucs2(text)) <= longestText:
		raw = ucs2(text)
	default:
		return fmt.Errorf("the test put %v (%T) into column %s, which is %s", value, value, c.Name, c.Type)
	}
	if a.bytes(byte(len(raw))); isText {
		a.bytes(byte(len(raw) >> 8))
	}
	a.bytes(raw...)
	return nil
}

// datetime counts days since 1900 and 1/300 s since midnight, rounded as the type does.
func datetime(w jobmon.WallTime) (days int32, ticks uint32) {
	const perDay = int64(24 * time.Hour / time.Millisecond)
	since := int64(w - jobmon.WallTimeOf(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)))
	within := (since%perDay + perDay) % perDay
	return int32((since - within) / perDay), uint32((within*3 + 5) / 10)
}

func ucs2(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

func fromUCS2(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// codePage1252 writes ASCII, Latin-1 and the euro sign, by which the code page differs from Latin-1; all else becomes
// a question mark.
func codePage1252(s string) (b []byte) {
	for _, r := range s {
		switch {
		case r == '€':
			r = 0x80
		case r >= 0x80 && r < 0xa0 || r > 0xff:
			r = '?'
		}
		b = append(b, byte(r))
	}
	return b
}

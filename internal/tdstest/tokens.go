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

// Kinds of environment changes that a login is told of.
const (
	envDatabase   = 1
	envPacketSize = 4
	envCollation  = 7
)

// answer is the part of a reply that is written so far.
type answer []byte

func (a *answer) bytes(b ...byte) { *a = append(*a, b...) }
func (a *answer) uint16(n uint16) { *a = binary.LittleEndian.AppendUint16(*a, n) }
func (a *answer) uint32(n uint32) { *a = binary.LittleEndian.AppendUint32(*a, n) }
func (a *answer) uint64(n uint64) { *a = binary.LittleEndian.AppendUint64(*a, n) }
func (a *answer) shortText(s string) {
	a.bytes(byte(len(utf16.Encode([]rune(s)))))
	a.bytes(ucs2(s)...)
}
func (a *answer) collation() { a.bytes(latin1GeneralCI()...) }
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

// fail is the error with this number; its text is the tests' own.
func (a *answer) fail(number int32, text string) {
	var body answer
	body.uint32(uint32(number))
	body.bytes(1, 16) // state and severity
	body.uint16(uint16(len(utf16.Encode([]rune(text)))))
	body.bytes(ucs2(text)...)
	body.shortText(ServerName)
	body.shortText("") // no procedure
	body.uint32(1)     // the line
	a.sized(tokenError, body)
}

func (a *answer) changed(kind byte, now, before string) {
	body := answer{kind}
	body.shortText(now)
	body.shortText(before)
	a.sized(tokenEnvChange, body)
}

// welcome is what a login is answered with.
func welcome(strict bool) answer {
	var a answer
	a.changed(envDatabase, Database, "master")
	a.sized(tokenEnvChange, append(append(answer{envCollation, 5}, latin1GeneralCI()...), 0))
	ack := answer{1, 0x74, 0, 0, 4} // T-SQL over TDS 7.4
	if strict {
		ack = answer{1, 8, 0, 0, 0}
	}
	ack.shortText("Test SQL Server")
	ack.bytes(10, 0, 0, 1)
	a.sized(tokenLoginAck, ack)
	a.changed(envPacketSize, fmt.Sprint(packetSize), "4096")
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

func (a *answer) metadata(columns []Column) {
	a.bytes(tokenMetadata)
	a.uint16(uint16(len(columns)))
	for _, c := range columns {
		a.uint32(0) // no type of a user's
		a.uint16(1) // can be NULL
		switch c.Type {
		case BigInt:
			a.bytes(0x26, 8)
		case VarChar:
			a.bytes(0xa7)
			a.uint16(longestText)
			a.collation()
		case NVarChar:
			a.bytes(0xe7)
			a.uint16(longestText)
			a.collation()
		case DateTime:
			a.bytes(0x6f, 8)
		default:
			a.bytes(0x26, 4)
		}
		a.shortText(c.Name)
	}
}

// cell writes one value. A value that the column cannot hold is an error of the test.
func (a *answer) cell(c Column, value any) error {
	if value == nil {
		switch c.Type {
		case VarChar, NVarChar:
			a.uint16(0xffff)
		default:
			a.bytes(0)
		}
		return nil
	}
	n, whole := value.(int)
	text, isText := value.(string)
	wall, isWall := value.(jobmon.WallTime)
	var written []byte
	switch {
	case c.Type == Int && whole && int(int32(n)) == n:
		a.bytes(4)
		a.uint32(uint32(int32(n)))
		return nil
	case c.Type == BigInt && whole:
		a.bytes(8)
		a.uint64(uint64(n))
		return nil
	case c.Type == DateTime && isWall:
		a.bytes(8)
		days, ticks := datetime(wall)
		a.uint32(uint32(days))
		a.uint32(ticks)
		return nil
	case c.Type == VarChar && isText:
		written = codePage1252(text)
	case c.Type == NVarChar && isText:
		written = ucs2(text)
	default:
		return fmt.Errorf("the test put %v (%T) into column %s, which is %s", value, value, c.Name, c.Type)
	}
	if len(written) > longestText {
		return fmt.Errorf("the test put a text of %d bytes into column %s, which holds %d", len(written), c.Name, longestText)
	}
	a.uint16(uint16(len(written)))
	a.bytes(written...)
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
func codePage1252(s string) []byte {
	var b []byte
	for _, r := range s {
		switch {
		case r < 0x80 || r >= 0xa0 && r <= 0xff:
			b = append(b, byte(r))
		case r == '€':
			b = append(b, 0x80)
		default:
			b = append(b, '?')
		}
	}
	return b
}

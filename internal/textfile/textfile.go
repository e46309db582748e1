// Package textfile reads text files as editors and shells leave them: UTF-8 with or without a byte order mark, and
// UTF-16 in both byte orders with or without one (Windows PowerShell 5.1 writes it with > and Out-File). Everything
// that people write by hand or with a shell is read here, so that what one command accepts every other one accepts
// too.
package textfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Error is what makes a file unreadable as text. It repeats nothing of the file, which may be a secret.
type Error struct {
	Line   int // from 1
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d %s", e.Line, e.Reason) }

const (
	notUTF8 = "has characters that are not UTF-8; save the file as UTF-8"
	notText = "has a control character (NUL) that no text has; name a text file"
	mixed   = "mixes UTF-16 and UTF-8, as when Windows PowerShell or a console appends to the file with >>; " +
		"save all of it as UTF-8"
)

// Decode returns the text in UTF-8, without a byte order mark. An error is an *Error.
func Decode(content []byte) ([]byte, error) { return io.ReadAll(NewReader(bytes.NewReader(content))) }

// NewReader returns a reader of the text in UTF-8, without a byte order mark. Its errors are those of in and *Error.
func NewReader(in io.Reader) io.Reader { return &reader{in: bufio.NewReader(in), line: 1} }

type reader struct {
	in    *bufio.Reader
	next  func() (rune, error) // nil before the first read
	line  int
	ready []byte
	err   error
}

func (r *reader) Read(p []byte) (int, error) {
	if r.next == nil {
		r.begin()
	}
	for len(r.ready) < len(p) && r.err == nil {
		char, err := r.next()
		switch {
		case err != nil:
			r.err = err
		case char == 0:
			r.err = r.wrong(notText)
		default:
			r.ready = utf8.AppendRune(r.ready, char)
		}
		if char == '\n' {
			r.line++
		}
	}
	n := copy(p, r.ready)
	r.ready = r.ready[:copy(r.ready, r.ready[n:])]
	if n == 0 && len(p) > 0 {
		return 0, r.err
	}
	return n, nil
}

func (r *reader) wrong(reason string) error { return &Error{Line: r.line, Reason: reason} }

// begin finds out the encoding and skips the byte order mark.
func (r *reader) begin() {
	head, _ := r.in.Peek(16) // an error comes again
	has := func(mark string) bool {
		found := bytes.HasPrefix(head, []byte(mark))
		if found {
			_, _ = r.in.Discard(len(mark))
		}
		return found
	}
	switch {
	case has("\ufeff"):
		r.next = r.utf8
	case has("\xff\xfe"), halfEmpty(head, 1):
		r.next = func() (rune, error) { return r.utf16(binary.LittleEndian) }
	case has("\xfe\xff"), halfEmpty(head, 0):
		r.next = func() (rune, error) { return r.utf16(binary.BigEndian) }
	default:
		r.next = r.utf8
	}
}

// halfEmpty reports UTF-16 without a byte order mark: the first unit and most others have a NUL in this half.
func halfEmpty(head []byte, half int) bool {
	units, empty := len(head)/2, 0
	for i := range units {
		if head[2*i+half] == 0 && head[2*i+1-half] != 0 {
			empty++
		} else if i == 0 {
			return false
		}
	}
	return empty > units/2
}

func (r *reader) utf8() (rune, error) {
	char, size, err := r.in.ReadRune()
	switch {
	case err != nil:
		return 0, err
	case char == utf8.RuneError && size == 1:
		_ = r.in.UnreadRune() // cannot fail behind ReadRune
		if ahead, _ := r.in.Peek(2); string(ahead) == "\xff\xfe" || string(ahead) == "\xfe\xff" {
			return 0, r.wrong(mixed)
		}
		return 0, r.wrong(notUTF8)
	case char == 0:
		if ahead, _ := r.in.Peek(2); len(ahead) == 2 && ahead[0] != 0 && ahead[1] == 0 {
			return 0, r.wrong(mixed)
		}
	}
	return char, nil
}

func (r *reader) utf16(order binary.ByteOrder) (rune, error) {
	unit := func() (rune, error) {
		var b [2]byte
		_, err := io.ReadFull(r.in, b[:])
		if err == io.ErrUnexpectedEOF || b == [2]byte{'\r', '\n'} { // half a character, or a line end of UTF-8
			err = r.wrong(mixed)
		}
		return rune(order.Uint16(b[:])), err
	}
	char, err := unit()
	if err != nil || !utf16.IsSurrogate(char) {
		return char, err
	}
	low, err := unit()
	if char = utf16.DecodeRune(char, low); err == nil && char == utf8.RuneError || err == io.EOF {
		err = r.wrong("has half a character of UTF-16; save the file as UTF-8")
	}
	return char, err
}

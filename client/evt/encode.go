package evt

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// Encode gives the file for a picture: one line of ASCII that ends in CRLF, at most MaxBytes long. The same picture
// always gives the same bytes. A picture too long for a file loses first the stages that ended without failure
// (oldest first), then failures, then entries of the later list, then the ends of names, then whatever stage neither
// runs nor is the next; LeftOut says how much. The file has no link. An error means that p is no picture: it is nil or
// has no time.
func Encode(p *jobmon.Progress) ([]byte, error) {
	_, line, err := fit(p, nil)
	return line, err
}

// fit draws a picture as a file that is short enough.
func fit(p *jobmon.Progress, key link.Key) (*File, []byte, error) {
	if p == nil || p.At == 0 {
		return nil, nil, errors.New("encode an .evt file: the picture has no time, so no event can have led to it")
	}
	d := drawing{p: p, link: linkTo(p, key)}
	f := d.file(cuts{})
	line, err := marshal(f)
	if err != nil || len(line) <= MaxBytes {
		return f, line, err
	}
	return d.shrink()
}

// shrink makes the cuts one after the other, each no deeper than it must be.
func (d *drawing) shrink() (*File, []byte, error) {
	var c cuts
	knobs, limits := d.knobs(&c)
	for i, knob := range knobs {
		var failed error
		*knob = sort.Search(limits[i], func(n int) bool {
			*knob = n
			line, err := marshal(d.file(c))
			failed = errors.Join(failed, err)
			return len(line) <= MaxBytes
		})
		f := d.file(c)
		line, err := marshal(f)
		if err = errors.Join(failed, err); err != nil || len(line) <= MaxBytes {
			return f, line, err
		}
	}
	return nil, nil, fmt.Errorf("encode the .evt file of computer %d: longer than %d bytes with everything cut",
		d.p.Computer.ID, MaxBytes)
}

// marshal writes v as one line of ASCII.
func marshal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode an .evt file: %w", err)
	}
	line := make([]byte, 0, len(text)+len(text)/8)
	for i := 0; i < len(text); {
		if c := text[i]; c < 0x7f {
			line = append(line, c)
			i++
			continue
		}
		// Only strings hold anything but ASCII, so an escape is right wherever such a character stands.
		r, size := utf8.DecodeRune(text[i:])
		i += size
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			line = escape(escape(line, high), low)
		} else {
			line = escape(line, r)
		}
	}
	return append(line, lineEnd...), nil
}

// escape appends r, which has at most 16 bits, as a JSON escape.
func escape(line []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(line, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

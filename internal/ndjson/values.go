package ndjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	momentLayout = "2006-01-02T15:04:05.000Z"
	wallLayout   = "2006-01-02T15:04:05.000"
)

// timeText writes milliseconds since 1970 as a text that reads back as the same, and as a number where none does.
func timeText(ms int64, layout string) ([]byte, error) {
	text := time.UnixMilli(ms).UTC().Format(layout)
	if back, err := time.Parse(layout, text); err != nil || back.UnixMilli() != ms {
		return strconv.AppendInt(nil, ms, 10), nil
	}
	return json.Marshal(text)
}

func parseTime(data []byte, layout string) (int64, error) {
	var text string
	if data[0] != '"' {
		return strconv.ParseInt(string(data), 10, 64)
	}
	if err := json.Unmarshal(data, &text); err != nil {
		return 0, err
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time like %s", text, layout)
	}
	return t.UnixMilli(), nil
}

// moment is a time in UTC.
type moment jobmon.Instant

// MarshalJSON implements json.Marshaler.
func (m moment) MarshalJSON() ([]byte, error) { return timeText(int64(m), momentLayout) }

// UnmarshalJSON implements json.Unmarshaler.
func (m *moment) UnmarshalJSON(data []byte) error {
	ms, err := parseTime(data, momentLayout)
	*m = moment(ms)
	return err
}

// wall is a reading of the DS server's wall clock.
type wall jobmon.WallTime

// MarshalJSON implements json.Marshaler.
func (w wall) MarshalJSON() ([]byte, error) { return timeText(int64(w), wallLayout) }

// UnmarshalJSON implements json.Unmarshaler.
func (w *wall) UnmarshalJSON(data []byte) error {
	ms, err := parseTime(data, wallLayout)
	*w = wall(ms)
	return err
}

// kind is written with its name.
type kind jobmon.Kind

// MarshalText implements encoding.TextMarshaler.
func (k kind) MarshalText() ([]byte, error) { return []byte(jobmon.Kind(k).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *kind) UnmarshalText(text []byte) error {
	for n := range 256 {
		if jobmon.Kind(n).String() == string(text) {
			*k = kind(n)
			return nil
		}
	}
	return fmt.Errorf("%q is no kind of event", text)
}

// flags are written as a list of words; a bit without a word as bit-64 and the like.
type flags jobmon.Flags

var flagNames = []string{"baseline", "inferred", "inexact", "gone", "ghost"}

// MarshalJSON implements json.Marshaler.
func (f flags) MarshalJSON() ([]byte, error) {
	words := []string{}
	for bit := range 8 {
		switch {
		case f&(1<<bit) == 0:
		case bit < len(flagNames):
			words = append(words, flagNames[bit])
		default:
			words = append(words, "bit-"+strconv.Itoa(1<<bit))
		}
	}
	return json.Marshal(words)
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *flags) UnmarshalJSON(data []byte) error {
	var words []string
	if err := json.Unmarshal(data, &words); err != nil {
		return err
	}
	for _, word := range words {
		if bit := slices.Index(flagNames, word); bit >= 0 {
			*f |= 1 << bit
			continue
		}
		number, ok := strings.CutPrefix(word, "bit-")
		bits, err := strconv.ParseUint(number, 10, 8)
		if !ok || err != nil {
			return fmt.Errorf("%q is no flag", word)
		}
		*f |= flags(bits)
	}
	return nil
}

// plain is a text, byte for byte: what is no valid UTF-8 is written as {"base64": "..."}.
type plain string

type encoded struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (p plain) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(p)) {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false) // people look for <script> in it
		err := encoder.Encode(string(p))
		return text.Bytes(), err
	}
	return json.Marshal(encoded{[]byte(p)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *plain) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(p))
	}
	var e encoded
	err := json.Unmarshal(data, &e)
	*p = plain(e.Base64)
	return err
}

// hexadecimal is written as 16 hex digits, which no reader rounds.
type hexadecimal uint64

// MarshalText implements encoding.TextMarshaler.
func (h hexadecimal) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(h)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexadecimal) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	*h = hexadecimal(n)
	return err
}

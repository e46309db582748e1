package ndjson

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Layouts of times. A fraction of a second is read behind them, too.
const (
	momentLayout = "2006-01-02T15:04:05Z"
	wallLayout   = "2006-01-02T15:04:05"
)

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

// UnmarshalJSON implements json.Unmarshaler.
func (m *moment) UnmarshalJSON(data []byte) error {
	ms, err := parseTime(data, momentLayout)
	*m = moment(ms)
	return err
}

// wall is a reading of the DS server's wall clock.
type wall jobmon.WallTime

// UnmarshalJSON implements json.Unmarshaler.
func (w *wall) UnmarshalJSON(data []byte) error {
	ms, err := parseTime(data, wallLayout)
	*w = wall(ms)
	return err
}

// kind has a name.
type kind jobmon.Kind

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

// flags are a list of words; a bit without a word is bit-64 and the like.
type flags jobmon.Flags

var flagNames = []string{"baseline", "inferred", "inexact", "gone", "ghost", "bit-32", "bit-64", "bit-128"}

// UnmarshalJSON implements json.Unmarshaler.
func (f *flags) UnmarshalJSON(data []byte) error {
	var words []string
	if err := json.Unmarshal(data, &words); err != nil {
		return err
	}
	for _, word := range words {
		bit := slices.Index(flagNames, word)
		if bit < 0 {
			return fmt.Errorf("%q is no flag; use one of: %s", word, strings.Join(flagNames, ", "))
		}
		*f |= 1 << bit
	}
	return nil
}

// text is one byte for byte: what is no valid UTF-8 is written as {"base64": "..."}.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(t))
	}
	var e struct {
		Base64 []byte `json:"base64"`
	}
	err := json.Unmarshal(data, &e)
	*t = text(e.Base64)
	return err
}

// hexadecimal is 16 hex digits, which no reader rounds.
type hexadecimal uint64

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexadecimal) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	*h = hexadecimal(n)
	return err
}

// skipped is a value of which nothing is kept.
type skipped struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (*skipped) UnmarshalJSON([]byte) error { return nil }

package evt

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// UTC is a moment in UTC in milliseconds since 1970-01-01; 0 is no moment. In a file it always has 24 characters:
// "2026-11-22T13:12:05.000Z".
type UTC int64

// Local is a reading of the DS server's wall clock in milliseconds since 1970-01-01T00:00 on that clock; 0 is none.
// In a file it always has 19 characters and ends at the second: "2026-11-22T14:12:05".
type Local int64

const (
	utcLayout   = "2006-01-02T15:04:05.000Z"
	localLayout = "2006-01-02T15:04:05"
)

// The first and the last millisecond that four digits of a year can name: 0001-01-01T00:00:00.000,
// 9999-12-31T23:59:59.999.
const (
	firstMilli = -62135596800000
	lastMilli  = 253402300799999
)

// utc cuts a moment that no year of four digits can name to the nearest that one can.
func utc(i jobmon.Instant) UTC { return UTC(min(max(int64(i), firstMilli), lastMilli)) }

// local is the same for a planned time.
func local(w jobmon.WallTime) Local {
	if w == jobmon.NoStart {
		return 0
	}
	return Local(min(max(int64(w), firstMilli), lastMilli))
}

// MarshalText gives the moment as it stands in a file; it never fails.
func (t UTC) MarshalText() ([]byte, error) {
	return time.UnixMilli(int64(t)).UTC().AppendFormat(make([]byte, 0, len(utcLayout)), utcLayout), nil
}

// UnmarshalText reads what MarshalText wrote and nothing else.
func (t *UTC) UnmarshalText(text []byte) error {
	milli, err := parseMilli(utcLayout, text)
	*t = UTC(milli)
	return err
}

// MarshalText gives the clock reading as it stands in a file; it never fails.
func (t Local) MarshalText() ([]byte, error) {
	return time.UnixMilli(int64(t)).UTC().AppendFormat(make([]byte, 0, len(localLayout)), localLayout), nil
}

// UnmarshalText reads what MarshalText wrote and nothing else.
func (t *Local) UnmarshalText(text []byte) error {
	milli, err := parseMilli(localLayout, text)
	*t = Local(milli)
	return err
}

func parseMilli(layout string, text []byte) (int64, error) {
	t, err := time.Parse(layout, string(text))
	if err != nil || t.Format(layout) != string(text) {
		return 0, fmt.Errorf("time %.40q is not of the form %s", text, layout)
	}
	return t.UnixMilli(), nil
}

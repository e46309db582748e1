// Package when reads the ways in which people say a moment of a log: "2026-11-22T14:05:00+01:00", "14:05", "-2h", "seq:120".
package when

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Forms says what Parse understands, for error messages and help.
const Forms = `2026-11-22T14:05:00+01:00 (RFC 3339), "2026-11-22 14:05" or 14:05 (the DS server's time; the last one), -2h (before the end of the log) or seq:120`

// Point is a moment: a time, or a place in the log.
type Point struct {
	Time time.Time // zero when it is a sequence number
	Seq  uint64    // 0 when it is a time
}

// Parse reads a moment. end is the newest moment that the log covers: "14:05" is the last one before it, "-2h" is
// reckoned from it. Times without zone are in zone. The error says which forms there are.
func Parse(text string, end time.Time, zone *time.Location) (Point, error) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "seq:"); ok {
		seq, err := strconv.ParseUint(rest, 10, 64)
		if err != nil || seq == 0 {
			return Point{}, wrong(text)
		}
		return Point{Seq: seq}, nil
	}
	if strings.HasPrefix(text, "-") {
		ago, err := time.ParseDuration(text)
		if err != nil || ago > 0 {
			return Point{}, wrong(text)
		}
		return Point{Time: end.Add(ago)}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return Point{Time: at}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return Point{Time: at}, nil
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return Point{Time: lastOfDay(at, end.In(zone))}, nil
		}
	}
	return Point{}, wrong(text)
}

// lastOfDay is the last moment not after end at which the clock showed that time of day.
func lastOfDay(of, end time.Time) time.Time {
	at := time.Date(end.Year(), end.Month(), end.Day(), of.Hour(), of.Minute(), of.Second(), 0, end.Location())
	if at.After(end) {
		at = at.AddDate(0, 0, -1)
	}
	return at
}

func wrong(text string) error {
	return fmt.Errorf("%q is not a time: write %s", text, Forms)
}

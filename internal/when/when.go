// Package when reads the ways in which people say a moment of a log: "2026-11-22T14:05:00+01:00", "yesterday 14:05", "-2h", "seq:120".
package when

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Forms says what Parse understands, for error messages and help.
const Forms = `2026-11-22T14:05:00+01:00 (RFC 3339), "2026-11-22 14:05", 14:05 (the last one), "yesterday 14:05", today or "monday 14:05" ` +
	`(all on the DS server's clock), -2h or -3d (before the end of the log), now (that end) or seq:120`

// Point is a moment: a time, or a place in the log.
type Point struct {
	Time  time.Time // zero when it is a sequence number
	First time.Time // before Time when the clock showed what was asked for twice, else the same
	Seq   uint64    // 0 when it is a time
}

// Parse is Clock.Parse for a zone without shifts.
func Parse(text string, end time.Time, zone *time.Location) (Point, error) {
	_, offset := end.In(zone).Zone()
	return NewClock(Shift{Offset: offset}).Parse(text, end)
}

// Parse reads a moment. end is the newest moment that the log covers: "14:05" is the last one before it, "-2h" is reckoned
// from it, "today" is its day. Times without zone are read off the clock. The error says which forms there are.
func (c Clock) Parse(text string, end time.Time) (Point, error) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "seq:"); ok {
		seq, err := strconv.ParseUint(rest, 10, 64)
		if err != nil || seq == 0 {
			return Point{}, wrong(text)
		}
		return Point{Seq: seq}, nil
	}
	if text == "now" {
		return Point{Time: end, First: end}, nil
	}
	if ago, ok := parseAgo(text); ok {
		at := end.Add(-ago)
		return Point{Time: at, First: at}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return Point{Time: at, First: at}, nil
	}
	day, clock := cutDay(text)
	hour, ok := parseTime(clock)
	if !ok {
		return Point{}, wrong(text)
	}
	return c.find(day, clock == "", hour, end, text)
}

// find is the moment of a time of day on a day, which may be any, a weekday, or a date.
func (c Clock) find(day string, whole bool, hour time.Time, end time.Time, text string) (Point, error) {
	if date, err := time.Parse(time.DateOnly, day); err == nil {
		return pointOf(c.Moments(on(date, hour))), nil
	}
	today := c.In(end)
	for back := range 15 {
		date := today.AddDate(0, 0, -back)
		moments := c.Moments(on(date, hour))
		switch {
		case day == "today" && back == 0, day == "yesterday" && back == 1:
			return pointOf(moments), nil
		case day == "" && !whole, isWeekday(day, date.Weekday()):
			// the last one that was: a moment that is still to come means the time before
			if moments = slices.DeleteFunc(moments, end.Before); len(moments) > 0 {
				return pointOf(moments), nil
			}
		}
	}
	return Point{}, wrong(text)
}

func pointOf(moments []time.Time) Point {
	return Point{Time: moments[len(moments)-1], First: moments[0]}
}

func on(date, hour time.Time) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), hour.Hour(), hour.Minute(), hour.Second(), hour.Nanosecond(), time.UTC)
}

// cutDay takes the day off the front: a date, "today", "yesterday" or a weekday.
func cutDay(text string) (day, clock string) {
	day, clock, found := strings.Cut(text, " ")
	if !found {
		day, clock, found = strings.Cut(text, "T")
	}
	if !found && strings.Contains(text, ":") {
		return "", text
	}
	return strings.ToLower(day), strings.TrimSpace(clock)
}

// parseTime reads a time of day; "" is its beginning.
func parseTime(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{"15:04", "15:04:05"} { // which reads fractions too
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func isWeekday(word string, day time.Weekday) bool {
	name := strings.ToLower(day.String())
	return word == name || word == name[:3]
}

var ago = regexp.MustCompile(`^-(?:(\d{1,4})w)?(?:(\d{1,5})d)?(\d.*)?$`)

// parseAgo reads "-2h", "-90m", "-3d", "-1w2d12h30m".
func parseAgo(text string) (time.Duration, bool) {
	found := ago.FindStringSubmatch(text)
	if found == nil || len(text) < 2 {
		return 0, false
	}
	weeks, _ := strconv.Atoi(found[1]) // digits, or nothing
	days, _ := strconv.Atoi(found[2])
	rest := time.Duration(0)
	if found[3] != "" {
		var err error
		if rest, err = time.ParseDuration(found[3]); err != nil {
			return 0, false
		}
	}
	whole := time.Duration(7*weeks+days) * 24 * time.Hour
	if whole < 0 || whole/(24*time.Hour) != time.Duration(7*weeks+days) || whole+rest < rest {
		return 0, false // more than a duration can hold
	}
	return whole + rest, true
}

func wrong(text string) error {
	return fmt.Errorf("%q is not a time: write %s", text, Forms)
}

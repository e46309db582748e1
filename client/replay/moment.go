package replay

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Forms lists what Parse understands, for error messages and help.
const Forms = `2026-11-22T14:05:00+01:00 (RFC 3339), "2026-11-22 14:05", 14:05 (the last one; as the end of a range ` +
	`also one still to come), "yesterday 14:05", today or "monday 14:05" (all on the DS server's clock, or with a ` +
	`zone behind: "14:05 UTC+01:00"), -2h or -3d (before the end of the log), now (that end) or seq:120`

// Point is a moment: a time, or a place in the log.
type Point struct {
	Time  time.Time // zero when it is a sequence number
	First time.Time // before Time when the clock showed what was asked for twice, else the same
	Seq   uint64    // 0 when it is a time

	form form
}

// Recurs says that what was typed comes again and again, as a time of day does, so that the present decided what it
// means.
func (p Point) Recurs() bool { return p.form != exact }

// form is how a time was written. It decides which of several possible moments the end of a range means.
type form uint8

const (
	exact   form = iota // one moment, whatever the time is now
	hourly              // a time of day
	weekly              // a weekday, with or without a time of day
	annual              // a month and a day without year
	nothing             // no time at all
)

// Parse reads a moment, such as the beginning of a range. end is the newest moment that the log covers: "14:05" is
// the last one before it, "-2h" counts back from it, "today" is its day. Times without zone are read off the clock.
// The error lists the forms that there are.
func (c Clock) Parse(text string, end time.Time) (Point, error) {
	r, point, err := c.read(text, end)
	if err != nil || r.form == exact {
		return point, err
	}
	var found bool
	if point, found = r.last(end); !found {
		return Point{}, wrong(text)
	}
	return point, nil
}

// ParseEnd reads the end of a range that begins at since; its zero value is a range that begins with the log. A time
// of day is today's and a weekday is this week's, past or still to come; an earlier one if that is the first after a
// beginning of the same form.
func (c Clock) ParseEnd(text string, end time.Time, since Point) (Point, error) {
	r, point, err := c.read(text, end)
	if err != nil || r.form == exact {
		return point, err
	}
	ahead := r.ahead(end)
	if r.form == since.form && !since.Time.IsZero() {
		over := r.clock.Moments(on(r.clock.In(end).AddDate(0, 0, ahead+1), time.Time{}))[0]
		for day := range r.days() {
			point, ok := r.on(since.First, day)
			if ok && point.Time.After(since.First) && point.Time.Before(over) {
				return point, nil
			}
		}
	}
	for day := ahead; day > -r.days(); day-- {
		if point, ok := r.on(end, day); ok {
			return point, nil
		}
	}
	return Point{}, wrong(text)
}

// ahead is how many days the end of a range may be ahead: none for a time of day, the rest of the week for a weekday.
func (r *reading) ahead(end time.Time) int {
	if r.form == weekly {
		return (7 - int(r.clock.In(end).Weekday())) % 7
	}
	return 0
}

// reading is a time that recurs, as it was typed.
type reading struct {
	clock Clock
	form  form
	fits  func(date time.Time) bool // says whether it is one of its days
	hour  time.Time
}

// days is within how many days the time comes again.
func (r *reading) days() int {
	switch r.form {
	case hourly:
		return 3 // one may be skipped, one may be today's
	case weekly:
		return 15
	}
	return 8*366 + 1 // a 29 February
}

// on is the time so many days after the day of at, if that is one of its days.
func (r *reading) on(at time.Time, days int) (Point, bool) {
	date := r.clock.In(at).AddDate(0, 0, days)
	if !r.fits(date) {
		return Point{}, false
	}
	point := pointOf(r.clock.Moments(on(date, r.hour)))
	point.form = r.form
	return point, true
}

// last is the last one that is not after end: a moment that is still to come means the time before.
func (r *reading) last(end time.Time) (Point, bool) {
	for back := range r.days() {
		point, ok := r.on(end, -back)
		switch {
		case !ok || point.First.After(end):
		case point.Time.After(end):
			point.Time = point.First
			return point, true
		default:
			return point, true
		}
	}
	return Point{}, false
}

// read understands a time. What stands for one moment only is the point.
func (c Clock) read(text string, end time.Time) (*reading, Point, error) {
	typed := text
	text = strings.TrimSpace(text)
	single := func(at time.Time) (*reading, Point, error) { return &reading{}, Point{Time: at, First: at}, nil }
	if rest, ok := strings.CutPrefix(strings.Replace(text, "seq ", "seq:", 1), "seq:"); ok {
		seq, err := strconv.ParseUint(rest, 10, 64)
		if err != nil || seq == 0 {
			return nil, Point{}, wrong(typed)
		}
		return &reading{}, Point{Seq: seq}, nil
	}
	if text == "now" {
		return single(end)
	}
	if ago, ok := parseAgo(text); ok {
		return single(end.Add(-ago))
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return single(at)
	}
	text, offset, zoned := cutZone(text)
	if zoned {
		c = NewClock(Shift{Offset: offset})
	}
	day, clock := cutDay(text)
	hour, ok := parseTime(clock)
	if !ok {
		return nil, Point{}, wrong(typed)
	}
	today := c.In(end)
	switch date, err := time.Parse(time.DateOnly, day); {
	case err == nil:
		return &reading{}, pointOf(c.Moments(on(date, hour))), nil
	case day == "today", day == "yesterday":
		back := len(day) - len("today")
		return &reading{}, pointOf(c.Moments(on(today.AddDate(0, 0, -min(back, 1)), hour))), nil
	}
	r := &reading{clock: c, hour: hour}
	if r.form, r.fits = recurring(day); r.form == nothing || r.form == hourly && clock == "" {
		return nil, Point{}, wrong(typed)
	}
	return r, Point{}, nil
}

// recurring says which days are meant by a word: any, a weekday, or a month and a day.
func recurring(day string) (form, func(time.Time) bool) {
	if day == "" {
		return hourly, func(time.Time) bool { return true }
	}
	if date, err := time.Parse("2006-01-02", "2000-"+day); err == nil { // a leap year
		return annual, func(t time.Time) bool { return t.Month() == date.Month() && t.Day() == date.Day() }
	}
	for weekday := time.Sunday; weekday <= time.Saturday; weekday++ {
		if isWeekday(day, weekday) {
			return weekly, func(t time.Time) bool { return t.Weekday() == weekday }
		}
	}
	return nothing, nil
}

// zone is one behind a time or a day: "UTC+01:00", "+01:00", "Z", "UTC".
var zone = regexp.MustCompile(
	`(?i)^(.*:\d\d(?:\.\d+)?|.*\S\s)\s*\(?(?:Z|(?:UTC|GMT)|(?:UTC|GMT)?([+-])(\d\d?)(?::?([0-5]\d))?)\)?$`,
)

// cutZone takes a zone off the end, in seconds east of UTC.
func cutZone(text string) (rest string, offset int, found bool) {
	m := zone.FindStringSubmatch(text)
	if m == nil {
		return text, 0, false
	}
	hours, _ := strconv.Atoi(m[3]) // digits, or nothing
	minutes, _ := strconv.Atoi(m[4])
	if offset = hours*3600 + minutes*60; offset > 14*3600 {
		return text, 0, false // no such zone
	}
	if m[2] == "-" {
		offset = -offset
	}
	return strings.TrimSpace(m[1]), offset, true
}

func pointOf(moments []time.Time) Point {
	return Point{Time: moments[len(moments)-1], First: moments[0]}
}

func on(date, hour time.Time) time.Time {
	return time.Date(
		date.Year(),
		date.Month(),
		date.Day(),
		hour.Hour(),
		hour.Minute(),
		hour.Second(),
		hour.Nanosecond(),
		time.UTC,
	)
}

// cutDay takes the day off the front: a date, with or without its weekday, "today", "yesterday" or a weekday.
func cutDay(text string) (day, clock string) {
	if weekday, rest, found := strings.Cut(text, ", "); found {
		date, _, _ := strings.Cut(rest, " ")
		if at, err := time.Parse(time.DateOnly, date); err == nil && isWeekday(strings.ToLower(weekday), at.Weekday()) {
			text = rest
		}
	}
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

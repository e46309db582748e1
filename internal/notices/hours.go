package notices

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Hours are times of the week in which a rule sends. The zero value is always. They are not changed once they are made.
type Hours struct{ spans []span }

// span is one range of the clock on some days.
type span struct {
	days     [7]bool // on which it begins, by time.Weekday
	from, to int     // minutes of the day; a range whose end is not behind its begin passes midnight
}

const wholeDay = 24 * 60

// HoursForms says how hours are written.
const HoursForms = `days and ranges as in "mon-fri 07:00-18:00" or "mon,wed 08:00-12:00,13:00-17:00; sat-sun"`

var days = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseHours reads hours: "" for always, or one or more parts with ";" in between. A part has days ("mon-fri,sun"),
// ranges ("07:00-12:00,22:00-06:00"), or both. Without days it is every day, without ranges all day. A range that
// passes midnight belongs to the day on which it begins.
func ParseHours(text string) (Hours, error) {
	var h Hours
	if strings.TrimSpace(text) == "" {
		return h, nil
	}
	for part := range strings.SplitSeq(text, ";") {
		spans, err := parsePart(part)
		if err != nil {
			return Hours{}, err
		}
		h.spans = append(h.spans, spans...)
	}
	return h, nil
}

func parsePart(text string) ([]span, error) {
	var on [7]bool
	var ranges []span
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	if len(words) == 0 {
		return nil, fmt.Errorf("a part is empty")
	}
	for _, word := range words {
		if strings.ContainsAny(word, "0123456789") {
			from, to, err := parseRange(word)
			if err != nil {
				return nil, err
			}
			ranges = append(ranges, span{from: from, to: to})
			continue
		}
		if len(ranges) > 0 {
			return nil, fmt.Errorf("%q comes behind a range; days come first, and ; begins a new part", word)
		}
		if err := addDays(&on, word); err != nil {
			return nil, err
		}
	}
	if on == [7]bool{} {
		on = [7]bool{true, true, true, true, true, true, true}
	}
	if len(ranges) == 0 {
		ranges = []span{{to: wholeDay}}
	}
	for i := range ranges {
		ranges[i].days = on
	}
	return ranges, nil
}

// addDays adds "mon", or "fri-mon" with all days between.
func addDays(on *[7]bool, word string) error {
	first, last, between := strings.Cut(word, "-")
	from, err := parseDay(first)
	if err != nil {
		return err
	}
	to := from
	if between {
		if to, err = parseDay(last); err != nil {
			return err
		}
	}
	for on[from] = true; from != to; on[from] = true {
		from = (from + 1) % 7
	}
	return nil
}

func parseDay(text string) (int, error) {
	for i, short := range days {
		if text == short || text == strings.ToLower(time.Weekday(i).String()) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is no day; use mon, tue, wed, thu, fri, sat and sun", text)
}

func parseRange(text string) (from, to int, err error) {
	begin, end, ok := strings.Cut(text, "-")
	if !ok {
		return 0, 0, fmt.Errorf("%q is no range", text)
	}
	if from, err = parseMinute(begin); err == nil {
		to, err = parseMinute(end)
	}
	switch {
	case err != nil:
	case from == to:
		err = fmt.Errorf("the range %q is empty; 00:00-24:00 is all day", text)
	case from == wholeDay:
		err = fmt.Errorf("the range %q begins at 24:00; 00:00 of the next day is the same", text)
	}
	return from, to, err
}

func parseMinute(text string) (int, error) {
	if text == "24:00" {
		return wholeDay, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time, as in 07:00", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Holds reports whether the hours include that time of the server's clock.
func (h Hours) Holds(at jobmon.WallTime) bool {
	if len(h.spans) == 0 {
		return true
	}
	t := at.Time()
	today, minute := int(t.Weekday()), t.Hour()*60+t.Minute()
	yesterday := (today + 6) % 7
	return slices.ContainsFunc(h.spans, func(s span) bool {
		if s.from < s.to {
			return s.days[today] && s.from <= minute && minute < s.to
		}
		return s.days[today] && s.from <= minute || s.days[yesterday] && minute < s.to
	})
}

// String writes the hours in one form, which ParseHours reads; "" is always.
func (h Hours) String() string {
	var parts []string
	for i := 0; i < len(h.spans); {
		on := h.spans[i].days
		var ranges []string
		for ; i < len(h.spans) && h.spans[i].days == on; i++ {
			ranges = append(ranges, h.spans[i].String())
		}
		parts = append(parts, strings.TrimSpace(daysText(on)+" "+strings.Join(ranges, ",")))
	}
	return strings.Join(parts, "; ")
}

func (s span) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.from/60, s.from%60, s.to/60, s.to%60)
}

// daysText lists the days from Monday on, three or more in a row as "mon-wed"; "" for all.
func daysText(on [7]bool) string {
	var list []string
	for i := 1; i <= 7; i++ {
		if !on[i%7] {
			continue
		}
		first := i
		for i < 7 && on[(i+1)%7] {
			i++
		}
		switch i - first {
		case 6:
			return ""
		case 0:
			list = append(list, days[first%7])
		case 1:
			list = append(list, days[first%7], days[i%7])
		default:
			list = append(list, days[first%7]+"-"+days[i%7])
		}
	}
	return strings.Join(list, ",")
}

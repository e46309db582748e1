package board

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func number(n int) string { return strconv.Itoa(n) }

// lasting is a duration in words, as the monitor writes it; the script has the same rule for what goes on.
func (w words) lasting(d time.Duration) string {
	seconds := int(max(d, 0) / time.Second)
	minutes := seconds / 60
	switch {
	case seconds < 60:
		return w.phrase("for.seconds", "n", number(seconds))
	case minutes < 60:
		return w.phrase("for.minutes", "n", number(minutes))
	case minutes < 2880:
		return w.phrase("for.hours", "h", number(minutes/60), "m", fmt.Sprintf("%02d", minutes%60))
	}
	return w.phrase("for.days", "n", number(minutes/1440))
}

// about is a typical duration in words: its minutes are rounded, not cut.
func (w words) about(d time.Duration) string {
	if d >= time.Minute {
		d = d.Round(time.Minute)
	}
	return w.lasting(d)
}

// wall is a moment by the DS server's clock.
func (f *Frame) wall(i jobmon.Instant) time.Time { return i.Wall(f.Offset).Time() }

// at is "14:05", on another day than the one shown with its date, "?" for no moment.
func (p *pen) at(i jobmon.Instant) string {
	if i == 0 {
		return "?"
	}
	t, now := p.f.wall(i), p.today
	if y, m, d := t.Date(); y == now.Year() && m == now.Month() && d == now.Day() {
		return t.Format("15:04")
	}
	return p.w.phrase("other.day", "day", number(t.Day()), "month", number(int(t.Month())), "time", t.Format("15:04"))
}

// start is at for a planned time, which is one of the server's clock.
func (p *pen) start(t jobmon.WallTime) string {
	if t == jobmon.NoStart {
		return "?"
	}
	return p.at(t.Instant(p.f.Offset))
}

// pick is the n-th word of a list of words.
func (w words) pick(key string, n int) string {
	if list := strings.Fields(w.text(key)); n >= 0 && n < len(list) {
		return list[n]
	}
	return ""
}

// dated is a date by a text with the places weekday, day, month and year; short has the weekday and month cut.
func (w words) dated(key string, t time.Time, short bool) string {
	weekdays, months := "weekdays", "months"
	if short {
		weekdays, months = "weekdays.short", "months.short"
	}
	return w.say(key, "weekday", w.pick(weekdays, int(t.Weekday())), "day", number(t.Day()),
		"month", w.pick(months, int(t.Month())-1), "year", number(t.Year()))
}

// day is "Thu 26 Nov".
func (w words) day(t time.Time) string { return w.dated("date.short", t, true) }

// moment is "Thursday 26 November 2026, 14:32:10".
func (w words) moment(t time.Time) string {
	return w.dated("date.long", t, false) + ", " + t.Format(time.TimeOnly)
}

// iso is a moment as ?at= takes it, with the server's offset.
func (f *Frame) iso(i jobmon.Instant) string {
	layout := "2006-01-02T15:04:05"
	if i%1000 != 0 {
		layout += ".000"
	}
	return f.wall(i).Format(layout) + f.Offset.String()
}

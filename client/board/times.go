package board

import (
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/internal/wording"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func number(n int) string { return strconv.Itoa(n) }

// lasting is a duration in words, as HTML; the script has the same rule for what goes on.
func (w words) lasting(d time.Duration) string { return html.EscapeString(w.Lasting(d)) }

// about is a typical duration in words, as HTML.
func (w words) about(d time.Duration) string { return html.EscapeString(w.About(d)) }

// wall is a moment by the DS server's clock.
func (f *Frame) wall(i jobmon.Instant) time.Time { return i.Wall(f.Offset).Time() }

// speaker says what pages and messages have in common.
func (p *pen) speaker() *wording.Speaker {
	return &wording.Speaker{Words: p.w.Words, Offset: p.f.Offset, Today: p.today}
}

// at is "14:05", on another day than the one shown with its date, "?" for no moment.
func (p *pen) at(i jobmon.Instant) string { return html.EscapeString(p.speaker().At(i)) }

// pick is the n-th word of a list of words.
func (w words) pick(key string, n int) string {
	if list := strings.Fields(w.Text(key)); n >= 0 && n < len(list) {
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
	return w.Say(key, "weekday", w.pick(weekdays, int(t.Weekday())), "day", number(t.Day()),
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

// minute is a moment with its date, without seconds: "Thursday 26 November 2026, 14:32".
func (v *view) minute(i jobmon.Instant) string {
	t := v.wall(i)
	return v.pen.w.dated("date.long", t, false) + ", " + t.Format("15:04")
}

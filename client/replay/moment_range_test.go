package replay

import (
	"testing"
	"time"
)

// TestRanges asks on a Thursday at 14:45 what the ends of a range mean.
func TestRanges(t *testing.T) {
	t.Parallel()
	clock := NewClock(Shift{Offset: 3600})
	end := time.Date(2026, 11, 26, 13, 45, 0, 0, time.UTC)
	for _, c := range []struct{ since, until, from, to string }{
		{"14:00", "15:00", "11-26 14:00", "11-26 15:00"},
		{"14:00", "14:30", "11-26 14:00", "11-26 14:30"},
		{"15:00", "14:00", "11-25 15:00", "11-26 14:00"},
		{"20:00", "22:00", "11-25 20:00", "11-25 22:00"},
		{"22:00", "06:00", "11-25 22:00", "11-26 06:00"},
		{"yesterday", "15:00", "11-25 00:00", "11-26 15:00"},
		{"yesterday", "14:00", "11-25 00:00", "11-26 14:00"},
		{"yesterday 14:00", "15:00", "11-25 14:00", "11-26 15:00"},
		{"-1h", "15:00", "11-26 13:45", "11-26 15:00"},
		{"-1h", "14:00", "11-26 13:45", "11-26 14:00"},
		{"2026-11-23", "15:00", "11-23 00:00", "11-26 15:00"},
		{"monday", "15:00", "11-23 00:00", "11-26 15:00"},
		{"monday", "wednesday", "11-23 00:00", "11-25 00:00"},
		{"monday", "friday", "11-23 00:00", "11-27 00:00"},
		{"friday", "monday", "11-20 00:00", "11-23 00:00"},
		{"friday", "saturday", "11-20 00:00", "11-21 00:00"},
		{"thursday", "thursday 15:00", "11-26 00:00", "11-26 15:00"},
		{"thu 15:00", "thu 14:00", "11-19 15:00", "11-26 14:00"},
		{"-14d", "friday", "11-12 14:45", "11-27 00:00"},
		{"-14d", "sunday", "11-12 14:45", "11-29 00:00"},
		{"-14d", "monday", "11-12 14:45", "11-23 00:00"},
		{"-14d", "thu 15:00", "11-12 14:45", "11-26 15:00"},
		{"", "15:00", "", "11-26 15:00"},
		{"", "friday", "", "11-27 00:00"},
		{"11-24 10:00", "11-26 15:00", "11-24 10:00", "11-26 15:00"},
		{"11-27", "11-28", "11-27 00:00", "11-28 00:00"}, // of the year before
		{"-1h", "11-26 15:00", "11-26 13:45", "11-26 15:00"},
		{"15:00 UTC+02:00", "16:00 UTC+02:00", "11-26 14:00", "11-26 15:00"},
		{"15:00 +02:00", "15:00", "11-26 14:00", "11-26 15:00"},
	} {
		var since Point
		var err error
		if c.since != "" {
			if since, err = clock.Parse(c.since, end); err != nil {
				t.Errorf("since %s: %v", c.since, err)
			}
			if got := clock.In(since.First).Format("01-02 15:04"); got != c.from {
				t.Errorf("since %s is %s; want %s", c.since, got, c.from)
			}
		}
		until, err := clock.ParseEnd(c.until, end, since)
		if err != nil {
			t.Errorf("until %s: %v", c.until, err)
			continue
		}
		if got := clock.In(until.Time).Format("01-02 15:04"); got != c.to {
			t.Errorf("since %q until %s ends at %s; want %s", c.since, c.until, got, c.to)
		}
		if !since.First.Before(until.Time) {
			t.Errorf("since %q until %s is empty", c.since, c.until)
		}
	}
}

// TestRangesThatAreEmpty: a range the wrong way round does not become another one.
func TestRangesThatAreEmpty(t *testing.T) {
	t.Parallel()
	clock := NewClock(Shift{Offset: 3600})
	end := time.Date(2026, 11, 26, 13, 45, 0, 0, time.UTC)
	for _, c := range [][2]string{
		{"14:00", "13:00"}, {"14:00", "14:00"}, {"-10m", "14:00"}, {"monday", "monday"}, {"wednesday", "tuesday"}, {"11-24", "11-23"},
	} {
		since, _ := clock.Parse(c[0], end)
		if until, err := clock.ParseEnd(c[1], end, since); err != nil || since.First.Before(until.Time) {
			t.Errorf("since %s until %s: %v to %v, %v", c[0], c[1], since.First, until.Time, err)
		}
	}
}

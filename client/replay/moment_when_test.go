package replay

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

func TestParse(t *testing.T) {
	zone := time.FixedZone("", 3600)
	end := time.Date(2026, 11, 22, 14, 30, 0, 0, zone)
	for text, want := range map[string]string{
		"2026-11-22T14:05:00Z":      "2026-11-22T15:05:00+01:00",
		"2026-11-22T14:05:00+01:00": "2026-11-22T14:05:00+01:00",
		"2026-11-22 14:05":          "2026-11-22T14:05:00+01:00",
		"2026-11-21T14:05:09":       "2026-11-21T14:05:09+01:00",
		"2026-11-21":                "2026-11-21T00:00:00+01:00",
		"14:05":                     "2026-11-22T14:05:00+01:00",
		"14:30":                     "2026-11-22T14:30:00+01:00",
		"14:31":                     "2026-11-21T14:31:00+01:00", // not yet today: yesterday's
		"14:05:30":                  "2026-11-22T14:05:30+01:00",
		"-2h":                       "2026-11-22T12:30:00+01:00",
		" -90m ":                    "2026-11-22T13:00:00+01:00",
		"-1d":                       "2026-11-21T14:30:00+01:00",
		"-1w2d1h30m":                "2026-11-13T13:00:00+01:00",
		"now":                       "2026-11-22T14:30:00+01:00",
		"today":                     "2026-11-22T00:00:00+01:00",
		"Yesterday":                 "2026-11-21T00:00:00+01:00",
		"yesterday 14:31":           "2026-11-21T14:31:00+01:00",
		"today 18:00":               "2026-11-22T18:00:00+01:00", // a range may end there
		"sunday":                    "2026-11-22T00:00:00+01:00", // today is one
		"Sun 15:00":                 "2026-11-15T15:00:00+01:00", // not yet today
		"mon 08:00":                 "2026-11-16T08:00:00+01:00",
		"14:05:30.250":              "2026-11-22T14:05:30+01:00",
		"2026-11-21 UTC+02:00":      "2026-11-20T23:00:00+01:00",
		"2026-11-21 14:05 utc":      "2026-11-21T15:05:00+01:00",
		"2026-11-21T14:05+0200":     "2026-11-21T13:05:00+01:00",
		"today UTC":                 "2026-11-22T01:00:00+01:00",
		"Saturday, 2026-11-21":      "2026-11-21T00:00:00+01:00",
		"saturday 14:05 GMT-5":      "2026-11-21T20:05:00+01:00",
		"11-23 10:00":               "2025-11-23T10:00:00+01:00",
		"02-29":                     "2024-02-29T00:00:00+01:00",
	} {
		got, err := Parse(text, end, zone)
		if err != nil || got.Time.In(zone).Format(time.RFC3339) != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", text, got.Time, err, want)
		}
	}
	if got, err := Parse("seq:120", end, zone); err != nil || got.Seq != 120 || !got.Time.IsZero() {
		t.Errorf("seq:120 = %+v, %v", got, err)
	}
	for _, text := range []string{"", "25:00", "14", "tomorrow", "seq:", "seq:0", "seq:-1", "-2", "--2h", "2026-13-01", "+2h", "-", "-2x", "-99999w", "someday", "yesterday 25:00", "today today", "sundays", "Friday, 2026-11-21", "14:05 UTC+15:00",
		"14:05 +", "UTC", "+01:00", "11-31", "today UTC UTC"} {
		if got, err := Parse(text, end, zone); err == nil || !strings.Contains(err.Error(), "RFC 3339") {
			t.Errorf("Parse(%q) = %v, %v; want an error that names the forms", text, got, err)
		}
	}
}

// summerEnds is the clock of a server whose summer time ends at 03:00 on 2026-10-25, and began at 02:00 on 2026-03-29.
func summerEnds() Clock {
	return NewClock(
		Shift{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 3600},
		Shift{time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), 7200},
		Shift{time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), 3600})
}

func TestTimesThatTheClockShowedTwiceOrNever(t *testing.T) {
	end := time.Date(2026, 10, 25, 9, 0, 0, 0, time.UTC)
	for text, want := range map[string][2]string{
		"02:30":            {"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"},
		"today 02:59:59":   {"2026-10-25T02:59:59+02:00", "2026-10-25T02:59:59+01:00"},
		"2026-10-25 03:00": {"2026-10-25T03:00:00+01:00", "2026-10-25T03:00:00+01:00"},
		"2026-10-25 01:59": {"2026-10-25T01:59:00+02:00", "2026-10-25T01:59:00+02:00"},
		"2026-03-29 02:30": {"2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"}, // skipped
		"2026-03-29 01:59": {"2026-03-29T01:59:00+01:00", "2026-03-29T01:59:00+01:00"},
		"2025-07-01":       {"2025-07-01T00:00:00+01:00", "2025-07-01T00:00:00+01:00"}, // before all that is known
		"yesterday 02:30":  {"2026-10-24T02:30:00+02:00", "2026-10-24T02:30:00+02:00"},
	} {
		got, err := summerEnds().Parse(text, end)
		if have := [2]string{got.First.Format(time.RFC3339), got.Time.Format(time.RFC3339)}; err != nil ||
			have != want {
			t.Errorf("%s: %v, %v; want %v", text, have, err, want)
		}
	}
	// between the two the second one is still to come
	if got, err := summerEnds().Parse("02:30", time.Date(2026, 10, 25, 0, 45, 0, 0, time.UTC)); err != nil ||
		!got.Time.Equal(got.First) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestClockShowsItsMoments: a moment is among those at which the clock showed what it showed then.
func TestClockShowsItsMoments(t *testing.T) {
	clock := summerEnds()
	lawtest.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(1_767_200_000_000, 1_798_700_000_000).Draw(t, "at"))
		if !slices.ContainsFunc(clock.Moments(clock.In(at)), at.Equal) {
			t.Fatalf(
				"%v is shown as %v, at which the clock was at %v",
				at.UTC(),
				clock.In(at),
				clock.Moments(clock.In(at)),
			)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"14:05", "-2h", "seq:1", "2026-11-22T14:05:00Z", "-9999999999h", "yesterday 14:00", "mon", "-1w2d", "2026-10-25 02:30"} {
		f.Add(text)
	}
	end := time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := summerEnds().Parse(text, end); err == nil && got.First.After(got.Time) {
			t.Errorf("Parse(%q) ends before it begins: %+v", text, got)
		}
		if got, err := summerEnds().ParseEnd(text, end, Point{}); err == nil && got.First.After(got.Time) {
			t.Errorf("ParseEnd(%q) ends before it begins: %+v", text, got)
		}
		got, err := Parse(text, end, time.UTC)
		if err == nil && got.Time.IsZero() == (got.Seq == 0) && got.Time.Year() > 1 {
			t.Errorf("Parse(%q) is neither a time nor a place: %+v", text, got)
		}
	})
}

// Parse is Clock.Parse for a zone without shifts.
func Parse(text string, end time.Time, zone *time.Location) (Point, error) {
	_, offset := end.In(zone).Zone()
	return NewClock(Shift{Offset: offset}).Parse(text, end)
}

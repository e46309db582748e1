package when

import (
	"strings"
	"testing"
	"time"
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
	} {
		got, err := Parse(text, end, zone)
		if err != nil || got.Time.In(zone).Format(time.RFC3339) != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", text, got.Time, err, want)
		}
	}
	if got, err := Parse("seq:120", end, zone); err != nil || got.Seq != 120 || !got.Time.IsZero() {
		t.Errorf("seq:120 = %+v, %v", got, err)
	}
	for _, text := range []string{"", "25:00", "14", "tomorrow", "seq:", "seq:0", "seq:-1", "-2", "--2h", "2026-13-01", "+2h"} {
		if got, err := Parse(text, end, zone); err == nil || !strings.Contains(err.Error(), "RFC 3339") {
			t.Errorf("Parse(%q) = %v, %v; want an error that names the forms", text, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"14:05", "-2h", "seq:1", "2026-11-22T14:05:00Z", "-9999999999h"} {
		f.Add(text)
	}
	end := time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text, end, time.UTC)
		if err == nil && got.Time.IsZero() == (got.Seq == 0) && got.Time.Year() > 1 {
			t.Errorf("Parse(%q) is neither a time nor a place: %+v", text, got)
		}
	})
}

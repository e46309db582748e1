package ndjson

import "time"

const msOfDay = 24 * 60 * 60 * 1000

// Times that a text of four digits for the year can hold.
const (
	earliest = -62_167_219_200_000 // 0000-01-01T00:00
	latest   = 253_402_300_799_999 // 9999-12-31T23:59:59.999
)

// Day writes times. It keeps the date that it wrote last: most times that follow one another are of the same day.
type Day struct {
	number int64 // since 1970
	date   string
}

// Append appends milliseconds since 1970 as date and time: "2026-11-22" sep "14:05:00", with what is below a second
// if millis.
func (d *Day) Append(dst []byte, ms int64, sep byte, millis bool) []byte {
	number := ms / msOfDay
	if ms < 0 && ms%msOfDay != 0 {
		number--
	}
	if d.date == "" || d.number != number {
		d.number, d.date = number, time.UnixMilli(ms).UTC().Format(time.DateOnly)
	}
	rest := int(ms - number*msOfDay)
	dst = append(append(dst, d.date...), sep)
	dst = append(two(dst, rest/3_600_000), ':')
	dst = append(two(dst, rest/60_000%60), ':')
	dst = two(dst, rest/1000%60)
	if millis {
		dst = append(dst, '.', byte('0'+rest/100%10), byte('0'+rest/10%10), byte('0'+rest%10))
	}
	return dst
}

func two(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

package jobmon

import "time"

const (
	quarter     = 15 * time.Minute // zones differ from UTC by whole quarters of an hour
	nearQuarter = 2 * time.Minute
	farthest    = 14 * time.Hour
)

// ZoneDistance is how far a start_time is from UTC when that is a whole number of quarter hours that a zone can have:
// while start_time's clock is not known, such a row may have been planned for now.
func ZoneDistance(start WallTime, utc Instant) (Offset, bool) {
	if start == NoStart {
		return 0, false
	}
	d := time.Duration(int64(start)-int64(utc)) * time.Millisecond
	whole := d.Round(quarter)
	if (d-whole).Abs() > nearQuarter || whole.Abs() > farthest {
		return 0, false
	}
	return Offset(whole / time.Second), true
}

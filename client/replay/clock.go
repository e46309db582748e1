package replay

import "time"

// Clock tells the wall-clock time of a place whose UTC offset changed at known moments, as it does at both ends of
// summer time. The zero value is UTC's. It is immutable and safe for concurrent use.
type Clock struct{ shifts []Shift }

// Shift is a change of the offset.
type Shift struct {
	From   time.Time
	Offset int // seconds east of UTC
}

// NewClock returns the clock with these shifts, ascending; the first one holds for all time before it too.
func NewClock(shifts ...Shift) Clock { return Clock{shifts} }

// In is the moment as the clock showed it.
func (c Clock) In(t time.Time) time.Time {
	zone := time.UTC
	for i, s := range c.shifts {
		if i == 0 || !t.Before(s.From) {
			zone = time.FixedZone("", s.Offset)
		}
	}
	return t.In(zone)
}

// Moments are the moments at which the clock showed what wall shows, whatever wall's zone: one, or two when it was
// set back over that time. A time that it skipped means the moment at which it did.
func (c Clock) Moments(wall time.Time) []time.Time {
	reading := time.Date(
		wall.Year(),
		wall.Month(),
		wall.Day(),
		wall.Hour(),
		wall.Minute(),
		wall.Second(),
		wall.Nanosecond(),
		time.UTC,
	)
	if len(c.shifts) == 0 {
		return []time.Time{reading}
	}
	var found []time.Time
	skipped := reading
	for i, s := range c.shifts {
		at := reading.Add(-time.Duration(s.Offset) * time.Second)
		switch last := i == len(c.shifts)-1; {
		case i > 0 && at.Before(s.From):
		case last || at.Before(c.shifts[i+1].From):
			found = append(found, c.In(at))
		default:
			skipped = c.shifts[i+1].From // unless a later offset has it
		}
	}
	if len(found) == 0 {
		return []time.Time{c.In(skipped)}
	}
	return found
}

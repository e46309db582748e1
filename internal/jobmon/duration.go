package jobmon

import (
	"fmt"
	"strings"
	"time"
)

// Units are the words of durations in one language; what else is written of them is the same in all.
type Units struct {
	Days string // behind a number of days
	UpTo string // before a bound
}

var english = Units{Days: "d", UpTo: "up to"}

// Span returns a duration in words, cut to whole seconds below an hour, to whole minutes below two days: "45 s", "6
// min", "12 min 50 s", "1 h 05 min", "3 d 4 h". Everything that people read of a duration comes from here.
func Span(d time.Duration) string { return english.Span(d) }

// Span is Span in these words.
func (u Units) Span(d time.Duration) string {
	seconds := int64(max(d, 0) / time.Second)
	minutes, hours := seconds/60, seconds/3600
	switch {
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	case hours == 0 && seconds%60 == 0:
		return fmt.Sprintf("%d min", minutes)
	case hours == 0:
		return fmt.Sprintf("%d min %d s", minutes, seconds%60)
	case hours < 48:
		return fmt.Sprintf("%d h %02d min", hours, minutes%60)
	}
	return fmt.Sprintf("%d %s %d h", hours/24, u.Days, hours%24)
}

// Length is how long something took, as far as that was seen.
type Length struct {
	Took    time.Duration
	Most    time.Duration // not 0: all that is known is that it did not take longer
	Inexact bool          // nobody watched at one of its ends
}

// Exact reports whether both ends were seen closely.
func (l Length) Exact() bool { return l.Most == 0 && !l.Inexact }

// String returns "1 min 5 s", "< 5 s" for what came and went between two reads, "up to 40 s" for what happened while
// nobody watched, and "~40 s" where not even that is known.
func (l Length) String() string { return english.Length(l) }

// Length is the length in these words, as String returns it in English.
func (u Units) Length(l Length) string {
	switch {
	case l.Exact():
		return u.Span(l.Took)
	case !l.Inexact:
		return "< " + u.Span(l.Most+time.Second-1) // rounded up: it is a bound
	case l.Most > 0:
		return u.UpTo + " " + u.Span(l.Most+time.Second-1)
	}
	return "~" + u.Span(l.Took)
}

// Brief is a text of Span or of a Length in few columns: "45s", "12m50s", "1h05m", "<5s", "<=40s".
func Brief(text string) string {
	return strings.NewReplacer("up to ", "<=", " min", "m", " ", "").Replace(text)
}

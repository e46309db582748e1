package jobmon

import "time"

// Looks keeps when the source was not read, from the daemon's own events. Its fields are exported for checkpoints.
type Looks struct {
	Lost     Instant // since when the source is not read; 0 while it is
	From, To Instant // the last time without reads
}

// soonAfter is how long after such a time the first read may follow.
const soonAfter = time.Minute

// Note adds the next event.
func (l *Looks) Note(e *Event) {
	switch e.Kind {
	case KindSourceLost:
		if l.Lost == 0 {
			l.Lost = e.At
		}
	case KindSourceRestored, KindDaemonStarted:
		from := l.Lost
		if e.Kind == KindDaemonStarted && e.Until != 0 && (from == 0 || e.Until < from) {
			from = e.Until
		}
		if from != 0 && from <= e.At {
			l.From, l.To = from, e.At
		}
		l.Lost = 0
	}
}

// Unseen returns within which time before it the event of a row happened, given how often the source is read: 0 for one
// that was seen closely, and where that is not known.
func (l *Looks) Unseen(e *Event, poll time.Duration) time.Duration {
	switch {
	case e.Flags.Has(Inexact):
		if l.From != 0 && l.From <= e.At && l.To <= e.At && e.At.Sub(l.To) <= soonAfter {
			return e.At.Sub(l.From) + poll // the last good read came before the first that failed
		}
	case e.Flags.Has(Inferred):
		return poll
	}
	return 0
}

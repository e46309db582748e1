package past

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Stretch is the range of the log that a question is about: [since, until), by when a deployment began.
type Stretch struct {
	SinceText, UntilText string // as they were typed; "" for none
	Since, Until         replay.Point
	After                uint64 // all that begins in it is behind this event
}

// Read understands what was typed.
func (s *Stretch) Read(p *Log) (err error) {
	if s.Since, s.Until, err = p.Bounds(s.SinceText, s.UntilText, false); err != nil {
		return err
	}
	if s.SinceText != "" {
		s.After, err = p.Before(s.Since)
	}
	return err
}

// Holds says whether the deployment began in it.
func (s *Stretch) Holds(d *deployments.Deployment) bool {
	return s.Has(&jobmon.Event{Seq: d.OpenSeq, At: d.Session.Began})
}

// Has reports whether the event is in it.
func (s *Stretch) Has(e *jobmon.Event) bool {
	return e.Seq > s.After && (s.SinceText == "" || reached(s.Since, e)) && !s.Past(e)
}

// Past reports whether the event is behind it.
func (s *Stretch) Past(e *jobmon.Event) bool { return s.UntilText != "" && reached(s.Until, e) }

// Before is an event up to which all are before that point, the last such one.
func (p *Log) Before(point replay.Point) (uint64, error) {
	if point.Seq > 0 {
		return point.Seq - 1, nil
	}
	m, _, err := p.Moment(jobmon.InstantOf(point.Time) - 1)
	if err != nil {
		return 0, fmt.Errorf("look for %s in the log: %w", p.Local(jobmon.InstantOf(point.Time)), err)
	}
	return m.First, nil
}

// skew is by how much the clock that somebody reads may be ahead of the server's.
const skew = 10 * time.Minute

// Bounds reads the ends of a range; a text is "" for none. follow says that the range has no end: then "14:05" counts
// back from the present, and what is about to come is no error.
func (p *Log) Bounds(sinceText, untilText string, follow bool) (since, until replay.Point, err error) {
	if sinceText != "" {
		newest := p.Present()
		if follow {
			newest = p.Today().Add(skew)
		}
		if since, err = p.point(sinceText, newest); err != nil {
			return since, until, err
		}
		limit := p.Covered
		if follow {
			limit = newest
		}
		if since.Seq > p.Last || since.Seq == 0 && jobmon.InstantOf(since.First) > limit {
			return since, until, &Outside{Err: fmt.Errorf("--since %s is outside: %s", p.Named(since), p.Period())}
		}
	}
	if untilText == "" {
		return since, until, nil
	}
	if until, err = p.ParseEnd(untilText, since); err != nil {
		return since, until, err
	}
	if until.Seq == 0 && jobmon.InstantOf(until.Time) <= p.First || until.Seq > 0 && until.Seq <= p.Oldest && p.Cut {
		return since, until, &Outside{Err: fmt.Errorf("--until %s is outside: %s", p.Named(until), p.Period())}
	}
	if sinceText != "" && (since.Seq > 0) == (until.Seq > 0) && !before(since, until) {
		err = emptyPeriod("--since %s (%s) is not before --until %s (%s): nothing lies between them",
			sinceText, p.Named(since), untilText, p.Named(until))
	}
	return since, until, err
}

// FromTo is a period in words, with the day of its end only where that is another one.
func (p *Log) FromTo(from, to jobmon.Instant) string {
	if to == 0 {
		return "since " + p.Local(from)
	}
	begin, end := p.Local(from), p.Local(to)
	if begin[:len(time.DateOnly)] == end[:len(time.DateOnly)] {
		end = end[len(time.DateOnly)+1:]
	}
	return begin + " to " + end
}

func before(a, b replay.Point) bool { return a.Seq < b.Seq || a.First.Before(b.Time) }

// reached says whether the event is at that point or behind it.
func reached(point replay.Point, e *jobmon.Event) bool {
	if point.Seq > 0 {
		return e.Seq >= point.Seq
	}
	return e.At >= jobmon.InstantOf(point.Time)
}

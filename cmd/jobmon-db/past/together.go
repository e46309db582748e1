package past

import (
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// Together stands for several logs wherever times are typed or named: it covers what they cover, by the clock of a
// place, as their servers have several. Nothing can be read from it.
func Together(logs []*Log, place *time.Location) *Log {
	t := &Log{AgeMS: -1, parts: len(logs), UTC: true}
	var newest jobmon.Instant
	for i, p := range logs {
		if i == 0 || p.First < t.First {
			t.First = p.First
		}
		t.Covered, newest = max(t.Covered, p.Covered), max(newest, p.Present())
		t.Live, t.UTC = t.Live || p.Live, t.UTC && p.UTC
	}
	if t.Live {
		t.AgeMS = newest.Sub(t.Covered).Milliseconds()
	}
	t.at(place, newest)
	return t
}

// Machine is Together of so many logs where it is known already what they cover, up to now by this machine's clock.
func Machine(place *time.Location, parts int, first, now jobmon.Instant) *Log {
	t := &Log{First: first, Covered: now, Live: true, parts: parts}
	t.at(place, now)
	return t
}

// at has times read by the clock of a place, from a year before to a year behind: a range may end later than the logs.
func (p *Log) at(place *time.Location, newest jobmon.Instant) {
	const year = 366 * 24 * time.Hour
	for at, end := p.First.Time().Add(-year), newest.Time().Add(year); ; {
		_, offset := at.In(place).Zone()
		p.Shifts = append(p.Shifts, history.Shift{From: jobmon.InstantOf(at), Offset: jobmon.Offset(offset)})
		if at.Before(newest.Time()) {
			p.Offset = jobmon.Offset(offset)
		}
		_, next := at.In(place).ZoneBounds()
		if at = next; next.IsZero() || next.After(end) {
			return
		}
	}
}

// Parts is how many logs it stands for; 0 for a log of its own.
func (p *Log) Parts() int { return p.parts }

// ofOne refuses the number of an event where several logs are meant.
func (p *Log) ofOne(point replay.Point) error {
	if point.Seq == 0 || p.parts == 0 {
		return nil
	}
	return &Wrong{Err: fmt.Errorf("seq:%d is the number of an event at one site, and %s are asked: name one of them",
		point.Seq, words.Count(p.parts, "site")), Say: words.Phrase{Key: "problem.wrong.text",
		Places: []any{"text", fmt.Sprintf("seq:%d", point.Seq)}}}
}

// IsOutside reports whether an error says that a time is outside what a log covers.
func IsOutside(err error) bool {
	var outside *Outside
	return errors.As(err, &outside)
}

package ingest

import (
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// maxStep is by how much the server's clock and our monotonic clock may disagree between two reads.
const maxStep = 2 * time.Second

// moment is what the server's clock showed at some time between began and ended by ours. These two carry a monotonic
// reading, so somebody who sets our clock disturbs nothing.
type moment struct {
	began, ended time.Time
	server       jobmon.Instant
}

func (m *moment) middle() time.Time { return m.began.Add(m.ended.Sub(m.began) / 2) }

// ahead is how far the server's clock is ahead of ours.
func (m *moment) ahead() time.Duration { return m.server.Sub(jobmon.InstantOf(m.middle())) }

// Now is the present time by the SQL Server's clock: from the last good read on our clock carries it forward, and
// before the first one the last known difference does. Safe for concurrent use.
func (p *Poller) Now() jobmon.Instant {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		return jobmon.InstantOf(p.begun).Add(p.options.Previous.Ahead + p.theirs(time.Since(p.begun)))
	}
	return p.last.server.Add(p.theirs(time.Since(p.last.middle())))
}

func (p *Poller) setLast(m *moment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = m
}

// theirs is how long a time on our clock is on the source's.
func (p *Poller) theirs(ours time.Duration) time.Duration {
	return time.Duration(float64(ours) * p.options.Speed)
}

// clock makes the event that tells that the server's UTC offset changed, or that its clock jumped against ours.
func (p *Poller) clock(r *reading) (jobmon.Event, bool) {
	e := jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(r.Offset)}
	if p.last != nil {
		passed := r.Now.Sub(p.last.server)
		// A slow read does not say when in its course the server looked at its clock: only what no such moment
		// explains is a jump.
		least, most := p.theirs(r.began.Sub(p.last.ended)), p.theirs(r.ended.Sub(p.last.began))
		if passed < least-maxStep || passed > most+maxStep {
			e.Step = (passed - p.theirs(r.middle().Sub(p.last.middle()))).Milliseconds()
		}
	}
	return e, e.Step != 0 || !p.log.Read || p.log.Offset != r.Offset
}

// trust says how far the times of what this read tells can be trusted: how long nobody looked.
func (p *Poller) trust(r *reading) jobmon.DiffOptions {
	if !p.log.Read {
		return jobmon.DiffOptions{Baseline: true}
	}
	interval := p.theirs(p.options.Interval)
	var gap time.Duration
	if p.last != nil {
		gap = p.theirs(r.middle().Sub(p.last.middle())) // by our clock: a jump of theirs is no gap
	} else {
		gap = r.Now.Sub(p.log.Covered) // huge when that is not known
	}
	unknown := gap < 0 // their clock was set back while we were not there
	return jobmon.DiffOptions{Inexact: unknown || gap > 3*interval, InferredInexact: unknown || gap > 2*interval}
}

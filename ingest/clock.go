package ingest

import (
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A server's clock is a witness: one read that contradicts it proves nothing.
const (
	maxStep     = 2 * time.Second  // by which the server's clock may disagree with ours between two reads
	maxUnknown  = time.Hour        // by which it may disagree with ours when their difference is not known
	confirmed   = time.Minute      // for which reads must agree before a new clock is believed
	leastReads  = 3                // that must agree before a new clock is believed
	longestWait = 10 * time.Minute // after which a clock is believed that never agrees with itself
)

// Clocks returns what our monotonic clock does not count: how long this machine has slept, and by how much its wall
// clock has moved beyond the time that elapsed, sleep included. Only differences between two calls matter.
type Clocks func() (slept, moved time.Duration)

// moment is what the server's clock showed at some time between began and ended by ours. These two carry a monotonic
// reading, so a change of our wall clock disturbs nothing.
type moment struct {
	began, ended time.Time
	server       jobmon.Instant
	slept, moved time.Duration // Clocks at that time
	carried      bool          // the server showed something else: this is what our clock says
}

func (m *moment) middle() time.Time { return m.began.Add(m.ended.Sub(m.began) / 2) }

// ahead is how far the server's clock is ahead of ours.
func (m *moment) ahead() time.Duration { return m.server.Sub(jobmon.InstantOf(m.middle())) }

// Now is the present time by the SQL Server's clock. Our clock carries it on from the last good read. Before the first
// good read it is our clock plus the last known difference. Safe for concurrent use.
func (p *Poller) Now() jobmon.Instant {
	slept, _ := p.clocks()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last.server.Add(p.theirs(time.Since(p.last.middle()) + slept - p.last.slept))
}

// clocks reads Options.Clocks.
func (p *Poller) clocks() (slept, moved time.Duration) {
	if p.options.Clocks == nil {
		return 0, 0
	}
	return p.options.Clocks()
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

// since is the time that elapsed from one moment to the other, by our clock.
func (m *moment) since(before *moment) time.Duration {
	return m.middle().Sub(before.middle()) + m.slept - before.slept
}

// carry is the server's clock at the time of r as the last one that was believed and ours have it.
func (p *Poller) carry(r *moment) *moment {
	line := *r
	line.server, line.carried = p.last.server.Add(p.theirs(r.since(p.last))), true
	return &line
}

// span is by how much clocks disagree, at least and at most. A slow read does not show when in its course the server
// looked at its clock.
type span struct{ least, most time.Duration }

func (s span) within(tolerance, of time.Duration) bool {
	return s.least <= of+tolerance && s.most >= of-tolerance
}

// off is by how much the server's clock is ahead of the last good one carried on by ours.
func (p *Poller) off(r *moment) span {
	slept, passed := r.slept-p.last.slept, r.server.Sub(p.last.server)
	return span{
		least: passed - p.theirs(r.ended.Sub(p.last.began)+slept),
		most:  passed - p.theirs(r.began.Sub(p.last.ended)+slept),
	}
}

// doubt is what reads have shown of a clock that contradicts the last good one.
type doubt struct {
	since  time.Time // of the first read
	reads  int
	claim  claim     // of the first of the reads that agree, up to the newest
	agreed time.Time // when that was
	same   int       // how many agree
}

// claim is what a read shows of the server's clock.
type claim struct {
	off    span
	offset jobmon.Offset
}

func (c claim) agrees(with claim) bool {
	return c.offset == with.offset && c.off.least <= with.off.most+maxStep && c.off.most >= with.off.least-maxStep
}

// hear records what a doubted read claims. It reports whether the claim is believed now: three reads over a
// minute agree on it, or ten minutes have brought no agreement.
func (d *doubt) hear(at time.Time, c claim) (believed bool) {
	if d.reads == 0 {
		d.since = at
	}
	if d.same == 0 || !c.agrees(d.claim) {
		d.claim, d.agreed, d.same = c, at, 0
	}
	d.reads++
	d.same++
	return d.same >= leastReads && at.Sub(d.agreed) >= confirmed ||
		d.reads >= leastReads && at.Sub(d.since) >= longestWait
}

// judge decides what the read's clock is worth, and gives the read the time and the offset that its events get. While
// the server's clock is doubted, its times go on from the last good read by our clock.
func (p *Poller) judge(r *reading) {
	r.slept, r.moved = p.clocks()
	if p.seen == nil {
		p.begin(r)
	} else {
		r.gap, r.paused = p.theirs(r.since(p.seen)), r.slept-p.seen.slept > maxStep
	}
	off := p.off(r.moment)
	good := off.within(maxStep, 0)
	if moved := r.moved - p.last.moved; !good && !p.options.Local && moved > maxStep && off.within(maxStep, moved) {
		good, r.paused, r.gap = true, true, r.gap+moved // both machines say so: we slept
	}
	sameOffset := !p.log.Read || r.Offset == p.log.Offset
	if good && sameOffset {
		if p.doubt.reads > 0 {
			p.options.Logger.Info().Msg("the server's clock is right again: nothing of its deviation is in the log")
		}
		p.doubt = doubt{}
		return
	}
	line := p.carry(r.moment)
	first := p.doubt.reads == 0
	if p.doubt.hear(r.middle(), claim{off, r.Offset}) {
		if !good {
			r.step = r.server.Sub(line.server)
		}
		return
	}
	if first {
		p.options.Logger.Warn().Dur("ahead", r.server.Sub(line.server)).Stringer("server_time", r.server.Time()).
			Msg("the server's clock or time zone has changed: it is believed when reads have agreed on it for a minute")
	}
	r.doubted = true
	if p.log.Read {
		r.Offset = p.log.Offset
	}
	if !good {
		r.moment, r.Now = line, line.server
	}
}

// begin decides where this run's times begin: the server's clock is compared with ours plus the kept difference. When
// they disagree, times begin with the earlier one that is not before the last event. A made-up source's clock has
// nothing to do with ours.
func (p *Poller) begin(r *reading) {
	if p.options.Clocks == nil {
		p.setLast(r.moment)
		p.log.At = min(p.log.At, r.server)
		return
	}
	line := *r.moment
	ours := p.expected().Add(r.middle().Sub(p.begun) + r.slept - p.slept)
	half := r.ended.Sub(r.began) / 2
	off := span{r.server.Sub(ours) - half, r.server.Sub(ours) + half}
	tolerance := maxUnknown
	if p.options.Previous.AheadKnown {
		tolerance = maxStep
	}
	if ours < p.log.At { // by no more than it may be wrong: then the last event has just been
		ours = min(p.log.At, ours.Add(tolerance))
	}
	if !off.within(tolerance, 0) {
		line.server = min(r.server, ours)
	}
	if line.server < p.log.At {
		line.server = max(r.server, ours)
	}
	line.server = max(line.server, p.log.At)
	p.setLast(&line)
}

// expected is what the server's clock shows at the beginning of the run, as far as the previous one knew.
func (p *Poller) expected() jobmon.Instant {
	return jobmon.InstantOf(p.begun).Add(p.options.Previous.Ahead)
}

// clock makes the event of a change of the server's UTC offset, or of a step of its clock against ours.
func (p *Poller) clock(r *reading) (jobmon.Event, bool) {
	e := jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(r.Offset), Step: r.step.Milliseconds()}
	return e, e.Step != 0 || !p.log.Read || p.log.Offset != r.Offset
}

// trust returns how far the times of this read's events can be trusted, given the time since the last good read.
func (p *Poller) trust(r *reading) jobmon.DiffOptions {
	if !p.log.Read {
		return jobmon.DiffOptions{Baseline: true}
	}
	interval, gap := p.theirs(p.options.Interval), r.gap // by our clock: a step of theirs is no gap
	if p.seen == nil {
		gap = r.Now.Sub(p.log.Covered) // huge when that is not known
	}
	unknown := gap < 0 // their clock was set back while we were not there
	return jobmon.DiffOptions{Inexact: unknown || gap > 3*interval, InferredInexact: unknown || gap > 2*interval}
}

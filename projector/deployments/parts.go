package deployments

import (
	"cmp"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// Doing says what a deployment's time went to.
type Doing string

// What time goes to.
const (
	Working Doing = "working"
	Waiting Doing = "waiting" // no job was at work
	NotSeen Doing = "unseen"  // nobody watched
)

// Part is a piece of a deployment's time that went to one thing.
type Part struct {
	From, To jobmon.Instant
	Doing    Doing
	Stage    int // the stage that was current then: its job worked, or came next; -1 for none
}

// Parts divides the time from the deployment's beginning to its End: the parts follow one another without a hole and
// sum up to it. What was current is decided by sequence numbers, since several runs may start and end in one read.
func (d *Deployment) Parts() []Part {
	var parts []Part
	at := d.Session.Began
	until := func(to jobmon.Instant, seq uint64) {
		if to = min(to, d.End); to > at {
			doing, stage := d.currentAfter(seq)
			parts = append(parts, d.split(Part{From: at, To: to, Doing: doing, Stage: stage})...)
			at = to
		}
	}
	last := uint64(0)
	for _, m := range d.moments() {
		until(m.at, last)
		last = m.seq
	}
	until(d.End, last)
	return merged(parts)
}

// moment is an event at which a run started or ended.
type moment struct {
	seq uint64
	at  jobmon.Instant
}

// moments lists the starts and ends of all runs in the order in which they were seen.
func (d *Deployment) moments() []moment {
	list := make([]moment, 0, 2*len(d.Runs))
	for i := range d.Runs {
		r := &d.Runs[i]
		if r.StartedSeq != 0 {
			list = append(list, moment{r.StartedSeq, r.Started})
		}
		if r.EndedSeq != 0 {
			list = append(list, moment{r.EndedSeq, r.Ended})
		}
	}
	slices.SortFunc(list, func(a, b moment) int { return cmp.Compare(a.seq, b.seq) })
	return list
}

// currentAfter returns what went on behind that event: the work of the run that started last among those that ran, else
// waiting for the run that started next, else for the first one that was still to run. Build jobs run unseen.
func (d *Deployment) currentAfter(seq uint64) (Doing, int) {
	var works, next, waits *projector.Run
	build := false
	for i := range d.Runs {
		r := &d.Runs[i]
		over := r.EndedSeq != 0 && r.EndedSeq <= seq || r.EndedSeq == 0 && r.State.Ended()
		switch started := r.StartedSeq != 0 && r.StartedSeq <= seq; {
		case over:
		case r.Class == jobmon.BuildJob:
			build = build || started
		case started:
			if works == nil || r.StartedSeq > works.StartedSeq {
				works = r
			}
		case r.StartedSeq != 0:
			if next == nil || r.StartedSeq < next.StartedSeq {
				next = r
			}
		case waits == nil && r.Stage >= 0:
			waits = r
		}
	}
	switch {
	case works != nil:
		return Working, works.Stage
	case build:
		return Working, -1
	case next != nil:
		return Waiting, next.Stage
	case d.Session.State == jobmon.SessionOpen:
		return Waiting, d.Session.Next
	case waits != nil:
		return Waiting, waits.Stage
	}
	return Waiting, -1
}

// split cuts a part at the edges of the gaps; what lies in a gap was not seen.
func (d *Deployment) split(p Part) []Part {
	var list []Part
	edges := []jobmon.Instant{p.From, p.To}
	for _, g := range d.Gaps {
		for _, edge := range []jobmon.Instant{g.From, g.To} {
			if p.From < edge && edge < p.To {
				edges = append(edges, edge)
			}
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	for i, from := range edges[:len(edges)-1] {
		one := Part{From: from, To: edges[i+1], Doing: p.Doing, Stage: p.Stage}
		if slices.ContainsFunc(d.Gaps, func(g Gap) bool { return g.From <= one.From && one.To <= g.To }) {
			one.Doing = NotSeen
		}
		list = append(list, one)
	}
	return list
}

// merged joins neighbours that went to the same thing, in their place.
func merged(parts []Part) []Part {
	list := parts[:0]
	for _, p := range parts {
		if n := len(list); n > 0 && list[n-1].Doing == p.Doing && list[n-1].Stage == p.Stage {
			list[n-1].To = p.To
			continue
		}
		list = append(list, p)
	}
	return list
}

// AtWork returns when a run was at work, clipped to the deployment; ok is false when that is not known at all.
func (d *Deployment) AtWork(r *projector.Run) (from, to jobmon.Instant, ok bool) {
	if r.StartedSeq == 0 {
		return 0, 0, false
	}
	from, to = r.Started, r.Ended
	if from == 0 {
		from = d.Session.Began // found at work by the first read
	}
	switch {
	case to == 0 && r.State == jobmon.StateRunning:
		to = d.End
	case to == 0 || to < from:
		return 0, 0, false
	}
	from, to = max(from, d.Session.Began), min(to, d.End)
	return from, to, from <= to
}

// Spent is what some time went to. The three add up to it.
type Spent struct {
	Working, Waiting, Unseen time.Duration
	Before                   time.Duration // the part of Waiting before a stage began
}

func (s *Spent) add(p *Part) {
	switch long := p.To.Sub(p.From); p.Doing {
	case Working:
		s.Working += long
	case Waiting:
		s.Waiting += long
	case NotSeen:
		s.Unseen += long
	}
}

// Total is all of it.
func (s Spent) Total() time.Duration { return s.Working + s.Waiting + s.Unseen }

// Spent returns what the deployment's time went to: in all, for each of its stages, and beside them, which is time of
// jobs that are not shown, and time in which nothing was left to wait for.
func (d *Deployment) Spent() (all Spent, stages []Spent, beside Spent) {
	stages = make([]Spent, len(d.Stages))
	for _, p := range d.Parts() {
		all.add(&p)
		if p.Stage < 0 {
			beside.add(&p)
			continue
		}
		of, st := &stages[p.Stage], &d.Stages[p.Stage]
		of.add(&p)
		if p.Doing == Waiting && (st.Began == 0 || p.To <= st.Began) {
			of.Before += p.To.Sub(p.From)
			all.Before += p.To.Sub(p.From)
		}
	}
	return all, stages, beside
}

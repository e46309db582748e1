package analysis

import (
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
	Stage    int // whose job worked, or was waited for: of the next stage that is shown; -1 for none
}

// Parts divides the time from the deployment's beginning to its End: they follow one another without a hole and sum up to it.
func (d *Deployment) Parts() []Part {
	began, end := d.Session.Began, d.End
	if end <= began {
		return nil
	}
	spans := d.spans()
	cuts := []jobmon.Instant{began, end}
	for _, s := range spans {
		cuts = append(cuts, s.from, s.to)
	}
	for _, g := range d.Gaps {
		cuts = append(cuts, g.From, g.To)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var parts []Part
	for i := 1; i < len(cuts); i++ {
		p := Part{From: cuts[i-1], To: cuts[i], Doing: Waiting, Stage: -1}
		next := uint64(0)
		var latest uint64
		for _, s := range spans {
			switch {
			case s.from <= p.From && p.To <= s.to:
				if p.Doing != Working || s.seq > latest {
					p.Doing, p.Stage, latest = Working, s.stage, s.seq
				}
			case p.Doing == Waiting && s.stage >= 0 && s.from >= p.To && (next == 0 || s.seq < next):
				p.Stage, next = s.stage, s.seq
			}
		}
		if p.Doing == Waiting && next == 0 && d.Session.State == jobmon.SessionOpen {
			p.Stage = d.Session.Next
		}
		if slices.ContainsFunc(d.Gaps, func(g Gap) bool { return g.From <= p.From && p.To <= g.To }) {
			p.Doing = NotSeen
		}
		if n := len(parts); n > 0 && parts[n-1].Doing == p.Doing && parts[n-1].Stage == p.Stage {
			parts[n-1].To = p.To
			continue
		}
		parts = append(parts, p)
	}
	return parts
}

// ran is when a run was at work, within the deployment.
type ran struct {
	from, to jobmon.Instant
	stage    int
	seq      uint64
}

func (d *Deployment) spans() []ran {
	var list []ran
	for i := range d.Runs {
		if from, to, ok := d.AtWork(&d.Runs[i]); ok && from < to {
			list = append(list, ran{from, to, d.Runs[i].Stage, d.Runs[i].StartedSeq})
		}
	}
	return list
}

// AtWork is when a run was at work, clipped to the deployment; ok is false when that is not known at all.
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

// Spent says what the deployment's time went to, in all, for each of its stages, and beside them: for what is not shown, or
// when nothing was left to wait for.
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

package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What a typical duration is taken from: the last runs, and not before there are enough of them.
const (
	lastRuns  = 20
	leastRuns = 3
)

// durations holds the honest durations of the last runs of each stage, by name, in seconds, oldest first.
type durations map[string][]int32

func (d durations) add(stage string, seconds int32) {
	runs := append(d[stage], seconds)
	if len(runs) > lastRuns {
		runs = slices.Delete(runs, 0, len(runs)-lastRuns)
	}
	d[stage] = runs
}

// typical is the median of the last runs; runs is 0 when there are too few.
func (d durations) typical(stage string) (seconds, runs int32) {
	all := d[stage]
	if len(all) < leastRuns {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, int32(n)
}

// recordDurations takes the stages that succeeded into the history, each once: only durations whose both ends were
// seen exactly and between which we were watching.
func (p *Projection) recordDurations(list []*stage) {
	for _, st := range list {
		head := st.head()
		if head.recorded || !st.succeeded() {
			continue
		}
		head.recorded = true
		sp := st.span()
		if sp.began == 0 || sp.ended < sp.began || sp.inexact || st.unusual() ||
			p.gapSeq > sp.beganSeq && p.gapSeq < sp.endedSeq {
			continue
		}
		p.history.add(st.name, int32(sp.ended.Sub(sp.began).Seconds()))
	}
}

// unusual says whether the stage's duration tells nothing of the next: a row of it was found by the first read of all,
// or was tried again.
func (st *stage) unusual() bool {
	return st.marker != nil && st.marker.baseline ||
		slices.ContainsFunc(st.jobs, func(r *row) bool { return r.baseline || r.replacedBy != nil })
}

// expectations proposes the typical durations of stages that the batch at hand brought forth. They are frozen: a
// session keeps what was known when it opened or when the stage was added.
func (p *Projection) expectations() []jobmon.Event {
	var events []jobmon.Event
	for _, c := range p.sortedTouched() {
		s := c.session
		if s == nil || s.state != jobmon.SessionOpen || !s.altered {
			continue
		}
		p.closeBatch(s)
		proposed := map[string]bool{}
		for _, st := range s.stages(&p.drawing) {
			if s.prospects.get(st.name).considered || proposed[st.name] {
				continue
			}
			proposed[st.name] = true
			if seconds, runs := p.history.typical(st.name); runs > 0 {
				events = append(events, jobmon.Event{
					Kind: jobmon.KindExpected, Computer: c.id, Name: st.name, Seconds: seconds, Count: runs,
				})
			}
		}
	}
	return events
}

func (p *Projection) expectedEvent(e *jobmon.Event) {
	c := p.computers[e.Computer]
	if c == nil || c.session == nil {
		return
	}
	known := c.session.prospects.of(e.Name)
	known.told, known.seconds, known.runs = true, e.Seconds, e.Count
	p.touch(c)
}

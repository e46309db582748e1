package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What a typical duration is taken from: the last runs, and not before there are enough of them.
const (
	lastRuns  = 20
	leastRuns = 3
	mostRuns  = 5 * lastRuns // that are kept of one name, whatever their numbers of jobs
)

// stageRun is how long a stage took once, in seconds, and how many jobs it had then.
type stageRun struct{ seconds, jobs int32 }

// durations holds the honest durations of the last runs of each stage, by name, oldest first. Runs with so different
// numbers of jobs that they cannot be compared (see alike) are kept side by side.
type durations map[string][]stageRun

func (d durations) add(stage string, run stageRun) {
	runs, n := append(d[stage], run), 0
	for i := len(runs) - 1; i >= 0; i-- {
		if !alike(int(runs[i].jobs), int(run.jobs)) {
			continue
		}
		if n++; n > lastRuns {
			runs = slices.Delete(runs, i, i+1)
		}
	}
	d[stage] = runs[max(0, len(runs)-mostRuns):]
}

// typical is the median of the last runs with about as many jobs, and the number of these runs: 0 when there are too
// few.
func (d durations) typical(stage string, jobs int) (seconds, runs int32) {
	var sorted []int32
	for _, run := range slices.Backward(d[stage]) {
		if alike(int(run.jobs), jobs) && len(sorted) < lastRuns {
			sorted = append(sorted, run.seconds)
		}
	}
	if len(sorted) < leastRuns {
		return 0, 0
	}
	slices.Sort(sorted)
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, int32(n)
}

// alike reports whether stages with these numbers of jobs take about as long: the larger number is at most a third more
// than the smaller.
func alike(a, b int) bool { return 3*max(a, b) <= 4*min(a, b) }

// recordDurations takes the stages that succeeded into the history, each once: only durations whose both ends were
// seen exactly and between which we were watching.
func (p *Projection) recordDurations(s *session) {
	for _, st := range s.formed {
		head := st.head()
		if head.recorded || !st.succeeded() {
			continue
		}
		head.recorded = true
		sp := st.span()
		if sp.began == 0 || sp.ended < sp.began || sp.inexact || st.unusual() ||
			p.gapSeq > sp.beganSeq && p.gapSeq < sp.endedSeq ||
			s.pausedSeq > sp.beganSeq && s.pausedSeq <= sp.endedSeq {
			continue
		}
		took := max(sp.ended.Sub(sp.began), sp.most()) // what came and went between two reads pulls no median down
		p.history.add(st.name, stageRun{int32(took.Seconds()), int32(len(st.jobs))})
	}
}

// unusual reports whether the stage's duration is no basis for the next: a row of it was found by the first read of
// all, or was tried again.
func (st *stage) unusual() bool {
	return st.marker != nil && st.marker.baseline ||
		slices.ContainsFunc(st.jobs, func(r *row) bool { return r.baseline || r.replacedBy != nil })
}

// expectations proposes the typical durations of stages that the batch at hand brought forth. They are frozen: a
// session keeps what was known when it opened or when the stage was added.
func (p *Projection) expectations() []jobmon.Event {
	var events []jobmon.Event
	for _, c := range p.sortedTouched() {
		s := c.front()
		if s == nil || !s.active() || !s.altered {
			continue
		}
		p.closeBatch(c, s)
		proposed := map[string]bool{}
		stages, _ := s.stages()
		for _, st := range stages {
			if s.prospects.get(st.name).holds(len(st.jobs)) || proposed[st.name] {
				continue
			}
			proposed[st.name] = true
			if seconds, runs := p.history.typical(st.name, len(st.jobs)); runs > 0 {
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
	if c == nil || c.front() == nil {
		return
	}
	s := c.front()
	if p.expecting.session != s || p.expecting.seq+1 != e.Seq {
		p.closeBatch(c, s)
		p.expecting.session = s
		p.expecting.stages, _ = s.stages()
	}
	p.expecting.seq = e.Seq
	jobs := 0
	if i := slices.IndexFunc(p.expecting.stages, func(st *stage) bool { return st.name == e.Name }); i >= 0 {
		jobs = len(p.expecting.stages[i].jobs)
	}
	known := s.prospects.of(e.Name)
	known.told, known.seconds, known.runs, known.jobs = true, e.Seconds, e.Count, int32(jobs)
	p.touch(c)
}

package past

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/client/waterfall"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Chart is the deployment as the drawing takes it.
func (p *Log) Chart(d *deployments.Deployment) *waterfall.Chart {
	s := &d.Session
	clock := p.Clock()
	all, stages, beside := d.Spent()
	c := &waterfall.Chart{
		Computer: jobmon.ComputerName(d.Computer.ID, d.Computer.Name), ID: d.Computer.ID, Site: p.Site,
		Number: s.Number,
		Result: s.Outcome(), Began: s.Began, End: d.End, Running: s.State == jobmon.SessionOpen,
		Took:    d.Took,
		Working: all.Working, Waiting: all.Waiting, Unseen: all.Unseen,
		Clock: func(at jobmon.Instant) time.Time { return clock.In(at.Time()) },
	}
	c.Good, c.Bad = Verdict(s.Result)
	parts := d.Parts()
	went := 0
	for i := range d.Stages {
		st := &d.Stages[i]
		if d.Overtaken && st.Late && st.Began == 0 && st.State == jobmon.StateWaiting {
			went += st.Jobs
			continue // it was the next deployment's
		}
		l := waterfall.Line{
			Name: st.Name, State: st.State, Running: st.State == jobmon.StateRunning, Began: st.Began, Ended: st.Ended,
			Took: st.Length(), Known: st.Began != 0 && (st.Ended != 0 || st.State == jobmon.StateRunning),
			Doubt: doubt(st.Why), Waited: stages[i].Before,
			Bars: bars(parts, i), Attempt: st.Attempt,
		}
		if st.Attempt > 1 && st.Why == deployments.Retried {
			l.Doubt = "" // the attempt says so
		}
		c.Lines = append(c.Lines, l)
		c.Lines = append(c.Lines, jobLines(d, i)...)
	}
	if lines := jobLines(d, -1); len(lines) > 0 || beside.Total() > 0 {
		c.Lines = append(c.Lines, waterfall.Line{Beside: true, State: jobmon.StateSucceeded,
			Bars: bars(parts, -1), Took: jobmon.Length{Took: beside.Total()}, Known: true})
		c.Lines = append(c.Lines, lines...)
	}
	for _, g := range d.Gaps {
		c.Gaps = append(c.Gaps, waterfall.Gap{From: g.From, To: g.To, What: string(g.Kind)})
	}
	if slices.ContainsFunc(d.Gaps, func(g deployments.Gap) bool { return g.Kind == deployments.ClockStepped }) {
		c.Notes = append(c.Notes, words.Phrase{Key: "waterfall.stepped"})
	}
	if s.WatchedSince != 0 {
		c.Notes = append(c.Notes, words.Phrase{Key: "waterfall.begun"})
	}
	if d.Overtaken {
		c.Notes = append(c.Notes, overtaken(s.Number+1, went))
	}
	return c
}

// overtaken says that a deployment was open when the next one began, and how many of its jobs went on there.
func overtaken(next, jobs int) words.Phrase {
	key := "waterfall.overtook.many"
	switch jobs {
	case 0:
		key = "waterfall.overtook"
	case 1:
		key = "waterfall.overtook.one"
	}
	return words.Phrase{Key: key, Places: []any{"n", next, "jobs", jobs}}
}

// Verdict says whether a result is a good or a bad one; that of a deployment which goes on is neither.
func Verdict(r jobmon.Result) (good, bad bool) {
	return r == jobmon.ResultReady || r == jobmon.ResultAfterRetries,
		r == jobmon.ResultWithFailures || r == jobmon.ResultEndedEarly || r == jobmon.ResultAbandoned
}

// doubt is why a duration is not honest, as far as a reader does not see it anyway.
func doubt(why deployments.Reason) string {
	switch why {
	case deployments.NotRun, deployments.GoesOn, deployments.Failed, deployments.EndedBad:
		return ""
	}
	return string(why)
}

// bars are the parts of a stage.
func bars(parts []deployments.Part, stage int) []waterfall.Bar {
	var list []waterfall.Bar
	kinds := map[deployments.Doing]waterfall.Kind{
		deployments.Working: waterfall.Working, deployments.Waiting: waterfall.Waiting,
		deployments.NotSeen: waterfall.Unseen,
	}
	for _, part := range parts {
		if part.Stage == stage {
			list = append(list, waterfall.Bar{From: part.From, To: part.To, Kind: kinds[part.Doing]})
		}
	}
	return list
}

// jobLines are the runs of a stage; markers have their time in the stage's own line.
func jobLines(d *deployments.Deployment, stage int) []waterfall.Line {
	var list []waterfall.Line
	for i := range d.Jobs {
		j := &d.Jobs[i]
		if j.Stage != stage || stage >= 0 && j.Class == jobmon.Marker {
			continue
		}
		if d.Overtaken && j.State == jobmon.StateWaiting && j.Late {
			continue
		}
		l := waterfall.Line{
			Name: j.Name, Job: true, State: j.State, Running: j.State == jobmon.StateRunning, Late: j.Late &&
				j.Attempt == 1 && j.Class == jobmon.RealJob, Began: j.Started, Ended: j.Ended,
			Took: j.Length(), Known: j.Started != 0 && (j.Ended != 0 || j.State == jobmon.StateRunning),
			Doubt: doubt(j.Why), Folder: j.Folder, Code: j.Code, Attempt: j.Attempt,
		}
		if from, to, ok := d.AtWork(&j.Run); ok {
			l.Bars = cut(from, to, j.State == jobmon.StateFailed, d.Gaps)
		}
		list = append(list, l)
	}
	return list
}

// cut is a run with the gaps cut out of it.
func cut(from, to jobmon.Instant, failed bool, gaps []deployments.Gap) []waterfall.Bar {
	kind := waterfall.Working
	if failed {
		kind = waterfall.Failed
	}
	if from == to {
		return []waterfall.Bar{{From: from, To: to, Kind: kind}}
	}
	var list []waterfall.Bar
	for _, g := range gaps {
		if g.To <= from || g.From >= to || g.From == g.To {
			continue
		}
		if g.From > from {
			list = append(list, waterfall.Bar{From: from, To: g.From, Kind: kind})
		}
		end := min(g.To, to)
		list = append(list, waterfall.Bar{From: max(from, g.From), To: end, Kind: waterfall.Unseen})
		from = end
	}
	if from < to {
		list = append(list, waterfall.Bar{From: from, To: to, Kind: kind})
	}
	return list
}

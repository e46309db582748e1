package deployments

import (
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// Reason says why a duration tells nothing of how long something takes.
type Reason string

// The reasons, the first that applies. A time that nobody saw, that is not exact or across which nobody watched would
// only be a guess; see docs/architecture.md.
const (
	Honest    Reason = ""
	NotRun    Reason = "did not run"
	GoesOn    Reason = "goes on"
	Baseline  Reason = "found by the first read"
	Unseen    Reason = "an end of it was not seen"
	Inexact   Reason = "times not exact"
	AcrossGap Reason = "across a gap"
	ClockBack Reason = "the clock was set back"
	Older     Reason = "began before the log" // which may have been cut off there
	Retried   Reason = "tried again"
	Failed    Reason = "failed"
	EndedBad  Reason = "not brought to its end"
)

// Reasons lists those for which durations are left out of figures, in the order in which they are printed.
func Reasons() []Reason {
	return []Reason{Failed, EndedBad, GoesOn, Retried, Baseline, Unseen, Inexact, AcrossGap, ClockBack, Older}
}

// whyJob says why a run's duration is not honest.
func (f *Fold) whyJob(r *projector.Run) Reason {
	switch {
	case r.StartedSeq == 0:
		return NotRun
	case r.State == jobmon.StateRunning:
		return GoesOn
	case r.Baseline:
		return Baseline
	case !r.State.Finished() || r.Started == 0 || r.Ended == 0:
		return Unseen
	case r.StartInexact || r.EndInexact:
		return Inexact
	case r.StartedSeq <= f.cut:
		return Older
	case f.watch.broken(r.StartedSeq, r.EndedSeq):
		return AcrossGap
	case r.Ended < r.Started:
		return ClockBack
	}
	return Honest
}

// whyStage says why a stage's duration is not honest, by the projector's rule for what is typical of it. It sets the
// event with which the stage began.
func (f *Fold) whyStage(d *Deployment, stage int) Reason {
	var first, last uint64
	baseline, retried := false, false
	for i := range d.Jobs {
		r := &d.Jobs[i]
		if r.Stage != stage {
			continue
		}
		baseline, retried = baseline || r.Baseline, retried || r.Class == jobmon.RealJob && r.Attempt > 1
		for _, seq := range []uint64{r.AskedSeq, r.StartedSeq} {
			if seq != 0 && (first == 0 || seq < first) {
				first = seq
			}
		}
		last = max(last, r.EndedSeq)
	}
	st := &d.Stages[stage]
	st.BeganSeq = first
	switch {
	case first == 0:
		return NotRun
	case st.State == jobmon.StateRunning || st.State == jobmon.StateWaiting:
		return GoesOn
	case st.State == jobmon.StateFailed:
		return Failed
	case st.State != jobmon.StateSucceeded:
		return EndedBad
	case baseline:
		return Baseline
	case retried:
		return Retried
	case st.Began == 0 || st.Ended == 0:
		return Unseen
	case st.Inexact:
		return Inexact
	case first <= f.cut:
		return Older
	case f.watch.broken(first, last):
		return AcrossGap
	case st.Ended < st.Began:
		return ClockBack
	}
	return Honest
}

// whyDeployment says why a deployment's duration is not honest.
func (f *Fold) whyDeployment(a *projector.Account) Reason {
	var last uint64
	baseline, inexact := false, false
	for i := range a.Runs {
		r := &a.Runs[i]
		baseline = baseline || r.Baseline
		inexact = inexact || r.StartInexact && r.Started == a.Session.Began ||
			r.EndInexact && r.Ended == a.Session.Ended
		last = max(last, r.EndedSeq)
	}
	switch s := &a.Session; {
	case s.State == jobmon.SessionOpen:
		return GoesOn
	case s.Result != jobmon.ResultReady && s.Result != jobmon.ResultWithFailures &&
		s.Result != jobmon.ResultAfterRetries:
		return EndedBad
	case s.WatchedSince != 0 || baseline:
		return Baseline
	case inexact:
		return Inexact
	case a.OpenSeq <= f.cut:
		return Older
	case f.watch.broken(a.OpenSeq, last):
		return AcrossGap
	case s.Ended < s.Began:
		return ClockBack
	}
	return Honest
}

// stages says of each stage how long it took.
func (f *Fold) stages(d *Deployment) {
	d.Stages = make([]Stage, len(d.Session.Stages))
	for i := range d.Stages {
		st := &d.Stages[i]
		st.Stage = d.Session.Stages[i]
		st.Why = f.whyStage(d, i)
		switch {
		case st.Began == 0:
		case st.Ended != 0:
			st.Took = max(0, st.Ended.Sub(st.Began))
		case st.State == jobmon.StateRunning:
			st.Took = max(0, d.End.Sub(st.Began))
		}
	}
}

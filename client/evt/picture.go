package evt

import (
	"cmp"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Picture returns the picture in a file. Of a file of kind KindStopped it has only the computer's id and the job asked
// for. What LeftOut counts is missing from its lists. Unknown words count as absent.
func (f *File) Picture() *jobmon.Progress {
	p := &jobmon.Progress{
		Seq: f.Seq, At: jobmon.Instant(f.At), Offset: jobmon.Offset(f.UTCOffsetS),
		SourceLost: f.Source == SourceLost, SourceSince: jobmon.Instant(f.SourceSince), Site: f.Server,
		Computer: jobmon.Computer{
			ID: jobmon.ComputerID(f.Computer.ID), Name: f.Computer.Name, OSName: f.Computer.OSName,
			Group: f.Computer.Group, Ghost: f.Computer.Ghost, Gone: f.Computer.Gone,
		},
		Agent:      word(f.Agent, agentStates...),
		AgentSince: jobmon.Instant(f.AgentSince), AgentAtLeast: f.AgentAtLeast,
		Unknown: f.Computer.Unknown, Stale: f.Stale, Asked: f.Asked,
		Settle: duration(f.SettleS), Quiet: duration(f.QuietS),
	}
	for _, l := range f.Later {
		state, _ := jobmon.ParseRowState(l.State)
		row := jobmon.Pending{Name: l.Name, State: state, Stuck: l.Stuck, Start: planned(l.StartLocal)}
		if kind := word(l.Why, reasons...); kind != "" {
			row.Why = &jobmon.Waiting{Kind: kind, Start: row.Start}
		}
		p.Later = append(p.Later, row)
	}
	if f.Session != nil && f.Counts != nil {
		p.Session = f.deployment()
	}
	return p
}

func (f *File) deployment() *jobmon.SessionProgress {
	s := &jobmon.SessionProgress{
		Number:       f.Session.Number,
		State:        word(f.Session.State, sessionStates...),
		Result:       word(f.Session.Result, results...),
		Began:        jobmon.Instant(f.Session.Began),
		Ended:        jobmon.Instant(f.Session.Ended),
		WatchedSince: jobmon.Instant(f.Session.WatchedSince),
		SilentSince:  jobmon.Instant(f.Session.SilentSince),
		Current:      index(f.Current), Next: index(f.Next),
		StagesDone: f.Counts.StagesDone, Jobs: f.Counts.Jobs, JobsDone: f.Counts.JobsDone,
		Failed: f.Counts.Failed, Cancelled: f.Counts.Cancelled, Late: f.Counts.Late,
		ETA: jobmon.Instant(f.ETA), ETAAtLeast: f.ETAAtLeast, ETAHolds: jobmon.Instant(f.ETAHolds),
		ToCome: duration(f.ToComeS), LastMarker: f.NoMoreUpdates,
		Takes: duration(f.TakesS), TakesAtLeast: f.TakesAtLeast,
	}
	if f.Percent != nil {
		s.Percent = *f.Percent
	}
	if w := f.Why; w != nil {
		if kind := word(w.Kind, reasons...); kind != "" {
			s.Why = &jobmon.Waiting{
				Kind: kind, Job: w.Job, Since: jobmon.Instant(w.Since), AtLeast: w.AtLeast,
				Start: planned(w.StartLocal),
			}
		}
	}
	if w := f.Still; w != nil && word(w.Why, standstills...) != "" {
		s.Still = &jobmon.Standing{Why: w.Why, Name: w.Name, Since: jobmon.Instant(w.Since)}
	}
	for i := range f.Stages {
		s.Stages = append(s.Stages, f.Stages[i].picture())
	}
	return s
}

func (s *Stage) picture() jobmon.Stage {
	state, _ := jobmon.ParseRowState(s.State)
	stage := jobmon.Stage{
		Name: s.Name, State: state, Late: s.Late, Began: jobmon.Instant(s.Began), Ended: jobmon.Instant(s.Ended),
		Inexact: s.Inexact, Most: duration(s.AtMostS),
		Start: planned(s.PlannedLocal), Expected: duration(s.ExpectedS), Runs: s.Runs, Overdue: s.Overdue,
		Jobs: s.Jobs, JobsDone: s.JobsDone, Failed: s.Failed, Attempt: cmp.Or(s.Attempt, 1),
	}
	for _, f := range s.Failures {
		stage.Failures = append(stage.Failures, jobmon.Failure{Job: f.Job, Code: f.Code, At: jobmon.Instant(f.At),
			Repaired: f.Repaired})
	}
	return stage
}

// The values that words of a file stand for; the first of each stands for any other word.
var (
	agentStates   = []jobmon.AgentState{jobmon.AgentUnknown, jobmon.AgentOnline, jobmon.AgentOffline}
	sessionStates = []jobmon.SessionState{
		jobmon.SessionOpen, jobmon.SessionComplete, jobmon.SessionAbandoned, jobmon.SessionPlanned,
	}
	results = []jobmon.Result{
		jobmon.ResultNone, jobmon.ResultReady, jobmon.ResultWithFailures, jobmon.ResultAfterRetries,
		jobmon.ResultEndedEarly, jobmon.ResultAbandoned,
	}
	reasons = []jobmon.WaitingKind{
		"", jobmon.WaitAgentOffline, jobmon.WaitGhost, jobmon.WaitDue, jobmon.WaitBehind, jobmon.WaitServer,
	}
	standstills = []string{"", jobmon.StillStage, jobmon.StillAgent, jobmon.StillIdle}
)

// word is the value that a file has that word for.
func word[T any](text string, values ...T) T {
	for _, v := range values {
		if fmt.Sprint(v) == text {
			return v
		}
	}
	return values[0]
}

// duration of seconds that a file gives; more than a century is none that this program wrote.
func duration(seconds int64) time.Duration {
	const century = 100 * 366 * 24 * 3600
	if seconds < 0 || seconds > century {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

func planned(t Local) jobmon.WallTime {
	if t == 0 {
		return jobmon.NoStart
	}
	return jobmon.WallTime(t)
}

func index(i *int) int {
	if i == nil {
		return -1
	}
	return *i
}

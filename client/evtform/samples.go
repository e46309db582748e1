package evtform

import (
	"fmt"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// sample is a file that every template must be able to write.
type sample struct {
	name string
	file *evt.File
}

// samples are files of every kind.
func samples() []sample {
	list := []sample{{"the monitor is stopped", evt.DrawStopped(5000123, "03. (JM) Office")}}
	add := func(name string, change func(p *jobmon.Progress)) {
		p := deployment()
		change(p)
		if f, err := evt.Draw(p); err == nil { // all of them have a time
			list = append(list, sample{name, f})
		}
	}
	add("a deployment", func(*jobmon.Progress) {})
	add("no deployment", func(p *jobmon.Progress) { p.Session, p.Later = nil, nil })
	add("an unknown computer", func(p *jobmon.Progress) {
		p.Session, p.Later, p.Unknown, p.Computer = nil, nil, true, jobmon.Computer{ID: 5000999}
	})
	add("the database is lost", func(p *jobmon.Progress) { p.SourceLost, p.SourceSince, p.Stale = true, p.At, true })
	add("watched since", func(p *jobmon.Progress) {
		p.Session.WatchedSince = p.Session.Began
		for i := range p.Session.Stages {
			p.Session.Stages[i].Began, p.Session.Stages[i].Ended = 0, 0
		}
	})
	add("without stages", func(p *jobmon.Progress) {
		p.Session.Stages, p.Session.Current, p.Session.Next, p.Session.Jobs, p.Session.JobsDone, p.Session.Percent = nil, -1, -1, 0, 0, 0
	})
	add("planned", func(p *jobmon.Progress) { plan(p.Session) })
	for _, still := range []string{jobmon.StillStage, jobmon.StillAgent, jobmon.StillIdle} {
		add("standing still: "+still, func(p *jobmon.Progress) {
			p.Session.Still, p.Session.SilentSince = &jobmon.Standing{Why: still, Name: "Anti-virus", Since: sampleTime}, sampleTime
		})
	}
	for _, why := range []jobmon.Waiting{
		{Kind: jobmon.WaitAgentOffline, Since: sampleTime}, {Kind: jobmon.WaitGhost}, {Kind: jobmon.WaitServer},
		{Kind: jobmon.WaitDue, Start: sampleTime.Wall(3600)}, {Kind: jobmon.WaitBehind, Job: "Inventory", Since: sampleTime},
	} {
		add("waiting: "+string(why.Kind), func(p *jobmon.Progress) {
			p.Session.Current, p.Session.Stages[1].State, p.Session.Why = -1, jobmon.StateWaiting, &why
			p.Computer.Ghost, p.Session.ETA = why.Kind == jobmon.WaitGhost, 0
		})
	}
	for _, result := range []jobmon.Result{
		jobmon.ResultReady, jobmon.ResultWithFailures, jobmon.ResultAfterRetries, jobmon.ResultEndedEarly, jobmon.ResultAbandoned, jobmon.ResultNone,
	} {
		add("the end: "+string(result), func(p *jobmon.Progress) { end(p.Session, result, p.At) })
	}
	add("long and strange names", func(p *jobmon.Progress) {
		long := strings.Repeat("Büro 日本語 🚀 \u202e|;\"<\r\n", 20)
		p.Site, p.Computer.Name, p.Asked, p.Later[0].Name = long, long, long, long
		for i := range p.Session.Stages {
			p.Session.Stages[i].Name = long
		}
	})
	add("300 stages", func(p *jobmon.Progress) {
		s := p.Session
		for i := range 300 {
			s.Stages = append(s.Stages, jobmon.Stage{Name: fmt.Sprint("Stage ", i), State: jobmon.StateWaiting, Jobs: 1})
		}
		s.Jobs += 300
	})
	return list
}

const sampleTime = jobmon.Instant(1_795_353_125_000) // 2026-11-22, 13:12:05 UTC

// deployment is one on its way, with something of everything.
func deployment() *jobmon.Progress {
	began := sampleTime.Add(-32 * time.Minute)
	planned := began.Wall(3600)
	failures := []jobmon.Failure{{Job: "Java plug-in", Code: 1603, At: sampleTime.Add(-time.Minute)}, {Code: -7, Repaired: true}}
	return &jobmon.Progress{
		Seq: 4712, At: sampleTime, Offset: 3600, Site: "DS01", Agent: jobmon.AgentOnline, Asked: "03. (JM) Office",
		Computer: jobmon.Computer{ID: 5000123, Name: "CXNRD02", OSName: "cxnrd02", Group: "Windows 11 build"},
		Settle:   20 * time.Second, Quiet: time.Hour,
		Session: &jobmon.SessionProgress{
			Number: 2, State: jobmon.SessionOpen, Began: began, Current: 1, Next: 2,
			StagesDone: 1, Jobs: 9, JobsDone: 4, Failed: 1, Cancelled: 1, Late: 1, Percent: 44,
			ETA: sampleTime.Add(20 * time.Minute), ETAAtLeast: true, LastMarker: true,
			Stages: []jobmon.Stage{
				{Name: "Plugins", State: jobmon.StateFailed, Began: began, Ended: sampleTime.Add(-time.Minute), Start: planned,
					Expected: 5 * time.Minute, Runs: 12, Jobs: 4, JobsDone: 4, Failed: 1, Attempt: 2, Failures: failures},
				{Name: "Anti-virus", State: jobmon.StateRunning, Began: sampleTime.Add(-time.Minute), Start: planned,
					Expected: 9 * time.Minute, Runs: 20, Overdue: true, Inexact: true, Jobs: 3, Attempt: 1},
				{Name: "Office", State: jobmon.StateWaiting, Start: planned, Expected: 10 * time.Minute, Runs: 7, Jobs: 2, Attempt: 1},
				{Name: "Cisco VPN client", State: jobmon.StateWaiting, Late: true, Start: jobmon.NoStart, Attempt: 1},
			},
		},
		Later: []jobmon.Pending{
			{Name: "Nightly inventory", State: jobmon.StateLater, Start: planned}, {Name: "Defragment", State: jobmon.StateWaiting, Stuck: true, Start: planned},
			{Name: "Wake on LAN test", State: jobmon.StateUnscheduled, Start: jobmon.NoStart},
		},
	}
}

// plan makes of it one that has not begun.
func plan(s *jobmon.SessionProgress) {
	*s = jobmon.SessionProgress{
		State: jobmon.SessionPlanned, Current: -1, Stages: s.Stages[2:], Jobs: 2, Takes: 10 * time.Minute, TakesAtLeast: true,
		Why: &jobmon.Waiting{Kind: jobmon.WaitServer},
	}
}

// end brings a deployment to its end.
func end(s *jobmon.SessionProgress, result jobmon.Result, at jobmon.Instant) {
	s.State, s.Result, s.Ended, s.Current, s.Next, s.ETA = jobmon.SessionComplete, result, at, -1, -1, 0
	if result == jobmon.ResultAbandoned {
		s.State = jobmon.SessionAbandoned
	}
	for i := range s.Stages {
		st := &s.Stages[i]
		switch {
		case result == jobmon.ResultEndedEarly && i > 1:
			st.State = jobmon.StateCancelled
		case i > 0 || result != jobmon.ResultWithFailures:
			st.State, st.Ended, st.JobsDone, st.Failed, st.Overdue = jobmon.StateSucceeded, at, st.Jobs, 0, false
		}
		if result == jobmon.ResultReady {
			st.Failures, st.Attempt = nil, 1
		}
	}
	s.StagesDone, s.JobsDone, s.Percent = len(s.Stages), s.Jobs, 100
}

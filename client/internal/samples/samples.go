// Package samples holds pictures to try readers and renderers on: every situation that a screen must be able to show,
// and the names that break screens.
package samples

import (
	"fmt"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Picture is a computer's picture and what it is an example of.
type Picture struct {
	Name     string // fit for a file name
	Progress *jobmon.Progress
}

// Pictures lists the examples, each made afresh.
func Pictures() []Picture {
	return []Picture{
		{"idle", base()},
		{"running", running()},
		{"failed-late", failedLate()},
		{"repaired", repaired()},
		{"overdue", overdue()},
		{"asked", asked()},
		{"agent-offline", agentOffline()},
		{"due-later", dueLater()},
		{"planned", planned()},
		{"silent", silent()},
		{"standing-still", standingStill()},
		{"agent-away", agentAway()},
		{"watched-since", watchedSince()},
		{"source-lost", sourceLost()},
		{"ghost", ghost()},
		{"hidden-names", hiddenNames()},
		{"abandoned", ended(jobmon.ResultAbandoned)},
		{"ready", ended(jobmon.ResultReady)},
		{"ready-with-failures", ended(jobmon.ResultWithFailures)},
		{"ready-after-retries", ended(jobmon.ResultAfterRetries)},
		{"ended-early", ended(jobmon.ResultEndedEarly)},
		{"strange-names", named(StrangeNames())},
		{"long-names", longNames()},
		{"many-stages", ManyStages(3000)},
	}
}

// offset is that of the examples' server.
const offset = jobmon.Offset(3600)

// clock is a moment of the examples' day by the server's clock: 1405 is five past two.
func clock(hhmm int) jobmon.Instant {
	return jobmon.InstantOf(time.Date(2026, 11, 22, hhmm/100, hhmm%100, 0, 0, offset.Zone()))
}

func wall(hhmm int) jobmon.WallTime { return clock(hhmm).Wall(offset) }

func base() *jobmon.Progress {
	return &jobmon.Progress{
		Seq: 4711, At: clock(1412).Add(5 * time.Second), Offset: offset, Site: "DS01",
		Computer: jobmon.Computer{ID: 5000123, Name: "CXNRD02", OSName: "cxnrd02", Group: "Windows 11 build"},
		Agent:    jobmon.AgentOnline, Settle: 20 * time.Second, Quiet: time.Hour,
	}
}

func session(stages ...jobmon.Stage) *jobmon.Progress {
	p := base()
	p.Session = &jobmon.SessionProgress{Number: 2, State: jobmon.SessionOpen, Began: clock(1340), Stages: stages}
	tally(p.Session)
	return p
}

// tally fills in what follows from the stages.
func tally(s *jobmon.SessionProgress) {
	s.Current, s.Next, s.StagesDone, s.Jobs, s.JobsDone, s.Failed, s.Cancelled, s.Late = -1, -1, 0, 0, 0, 0, 0, 0
	for i, stage := range s.Stages {
		switch {
		case stage.State == jobmon.StateRunning:
			s.Current = i
		case stage.State == jobmon.StateWaiting && s.Next < 0:
			s.Next = i
		case stage.State == jobmon.StateCancelled:
			s.Cancelled++
		}
		if stage.State.Ended() {
			s.StagesDone++
		}
		if stage.Late {
			s.Late++
		}
		s.Jobs += stage.Jobs
		s.JobsDone += stage.JobsDone
		s.Failed += stage.Failed
	}
	if s.Jobs > 0 {
		s.Percent = 100 * s.JobsDone / s.Jobs
	}
}

func done(name string, began, ended, jobs int) jobmon.Stage {
	return jobmon.Stage{
		Name: name, State: jobmon.StateSucceeded, Began: clock(began), Ended: clock(ended), Start: wall(1340),
		Expected: 5 * time.Minute, Runs: 12, Jobs: jobs, JobsDone: jobs, Attempt: 1,
	}
}

func waiting(name string, expected time.Duration, jobs int) jobmon.Stage {
	return jobmon.Stage{Name: name, State: jobmon.StateWaiting, Start: wall(1340), Expected: expected, Runs: 7,
		Jobs: jobs, Attempt: 1}
}

func running() *jobmon.Progress {
	p := session(
		done("Configuring computer", 1340, 1346, 2),
		done("Joining the domain", 1346, 1349, 1),
		done("Install Plugins", 1349, 1405, 4),
		jobmon.Stage{
			Name: "Installing Anti-virus", State: jobmon.StateRunning, Began: clock(1405), Start: wall(1340),
			Expected: 9*time.Minute + 30*time.Second, Runs: 20, Jobs: 3, JobsDone: 1, Attempt: 1,
		},
		waiting("Office 2024", 10*time.Minute, 2),
		waiting("Security updates", 8*time.Minute, 5),
		waiting("Final checks", 2*time.Minute, 1),
	)
	p.Session.ETA, p.Session.ETAHolds, p.Session.ToCome = clock(1441), clock(1424).Add(30*time.Second), 20*time.Minute
	return p
}

func failedLate() *jobmon.Progress {
	p := running()
	p.Seq++
	s := p.Session
	failed := &s.Stages[2]
	failed.State, failed.Failed = jobmon.StateFailed, 1
	failed.Failures = []jobmon.Failure{{Job: "Java plug-in", Code: 1603, At: clock(1358)}}
	late := waiting("Cisco VPN client", 0, 1)
	late.Late, late.Runs = true, 0
	s.Stages = append(s.Stages[:4:4], append([]jobmon.Stage{late}, s.Stages[4:]...)...)
	tally(s)
	s.ETAAtLeast = true
	return p
}

func repaired() *jobmon.Progress {
	p := failedLate()
	p.Seq++
	again := &p.Session.Stages[2]
	again.State, again.Failed, again.Attempt = jobmon.StateSucceeded, 0, 2
	again.Failures[0].Repaired = true
	tally(p.Session)
	return p
}

func overdue() *jobmon.Progress {
	p := running()
	stage := &p.Session.Stages[3]
	stage.Expected, stage.Overdue, stage.Inexact = 3*time.Minute, true, true
	stage.Began, stage.Most = clock(1358), 20*time.Minute
	p.Session.ETA, p.Session.ETAHolds = 0, clock(1411)
	return p
}

// asked is the picture that a marker's script asks for: its row does not run yet.
func asked() *jobmon.Progress {
	p := running()
	s := p.Session
	s.Stages[3] = done("Installing Anti-virus", 1405, 1412, 3)
	s.Stages[4].State, s.Stages[4].Began = jobmon.StateRunning, p.At
	tally(s)
	p.Asked = "04. (JM) Office 2024"
	return p
}

func agentOffline() *jobmon.Progress {
	p := running()
	p.Agent = jobmon.AgentOffline
	s := p.Session
	s.Stages[3] = done("Installing Anti-virus", 1405, 1410, 3)
	tally(s)
	s.ETA, s.ETAAtLeast, s.ETAHolds, s.ToCome = 0, false, 0, 0
	s.Why = &jobmon.Waiting{Kind: jobmon.WaitAgentOffline, Since: clock(1411)}
	return p
}

func dueLater() *jobmon.Progress {
	p := session(done("Preparation", 1340, 1352, 3), waiting("Encryption", 0, 1))
	p.Session.Stages[1].Start = wall(1430)
	p.Session.Why = &jobmon.Waiting{Kind: jobmon.WaitDue, Start: wall(1430)}
	p.Session.LastMarker = true
	p.Later = []jobmon.Pending{
		{Name: "Nightly inventory", State: jobmon.StateLater, Start: wall(2200)},
		{Name: "Defragment", State: jobmon.StateWaiting, Stuck: true, Start: wall(30)},
		{Name: "Wake on LAN test", State: jobmon.StateUnscheduled, Start: jobmon.NoStart},
	}
	return p
}

// planned is a deployment of which nothing has started, on a computer that is off.
func planned() *jobmon.Progress {
	p := session(waiting("Configuring computer", 6*time.Minute, 2), waiting("Office 2024", 10*time.Minute, 2),
		waiting("Cisco VPN client", 0, 1))
	p.Agent, p.AgentSince, p.AgentAtLeast = jobmon.AgentOffline, clock(1405), true
	s := p.Session
	s.Number, s.State, s.Began, s.Takes, s.TakesAtLeast = 0, jobmon.SessionPlanned, 0, 16*time.Minute, true
	s.Why = &jobmon.Waiting{Kind: jobmon.WaitAgentOffline, Since: clock(1405), AtLeast: true}
	return p
}

// silent is what people call abandoned: it may go on all the same.
func silent() *jobmon.Progress {
	p := agentOffline()
	p.Agent, p.At = jobmon.AgentUnknown, clock(2359).Add(3*time.Hour)
	s := p.Session
	s.SilentSince, s.Why = clock(1405), &jobmon.Waiting{Kind: jobmon.WaitServer, Start: wall(1340)}
	return p
}

func standingStill() *jobmon.Progress {
	p := agentOffline()
	p.Agent, p.At = jobmon.AgentOnline, clock(1502)
	s := p.Session
	s.Why = &jobmon.Waiting{Kind: jobmon.WaitServer, Start: wall(1340)}
	s.Still = &jobmon.Standing{Why: jobmon.StillIdle, Name: "04. (JM) Office 2024", Since: clock(1431)}
	return p
}

// agentAway is a job that counts as running although its computer is off; an errand waits beside it.
func agentAway() *jobmon.Progress {
	p := running()
	p.Agent, p.AgentSince = jobmon.AgentOffline, clock(1406)
	p.At = clock(1422)
	p.Session.Still = &jobmon.Standing{Why: jobmon.StillAgent, Name: "Virus scanner", Since: clock(1406)}
	p.Later = []jobmon.Pending{
		{Name: "Wake up", State: jobmon.StateRunning, Start: wall(1400)},
		{Name: "Inventory", State: jobmon.StateWaiting, Start: wall(1410), Why: &jobmon.Waiting{
			Kind: jobmon.WaitBehind, Job: "Virus scanner", Since: clock(1405),
		}},
		{Name: "Defragment", State: jobmon.StateLater, Start: wall(2200)},
	}
	return p
}

func watchedSince() *jobmon.Progress {
	p := running()
	s := p.Session
	s.Began, s.WatchedSince = clock(1401), clock(1401)
	for i := range s.Stages[:3] {
		s.Stages[i].Began, s.Stages[i].Ended = 0, 0
	}
	s.Stages[3].Inexact = true
	s.ETA, s.ETAHolds, s.ToCome = 0, 0, 0
	return p
}

func sourceLost() *jobmon.Progress {
	p := running()
	p.SourceLost, p.SourceSince = true, clock(1412)
	return p
}

func ghost() *jobmon.Progress {
	p := agentOffline()
	p.Computer.Ghost, p.Computer.Group = true, ""
	p.Agent = jobmon.AgentUnknown
	p.Session.Why = &jobmon.Waiting{Kind: jobmon.WaitGhost}
	return p
}

func hiddenNames() *jobmon.Progress {
	p := failedLate()
	p.Session.Stages[2].Failures[0].Job = ""
	return p
}

// ended is how a deployment of that result looks at its end.
func ended(result jobmon.Result) *jobmon.Progress {
	var p *jobmon.Progress
	switch result {
	case jobmon.ResultWithFailures:
		p = failedLate()
	case jobmon.ResultAfterRetries:
		p = repaired()
	default:
		p = running()
	}
	s := p.Session
	for i := range s.Stages {
		stage := &s.Stages[i]
		switch {
		case stage.State.Ended():
		case result == jobmon.ResultAbandoned && stage.State == jobmon.StateWaiting:
		case result == jobmon.ResultEndedEarly && stage.State == jobmon.StateWaiting:
			stage.State, stage.Jobs = jobmon.StateCancelled, 0
		default:
			stage.State, stage.JobsDone, stage.Ended = jobmon.StateSucceeded, stage.Jobs, clock(1412)
			stage.Began = clock(1411)
		}
	}
	tally(s)
	s.State, s.Result, s.Ended, s.LastMarker = jobmon.SessionComplete, result, clock(1412), true
	s.ETA, s.ETAAtLeast, s.ETAHolds, s.ToCome = 0, false, 0, 0
	if result == jobmon.ResultAbandoned {
		s.State, s.LastMarker = jobmon.SessionAbandoned, false
		p.At = clock(2359).Add(2*time.Hour + 13*time.Minute)
		s.Ended = p.At
	}
	return p
}

// StrangeNames are names that DS allows and that screens, parsers and terminals stumble over.
func StrangeNames() []string {
	return []string{
		`<img src=x onerror=alert(1)>`,
		`</script><script>&amp;`,
		`"quoted" 'twice' \ back\slash\n`,
		"Büro für Übergrößen – Straße",
		"日本語のジョブ",
		"Emoji 🚀 👩‍💻 🇩🇪 ❤️",
		"right-to-left \u202etxt.exe\u202c \u2067مرحبا\u2069 שלום",
		"tab\tnewline\r\nbell\aescape\x1b[31mred\x1b[0m nul\x00 back\b feed\f del\x7f c1\u009b31m",
		"line\u2028paragraph\u2029separators",
		"not UTF-8: \xff\xfe \xc3",
		"%ID% %COMPNAME% ${x} {{.}}",
		"",
		"   ",
		"e\u0301\u0301\u0301 zero\u200bwidth\u00adsoft\ufeffbom",
	}
}

// named is a deployment of stages with those names, each failing in a job of the same name.
func named(names []string) *jobmon.Progress {
	p := session()
	s := p.Session
	for _, name := range names {
		stage := done(name, 1341, 1342, 2)
		stage.State, stage.Failed = jobmon.StateFailed, 1
		stage.Failures = []jobmon.Failure{{Job: name, Code: -7, At: clock(1342)}}
		s.Stages = append(s.Stages, stage)
	}
	s.Stages[len(names)-1].State = jobmon.StateRunning
	s.Stages[len(names)-1].Ended = 0
	tally(s)
	p.Site, p.Asked = names[0], names[len(names)-1]
	p.Computer.Name, p.Computer.OSName, p.Computer.Group = names[3%len(names)], names[7%len(names)], names[6%len(names)]
	p.Later = []jobmon.Pending{{Name: names[5%len(names)], State: jobmon.StateLater, Start: wall(2200)}}
	return p
}

func longNames() *jobmon.Progress {
	return named([]string{
		strings.Repeat("x", 10_000),
		strings.Repeat("ü", 128),
		strings.Repeat("🚀", 10_000),
		strings.Repeat("many words ", 1_000),
	})
}

// ManyStages is a deployment of n stages, of which a tenth is still to come and every hundredth failed.
func ManyStages(n int) *jobmon.Progress {
	p := session()
	s := p.Session
	for i := range n {
		stage := done(fmt.Sprintf("Stage %d", i+1), 1341, 1342, 1)
		if i%100 == 50 {
			stage.State, stage.Failed = jobmon.StateFailed, 1
			stage.Failures = []jobmon.Failure{{Job: fmt.Sprintf("Job %d", i+1), Code: 1603, At: clock(1342)}}
		}
		if i >= n-n/10 {
			stage = waiting(stage.Name, time.Minute, 1)
		}
		s.Stages = append(s.Stages, stage)
	}
	tally(s)
	return p
}

package message

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// notice writes what one notice says.
func (p *pen) notice() {
	switch p.n.Topic {
	case notices.Failed, notices.Repaired:
		if p.n.Healed || p.n.Topic == notices.Repaired {
			p.repaired()
			return
		}
		p.failed()
	case notices.Ready, notices.EndedEarly:
		p.ended()
	case notices.StandingStill:
		p.still()
	case notices.SourceLost, notices.SourceRestored:
		p.source()
	case notices.Damaged:
		p.damaged()
	case notices.DiskFull:
		p.disk()
	case notices.Test:
		p.title(good, "test")
		p.fact("label.when", p.exact(p.n.Event.At))
		p.fact("label.reason", p.Text("reason.test"))
	default:
		p.said.title = p.computer() + ": " + string(p.n.Topic)
		p.fact("label.when", p.exact(p.n.Event.At))
	}
}

func (p *pen) failed() {
	key := "failed"
	if p.n.Again > 0 {
		key += ".again"
	}
	p.title(bad, key)
	p.which()
	p.fact("label.code", p.code(p.n.Code))
	p.fact("label.when", p.exact(p.n.Event.At))
	if p.n.Again > 0 {
		p.fact("label.times", p.Say("times.failed", "n", strconv.Itoa(p.n.Again+1)))
	}
	p.progress()
	p.fact("label.next", p.next())
	todo := "do.failed"
	if p.n.Code == 3010 || p.n.Code == 1641 { // of msiexec
		todo = "do.restart"
	}
	p.fact("label.do", p.Text(todo))
}

func (p *pen) repaired() {
	p.title(good, "repaired")
	p.which()
	p.fact("label.when", p.exact(p.n.Event.At))
	p.fact("label.was", p.was("was.failed"))
	p.fact("label.code", p.failedWith())
	if p.n.Again > 1 {
		p.fact("label.times", p.Say("times.failed", "n", strconv.Itoa(p.n.Again)))
	}
	p.progress()
	p.fact("label.next", p.next())
}

// which names the computer, the stage and the job.
func (p *pen) which() {
	p.fact("label.computer", p.whole())
	p.fact("label.stage", p.Name(p.n.Stage))
	if p.n.Job != "" {
		p.fact("label.job", p.Name(p.n.Job))
	}
}

// whole is the computer with its id and group.
func (p *pen) whole() string {
	c := computerOf(p.n)
	if c.ID == 0 {
		return ""
	}
	key := "computer"
	if strings.TrimSpace(c.Group) != "" {
		key = "computer.group"
	}
	return p.Say(key, "name", p.computer(), "id", strconv.Itoa(int(c.ID)), "group", p.Name(c.Group))
}

func (p *pen) code(code jobmon.Code) string {
	if meaning := code.MeaningIn(p.lang); meaning != "" {
		return p.Say("code", "code", code.String(), "meaning", meaning)
	}
	return p.Say("code.unknown", "code", code.String())
}

// failedWith is the code of the failure that is repaired, "" where the picture no longer has it.
func (p *pen) failedWith() string {
	s := p.session()
	if s == nil {
		return ""
	}
	for i := range s.Stages {
		for _, f := range s.Stages[i].Failures {
			if f.At == p.n.Since && (p.n.Job == "" || f.Job == p.n.Job) {
				return p.code(f.Code)
			}
		}
	}
	return ""
}

// was says since when the problem had been there that is over now, and for how long.
func (p *pen) was(key string) string {
	if p.n.Since == 0 {
		return ""
	}
	return p.Say(key, "time", p.At(p.n.Since), "lasting", p.Lasting(p.n.Event.At.Sub(p.n.Since)))
}

// since says since when the problem has been there.
func (p *pen) since() {
	at := p.n.Event.At
	p.fact("label.when", p.exact(at))
	if p.n.Since != 0 && p.n.Since != at {
		p.fact("label.since", p.Say("since", "time", p.At(p.n.Since), "lasting", p.Lasting(at.Sub(p.n.Since))))
	}
}

// progress says how far the deployment is.
func (p *pen) progress() {
	s := p.session()
	if s == nil || len(s.Stages) == 0 {
		return
	}
	n := strconv.Itoa
	p.fact("label.progress", p.Say("progress", "stages", n(s.StagesDone), "all", n(len(s.Stages)),
		"jobs", n(s.JobsDone), "jobs.all", n(s.Jobs), "percent", n(s.Percent)))
}

// next says what happens next: what runs, what comes then, why nothing runs, when it is expected to be ready.
func (p *pen) next() string {
	s := p.session()
	if s == nil {
		return ""
	}
	if !s.Unended() {
		return p.Say("next.ended", "result", p.Result(s.Result))
	}
	var parts []string
	stageAt := func(i int) string {
		if i < 0 || i >= len(s.Stages) {
			return ""
		}
		return p.Name(s.Stages[i].Name)
	}
	if now := stageAt(s.Current); now != "" {
		key := "next.runs"
		if s.Stages[s.Current].Began != 0 {
			key += ".since"
		}
		parts = append(parts, p.Say(key, "name", now, "time", p.At(s.Stages[s.Current].Began)))
	} else if s.Why != nil {
		parts = append(parts, p.Why(s.Why, s.State == jobmon.SessionOpen && s.JobsDone > 0))
	}
	if then := stageAt(s.Next); then != "" && s.Next != s.Current {
		parts = append(parts, p.Say("next.then", "name", then))
	}
	if end := p.End(s, p.n.Event.At); end != "" {
		parts = append(parts, end)
	}
	if len(parts) == 0 {
		return p.Text("next.none")
	}
	return strings.Join(parts, "; ")
}

func (p *pen) ended() {
	s := p.session()
	result := jobmon.ResultReady
	if p.n.Topic == notices.EndedEarly {
		result = jobmon.ResultEndedEarly
	}
	if s != nil && s.Result != jobmon.ResultNone {
		result = s.Result
	}
	tone, todo := warn, "do.console"
	switch result {
	case jobmon.ResultReady, jobmon.ResultAfterRetries:
		tone, todo = good, "do.hand.over"
	case jobmon.ResultWithFailures:
		todo = "do.keep"
	}
	p.title(tone, "ended", "result", p.Result(result))
	p.fact("label.computer", p.whole())
	if result != jobmon.ResultWithFailures { // the failures are listed
		p.fact("label.result", p.ResultText(result))
	}
	p.fact("label.when", p.exact(p.n.Event.At))
	if s != nil && s.Began != 0 && s.Ended > s.Began && s.WatchedSince == 0 {
		p.fact("label.took", p.Lasting(s.Ended.Sub(s.Began)))
	}
	p.progress()
	p.fact("label.failed", p.failures())
	p.fact("label.do", p.Text(todo))
}

// listed is how many failures of a deployment a message names.
const listed = 5

// failures names the jobs that failed and that no later attempt has repaired.
func (p *pen) failures() string {
	s := p.session()
	if s == nil || s.Failed == 0 {
		return ""
	}
	var list []string
	more := 0
	for i := range s.Stages {
		for _, f := range s.Stages[i].Failures {
			switch {
			case f.Repaired:
			case len(list) == listed:
				more++
			default:
				list = append(list, p.failure(s.Stages[i].Name, f.Job, f.Code))
			}
		}
	}
	if more > 0 {
		list = append(list, p.Say("more", "n", strconv.Itoa(more)))
	}
	return strings.Join(list, "; ")
}

func (p *pen) failure(stage, job string, code jobmon.Code) string {
	key := "failure"
	if job == "" {
		key = "failure.hidden"
	}
	return p.Say(key, "stage", p.Name(stage), "job", p.Name(job), "code", code.Short())
}

func (p *pen) still() {
	if p.n.Healed {
		p.title(good, "moving")
		p.fact("label.computer", p.whole())
		p.fact("label.when", p.exact(p.n.Event.At))
		p.fact("label.was", p.was("was.still"))
		p.progress()
		p.fact("label.next", p.next())
		return
	}
	p.title(warn, "still")
	p.fact("label.computer", p.whole())
	p.fact("label.reason", p.Still(p.n.Event.Text, cmp.Or(p.n.Stage, p.n.Job, p.Text("a.job"))))
	p.since()
	p.progress()
	p.fact("label.next", p.next())
	todo := "do.console"
	switch p.n.Event.Text {
	case jobmon.StillStage:
		todo = "do.message"
	case jobmon.StillAgent:
		todo = "do.power"
	}
	p.fact("label.do", p.Text(todo))
}

package wording

import (
	"strconv"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Speaker says how a deployment stands, with times by the DS server's clock.
type Speaker struct {
	Words
	Offset jobmon.Offset // the server's UTC offset
	Today  time.Time     // times of this day, by the server's clock, have no date
}

// At is "14:05", on another day with its date, "?" for no moment.
func (s *Speaker) At(i jobmon.Instant) string {
	if i == 0 {
		return "?"
	}
	t := i.Wall(s.Offset).Time()
	if y, m, d := t.Date(); y == s.Today.Year() && m == s.Today.Month() && d == s.Today.Day() {
		return t.Format("15:04")
	}
	return s.Say("other.day", "day", strconv.Itoa(t.Day()), "month", strconv.Itoa(int(t.Month())),
		"time", t.Format("15:04"))
}

// Start is At for a planned time, which is one of the server's clock.
func (s *Speaker) Start(t jobmon.WallTime) string {
	if t == jobmon.NoStart {
		return "?"
	}
	return s.At(t.Instant(s.Offset))
}

// Why says why nothing runs, or why a row waits; goesOn: something has run before.
func (s *Speaker) Why(w *jobmon.Waiting, goesOn bool) string {
	switch w.Kind {
	case jobmon.WaitAgentOffline:
		return s.Offline(w.Since, w.AtLeast)
	case jobmon.WaitGhost:
		return s.Text("why.ghost")
	case jobmon.WaitDue:
		if goesOn {
			return s.Say("why.continues", "time", s.Start(w.Start))
		}
		return s.Say("why.due", "time", s.Start(w.Start))
	case jobmon.WaitBehind:
		return s.Say("why.behind", "name", s.Name(w.Job))
	case jobmon.WaitServer:
		return s.Text("why.server")
	}
	return Shown(string(w.Kind))
}

// Offline says since when the agent has not been connected.
func (s *Speaker) Offline(since jobmon.Instant, atLeast bool) string {
	switch {
	case since == 0:
		return s.Text("why.offline")
	case atLeast:
		return s.Say("why.offline.least", "time", s.At(since))
	}
	return s.Say("why.offline.since", "time", s.At(since))
}

// Still says why a deployment stands still; why and name are those of the overdue event.
func (s *Speaker) Still(why, name string) string {
	key := map[string]string{
		jobmon.StillStage: "still.stage", jobmon.StillAgent: "still.agent", jobmon.StillIdle: "still.idle",
	}[why]
	if key == "" {
		return Shown(why)
	}
	return s.Say(key, "name", s.Name(name))
}

// Result is how a deployment ended, in words.
func (s *Speaker) Result(r jobmon.Result) string { return s.resultIn("result.", r) }

// ResultText says what that result means.
func (s *Speaker) ResultText(r jobmon.Result) string { return s.resultIn("result.text.", r) }

func (s *Speaker) resultIn(prefix string, r jobmon.Result) string {
	if key := prefix + string(r); s.Has(key) {
		return s.Text(key)
	}
	return s.Text(prefix + "none")
}

// About is a typical duration in words: its minutes are rounded, not cut.
func (w Words) About(d time.Duration) string {
	if d >= time.Minute {
		d = d.Round(time.Minute)
	}
	return w.Lasting(d)
}

// End says when an open deployment is expected to end, "" where nothing is known of it.
func (s *Speaker) End(p *jobmon.SessionProgress, now jobmon.Instant) string {
	switch eta, atLeast, usedUp := p.Estimate(now); {
	case usedUp != 0:
		return s.Say("end.past", "time", s.At(usedUp))
	case eta == 0:
		return ""
	case atLeast:
		return s.Say("end.least", "time", s.At(eta))
	default:
		return s.Say("end.about", "time", s.At(eta))
	}
}

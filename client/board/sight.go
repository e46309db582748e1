package board

import (
	"cmp"
	"html"
	"slices"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// current is the stage at work, nil for none.
func current(s *jobmon.SessionProgress) *jobmon.Stage { return stageAt(s, s.Current) }

// next is the stage whose job runs next, nil for none.
func next(s *jobmon.SessionProgress) *jobmon.Stage { return stageAt(s, s.Next) }

func stageAt(s *jobmon.SessionProgress, i int) *jobmon.Stage {
	if i < 0 || i >= len(s.Stages) {
		return nil
	}
	return &s.Stages[i]
}

// failure is a failed job and its stage.
type failure struct {
	jobmon.Failure
	Stage string
	is    Failed
}

// failures are those that no later attempt has repaired, newest first.
func failures(s *jobmon.SessionProgress) []failure {
	if s == nil || s.Failed == 0 {
		return nil
	}
	var list []failure
	for i := range s.Stages {
		for n, f := range s.Stages[i].Failures {
			if !f.Repaired {
				list = append(list, failure{f, s.Stages[i].Name, Failed{i, n}})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b failure) int { return cmp.Compare(b.At, a.At) })
	return list
}

// lastFailure is when the newest of them failed, 0 for none.
func lastFailure(s *jobmon.SessionProgress) jobmon.Instant {
	if list := failures(s); len(list) > 0 {
		return list[0].At
	}
	return 0
}

// idleSince is when the last stage ended, 0 when that is not known.
func idleSince(s *jobmon.SessionProgress) jobmon.Instant {
	last := jobmon.Instant(0)
	for i := range s.Stages {
		last = max(last, s.Stages[i].Ended)
	}
	return max(last, lastFailure(s))
}

// overdue reports whether it runs longer than usual, or stands still.
func (p *pen) overdue(c *jobmon.Progress) bool { return term.PhaseOf(c, p.now) == term.PhaseOverdue }

// key is where the row stands in the usual order: texts compare as the rows do, and its first letter is the group.
func (p *pen) key(c *jobmon.Progress, state string) string {
	const latest = 9_999_999_999_999
	at, s := jobmon.Instant(0), c.Session
	eta := func() jobmon.Instant {
		end, _, _ := s.Estimate(p.now)
		return cmp.Or(p.common(end), latest)
	}
	group := "9"
	switch state {
	case StateFailed:
		group, at = "0", latest-p.common(lastFailure(s))
	case StateStill:
		group, at = "1", s.SilentSince
		if s.Still != nil {
			at = s.Still.Since
		}
		at = p.common(at)
	case StateRunning:
		group, at = "21", eta()
		if p.overdue(c) {
			group = "20"
		}
	case StateWaiting:
		group, at = "3", eta()
	case StateReady:
		group, at = "4", latest-p.common(s.Ended)
	default:
		if s != nil {
			at = latest - p.common(s.Ended)
		}
	}
	return group + pad(int64(at))
}

func pad(n int64) string {
	const zeros = "0000000000000"
	text := number(int(max(n, 0)))
	if len(text) < len(zeros) {
		return zeros[len(text):] + text
	}
	return text
}

// sign is the icon of a state.
func sign(state string) string {
	return icon(map[string]string{
		StateFailed: "cross", StateStill: "alert", StateRunning: "play", StateWaiting: "pause", StateReady: "tick",
		StateOther: "minus",
	}[state])
}

// isReady reports whether a deployment ended well: all others have no time at which the computer was ready.
func isReady(s *jobmon.SessionProgress) bool {
	return !s.Unended() && (s.Result == jobmon.ResultReady || s.Result == jobmon.ResultAfterRetries)
}

// ready is when the computer got ready or is expected to: ">=" for at least, a dash for never and for not known.
func (p *pen) ready(s *jobmon.SessionProgress) string {
	switch {
	case isReady(s):
		return p.at(s.Ended)
	case !s.Unended():
		return "–"
	}
	switch eta, atLeast, usedUp := s.Estimate(p.now); {
	case usedUp != 0:
		return `<span title="` + p.w.phrase("end.past", "time", p.at(usedUp)) + `">–</span>`
	case eta == 0:
		return "–"
	case atLeast:
		return "≥ " + p.at(eta)
	default:
		return p.at(eta)
	}
}

// why says why nothing runs, or why a row waits.
func (p *pen) why(w *jobmon.Waiting, goesOn bool) string {
	return html.EscapeString(p.speaker().Why(w, goesOn))
}

func (p *pen) offline(since jobmon.Instant, atLeast bool) string {
	return html.EscapeString(p.speaker().Offline(since, atLeast))
}

// still says why it stands still.
func (p *pen) still(s *jobmon.SessionProgress) (head, text string) {
	if s.SilentSince != 0 {
		return p.w.phrase("silent", "time", p.at(s.SilentSince)), p.w.phrase("silent.text")
	}
	head = p.w.phrase("still.since", "time", p.at(s.Still.Since))
	return head, html.EscapeString(p.speaker().Still(s.Still.Why, s.Still.Name))
}

// elsewhere says why nothing can run on the computer, "" where something can.
func (p *pen) elsewhere(c *jobmon.Progress) string {
	switch {
	case c.Continues != 0:
		return p.w.phrase("continues", "id", number(int(c.Continues)))
	case c.Computer.Gone:
		return p.w.phrase("record.gone")
	}
	return ""
}

// result is how a deployment ended, in words.
func (p *pen) result(s *jobmon.SessionProgress) string {
	return html.EscapeString(p.speaker().Result(s.Result))
}

// resultText says what that result means.
func (p *pen) resultText(s *jobmon.SessionProgress) string {
	return html.EscapeString(p.speaker().ResultText(s.Result))
}

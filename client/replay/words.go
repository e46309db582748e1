package replay

import (
	"fmt"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Text is all of an event that --grep looks at: whom and what it is about, and what happened.
func (r *Record) Text() string { return strings.Join(r.parts(nil), "  ") }

// parts appends the parts of the text.
func (r *Record) parts(list []string) []string {
	list = append(list, r.event.Kind.String())
	if r.computer != nil {
		list = append(list, r.computerName())
	}
	return append(list, r.group(), r.subject(), r.folder(), r.what(), r.code(),
		r.textOf(jobmon.KindComputer), r.reason(), r.textOf(jobmon.KindConfigured))
}

// what says what happened, a row's from one state to another.
func (r *Record) what() string {
	text := r.change()
	if r.has(jobmon.Inferred) {
		text += ", not seen"
	}
	if r.has(jobmon.Inexact) {
		text += ", time not exact"
	}
	return text
}

func (r *Record) change() string {
	e := r.event
	planned := func() string {
		if r.state == jobmon.StateLater || r.maybe {
			return r.state.String() + ", for " + e.Start.Time().Format("2006-01-02 15:04")
		}
		return r.state.String()
	}
	switch e.Kind {
	case jobmon.KindScheduled:
		if r.has(jobmon.Baseline) {
			return "found " + planned()
		}
		return "new -> " + planned()
	case jobmon.KindRescheduled:
		if e.Start == jobmon.NoStart {
			return "moved, no start time"
		}
		return "moved to " + e.Start.Time().Format("2006-01-02 15:04")
	case jobmon.KindStarted:
		return "waiting -> running"
	case jobmon.KindFinished:
		return "running -> " + r.state.String()
	case jobmon.KindRequeued:
		if r.wasRun {
			return "running -> " + planned()
		}
		return "ended -> " + planned()
	case jobmon.KindRemoved:
		switch r.state {
		case jobmon.StateCancelled:
			return "waiting -> cancelled"
		case jobmon.StateUnknown:
			return "running -> unknown"
		}
		return "ended, deleted"
	case jobmon.KindDue:
		return "later -> waiting"
	}
	return r.other()
}

// other says what happened that is about no row.
func (r *Record) other() string {
	e := r.event
	switch e.Kind {
	case jobmon.KindJob:
		return "job" + words(r.has(jobmon.Gone), "gone") + detail("in", e.Place) + r.changes()
	case jobmon.KindComputer:
		return "computer" + words(r.has(jobmon.Gone), "gone") + words(r.has(jobmon.Ghost), "now a ghost") +
			detail("in", e.Place) + r.changes()
	case jobmon.KindAgentOnline, jobmon.KindAgentOffline, jobmon.KindAgentUnknown:
		return strings.Replace(e.Kind.String(), "-", " ", 1)
	case jobmon.KindRefreshed:
		return "asked for its file"
	case jobmon.KindExpected:
		return fmt.Sprintf("usually %s (%d runs)", jobmon.Span(time.Duration(e.Seconds)*time.Second), e.Count)
	case jobmon.KindDaemonStarted:
		if e.Flags.Has(jobmon.Inexact) {
			return "recording again"
		}
		return "daemon started" + detail("version", e.Text)
	case jobmon.KindDaemonStopped:
		return "daemon stopped"
	case jobmon.KindSourceLost:
		return "source lost" + reason(e.Text)
	case jobmon.KindSourceRestored:
		return "source restored"
	case jobmon.KindConfigured:
		settings, err := jobmon.DecodeSettings(e.Text)
		if err == nil && settings.Form.Template != "" {
			return fmt.Sprintf("settings changed, with a template (%d bytes)", len(settings.Form.Template))
		}
		return "settings changed"
	case jobmon.KindClock:
		if e.Step != 0 {
			return "the server's clock was set by " + step(time.Duration(e.Step)*time.Millisecond)
		}
		if r.has(jobmon.Baseline) {
			return "the first read follows in parts; the server's clock is at UTC" + r.offsetText()
		}
		return "the server's clock is at UTC" + r.offsetText()
	case jobmon.KindStartClock:
		if r.startClock() == jobmon.UnknownClock {
			return "which clock start_time follows is no longer known"
		}
		return "start_time follows a clock at UTC" + r.startClock()
	case jobmon.KindOverdue:
		return "stands still since " + e.Until.Wall(r.offset).Time().Format("15:04") + standing[e.Text]
	case jobmon.KindMovingAgain:
		return "moves again"
	case jobmon.KindCut:
		return fmt.Sprintf("history before this was cut off: events %d to %d", e.From, e.To)
	case jobmon.KindDamaged:
		return fmt.Sprintf("events %d to %d are lost", e.From, e.To) + reason(e.Text)
	}
	return e.Kind.String()
}

// standing says why a deployment stands still.
var standing = map[string]string{
	jobmon.StillStage: ", takes too long", jobmon.StillAgent: ", agent offline", jobmon.StillIdle: ", not begun",
}

// changes says what a job or computer was before, as far as it was something else.
func (r *Record) changes() (text string) {
	said := map[string]string{
		"renamed_from": ", renamed, was %q", "moved_from": ", moved, was in %q",
		"os_name_was": ", its system was named %q",
	}
	r.was(func(field, was string) { text += fmt.Sprintf(said[field], was) })
	return text
}

func words(set bool, word string) string {
	if set {
		return " " + word
	}
	return ""
}

func detail(label, text string) string {
	if text == "" {
		return ""
	}
	return ", " + label + " " + text
}

func reason(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// code is how a job ended.
func (r *Record) code() string {
	if !r.event.Kind.OfRow() || !r.event.Status.Finished() {
		return ""
	}
	return r.event.Status.Code.Text()
}

// step is by how much a clock was set: "+2.5 s", "-55 d 0 h".
func step(by time.Duration) string {
	switch {
	case by.Abs() < time.Minute:
		return fmt.Sprintf("%+.1f s", by.Seconds())
	case by < 0:
		return "-" + jobmon.Span(-by)
	}
	return "+" + jobmon.Span(by)
}

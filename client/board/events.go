package board

import (
	"strings"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// happened says what an event records, as plain text.
func (p *pen) happened(f *replay.Facts) string {
	parts := []string{p.change(f)}
	if f.Flags.Has(jobmon.Inferred) {
		parts = append(parts, p.w.Say("event.inferred"))
	}
	if f.Flags.Has(jobmon.Inexact) {
		parts = append(parts, p.w.Say("event.inexact"))
	}
	return strings.Join(parts, ", ")
}

// change is what happened, without how certain that is.
func (p *pen) change(f *replay.Facts) string {
	later := f.State == jobmon.StateLater || f.Unsure
	switch key := "event." + f.Kind.String(); f.Kind {
	case jobmon.KindScheduled:
		if f.Flags.Has(jobmon.Baseline) {
			key = "event.found"
		}
		if later {
			return p.say(key+".for", "time", f.Start)
		}
		return p.say(key, "state", Word{"row-state", f.State.String()})
	case jobmon.KindRescheduled:
		if f.Start == jobmon.NoStart {
			return p.say(key + ".none")
		}
		return p.say(key, "time", f.Start)
	case jobmon.KindFinished, jobmon.KindRemoved:
		return p.one(key, f.State.String())
	case jobmon.KindRequeued:
		if f.Ran {
			key = "event.interrupted"
		}
		if later {
			return p.say(key+".for", "time", f.Start)
		}
		return p.say(key)
	case jobmon.KindComputer:
		return p.entry(f)
	case jobmon.KindOverdue:
		return p.one(key, f.Text, "time", f.Until)
	default:
		return p.say(key)
	}
}

// one is the text of a key for a word, or the one for any.
func (p *pen) one(key, word string, places ...any) string {
	if p.w.Has(key + "." + word) {
		key += "." + word
	}
	return p.say(key, places...)
}

// entry says what is known of a computer's entry in the database, and what it was before.
func (p *pen) entry(f *replay.Facts) string {
	var parts []string
	if f.Flags.Has(jobmon.Gone) {
		return p.say("event.computer.gone")
	}
	if f.Flags.Has(jobmon.Ghost) {
		parts = append(parts, p.say("event.computer.ghost"))
	}
	for _, was := range f.Was {
		parts = append(parts, p.say("event.computer."+was.Field, "was", was.Text))
	}
	if len(parts) == 0 {
		return p.say("event.computer")
	}
	return strings.Join(parts, ". ")
}

// about is what the event is about: a job or stage, with the code that a run ended with, or a computer's group.
func (p *pen) about(f *replay.Facts) string {
	var parts []string
	if f.Subject != "" {
		parts = append(parts, shown(f.Subject))
	}
	if f.Kind == jobmon.KindComputer && f.Place != "" {
		parts = append(parts, shown(f.Place))
	}
	if f.Kind.OfRow() && f.Status.Finished() && f.Status.Code != 0 {
		parts = append(parts, p.say("failed.code", "code", f.Status.Code))
	}
	return strings.Join(parts, ", ")
}

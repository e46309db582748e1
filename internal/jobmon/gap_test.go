package jobmon_test

import (
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestUnrecorded(t *testing.T) {
	const before, at = jobmon.Instant(1_000), jobmon.Instant(60_000)
	event := func(kind jobmon.Kind, flags jobmon.Flags) jobmon.Event {
		return jobmon.Event{Kind: kind, Flags: flags, Schedule: 7}
	}
	late := jobmon.Inferred | jobmon.Inexact
	passed := []jobmon.Event{
		event(jobmon.KindScheduled, jobmon.Inexact), event(jobmon.KindStarted, late),
		event(jobmon.KindFinished, jobmon.Inexact),
	}
	for name, c := range map[string]struct {
		events []jobmon.Event
		want   bool
	}{
		"exact":                {[]jobmon.Event{event(jobmon.KindStarted, 0)}, false},
		"a row runs":           {[]jobmon.Event{event(jobmon.KindStarted, jobmon.Inexact)}, true},
		"a row has ended":      {[]jobmon.Event{event(jobmon.KindFinished, jobmon.Inexact)}, true},
		"a row waits":          {[]jobmon.Event{event(jobmon.KindScheduled, jobmon.Inexact)}, true},
		"a pass found it late": {passed, false},
		"a start between slow reads": {
			[]jobmon.Event{event(jobmon.KindStarted, late), event(jobmon.KindFinished, 0)}, false,
		},
		"after an outage of the source": {
			[]jobmon.Event{event(jobmon.KindSourceRestored, 0), event(jobmon.KindStarted, jobmon.Inexact)}, false,
		},
		"after a restart": {
			[]jobmon.Event{event(jobmon.KindDaemonStarted, 0), event(jobmon.KindStarted, jobmon.Inexact)}, false,
		},
		"the first read of all":    {[]jobmon.Event{event(jobmon.KindScheduled, jobmon.Baseline)}, false},
		"a request without a read": {[]jobmon.Event{event(jobmon.KindRefreshed, jobmon.Inexact)}, false},
	} {
		for i := range c.events {
			c.events[i].Seq = uint64(i + 10)
		}
		gap, got := jobmon.Unrecorded(&jobmon.Batch{At: at, Events: c.events}, before)
		if got != c.want || got && (gap.Until != before || gap.At != at || gap.Seq != 10 ||
			gap.Kind != jobmon.KindDaemonStarted) {
			t.Errorf("%s: %+v, %t", name, gap, got)
		}
	}
}

package replay

import (
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

// TestAStepOfTheClockIsNoTime: how long a run took, and how long after the event before it an event came, leave the
// clock's steps out, and what ran across one is not exact. In a log of the time in which steps were not confirmed,
// one of up to a day forward is said to have been a machine that slept.
func TestAStepOfTheClockIsNoTime(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, c := range []struct {
		writer     int32
		leap, want time.Duration
	}{
		{2, 55 * day, time.Minute}, {2, -55 * day, time.Minute}, {2, 13 * time.Hour, time.Minute},
		{1, 55 * day, time.Minute}, {1, -55 * day, time.Minute}, {1, 13 * time.Hour, 13*time.Hour + time.Minute},
	} {
		log := storetest.Open(t)
		row := func(kind jobmon.Kind, code jobmon.Code) jobmon.Event {
			return jobmon.Event{Kind: kind, Schedule: 1, Computer: 1, Job: 1, Status: jobmon.StatusOf(code)}
		}
		began := []jobmon.Event{
			{
				Kind:  jobmon.KindDaemonStarted,
				Count: c.writer,
			}, {Kind: jobmon.KindClock}, row(jobmon.KindScheduled, 0), row(jobmon.KindStarted, -1),
		}
		ended := []jobmon.Event{{Kind: jobmon.KindClock, Step: c.leap.Milliseconds()}, row(jobmon.KindFinished, 0)}
		first, err := log.Append(noon, began)
		if err != nil {
			t.Fatal(err)
		}
		second, err := log.Append(noon.Add(c.leap+time.Minute), ended)
		if err != nil {
			t.Fatal(err)
		}
		all := append(first.Events[:len(first.Events):len(first.Events)], second.Events...)
		pace := Pace{Speed: 1}
		paused := time.Duration(0)
		for r, err := range telling(t, log, all, names.Computers{}, Ask{}).Forward(Range{To: 6}) {
			if err != nil {
				t.Fatal(err)
			}
			paused += pace.Pause(r)
			if r.event.Kind == jobmon.KindFinished &&
				(r.length.String() != "~"+jobmon.Span(c.want) || r.length.Exact() || r.delta != c.want) {
				t.Errorf(
					"across %v, projection %d: it took %v, exact %t, %v after its start",
					c.leap,
					c.writer,
					r.took,
					r.length.Exact(),
					r.delta,
				)
			}
		}
		if paused != c.want {
			t.Errorf("across %v, projection %d: replay at the original speed waits %v", c.leap, c.writer, paused)
		}
	}
}

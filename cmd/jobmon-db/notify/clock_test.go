package notify

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The server's clock is wrong for some time while the receiver is away. Nothing is given up before the receiver has
// failed for a day by our own clock, and nothing is given up for a step that is over.
func TestClockSteps(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		step, wrong, away time.Duration // the step, how long the clock is wrong, how long the receiver is away
		first             int           // the first message that arrives
	}{
		"ahead for two hours":       {55 * day, 2 * time.Hour, 3 * time.Hour, 1},
		"ahead, and away for days":  {55 * day, 2 * day, 3 * day, 2},
		"back":                      {-55 * day, 2 * time.Hour, 3 * time.Hour, 1},
		"back, and away for a week": {-55 * day, 7 * day, 7 * day, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			var back atomic.Bool
			var step atomic.Int64
			r := &receiver{}
			w.clock = func() jobmon.Instant { return jobmon.InstantOf(time.Now().Add(time.Duration(step.Load()))) }
			w.start(specs(Webhook, reach(t, loopbackHook, r, func() bool { return !back.Load() })))
			defer w.stop()
			began := time.Now()
			w.happen(1)
			time.Sleep(time.Minute)
			step.Store(int64(c.step))
			time.AfterFunc(c.wrong, func() { step.Store(0) })
			time.AfterFunc(c.away, func() { back.Store(true) })
			time.Sleep(c.away - time.Minute)
			if s := w.outbox.Status()[0]; c.step < 0 && w.clock().Sub(s.Oldest) < c.away/2 && c.away < day {
				t.Errorf("%s: the oldest waits for %v", name, w.clock().Sub(s.Oldest))
			}
			time.Sleep(time.Hour)
			for range 10 {
				w.happen(1)
				time.Sleep(day)
			}
			synctest.Wait()
			if got, want := r.list(), ids(c.first, 11); !slices.Equal(got, want) {
				t.Errorf("%s: after %v got %v, not %v\n%s", name, time.Since(began), got, want, w.said)
			}
		})
	}
}

package projector

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// learned is a desk that knows the stages of a folder: Configuring, one job, 30 s; Office, two jobs, 20 min.
func learned(t *testing.T) *desk {
	d := started(t)
	for i := range 4 {
		id := 100 * (i + 1)
		hour := clock("08:00") + jobmon.WallTime(i*3600_000)
		at := func(seconds int) string { return (hour + jobmon.WallTime(seconds*1000)).Time().Format("15:04:05") }
		folder2(d, id, at(0)).read(at(0)).set(-1, id).read(at(5)).set(0, id).set(-1, id+1).read(at(10))
		d.set(0, id+1).set(-1, id+2).read(at(15)).set(0, id+2).set(-1, id+3).read(at(40))
		d.set(0, id+3).set(-1, id+4).read(at(45)).set(0, id+4).set(-1, id+5).read(at(640))
		d.set(0, id+5).set(-1, id+6).read(at(1240)).set(0, id+6).read(at(1245))
	}
	return d
}

func folder2(d *desk, id int, at string) *desk {
	return d.drop(id, at, build, markA, driver, markB, office, visio, markZ)
}

func eta(d *desk, now string) (string, bool, string) {
	p, _ := d.live.Progress(pc)
	at, least, usedUp := p.Session.Estimate(clock(now).Instant(3600))
	text := func(i jobmon.Instant) string {
		if i == 0 {
			return ""
		}
		return i.Wall(3600).Time().Format("15:04:05")
	}
	return text(at), least, text(usedUp)
}

// TestAnEstimateNeitherSlidesNorPasses: it stays what it was while a stage lasts, becomes "at least" when that lasts
// longer than usual, and is used up when the stage is overdue.
func TestAnEstimateNeitherSlidesNorPasses(t *testing.T) {
	d := folder2(learned(t), 900, "14:00").read("14:00").set(-1, 900).read("14:00:05").set(0, 900).set(-1, 901).
		read("14:00:10")
	for _, c := range []struct {
		now, eta string
		least    bool
		usedUp   string
	}{
		{"14:00:20", "14:20:40", false, ""}, {"14:00:39", "14:20:40", false, ""}, {"14:05:00", "14:20:40", true, ""},
		{"14:10:39", "14:20:40", true, ""}, {"14:10:41", "", false, "14:10:40"}, {"16:00:00", "", false, "14:10:40"},
	} {
		if at, least, usedUp := eta(d, c.now); at != c.eta || least != c.least || usedUp != c.usedUp {
			t.Errorf("at %s: %s, at least %v, used up %s; want %+v", c.now, at, least, usedUp, c)
		}
	}
	d.agents[pc] = jobmon.AgentOffline // news that moves nothing
	d.read("14:30")
	if p, _ := d.live.Progress(pc); p.Session.ETA != 0 || p.Session.ToCome != 20*time.Minute {
		t.Errorf("ETA %v, to come %s", p.Session.ETA, p.Session.ToCome)
	}
}

// TestWhatOneJobTookIsNotExpectedOfMany: a stage of the same name with many more jobs has no typical duration.
func TestWhatOneJobTookIsNotExpectedOfMany(t *testing.T) {
	d := learned(t).drop(900, "14:00", build, markA, driver, "Two", "Three", "Four", markB, office, visio, markZ)
	d.read("14:00").set(-1, 900).read("14:00:05").set(0, 900).set(-1, 901).read("14:00:10")
	p, _ := d.live.Progress(pc)
	if st := p.Session.Stages; st[0].Expected != 0 || st[1].Expected != 20*time.Minute || !p.Session.ETAAtLeast {
		t.Errorf("expected %s of 4 jobs, %s of 2; at least %v", st[0].Expected, st[1].Expected, p.Session.ETAAtLeast)
	}
}

func TestAlike(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		a, b := rapid.IntRange(0, 50).Draw(t, "a"), rapid.IntRange(0, 50).Draw(t, "b")
		if alike(a, b) != alike(b, a) || !alike(a, a) || alike(a, 2*a+1) {
			t.Fatalf("%d and %d", a, b)
		}
	})
}

// TestAStageThatNobodySawIsBounded: what came and went between two reads took no longer than the poll interval, what an
// outage hid no longer than that.
func TestAStageThatNobodySawIsBounded(t *testing.T) {
	d := open(t).set(0, 1, 2, 3).set(-1, 4).read("10:00:10")
	p, _ := d.live.Progress(pc)
	if st := p.Session.Stages[0]; st.Most != 5*time.Second || st.Inexact {
		t.Errorf("between two reads: %+v", st)
	}
	d.commit(clock("10:01").Instant(3600), []jobmon.Event{{Kind: jobmon.KindSourceLost}})
	d.set(0, 4, 5, 6).readAs("10:01:30", jobmon.DiffOptions{
		Inexact: true, InferredInexact: true,
	}, jobmon.Event{Kind: jobmon.KindSourceRestored})
	p, _ = d.live.Progress(pc)
	if st := p.Session.Stages[1]; st.Most != 80*time.Second || !st.Inexact {
		t.Errorf("across an outage: %+v", st)
	}
}

// TestAFailureHoldsUntilItIsRepaired: a retry that waits, runs or is deleted repairs nothing.
func TestAFailureHoldsUntilItIsRepaired(t *testing.T) {
	failed := func(d *desk) int {
		p, _ := d.live.Progress(pc)
		return p.Session.Failed
	}
	d := open(t).set(0, 1, 2).set(1603, 3).read("10:01")
	steps := []func(){
		func() {}, func() {
			d.requeue(3).read("10:02")
		}, func() { d.set(-1, 3).read("10:03") }, func() { d.set(0, 3).read("10:04") },
	}
	for i, want := range []int{1, 1, 1, 0} {
		if steps[i](); failed(d) != want {
			t.Errorf("step %d: %d failed, want %d", i, failed(d), want)
		}
	}
	d = open(t).set(0, 1, 2, 4, 5, 6).set(1603, 3).read("10:01").requeue(3).read("10:02").remove(3, 7).read("10:03")
	p, _ := d.live.Progress(pc)
	if got := p.Session.Outcome().String(); got != "ended early, 1 failed" {
		t.Error(got)
	}
}

// TestARetryStandsStillByItsOwnTime: what ran between a stage's first attempt and the next is no part of its bound.
func TestARetryStandsStillByItsOwnTime(t *testing.T) {
	d := folder2(learned(t), 900, "14:00").read("14:00").set(-1, 900).read("14:00:05").set(0, 900).set(-1, 901).
		read("14:00:10").set(0, 901).set(-1, 902).read("14:00:20").set(1603, 902).set(-1, 903).read("14:00:40").
		set(0, 903).set(-1, 904).read("14:01").requeue(902).read("14:02").set(0, 904).set(-1, 902).read("14:20")
	still := func(now string) *jobmon.Standing {
		d.read(now)
		return d.progress().Session.Still
	}
	if s := still("14:20:15"); s != nil {
		t.Errorf("a retry of 15 s stands still: %+v", s)
	}
	if s := still("14:31"); s == nil || s.Why != jobmon.StillStage || s.Since != clock("14:20").Instant(3600) {
		t.Errorf("a retry of 11 min: %+v", s)
	}
}

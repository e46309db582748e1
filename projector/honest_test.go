package projector

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Cases in which a picture or a figure would lie.

func TestWhatIsStuckIsNotReady(t *testing.T) {
	// a row behind Office has started, and Office waits on for twelve hours
	d := open(t).set(0, 1, 2, 3, 4, 6).remove(7).read("10:30")
	d.want("#1 open 66%", "  Configuring succeeded 1/1", "  Office waiting 1/2")
	d.drop(50, "23:00", "Nightly").read("22:31").want(
		"#1 complete 66% ended early", "  Configuring succeeded 1/1", "  Office waiting 1/2",
		". Nightly waiting 10 23:00",
	)
}

func TestNothingIsStuckWhileItsAgentIsAway(t *testing.T) {
	d := open(t).set(0, 1, 2, 3, 4, 6).remove(7)
	d.agents[pc] = jobmon.AgentOffline
	d.read("10:30").drop(50, "23:00", "Nightly").read("22:31")
	d.want("#1 open 50%", "  Configuring succeeded 1/1", "  Office waiting 1/2", "  Nightly waiting 0/1 +")
}

func TestRunsOfOneRowAreOneJob(t *testing.T) {
	d := started(t).drop(1, "10:00", "Inventory").drop(2, "10:00", "Report").set(-1, 1).read("10:00")
	for minute := 1; minute < 9; minute += 2 { // it fails, and is tried again and again
		d.set(1603, 1).read(fmt.Sprintf("10:%02d", minute)).requeue(1).read(fmt.Sprintf("10:%02d:30", minute))
		d.set(-1, 1).read(fmt.Sprintf("10:%02d", minute+1))
	}
	d.want("no picture")
}

func TestSettingsReachRowsThatWait(t *testing.T) {
	d := started(t).drop(1, "10:00", build, "[XX] Conf", driver, "[XX] Ready").read("09:59")
	settings := d.settings
	settings.Marker = `\[XX\]`
	d.commit(d.last+1000, []jobmon.Event{{Kind: jobmon.KindConfigured, Text: settings.Encode()}})
	d.set(-1, 1).read("10:00").want("#1 open 0%", "  Conf waiting 0/1")
}

func TestAMarkerThatBecomesAJobIsTheSameResumed(t *testing.T) {
	d := open(t).set(0, 1, 2, 3, 4, 5, 6).read("10:10").ask("10:11", markZ)
	settings := d.settings
	settings.Marker = `\[XX\]`
	d.commit(d.last+1000, []jobmon.Event{{Kind: jobmon.KindConfigured, Text: settings.Encode()}})
	d.drop(10, "10:12", visio).readAfterGap("10:12").ask("10:13", markZ)
	d.want("#1 open 71%", "> Preparation running 5/7")
}

// overtaken is a desk on which the closing marker waits, and a job behind it has run.
func overtaken(t *testing.T) *desk {
	d := open(t).set(0, 1, 2, 3, 4, 5, 6).drop(8, "10:00", visio).read("10:10")
	return d.set(-1, 8).read("10:11").set(0, 8).read("10:12")
}

func TestWhatAClockSetBackMakesFreshAgainIsListed(t *testing.T) {
	d := overtaken(t)
	d.drop(50, "23:00", "Nightly").read("22:31").want("#1 complete 100% ready", "  Configuring succeeded 1/1",
		"  Office succeeded 2/2", "  Install Visio succeeded 1/1 +", ". 99. (JM) Ready waiting stuck 10 10:00",
		". Nightly waiting 10 23:00")
	d.last = 0
	back := jobmon.Event{Kind: jobmon.KindClock, Seconds: 3600, Step: -5 * 3_600_000}
	d.commit(clock("17:32").Instant(3600), []jobmon.Event{back})
	if aside := d.live.Aside(pc); len(aside) == 0 || aside[0].Name != markZ || aside[0].Stuck {
		t.Errorf("beside the deployment: %+v", aside)
	}
}

func TestWhatWasMovedAfterTheEndIsNoPartOfTheDeploymentThatIsOpenedAgain(t *testing.T) {
	d := overtaken(t)
	d.drop(50, "22:31", "Nightly").read("22:31") // Ready is stuck: the deployment is over
	d.move("2 23:00", 7).read("22:31:05")
	d.drop(51, "22:31", driver).set(-1, 51).read("22:31:10")
	d.want("#1 open 66%", "  Configuring succeeded 1/1", "  Office succeeded 2/2",
		"> Install Visio and 2 more running 1/3 +", ". 99. (JM) Ready later 11 23:00")
}

func TestTwoForgottenDropsThatStartInOneReadAreOneDeployment(t *testing.T) {
	d := started(t).drop(1, "09:00", driver, markA, office).read("09:00").drop(10, "09:30", markB, visio).read("09:30")
	d.computer[pc] = jobmon.Computer{ID: pc, Name: "PC-0002"}
	d.read("21:45").set(0, 1).set(-1, 10).read("22:00") // all of them were stuck
	d.want("#1 open 33%", "  Preparation succeeded 1/1", "> Office running 0/0", "  Configuring waiting 0/2")
}

func TestNoDurationReachesAcrossAClockStep(t *testing.T) {
	d := open(t).set(0, 1).set(-1, 2).read("10:01").set(0, 2).set(-1, 3).read("10:02")
	d.last = 0
	d.commit(clock("09:00").Instant(3600), []jobmon.Event{{Kind: jobmon.KindClock, Seconds: 3600, Step: -3_600_000}})
	d.set(0, 3).read("09:03")
	if runs := d.live.history["Configuring"]; len(runs) != 0 {
		t.Errorf("durations %v", runs)
	}
}

func TestARenamedJobIsRenamedOnOpenScreensOnly(t *testing.T) {
	d := finished(t).dropOn(pc+1, 50, "10:20", build, markA, driver).set(-1, 50).read("10:20")
	id := d.jobs[markA]
	delete(d.jobs, markA)
	d.jobs["01. (JM) Settings"] = id
	d.read("10:21").want("#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2")
	p, _ := d.live.Progress(pc + 1)
	if names := p.Session.Stages; len(names) != 1 || names[0].Name != "Settings" || p.At != d.last {
		t.Errorf("%s at %v", show(p), p.At)
	}
	if !slices.Equal(d.live.DrawnSince(d.last), []jobmon.ComputerID{pc + 1}) {
		t.Errorf("drawn: %v", d.live.DrawnSince(d.last))
	}
}

// A deployment ends while the clock is wrong by weeks. Once the clock is set back, its end has the right clock's time.
func TestAnEndByAClockThatWasTakenBackIsToldByTheRightOne(t *testing.T) {
	for _, days := range []int{55, -55} {
		step := func(sign int) jobmon.Event {
			return jobmon.Event{Kind: jobmon.KindClock, Seconds: 3600, Step: int64(sign*days) * day.Milliseconds()}
		}
		d := open(t).set(0, 1, 2, 3, 4, 5, 6).read("10:10")
		d.last = 0
		d.set(0, 7).readAs(fmt.Sprintf("%d 10:11", 1+days), jobmon.DiffOptions{}, step(1))
		if got, want := d.progress().Session.Ended, d.last; got != want {
			t.Errorf("by the wrong clock it ended at %v, want %v", got, want)
		}
		d.last = 0
		d.readAs("10:12", jobmon.DiffOptions{}, step(-1))
		if got, want := d.progress().Session.Ended, clock("10:11").Instant(3600); got != want {
			t.Errorf("after a step of %d days and back it ended at %v, want %v", days, got, want)
		}
	}
}

// A log of the time in which every change of the clock was recorded at once: what a step back leaves of the one before
// has passed.
func TestOldLogsTakeWhatAStepBackLeavesAsTime(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{55 * day, -55 * day, -13 * time.Hour, -90 * time.Second} {
		leap := &jobmon.Event{Kind: jobmon.KindClock, Step: by.Milliseconds()}
		back := &jobmon.Event{Kind: jobmon.KindClock, Step: -by.Milliseconds() + 58_000}
		for writer, want := range map[int32]int64{1: 0, 2: 58_000} {
			sum := jobmon.StepOf(leap, writer, 0)
			if sum += jobmon.StepOf(back, writer, sum); sum != want {
				t.Errorf("%v and back, writer %d: the steps sum up to %d ms, want %d", by, writer, sum, want)
			}
		}
	}
}

// Jobs and a marker that is planned for later go in the read that brings another build job: with that, the deployment
// that they held open is over.
func TestABuildJobThatComesAsTheLastRowsGoIsAnotherDeployment(t *testing.T) {
	d := open(t).set(0, 1, 2, 3, 4).move("23:00", 7).read("10:01").remove(5, 6, 7).drop(50, "10:02", build, office).
		read("10:02")
	d.want("#0 planned 0%", "  Install Office waiting 0/1")
}

func TestAnErrandThatIsShownStaysWhenItsRecordBecomesAGhost(t *testing.T) {
	d := started(t).drop(1, "10:00", "Inventory").read("10:00").set(-1, 1).read("10:00:05").ask("10:00:10", "Inventory")
	d.set(0, 1).read("10:01").drop(2, "14:00", "Defrag").read("14:00").set(-1, 2).read("14:00:05")
	before := show(d.progress())
	record := d.computer[pc]
	record.Ghost = true
	d.computer[pc] = record
	d.read("14:01")
	if after := show(d.progress()); after != before || !strings.Contains(before, "Inventory") {
		t.Errorf("the screen showed\n%s\nnow it shows\n%s", before, after)
	}
}

package projector

import (
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestARequestMakesItsStageCurrent(t *testing.T) {
	d := open(t).set(0, 1).read("10:01")
	d.ask("10:01:02", "01. (JM) Configuring").want("#1 open 0%", "> Configuring running 0/1", "  Office waiting 0/2")
	if p := d.progress(); p.Asked != markA || p.Session.Stages[0].Began != d.last {
		t.Errorf("asked %q, stage began %v", p.Asked, p.Session.Stages[0].Began)
	}
}

func TestARequestForgivesWhatConsolesMangle(t *testing.T) {
	d := started(t).drop(1, "10:00", build, "01. (JM) Überprüfung", driver).set(-1, 1).read("10:00")
	d.ask("10:01", "01. (jm) ?BERPR?FUNG").want("#1 open 0%", "> Überprüfung running 0/1")
}

func TestARequestOpensASession(t *testing.T) {
	d := folder(started(t), "10:00").read("10:00").ask("10:00:01", build)
	d.want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
}

func TestALateRequestNeverMovesBackwards(t *testing.T) {
	d := open(t).set(0, 1, 2, 3).set(-1, 4).read("10:05")
	d.ask("10:05:01", markA).want("#1 open 33%", "  Configuring succeeded 1/1", "> Office running 0/2")
	if p := d.progress(); p.Asked != "" {
		t.Errorf("asked %q", p.Asked)
	}
}

func TestARequestEndsWhenALaterRowStartsOrItsOwnEnds(t *testing.T) {
	d := open(t).set(0, 1).read("10:01").ask("10:01:02", markA)
	d.set(0, 2).read("10:02").want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
	d.ask("10:02:01", markB).set(-1, 3).read("10:03").want(
		"#1 open 0%", "> Configuring running 0/1", "  Office waiting 0/2",
	)
}

func TestTheClosingMarkerThatAsksGetsTheEnd(t *testing.T) {
	d := open(t).set(0, 1, 2, 3, 4, 5, 6).read("10:10").ask("10:10:01", markZ)
	d.want("#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2")
}

func TestARequestForAComputerNeverSeenLeavesAnIdlePicture(t *testing.T) {
	d := started(t)
	d.commit(clock("10:00").Instant(3600), []jobmon.Event{{Kind: jobmon.KindRefreshed, Computer: 42, Name: "x"}})
	if p, ok := d.live.Progress(42); !ok || p.Session != nil || p.Computer.ID != 42 || !p.Unknown {
		t.Errorf("%+v %v", p, ok)
	}
}

func TestABuildJobAloneThatAsksLeavesTheResult(t *testing.T) {
	d := finished(t)
	d.drop(20, "2 10:00", build).read("2 10:00").ask("2 10:00:01", build)
	d.want(
		"#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2",
		". 0. Build Job Monitor waiting 11 10:00",
	)
	// what is dropped behind it is another deployment at once
	d.drop(21, "2 10:00", markA, driver, markZ).read("2 10:01").want("#2 open 0%", "  Configuring waiting 0/1")
}

// TestAMarkerThatAsksBecomesCurrent: also while the job before it still runs, until a later row starts.
func TestAMarkerThatAsksBecomesCurrent(t *testing.T) {
	t.Parallel()
	d := open(t).set(0, 1, 2).set(-1, 3).read("10:02").want(
		"#1 open 0%", "> Configuring running 0/1", "  Office waiting 0/2",
	)
	d.ask("10:02:30", markB).want("#1 open 0%", "  Configuring running 0/1", "> Office running 0/2")
	if p := d.progress(); p.Asked != markB {
		t.Errorf("asked %q", p.Asked)
	}
	d.set(0, 3).set(-1, 4).read("10:03").want("#1 open 33%", "  Configuring succeeded 1/1", "> Office running 0/2")
}

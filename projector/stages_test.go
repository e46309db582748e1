package projector

import (
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// open is a standard build whose build job runs.
func open(t *testing.T) *desk {
	return folder(started(t), "10:00").read("10:00").set(-1, 1).read("10:00:05")
}

func TestRealJobsBeforeTheFirstMarkerFormPreparation(t *testing.T) {
	d := started(t).drop(1, "10:00", build, "Wipe", "Image", markA, driver).set(-1, 1).read("10:00:05")
	d.want("#1 open 0%", "  Preparation waiting 0/2", "  Configuring waiting 0/1")
}

func TestLateJobsWithoutAMarkerFormAStageOfTheirOwn(t *testing.T) {
	d := open(t).remove(7).read("10:00:10")
	d.drop(20, "10:05", "VPN").read("10:05").drop(21, "10:06", "Visio", "Project").read("10:06")
	d.want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2", "  VPN and 2 more waiting 0/3 +")
}

func TestLateJobsBehindALateMarkerAreItsStage(t *testing.T) {
	d := open(t).drop(20, "10:05", "(JM) Extras", "VPN", "Project").read("10:05")
	d.want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2", "  Extras waiting 0/2 +")
}

func TestArrivingWithinAMinuteIsNotLate(t *testing.T) {
	d := open(t).drop(20, "10:00", "VPN").read("10:00:59")
	if s := d.progress().Session; s.Late != 0 {
		t.Errorf("late: %s", show(d.progress()))
	}
}

func TestRowsThatAShortcutInjectsAreNotLate(t *testing.T) {
	d := open(t).set(0, 1, 2).read("10:05")
	// the injected job takes a place in the middle, all behind it move to the next minute
	d.drop(20, "10:05", "Injected").move("10:06", 3, 4, 5, 6, 7).read("10:05:05")
	d.want("#1 open 0%", "  Configuring waiting 0/2", "  Office waiting 0/2")
}

func TestRowsFirstSeenAfterAGapAreNotLate(t *testing.T) {
	d := open(t).drop(20, "10:30", "VPN").readAfterGap("11:00")
	if s := d.progress().Session; s.Late != 0 {
		t.Errorf("late: %s", show(d.progress()))
	}
}

func TestBuildJobsAreNeverShown(t *testing.T) {
	d := open(t).want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
	if s := d.progress().Session; s.Current != -1 || s.Next != 0 || s.Jobs != 3 {
		t.Errorf("current %d, next %d, jobs %d", s.Current, s.Next, s.Jobs)
	}
}

func TestWithoutMarkersEveryJobIsAStage(t *testing.T) {
	d := started(t).drop(1, "10:00", "A", "B", "C").set(-1, 1).read("10:00:05")
	d.want("#1 open 0%", "> A running 0/1", "  B waiting 0/1", "  C waiting 0/1")
	// stages formed so keep their form when a marker comes
	d.drop(10, "10:00", "(JM) Extras", "D", "E").read("10:05")
	d.want("#1 open 0%", "> A running 0/1", "  B waiting 0/1", "  C waiting 0/1", "  Extras waiting 0/2 +")
}

func TestMarkersSettings(t *testing.T) {
	d := newDesk(t)
	d.settings.Markers = "all"
	d.read("08:00")
	folder(d, "10:00").set(-1, 1).read("10:00:05")
	d.want("#1 open 0%", "  Drivers waiting 0/1", "  Install Office waiting 0/1", "  Install Visio waiting 0/1")

	d = newDesk(t)
	d.settings.Markers = "tagged"
	d.read("08:00").drop(1, "10:00", "A", "B", "C").set(-1, 1).read("10:00:05")
	d.want("#1 open 0%", "> Preparation running 0/3")
}

func TestAFailedMarkerFailsNothing(t *testing.T) {
	d := open(t).set(0, 1).set(5, 2).read("10:02").want(
		"#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2",
	)
	d.set(0, 3).read("10:03").want("#1 open 33%", "  Configuring succeeded 1/1", "  Office waiting 0/2")
}

func TestARemovedMarkerThatNeverRanOpensNoStage(t *testing.T) {
	open(t).remove(4).read("10:02").want("#1 open 0%", "  Configuring waiting 0/3")
}

func TestAStageWithoutRealJobsEndsWithItsMarker(t *testing.T) {
	d := started(t).drop(
		1, "10:00", build, markA, "(JM) LAPTOPS ONLY", markB, office, markZ,
	).set(-1, 1).read("10:00:05")
	d.want("#1 open 0%", "  Configuring waiting 0/0", "  LAPTOPS ONLY waiting 0/0", "  Office waiting 0/1")
	d.set(0, 1, 2).set(-1, 3).read("10:01").want(
		"#1 open 0%", "  Configuring succeeded 0/0", "> LAPTOPS ONLY running 0/0", "  Office waiting 0/1",
	)
	d.set(0, 3, 4, 5, 6).read("10:02")
	d.want(
		"#1 complete 100% ready", "  Configuring succeeded 0/0", "  LAPTOPS ONLY succeeded 0/0",
		"  Office succeeded 1/1",
	)
}

func TestTheClosingMarkerOpensNoStage(t *testing.T) {
	d := open(t).set(0, 1, 2, 3, 4, 5, 6).read("10:10")
	d.want("#1 open 100%", "  Configuring succeeded 1/1", "  Office succeeded 2/2")
	// the picture that the closing marker brings is the last one: it shows the end
	d.set(-1, 7).read("10:11").want("#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2")
	if d.live.Watching() == nil {
		t.Error("the session itself ends with its last row")
	}
	d.set(0, 7).read("10:12")
	// and stays what it was when a technician adds a job
	d.drop(20, "10:20", "VPN").set(-1, 20).read("10:20")
	d.want("#1 open 75%", "  Configuring succeeded 1/1", "  Office succeeded 2/2", "> VPN running 0/1 +")
}

// Whichever marker is the only unfinished row brings the end to the screen.
func TestTheEndReachesTheScreenByAnyMarkerThatIsLeft(t *testing.T) {
	t.Run("the closing marker dropped once more", func(t *testing.T) {
		d := open(t).set(0, 1, 2, 3, 4, 5, 6).read("10:10").drop(20, "10:10", "VPN", markZ).read("10:10:10")
		d.set(0, 7, 20).read("10:12").set(-1, 21).read("10:13")
		d.want(
			"#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2",
			"  VPN succeeded 1/1 +",
		)
	})
	t.Run("in place of one whose copy failed", func(t *testing.T) {
		d := open(t).set(0, 1, 2, 3, 4, 5, 6).read("10:10").drop(20, "10:10", "VPN").set(2, 7).read("10:11")
		d.drop(21, "10:11", markZ).set(0, 20).read("10:12").set(-1, 21).read("10:13")
		if p := show(d.progress()); !strings.HasPrefix(p, "#1 complete 100% ready") || strings.Contains(p, "running") {
			t.Errorf("%s", p)
		}
	})
	t.Run("a marker behind which everything was removed", func(t *testing.T) {
		d := open(t).set(0, 1, 2, 3).set(-1, 4).read("10:10").remove(5, 6, 7).read("10:10:05")
		d.want("#1 complete 100% ended early", "  Configuring succeeded 1/1", "  Office cancelled 0/0")
	})
}

func TestAMarkerThatIsAllThereIsEndsNothing(t *testing.T) {
	// a technician drags the build job and the first marker, and is about to drag the jobs
	d := started(t).drop(1, "10:00", build, markA).set(-1, 1).read("10:00:05").set(0, 1).read("10:01")
	d.ask("10:01:01", markA).want("#1 open 0%", "> Configuring running 0/0")
	d.set(0, 2).read("10:02").want("#1 complete 0%", "  Configuring succeeded 0/0")
}

func TestAJobDroppedAgainAfterItFailedReplacesIt(t *testing.T) {
	d := open(t).set(0, 1, 2, 3, 4, 6).set(1603, 5).read("10:10")
	d.want("#1 open 100%", "  Configuring succeeded 1/1", "  Office failed 2/2 [Install Office 1603]")
	d.drop(20, "10:12", office).read("10:12")
	d.want("#1 open 66%", "  Configuring succeeded 1/1", "  Office waiting 1/2 attempt 2 [Install Office 1603]")
	d.set(0, 20, 7).read("10:15")
	d.want(
		"#1 complete 100% ready after retries", "  Configuring succeeded 1/1",
		"  Office succeeded 2/2 attempt 2 [Install Office 1603 repaired]",
	)
}

func TestNextIsWhatRunsNext(t *testing.T) {
	d := open(t).set(0, 1, 2).set(1603, 3).read("10:10").drop(20, "10:12", driver).set(0, 4).read("10:12")
	d.want("#1 open 0%", "  Configuring waiting 0/1 attempt 2 [Drivers 1603]", "  Office waiting 0/2")
	if s := d.progress().Session; s.Stages[s.Next].Name != "Office" {
		t.Errorf("next is %s; the retry stands behind it", s.Stages[s.Next].Name)
	}
}

func TestAMarkerDroppedAgainWithItsFailedJobIsTheSameStage(t *testing.T) {
	d := open(t).set(0, 1, 2, 3, 4, 6).set(1603, 5).read("10:10")
	d.drop(20, "10:12", markB, office).read("10:12").remove(7).set(-1, 20).read("10:13")
	d.want("#1 open 66%", "  Configuring succeeded 1/1", "> Office running 1/2 attempt 2 [Install Office 1603]")
}

func TestACancelledJobDroppedAgainReplacesIt(t *testing.T) {
	d := open(t).remove(5).read("10:01").want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/1")
	d.drop(20, "10:05", office).read("10:05").want(
		"#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2 attempt 2",
	)
}

func TestTheSameJobTwiceFromTheStartIsTwoJobs(t *testing.T) {
	d := started(t).drop(1, "10:00", build, markA, "Reboot", driver, "Reboot").set(-1, 1).read("10:00:05")
	d.set(0, 1, 2, 3).read("10:01").want("#1 open 33%", "  Configuring waiting 1/3")
}

func TestSuccessCodesAreSettings(t *testing.T) {
	d := newDesk(t)
	d.settings.Success = []jobmon.Code{0, 3010}
	d.read("08:00")
	folder(d, "10:00").set(-1, 1).read("10:00:05").set(0, 2, 4).set(3010, 3).set(-7, 6).read("10:02")
	d.want("#1 open 66%", "  Configuring succeeded 1/1", "  Office failed 1/2 [Install Visio -7]")
}

func TestHiddenNames(t *testing.T) {
	d := newDesk(t)
	d.settings.HideNames = true
	d.read("08:00")
	folder(d, "10:00").set(-1, 1).read("10:00:05").set(1603, 3).read("10:02")
	if f := d.progress().Session.Stages[0].Failures[0]; f.Job != "" || f.Code != 1603 {
		t.Errorf("%+v", f)
	}
}

func TestCurrentIsTheStageThatStartedLast(t *testing.T) {
	d := open(t).set(0, 2).set(-1, 3).read("10:01").set(-1, 4).read("10:02")
	if s := d.progress().Session; s.Stages[s.Current].Name != "Office" {
		t.Errorf("%s", show(d.progress()))
	}
}

func TestLaterRowsAreListedAndCountInNothing(t *testing.T) {
	d := open(t).drop(30, "22:00", "Updates").drop(31, "", "Recurring scan").read("10:01")
	d.want(
		"#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2", ". Updates later 10 22:00",
		". Recurring scan unscheduled",
	)
	d.set(0, 1, 2, 3, 4, 5, 6, 7).read("10:30")
	if s := d.progress().Session; s.State != jobmon.SessionComplete {
		t.Errorf("a row for tonight holds the session open: %s", show(d.progress()))
	}
}

func TestDue(t *testing.T) {
	d := open(t).drop(30, "10:45", "Updates").read("10:05")
	d.read("10:14:59").want(
		"#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2", ". Updates later 10 10:45",
	)
	d.read("10:15")
	if len(d.events) != 1 || d.events[0].Kind != jobmon.KindDue {
		t.Fatalf("events %v", d.events)
	}
	d.want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2", "  Updates waiting 0/1 +")
	if d.read("10:16"); len(d.events) != 0 {
		t.Errorf("told twice: %v", d.events)
	}
}

func TestDueThatARemovalOvertakesIsNotTold(t *testing.T) {
	d := open(t).drop(30, "10:45", "Updates").read("10:01")
	d.remove(30).read("10:20")
	for _, e := range d.events {
		if e.Kind == jobmon.KindDue {
			t.Errorf("%v", e)
		}
	}
}

func TestWhyNothingRuns(t *testing.T) {
	why := func(d *desk) jobmon.Waiting {
		if w := d.progress().Session.Why; w != nil {
			return *w
		}
		return jobmon.Waiting{}
	}
	d := open(t)
	if got := why(d); got.Kind != jobmon.WaitBehind || got.Job != build || got.Since != d.last {
		t.Errorf("while the build job runs: %+v", got)
	}
	d.set(0, 1).move("10:20", 2, 3, 4, 5, 6, 7).read("10:01")
	if got := why(d); got.Kind != jobmon.WaitDue || got.Start != clock("10:20") {
		t.Errorf("before its time: %+v", got)
	}
	d.drop(30, "22:00", "Updates").read("10:21") // any event judges
	if got := why(d); got.Kind != jobmon.WaitServer {
		t.Errorf("when due: %+v", got)
	}
	d.agents[pc] = jobmon.AgentOffline
	d.read("10:22")
	if got := why(d); got.Kind != jobmon.WaitAgentOffline || got.Since != d.last {
		t.Errorf("agent away: %+v", got)
	}
	ghost := d.computer[pc]
	ghost.Ghost = true
	d.computer[pc] = ghost
	d.read("10:23")
	if got := why(d); got.Kind != jobmon.WaitGhost {
		t.Errorf("on a ghost: %+v", got)
	}
	d.set(-1, 2).read("10:24")
	if got := why(d); got.Kind != "" {
		t.Errorf("while a stage runs: %+v", got)
	}
}

func TestNoFurtherUpdatesWhenNoMarkerWaits(t *testing.T) {
	d := open(t).set(0, 1, 2, 3).read("10:02")
	if d.progress().Session.LastMarker {
		t.Error("two markers wait")
	}
	d.remove(7).set(-1, 4).read("10:03")
	if !d.progress().Session.LastMarker {
		t.Error("no marker waits")
	}
}

func TestExpectedTimes(t *testing.T) {
	d := started(t)
	day := func(n int, minutes string) {
		at := func(c string) string { return string('0'+rune(n)) + " " + c }
		id := 100 * n
		d.drop(id, at("10:00"), markA, driver, markB, office).set(-1, id).read(at("10:00"))
		d.set(0, id).set(-1, id+1).read(at("10:01")).set(0, id+1).read(at("10:" + minutes))
		d.set(-1, id+2).read(at("10:30")).set(0, id+2, id+3).read(at("10:40"))
	}
	day(2, "05")
	day(3, "07")
	if s := d.progress().Session; s.Stages[0].Expected != 0 || s.ETA != 0 {
		t.Errorf("two runs are too few: %+v", s.Stages[0])
	}
	day(4, "20")
	d.drop(500, "5 10:00", markA, driver, markB, office, "(JM) New", "New job").set(-1, 500).read("5 10:00")
	s := d.progress().Session
	if got := s.Stages[0]; got.Expected != 7*time.Minute || got.Runs != 3 {
		t.Errorf("expected %v of %d runs", got.Expected, got.Runs)
	}
	if s.ETA != d.last.Add(17*time.Minute) || !s.ETAAtLeast {
		t.Errorf("ETA %v, at least %v", s.ETA, s.ETAAtLeast)
	}
	// the frozen duration stays, whatever happens meanwhile; what passes counts
	d.set(0, 500).set(-1, 501).read("5 10:03").remove(504, 505).read("5 10:04")
	if s := d.progress().Session; s.ETA != d.last.Add(13*time.Minute) || s.ETAAtLeast {
		t.Errorf("ETA %v, at least %v", s.ETA, s.ETAAtLeast)
	}
	d.drop(600, "5 22:00", "Tonight").read("5 10:17")
	if d.progress().Session.Stages[0].Overdue {
		t.Error("17 minutes are not overdue: less than expected + 10")
	}
	d.drop(601, "5 22:00", "Tonight").read("5 10:18")
	if !d.progress().Session.Stages[0].Overdue {
		t.Error("18 minutes are overdue")
	}
}

func TestDurationsThatAreNotHonestAreLeftOut(t *testing.T) {
	for name, spoil := range map[string]func(d *desk){
		"across a gap": func(d *desk) { d.set(0, 1, 2).set(-1, 3).readAfterGap("10:05").set(0, 3).read("10:06") },
		"retried": func(d *desk) {
			d.set(0, 2).set(1, 3).read("10:02").drop(20, "10:03", driver).read("10:03").set(0, 20).read("10:05")
		},
		"inferred late": func(d *desk) { d.set(0, 2, 3).readAs("10:05", jobmon.DiffOptions{InferredInexact: true}) },
	} {
		d := open(t)
		spoil(d)
		if n := len(d.live.history["Configuring"]); n != 0 {
			t.Errorf("%s: %d durations", name, n)
		}
	}
	d := open(t).set(0, 2, 3).read("10:00:10")
	if n := len(d.live.history["Configuring"]); n != 1 {
		t.Errorf("inferred between two close reads: %d durations", n)
	}
}

// A marker without jobs is shown as long as something runs behind it. The desk compares the stages kept with those of
// the rows.
func TestAJobThatEndsBehindAMarkerWithoutJobs(t *testing.T) {
	d := started(t).drop(1, "09:00", driver, markA, build).set(-1, 1).read("09:00").remove(3).read("09:01")
	d.drop(4, "09:00", build).read("09:02").set(-1, 4).set(0, 1).read("09:03").want(
		"#1 open 100%",
		"  Preparation succeeded 1/1",
		"  Configuring waiting 0/0",
	)
	d.set(0, 4).read("09:04").want(
		"#1 open 100%",
		"  Preparation succeeded 1/1",
	)
}

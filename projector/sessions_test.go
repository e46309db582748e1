package projector

import (
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The names follow the text of design section 5, rule by rule.

const (
	build  = "0. Build Job Monitor"
	markA  = "01. (JM) Configuring"
	markB  = "02. (JM) Office"
	markZ  = "99. (JM) Ready"
	driver = "Drivers"
	office = "Install Office"
	visio  = "Install Visio"
)

// folder is a standard build: build job, two stages, closing marker; ids 1 to 7.
func folder(d *desk, at string) *desk {
	return d.drop(1, at, build, markA, driver, markB, office, visio, markZ)
}

func TestSessionIsOpenedByARowThatStarts(t *testing.T) {
	d := started(t)
	folder(d, "10:00").read("10:00").want("#0 planned 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
	d.set(-1, 1).read("10:00:05").want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
}

func TestSessionTakesAlongAllWaitingRows(t *testing.T) {
	d := started(t)
	d.drop(50, "09:59", "Old errand").read("09:59")
	folder(d, "10:00").set(-1, 1).read("10:00:05")
	d.want("#1 open 0%", "  Preparation waiting 0/1", "  Configuring waiting 0/1", "  Office waiting 0/2")
}

func TestADeploymentFromStartToEnd(t *testing.T) {
	d := folder(started(t), "10:00")
	d.set(-1, 1).read("10:00:05").set(0, 1).read("10:01")
	d.set(-1, 2).read("10:02").want("#1 open 0%", "> Configuring running 0/1", "  Office waiting 0/2")
	d.set(0, 2).read("10:03").want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
	d.set(-1, 3).read("10:04").want("#1 open 0%", "> Configuring running 0/1", "  Office waiting 0/2")
	d.set(0, 3).read("10:05").want("#1 open 33%", "  Configuring succeeded 1/1", "  Office waiting 0/2")
	d.set(0, 4, 5).read("10:06").want("#1 open 66%", "  Configuring succeeded 1/1", "  Office waiting 1/2")
	d.set(1603, 6).read("10:07").want(
		"#1 open 100%", "  Configuring succeeded 1/1", "  Office failed 2/2 [Install Visio 1603]",
	)
	d.set(-1, 7).read("10:08").want(
		"#1 complete 100% ready with failures", "  Configuring succeeded 1/1",
		"  Office failed 2/2 [Install Visio 1603]",
	)
	d.set(0, 7).read("10:09").want(
		"#1 complete 100% ready with failures", "  Configuring succeeded 1/1",
		"  Office failed 2/2 [Install Visio 1603]",
	)
}

// finished brings a standard deployment to its end at 10:10.
func finished(t *testing.T) *desk {
	d := folder(started(t), "10:00")
	d.set(-1, 1).read("10:00:05")
	return d.set(0, 1, 2, 3, 4, 5, 6, 7).read("10:10").
		want("#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2")
}

func TestRowsThatArriveWhileItIsOpenJoinIt(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05")
	d.drop(20, "10:05", "Cisco VPN").read("10:05")
	d.want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2", "  Cisco VPN waiting 0/1 +")
}

func TestCompleteForLongerThanTheGapIsANewSession(t *testing.T) {
	d := finished(t)
	d.drop(20, "10:41", "A", "B", "C").read("10:41").want(
		"#0 planned 0%", "  A waiting 0/1", "  B waiting 0/1", "  C waiting 0/1",
	)
	d.set(-1, 20).read("10:41:05").want("#2 open 0%", "> A running 0/1", "  B waiting 0/1", "  C waiting 0/1")
}

func TestCompleteWithinTheGapIsReopenedByATechnician(t *testing.T) {
	d := finished(t)
	d.drop(20, "10:20", "Cisco VPN").set(-1, 20).read("10:20:05")
	d.want("#1 open 75%", "  Configuring succeeded 1/1", "  Office succeeded 2/2", "> Cisco VPN running 0/1 +")
	d.set(0, 20).read("10:22")
	d.want(
		"#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2",
		"  Cisco VPN succeeded 1/1 +",
	)
}

func TestABuildJobAmongTheArrivalsSinceCompletionIsANewSession(t *testing.T) {
	d := finished(t)
	d.drop(20, "10:20", build, markA, driver, markZ).set(-1, 20).read("10:20:05")
	d.want("#2 open 0%", "  Configuring waiting 0/1")
}

func TestABuildJobAloneChangesNothing(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2).read("10:02")
	d.drop(20, "10:03", build).set(-1, 20).read("10:03")
	d.want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
}

func TestDroppingTheFolderAgainIsANewSession(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2).set(1603, 3).read("10:05")
	d.remove(4, 5, 6, 7).drop(20, "10:10", build, markA, driver, markB, office, markZ).read("10:10")
	d.set(-1, 20).read("10:10:10").want("#2 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/1")
}

func TestTheFolderDroppedAgainBeforeItsMarkerStartedGoesOn(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05")
	d.drop(20, "10:01", build, markA, driver).read("10:02").set(-1, 20).read("10:02:10")
	if s := d.progress().Session; s.Number != 1 {
		t.Errorf("session %d: nothing of the first folder's markers had started", s.Number)
	}
}

func TestUnfinishedRowsCarryOverWhenWaiting(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2).set(-1, 3).read("10:05")
	d.drop(20, "10:10", build, markA, driver).read("10:10").set(-1, 20).read("10:11")
	// the running driver job of the first session is overtaken, what waited is taken along
	d.want("#2 open 0%", "  Office waiting 0/2", "  Ready waiting 0/0", "  Configuring waiting 0/1")
}

func TestARowThatRanInAnEarlierSessionJoinsNoOther(t *testing.T) {
	d := finished(t)
	d.drop(20, "10:50", build, markA, driver, markZ).set(-1, 20).read("10:50:05")
	d.move("10:51", 3, 5).remove(2).read("10:51") // old rows are moved and purged
	d.want("#2 open 0%", "  Configuring waiting 0/1")
	d.requeue(6).read("10:52") // an old row is scheduled once more
	d.want("#2 open 0%", "  Install Visio waiting 0/1 +", "  Configuring waiting 0/1")
}

func TestAbandonedIsAWordThatAnyStartRemoves(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2).set(-1, 3).read("10:05")
	d.set(0, 3).read("22:06").want("#1 open 33%", "  Configuring succeeded 1/1", "  Office waiting 0/2")
	if since, want := d.progress().Session.SilentSince, clock("10:05").Instant(3600); since != want {
		t.Errorf("silent since %v, want %v", since, want)
	}
	d.set(-1, 4).read("22:07").want("#1 open 33%", "  Configuring succeeded 1/1", "> Office running 0/2")
	if since := d.progress().Session.SilentSince; since != 0 {
		t.Errorf("silent since %v though a job has started", since)
	}
}

func TestAbandonedForGoodAfterTwoWeeks(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2, 3).read("10:05")
	d.drop(50, "15 10:06", "Nightly").read("15 10:06")
	d.want(
		"#1 abandoned 33% abandoned", "  Configuring succeeded 1/1", "  Office waiting 0/2",
		". 99. (JM) Ready waiting stuck 10 10:00", ". Nightly waiting 24 10:06",
	)
}

func TestAWaitingRowLongPastDueIsStuckAndHoldsNothingOpen(t *testing.T) {
	d := started(t)
	d.drop(40, "08:00", "Forgotten").read("08:01")
	d = folder(d, "2 10:00").set(-1, 1).read("2 10:00:05")
	d.want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2", ". Forgotten waiting stuck 10 08:00")
	d.set(0, 1, 2, 3, 4, 5, 6, 7).read("2 10:30")
	d.want(
		"#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2",
		". Forgotten waiting stuck 10 08:00",
	)
}

func TestEndedEarlyWhenRowsWereCancelled(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2, 3).read("10:05")
	d.remove(4, 5, 6, 7).read("10:06")
	d.want("#1 complete 100% ended early", "  Configuring succeeded 1/1", "  Office cancelled 0/0")
}

func TestAPurgeOfFinishedRowsErasesNoPicture(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2, 3).set(-1, 4).read("10:05")
	before := show(d.progress())
	d.remove(1, 2, 3).read("10:06").want(before)
	d.set(0, 4, 5, 6, 7).read("10:10").remove(4, 5, 6, 7).read("10:11")
	d.want("#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2")
}

func TestARowRemovedWhileRunningIsUnknown(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2).set(-1, 3).read("10:05")
	d.remove(3).read("10:06").want("#1 open 0%", "  Configuring unknown 0/0", "  Office waiting 0/2")
}

func TestOtherSessionsNeverChangeTheFile(t *testing.T) {
	d := finished(t)
	before := *d.progress()
	d.drop(20, "2 01:00", "Nightly inventory").read("2 00:59").set(-1, 20).read("2 01:00:05").set(0, 20).read("2 01:05")
	if after := d.progress(); after.Seq != before.Seq || after.At != before.At || show(after) != show(&before) {
		t.Errorf("the nightly job changed the picture:\n%s", show(after))
	}
	d.drop(30, "2 02:00", build, markA, driver).set(-1, 30).read("2 02:00").want(
		"#3 open 0%", "  Configuring waiting 0/1",
	)
}

func TestThreeJobsWithoutMarkersAreADeployment(t *testing.T) {
	d := started(t).drop(1, "10:00", "A").set(-1, 1).read("10:00").want("no picture")
	d.drop(2, "10:01:01", "B").read("10:01:10").want("no picture")
	d.drop(3, "10:02", "C").read("10:02").want(
		"#1 open 0%", "> A running 0/1", "  B waiting 0/1 +", "  C waiting 0/1 +",
	)
}

func TestFirstReadInMidDeployment(t *testing.T) {
	folderAt := func(d *desk, running int) *desk {
		folder(d, "07:00")
		for id := 1; id < running; id++ {
			d.set(0, id)
		}
		return d
	}
	t.Run("finished rows since the build job count as done", func(t *testing.T) {
		d := folderAt(newDesk(t), 4).set(-1, 4)
		d.drop(90, "06:00", "Yesterday's job").set(0, 90)
		d.read("08:00").want("#1 open 33%", "  Configuring succeeded 1/1", "> Office running 0/2")
		if s := d.progress().Session; s.WatchedSince != 0 || s.Stages[0].Began != 0 {
			t.Errorf("watched since %v, first stage began %v", s.WatchedSince, s.Stages[0].Began)
		}
		d.set(0, 4, 5, 6, 7).read("08:30").want(
			"#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2",
		)
	})
	t.Run("also between two jobs", func(t *testing.T) {
		folderAt(newDesk(t), 4).read("08:00").want("#1 open 33%", "  Configuring succeeded 1/1", "  Office waiting 0/2")
	})
	t.Run("without a build job it is watched since the first read", func(t *testing.T) {
		d := folderAt(newDesk(t), 4).remove(1).set(-1, 4)
		d.read("08:00").want("#1 open 0%", "> Office running 0/2")
		if s := d.progress().Session; s.WatchedSince != d.last {
			t.Errorf("watched since %v", s.WatchedSince)
		}
	})
	t.Run("nothing has begun", func(t *testing.T) {
		d := folder(newDesk(t), "07:59").read("08:00").want(
			"#0 planned 0%", "  Configuring waiting 0/1", "  Office waiting 0/2",
		)
		d.set(-1, 1).read("08:00:05").want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
	})
	t.Run("a complete deployment is history", func(t *testing.T) {
		folderAt(newDesk(t), 8).read("08:00").want("no picture")
	})
	t.Run("zombies of last year are stuck from the start", func(t *testing.T) {
		d := newDesk(t)
		folder(d, "07:00")
		d.rows[900] = jobmon.Row{
			ID: 900, Job: 77, Computer: pc, Start: clock("07:00") - 31_536_000_000, Status: jobmon.StatusRunning,
		}
		d.rows[901] = jobmon.Row{ID: 901, Job: 78, Computer: pc, Start: clock("07:00") - 31_536_000_000}
		d.read("2 08:00") // and the folder is a day old, too
		if len(d.live.Watching()) != 0 {
			t.Error("rows of last year opened a session")
		}
		d.drop(20, "2 08:10", build, markA, driver, markZ).set(-1, 20).read("2 08:10")
		if got := d.progress().Session; len(got.Stages) != 1 || got.Stages[0].Name != "Configuring" {
			t.Errorf("%s", show(d.progress()))
		}
	})
}

func TestARowThatWaitsForItsNextTimeIsNoPartOfADeployment(t *testing.T) {
	d := folder(started(t), "10:00").drop(8, "10:00", "Hourly inventory").read("10:00").set(-1, 1).read("10:00:05")
	d.set(0, 1, 2).set(-1, 8).read("10:02").requeue(8).move("10:20", 8).read("10:03") // as DS does it, without an end
	d.set(0, 3, 4, 5, 6, 7).read("10:10")
	d.want(
		"#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2",
		". Hourly inventory waiting 10 10:20",
	)
	d.set(-1, 8).read("10:20").want(
		"#1 complete 100% ready", "  Configuring succeeded 1/1", "  Office succeeded 2/2",
		". Hourly inventory waiting 10 10:20",
	)
}

func TestARowThatIsQueuedAgainForNowGoesOn(t *testing.T) {
	d := open(t).set(0, 1, 2).set(-1, 3).read("10:02").requeue(3).read("10:03")
	d.want("#1 open 0%", "  Configuring waiting 0/1", "  Office waiting 0/2")
}

func TestAFolderThatComesAgainAndStartsInOneReadIsAnotherDeployment(t *testing.T) {
	d := finished(t)
	d.drop(20, "10:20", markA, driver, markZ).set(-1, 20).read("10:20:05")
	d.want("#2 open 0%", "> Configuring running 0/1")
}

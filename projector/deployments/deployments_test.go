package deployments

import (
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestADeploymentFromStartToEnd(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00")
	d.run("10:00 10:01 10:02 10:05 10:06 10:16 10:21 10:22", 1, 2, 3, 4, 5, 6, 7)
	d.want(t)
}

func TestAJobAddedLateFailsAndIsTriedAgain(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00")
	d.run("10:00 10:01 10:02 10:05", 1, 2, 3).drop(20, "10:06", "Printer").read("10:06")
	d.set(-1, 20).
		read("10:07").
		set(1603, 20).
		read("10:08").
		requeue(20).
		read("10:10").
		set(-1, 20).
		read("10:12").
		set(0, 20).
		read("10:15")
	d.run("10:15 10:16 10:20 10:21 10:22", 4, 5, 6, 7)
	d.want(t)
}

func TestWhatIsUnseenIsNotHonest(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00")
	d.run("10:00 10:01 10:02", 1, 2).set(-1, 3).read("10:03")
	d.tell("10:04", jobmon.Event{Kind: jobmon.KindSourceLost}).set(0, 3, 4).set(-1, 5).readAfterGap("10:30")
	d.tell("10:32", jobmon.Event{Kind: jobmon.KindDaemonStopped})
	d.tell("10:40", jobmon.Event{Kind: jobmon.KindDaemonStarted, Until: clock("10:32")})
	d.set(0, 5).set(-1, 6).read("10:41").set(0, 6).read("10:44")
	d.set(-1, 7).read("10:45").set(0, 7).read("10:46")
	d.want(t)
}

// A log of an earlier version does not say that it could not be written: what happened meanwhile is inexact.
func TestALogThatCouldNotBeWritten(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00")
	d.run("10:00 10:01 10:02", 1, 2).set(-1, 3).read("10:03").set(0, 3, 4).set(-1, 5)
	d.readAs("10:30", jobmon.DiffOptions{Inexact: true, InferredInexact: true})
	d.run("10:31 10:33 10:34 10:35", 5, 6, 7)
	d.want(t)
}

func TestTheClockIsSetBack(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00")
	d.run("10:00 10:01 10:02", 1, 2).set(-1, 3).read("10:30")
	d.tell("10:10", jobmon.Event{Kind: jobmon.KindClock, Seconds: 3600, Step: -1_200_000})
	d.set(0, 3).read("10:11").run("10:12 10:13 10:14 10:15 10:16", 4, 5, 6, 7)
	d.want(t)
}

func TestWhatTheFirstReadFound(t *testing.T) {
	d := newDesk(t).folder(1, "10:00").set(0, 1, 2, 3).set(-1, 4).read("10:20")
	d.run("10:21 10:25 10:26 10:30", 5, 6, 7).set(0, 4)
	d.want(t)
}

func TestABuildFolderDroppedAgainOvertakesTheDeployment(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00")
	d.run("10:00 10:01 10:02", 1, 2).set(-1, 3).read("10:03").folder(20, "10:10").read("10:10")
	d.set(-1, 20).read("10:11").run("10:12 10:13 10:14 10:15 10:16 10:17 10:18", 21, 22, 23, 24, 25, 26)
	d.want(t)
}

func TestOthersThanDeployments(t *testing.T) {
	d := started(t).drop(1, "10:00", "Inventory").read("10:00").run("10:00 10:05", 1)
	d.folder(10, "12:00").read("12:00").run("12:00 12:01 12:02", 10, 11)
	d.folders[office] = "Moved"
	d.run("12:03 12:04 12:05 12:06 12:07", 12, 13, 14, 15).remove(16).read("12:08")
	d.folders[driver] = "Moved later"
	d.read("12:10").want(t)
}

func TestWhatGoesOn(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00")
	d.run("10:00 10:01 10:02", 1, 2).set(-1, 3).read("10:03").dropOn(pc+1, 90, "10:07", "Inventory").read("10:07")
	d.want(t)
}

// TestRunsWithoutLengthKeepTheirTurn has a whole stage start and end in one read behind an outage: the outage is its
// own, not that of the stage behind it.
func TestRunsWithoutLengthKeepTheirTurn(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00").run("10:00 10:01 10:02 10:03", 1, 2, 3)
	d.tell("10:03:10", jobmon.Event{Kind: jobmon.KindSourceLost})
	d.set(0, 4, 5).set(-1, 6).readAfterGap("10:03:40").set(0, 6).set(-1, 7).read("10:05").set(0, 7).read("10:06")
	one := d.all()[0]
	_, stages, beside := one.Spent()
	if got, want := stages[1], (Spent{Working: 80 * time.Second, Waiting: 10 * time.Second, Before: 10 * time.Second, Unseen: 30 * time.Second}); got != want {
		t.Errorf("Office %+v, want %+v, beside %+v", got, want, beside)
	}
}

package daemon_test

import (
	"fmt"
	"testing"
)

// An installation fails; a technician drops that job again, and the closing marker behind it.
func TestAFailureRepairedByDroppingTheJobAgain(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		rows := pc.drop(folder()...)
		s.ds.SetOutcome(rows[8], 1603)
		pc.shows("10:07", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2")
		pc.shows("10:07:40", "#1 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 1/2 "+
			"[Install Office 1603]")
		pc.fresh = nil

		s.at("10:07:45")
		pc.drop(office, mReady)
		pc.shows("10:08", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2 attempt "+
			"2 [Install Office 1603]")
		pc.shows("10:09 to 10:10", "#1 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running "+
			"1/2 attempt 2 [Install Office 1603]")
		pc.shows("10:11 to 10:15", "#1 complete 100% ready after retries | Drivers succeeded 1/1 | Domain succeeded "+
			"1/1 | Office succeeded 2/2 attempt 2 [Install Office 1603 repaired]")
		pc.given(
			mReady+": #1 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 1/2 attempt 2 "+
				"[Install Office 1603] | waits: behind "+mReady,
			mReady+": #1 complete 100% ready after retries | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
				"succeeded 2/2 attempt 2 [Install Office 1603 repaired]",
		)
		f := pc.file()
		if f.Counts.Failed != 0 || f.Counts.Jobs != 4 || f.Counts.Late != 0 {
			t.Errorf("counts %+v", f.Counts)
		}
	})
}

// The same failure, and nobody does anything.
func TestAFailureThatStays(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		rows := pc.drop(folder()...)
		s.ds.SetOutcome(rows[8], 1603)
		s.ds.SetOutcome(rows[7], 5) // a failed marker fails nothing
		pc.shows("10:08", "#1 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 1/2 "+
			"[Install Office 1603]")
		pc.fresh = nil
		pc.shows("10:09 to 10:12", "#1 complete 100% ready with failures | Drivers succeeded 1/1 | Domain succeeded "+
			"1/1 | Office failed 2/2 [Install Office 1603]")
		pc.given(mReady + ": #1 complete 100% ready with failures | Drivers succeeded 1/1 | Domain succeeded 1/1 | " +
			"Office failed 2/2 [Install Office 1603]")
	})
}

// The technician drops the whole folder instead. Until its build job starts its jobs wait in the old deployment; from
// then on a new one shows nothing of the old.
func TestAFailureRepairedByDroppingTheFolderAgain(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		rows := pc.drop(folder()...)
		s.ds.SetOutcome(rows[8], 1603)
		pc.shows("10:07:40", "#1 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 1/2 "+
			"[Install Office 1603]")
		pc.fresh = nil

		pc.drop(folder()...)
		s.at("10:08:30")
		if f := pc.file(); f.Session.Number != 1 || f.Session.State != "open" {
			t.Errorf("session %+v", f.Session)
		}
		if len(pc.fresh) != 1 {
			t.Errorf("given %q", pc.fresh)
		}
		pc.fresh = nil
		pc.shows("10:08:43", "#2 open 0% | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: "+
			"behind "+monitor)
		pc.shows("10:09:40", "#2 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2")
		pc.shows("10:11", "#2 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: "+
			"agent offline")
		pc.shows("10:12", "#2 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2")
		pc.shows("10:13 to 10:14", "#2 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 "+
			"| waits: agent offline")
		pc.shows("10:15:10 to 10:16:10",
			"#2 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2")
		pc.shows("10:17", "#2 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 1/2")
		pc.shows("10:18 to 10:20", "#2 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
		pc.given(
			monitor+": #2 open 0% | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: behind "+
				""+monitor,
			mDrivers+": #2 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2",
			monitor+": #2 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: behind "+
				""+monitor,
			mDomain+": #2 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2",
			monitor+": #2 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | waits: "+
				"behind "+monitor,
			mOffice+": #2 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2",
			mReady+": #2 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2",
		)
	})
}

// The PC is imaged again eight minutes after it was ready: a new deployment, though a job alone would have gone on with
// the old one.
func TestReimageWithinTheHalfHour(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		pc.shows("10:09 to 10:17", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
		pc.imagedAgain(2)
	})
}

// imagedAgain drops the folder and follows it as a deployment of that number, in which nothing is left of the last.
func (c *client) imagedAgain(number int) {
	c.t.Helper()
	n, behind := fmt.Sprintf("#%d ", number), " | waits: behind "+monitor
	if c.refresh != nil {
		behind = "" // the script said that its own job runs: that is nothing to wait for
	}
	c.fresh = nil
	rows := c.drop(folder()...)
	c.during(rows[0], n+"open 0% | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2"+behind)
	c.during(rows[1], n+"open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2")
	c.during(rows[2], n+"open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2")
	c.gone(rows[2], n+"open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: agent "+
		"offline")
	c.during(rows[5], n+"open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2")
	c.gone(rows[5], n+"open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | waits: agent "+
		"offline")
	c.during(rows[8], n+"open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2")
	c.during(rows[9], n+"open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 1/2")
	c.during(rows[10], n+"complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2")
	c.behind(rows[10], n+"complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2")
	c.given(
		monitor+": "+n+"open 0% | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2"+behind,
		mDrivers+": "+n+"open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2",
		monitor+": "+n+"open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2"+behind,
		mDomain+": "+n+"open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2",
		monitor+": "+n+"open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2"+behind,
		mOffice+": "+n+"open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2",
		mReady+": "+n+"complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2",
	)
}

// The administrator deletes what is left: the deployment ends with the job that runs. A marker that is at work then
// still brings that to the screen.
func TestTheRemainingJobsAreDeleted(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		pc.shows("10:03:30", "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2")
		pc.fresh = nil
		s.ds.DeleteRemaining(pc.id)
		pc.shows("10:04", "#1 open 50% | Drivers succeeded 1/1 | > Domain running 0/1 | Office cancelled 0/0")
		pc.shows("10:05 to 10:10", "#1 complete 100% ended early | Drivers succeeded 1/1 | Domain succeeded 1/1 | "+
			"Office cancelled 0/0")
		pc.given()
		if f := pc.file(); f.Counts.Cancelled != 2 || !f.NoMoreUpdates {
			t.Errorf("counts %+v, no more updates: %v", f.Counts, f.NoMoreUpdates)
		}
	})
}

func TestTheRemainingJobsAreDeletedWhileAMarkerIsAtWork(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:02:59") // the marker has just started
		s.ds.DeleteRemaining(pc.id)
		pc.fresh = nil
		pc.shows("10:03:30 to 10:05:30",
			"#1 complete 100% ended early | Drivers succeeded 1/1 | Domain cancelled 0/0 | Office cancelled 0/0")
		pc.given(mDomain + ": #1 complete 100% ended early | Drivers succeeded 1/1 | Domain cancelled 0/0 | Office " +
			"cancelled 0/0")
	})
}

package daemon_test

import (
	"slices"
	"testing"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	vpn    = "Install VPN"
	fonts  = "Install fonts"
	labels = "Install labels"
	extras = "(JM) Extras"
)

// Three and a half minutes in, somebody drops a department's software with a marker of its own, and the closing
// marker again behind it. The first closing marker stays one: it opens no stage, and what it brings is not "ready".
func TestJobsDroppedLateWithAMarker(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		pc.shows("10:03:30", "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2")
		pc.fresh = nil

		pc.drop(extras, vpn, fonts, mReady)
		pc.shows("10:04", "#1 open 16% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2 | Extras "+
			"waiting 0/2 late")
		pc.shows("10:05", "#1 open 33% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | Extras "+
			"waiting 0/2 late | waits: agent offline")
		pc.shows("10:06 to 10:07", "#1 open 33% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running "+
			"0/2 | Extras waiting 0/2 late")
		pc.shows("10:08", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 1/2 | "+
			"Extras waiting 0/2 late")
		pc.shows("10:09", "#1 open 66% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | > "+
			"Extras running 0/2 late")
		pc.shows("10:10", "#1 open 83% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | > "+
			"Extras running 1/2 late")
		pc.shows("10:11 to 10:13", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2 | Extras succeeded 2/2 late")
		if n := pc.file().Counts.Late; n != 2 {
			t.Errorf("%d late jobs", n)
		}

		pc.given(
			monitor+": #1 open 33% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | Extras "+
				"waiting 0/2 late | waits: behind "+monitor,
			mOffice+": #1 open 33% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2 | Extras "+
				"waiting 0/2 late",
			mReady+": #1 open 66% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | Extras "+
				"waiting 0/2 late | waits: behind "+mReady,
			extras+": #1 open 66% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | > Extras "+
				"running 0/2 late",
			mReady+": #1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | "+
				"Extras succeeded 2/2 late",
		)
	})
}

// Without a marker they are a stage of their own, named by the first. The share follows them to the end; the last
// file that the client is given says that it is the last.
func TestJobsDroppedLateWithoutAMarker(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:00:50")
		pc.drop(labels) // within the minute: belongs to what was dropped
		pc.shows("10:01", "#1 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2 | Ready "+
			"waiting 0/1")
		s.at("10:03:30")
		pc.drop(vpn)
		s.at("10:04:30")
		pc.drop(fonts)
		pc.fresh = nil
		pc.shows("10:05", "#1 open 28% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | Ready "+
			"waiting 0/1 | Install VPN and 1 more waiting 0/2 late | waits: agent offline")
		pc.shows("10:06 to 10:07", "#1 open 28% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running "+
			"0/2 | Ready waiting 0/1 | Install VPN and 1 more waiting 0/2 late")
		pc.shows("10:09", "#1 open 57% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | > "+
			"Ready running 0/1 | Install VPN and 1 more waiting 0/2 late")
		pc.shows("10:10", "#1 open 71% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | Ready "+
			"succeeded 1/1 | > Install VPN and 1 more running 0/2 late")
		pc.shows("10:12", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2 | Ready succeeded 1/1 | Install VPN and 1 more succeeded 2/2 late")
		pc.given(
			monitor+": #1 open 28% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | Ready "+
				"waiting 0/1 | Install VPN and 1 more waiting 0/2 late | waits: behind "+monitor,
			mOffice+": #1 open 28% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2 | Ready "+
				"waiting 0/1 | Install VPN and 1 more waiting 0/2 late",
			mReady+": #1 open 57% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | > Ready "+
				"running 0/1 | Install VPN and 1 more waiting 0/2 late",
		)
		if !s.onScreen("PC-0001").NoMoreUpdates {
			t.Error("the client was not told that no file follows")
		}
	})
}

// Ten minutes after the end a technician adds a job: the deployment goes on, and is complete again.
func TestAJobTenMinutesAfterTheEnd(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		pc.shows("10:18", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2")
		ended := pc.file().Session.Ended
		pc.fresh = nil

		s.at("10:18:30")
		pc.drop(vpn, mReady)
		pc.shows("10:19", "#1 open 80% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | > "+
			"Install VPN running 0/1 late")
		pc.shows("10:20 to 10:22", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2 | Install VPN succeeded 1/1 late")
		if f := pc.file(); f.Session.Ended <= ended {
			t.Errorf("it ended at %v, before that at %v", f.Session.EndedLocal, ended)
		}
		pc.given(mReady + ": #1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office " +
			"succeeded 2/2 | Install VPN succeeded 1/1 late")

		// Half an hour after that the deployment is over for good; a single job is none.
		s.at("10:55")
		pc.drop(fonts)
		pc.shows("10:57", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2 | Install VPN succeeded 1/1 late")
	})
}

// A shortcut in the chain puts its jobs in front of all that waits. They came with the plan: they stand in its stage
// and are not late.
func TestAShortcutInjectsInTheChain(t *testing.T) {
	play(t, "09:59", func(s *site) {
		const department = "Department software"
		s.makeJob(department, simulator.Behaviour{Targets: s.jobsOf([]string{fonts, labels})})
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		rows := pc.drop(monitor, mDrivers, drivers, monitor, mOffice, office, department, visio, mReady)
		pc.shows("10:02", "#1 open 25% | Drivers succeeded 1/1 | Office waiting 0/3 | waits: agent offline")
		pc.shows("10:04", "#1 open 25% | Drivers succeeded 1/1 | > Office running 0/3")
		pc.shows("10:05:10", "#1 open 50% | Drivers succeeded 1/1 | > Office running 2/5") // and two more are to come
		pc.shows("10:06:10", "#1 open 66% | Drivers succeeded 1/1 | > Office running 3/5")
		pc.shows("10:07:10", "#1 open 83% | Drivers succeeded 1/1 | > Office running 4/5")
		pc.shows("10:08 to 10:10", "#1 complete 100% ready | Drivers succeeded 1/1 | Office succeeded 5/5")
		if n := pc.file().Counts.Late; n != 0 {
			t.Errorf("%d late jobs", n)
		}
		pc.given(
			monitor+": #1 open 0% | Drivers waiting 0/1 | Office waiting 0/3 | waits: behind "+monitor,
			mDrivers+": #1 open 0% | > Drivers running 0/1 | Office waiting 0/3",
			monitor+": #1 open 25% | Drivers succeeded 1/1 | Office waiting 0/3 | waits: behind "+monitor,
			mOffice+": #1 open 25% | Drivers succeeded 1/1 | > Office running 0/3",
			mReady+": #1 complete 100% ready | Drivers succeeded 1/1 | Office succeeded 5/5",
		)

		// The log tells it in one batch: two new rows at the shortcut's minute, those behind it a minute later.
		var moved []jobmon.ScheduleID
		for _, b := range s.stop().batches() {
			for _, e := range b.Events {
				if e.Kind == jobmon.KindRescheduled && e.Start == clock("10:01") {
					moved = append(moved, e.Schedule)
				}
			}
			if len(moved) > 0 {
				injected := slices.ContainsFunc(b.Events, func(e jobmon.Event) bool {
					return e.Kind == jobmon.KindScheduled && e.Job == s.jobs[fonts] && e.Start == clock("10:00")
				})
				if !injected || !slices.Equal(moved, rows[7:]) {
					t.Errorf("moved %v, batch %v", moved, b.Events)
				}
				return
			}
		}
		t.Error("no row was moved")
	})
}

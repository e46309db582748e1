package daemon_test

import (
	"os"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The database cannot be reached for ten minutes. The files of open deployments say so; what is over stays as it is.
func TestTheSourceIsLostForTenMinutes(t *testing.T) {
	play(t, "09:40", func(s *site) {
		pc, ready := s.watch().pc("PC-0001"), s.pc("PC-0002")
		ready.drop(folder()...)
		s.at("10:00")
		pc.drop(folder()...)
		pc.shows("10:02", "#1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: "+
			"agent offline")
		pc.fresh = nil
		untouched := ready.file().Seq

		s.cutOff()
		pc.shows("10:02:10 to 10:11:10",
			"#1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: agent offline | "+
				"source lost")
		if f := pc.file(); jobmon.WallTime(f.SourceSinceLocal) < clock("10:02") ||
			jobmon.WallTime(f.SourceSinceLocal) > clock("10:02:10") {
			t.Errorf("lost since %v", jobmon.WallTime(f.SourceSinceLocal))
		}
		const old = ": #1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: agent " +
			"offline | source lost"
		pc.given(monitor+old, mDomain+old, monitor+old, mOffice+old, mReady+old)
		s.at("10:11:30")
		pc.drop(vpn) // nobody sees whether it is late
		s.at("10:12")
		s.letIn()
		pc.shows("10:13:10", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2 | Ready succeeded 1/1")
		if f := ready.file(); f.Seq != untouched || f.Source != evt.SourceOK {
			t.Errorf("the file of a computer that was ready was written again: %d, before %d", f.Seq, untouched)
		}

		var lost, restored int
		for _, b := range s.stop().batches() {
			for _, e := range b.Events {
				switch e.Kind {
				case jobmon.KindSourceLost:
					lost++
				case jobmon.KindSourceRestored:
					restored++
				}
			}
		}
		if lost != 1 || restored != 1 {
			t.Errorf("lost %d times, restored %d times", lost, restored)
		}
	})
}

// While the database cannot be reached somebody restarts the daemon. Nobody looked for ten minutes all the same: what
// it finds then is inexact, and nothing of it is late.
func TestARestartWhileTheSourceIsLost(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:02")
		s.cutOff()
		s.at("10:06")
		pc.drop(extras, vpn, mReady)
		s.at("10:11:58").stop()
		s.letIn()
		s.at("10:12").watch()
		pc.shows("10:12", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2 | Ready succeeded 0/0 | Extras succeeded 1/1")
		for _, st := range pc.file().Stages[1:] {
			if !st.Inexact {
				t.Errorf("nobody saw when this was: %+v", st)
			}
		}
		for _, b := range s.stop().batches() {
			for _, e := range b.Events {
				if began := clock("10:02").Instant(winter); e.Kind == jobmon.KindDaemonStarted && e.Until != 0 &&
					(e.Until > began || e.Until < began.Add(-settle)) {
					t.Errorf("the log was covered until %v, it says until %v", began, e.Until)
				}
			}
		}
	})
}

// The share is away for some minutes: DS has nothing to copy, so markers fail, which fails nothing. The log goes on,
// and when the share is back the files are those of that moment.
func TestTheEvtFolderVanishesAndReturns(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc, other := s.watch().pc("PC-0001"), s.pc("PC-0002")
		s.at("10:00")
		pc.drop(folder()...)
		pc.shows("10:02", "#1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: "+
			"agent offline")
		pc.fresh = nil
		away := s.evtDir + "-away"
		if err := os.Rename(s.evtDir, away); err != nil {
			t.Fatal(err)
		}
		s.at("10:03")
		other.drop(folder()...)
		pc.shows("10:06", "no file")
		pc.given(monitor+": nothing", mDomain+": nothing", monitor+": nothing", mOffice+": nothing")

		if err := os.Rename(away, s.evtDir); err != nil {
			t.Fatal(err)
		}
		pc.shows("10:06:40", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2")
		if got := other.screen(); got == "no file" {
			t.Error("no file for what began meanwhile")
		}
		if err := os.Remove(pc.path()); err != nil { // and somebody clears up
			t.Fatal(err)
		}
		pc.shows("10:07:15", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2")
		pc.shows("10:09", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2")
		pc.given(mReady + ": #1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office " +
			"succeeded 2/2")
		other.shows("10:15", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
	})
}

// In the middle of its build the computer is installed anew and DS does not know it again: two have that name. What
// was left on the old one never runs; its file says that it is a ghost. The client is given the new one's.
func TestTwoPCsOfOneNameOneOfThemAGhost(t *testing.T) {
	play(t, "09:59", func(s *site) {
		old := s.watch().pc("PC-0001")
		s.at("10:00")
		old.drop(folder()...)
		old.shows("10:02", "#1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: "+
			"agent offline")
		old.fresh = nil

		pc := s.known(s.ds.Redeploy(old.id))
		pc.drop(folder()...)
		old.shows("10:02:10", "#1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | "+
			"waits: ghost")
		s.at("10:04:10")
		old.drop(vpn) // onto the wrong one of the two
		const ghost = "#1 open 20% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | Install VPN " +
			"waiting 0/1 late | waits: ghost"
		old.shows("10:05 to 10:11", ghost)
		pc.shows("10:15", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2")
		old.shows("10:15", ghost)

		if f := old.file(); !f.Computer.Ghost || f.Computer.Name != "PC-0001" || f.Agent != "offline" {
			t.Errorf("the old one: %+v, agent %s", f.Computer, f.Agent)
		}
		if f := s.onScreen("PC-0001"); f.Computer.Ghost || f.Computer.Name != "PC-0001" ||
			f.Computer.ID != int32(pc.id) {
			t.Errorf("on the screen: %+v", f.Computer)
		}
		old.given()
		pc.given(
			monitor+": #1 open 0% | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: behind "+
				""+monitor,
			mDrivers+": #1 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2",
			monitor+": #1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: behind "+
				""+monitor,
			mDomain+": #1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2",
			monitor+": #1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | waits: "+
				"behind "+monitor,
			mOffice+": #1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2",
			mReady+": #1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2",
		)

		// Anyone who clears up deletes what sits on the ghost; its deployment ends.
		s.ds.DeleteRemaining(old.id)
		old.shows("10:16", "#1 complete 100% ended early | Drivers succeeded 1/1 | Domain cancelled 0/0 | Office "+
			"cancelled 0/0 | Install VPN cancelled 0/0 late")
	})
}

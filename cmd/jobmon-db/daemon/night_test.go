package daemon_test

import "testing"

const firmware = "Update firmware"

// A night: during a build somebody plans a job for 22:00, and every night there is an inventory. They are listed and
// hold nothing open; when they run they are no deployment, and the screen's file stays as it is, to the byte. In the
// morning the PC is imaged again.
func TestANightAndTheNextDay(t *testing.T) {
	play(t, "19:59", func(s *site) {
		pc, idle := s.watch().pc("PC-0001"), s.pc("PC-0002")
		s.at("20:00")
		pc.drop(folder()...)
		pc.dropFor("2 03:00", inventory)
		idle.dropFor("2 03:00", inventory)
		pc.shows("20:01", "#1 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2 | later: "+
			"Nightly inventory 03:00")
		s.at("20:03:30")
		pc.dropFor("22:00", firmware)
		pc.shows("20:04", "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2 | later: "+
			"Update firmware 22:00 | later: Nightly inventory 03:00")
		pc.shows("20:07", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2 | "+
			"later: Update firmware 22:00 | later: Nightly inventory 03:00")
		const ready = "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 " +
			"| later: Update firmware 22:00 | later: Nightly inventory 03:00"
		pc.shows("20:09 to 20:15", ready)
		pc.fresh = pc.fresh[6:]
		pc.given(mReady + ": " + ready)

		seq := pc.file().Seq
		for _, when := range []string{"21:31", "22:00:30", "22:05", "2 03:00:30", "2 03:05", "2 08:30"} {
			pc.shows(when, ready)
			idle.shows(when, "no file")
		}
		if now := pc.file().Seq; now != seq {
			t.Errorf("the file was written again during the night: %d, before %d", now, seq)
		}
		pc.given()

		pc.imagedAgain(4) // the firmware and the inventory are sessions, too
	})
}

// What is planned for within the next half-hour belongs to the build that is under way, and holds it open.
func TestAJobForSoonBelongsToTheBuild(t *testing.T) {
	play(t, "21:44", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("21:45")
		pc.drop(folder()...)
		s.at("21:48:30")
		pc.dropFor("22:00", firmware)
		pc.shows("21:49", "#1 open 20% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2 | Update "+
			"firmware waiting 0/1 late")
		pc.shows("21:54 to 21:59", "#1 open 80% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2 | Update firmware waiting 0/1 late | waits: due")
		pc.shows("22:00:30", "#1 open 80% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | > "+
			"Update firmware running 0/1 late")
		pc.shows("22:02", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2 | Update firmware succeeded 1/1 late")
		pc.fresh = pc.fresh[6:]
		pc.given(mReady + ": #1 open 80% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | " +
			"Update firmware waiting 0/1 late | waits: behind " + mReady)
	})
}

// An administrator purges finished rows in the middle of a build, and again after it: no picture loses anything.
func TestAPurgeInMidBuild(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		rows := pc.drop(folder()...)
		s.ds.SetOutcome(rows[5], 1603)
		pc.shows("10:06", "#1 open 50% | Drivers succeeded 1/1 | Domain failed 1/1 [Join domain 1603] | > Office "+
			"running 0/2")
		pc.fresh = nil
		if purged := s.ds.Purge(s.ds.Now()); len(purged) != 8 {
			t.Fatalf("purged %v", purged)
		}
		pc.shows("10:07", "#1 open 50% | Drivers succeeded 1/1 | Domain failed 1/1 [Join domain 1603] | > Office "+
			"running 0/2")
		pc.shows("10:08", "#1 open 75% | Drivers succeeded 1/1 | Domain failed 1/1 [Join domain 1603] | > Office "+
			"running 1/2")
		pc.shows("10:09", "#1 complete 100% ready with failures | Drivers succeeded 1/1 | Domain failed 1/1 [Join "+
			"domain 1603] | Office succeeded 2/2")
		s.ds.Purge(s.ds.Now())
		pc.shows("10:10 to 10:12", "#1 complete 100% ready with failures | Drivers succeeded 1/1 | Domain failed 1/1 "+
			"[Join domain 1603] | Office succeeded 2/2")
		pc.given(mReady + ": #1 complete 100% ready with failures | Drivers succeeded 1/1 | Domain failed 1/1 [Join " +
			"domain 1603] | Office succeeded 2/2")

		// The failed job is dropped again after its first row has gone.
		pc.drop(domain)
		pc.shows("10:12:30", "#1 open 75% | Drivers succeeded 1/1 | > Domain running 0/1 attempt 2 [Join domain "+
			"1603] | Office succeeded 2/2")
		pc.shows("10:13:30", "#1 complete 100% ready after retries | Drivers succeeded 1/1 | Domain succeeded 1/1 "+
			"attempt 2 [Join domain 1603 repaired] | Office succeeded 2/2")
	})
}

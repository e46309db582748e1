package daemon_test

import (
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The build folder, on one PC: two reboots, after each of which the build job brings the monitor back.
func TestFolderDroppedOnOnePC(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		pc.shows("09:59:30", "no file")
		s.at("10:00")
		pc.drop(folder()...)
		pc.shows("10:00:14", "#1 open 0% | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: "+
			"behind "+monitor)
		pc.shows("10:00:30", "#1 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2")
		pc.shows("10:01", "#1 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2")
		pc.given(
			monitor+": #1 open 0% | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: behind "+
				""+monitor,
			mDrivers+": #1 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2",
		)

		pc.shows("10:02", "#1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: "+
			"agent offline")
		pc.shows("10:03:06", "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2")
		pc.shows("10:04", "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2")
		pc.given(
			monitor+": #1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: behind "+
				""+monitor,
			mDomain+": #1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2",
		)

		pc.shows("10:05", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | waits: "+
			"agent offline")
		pc.shows("10:06 to 10:07", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2")
		pc.shows("10:08", "#1 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 1/2")
		pc.given(
			monitor+": #1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | waits: "+
				"behind "+monitor,
			mOffice+": #1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2",
		)

		pc.shows("10:09 to 10:15", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
		pc.given(mReady + ": #1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office " +
			"succeeded 2/2")

		f := pc.file()
		if f.Server != "DS01" || f.Computer.Name != "PC-0001" || f.UTCOffsetS != 3600 || f.Source != evt.SourceOK ||
			!f.NoMoreUpdates {
			t.Errorf("the file says %+v", f)
		}
		pc.around("the session", f.Session.BeganLocal, f.Session.EndedLocal, "10:00:05", "10:08:28")
		for i, want := range [][2]string{{"10:00:21", "10:01:25"}, {"10:02:58", "10:04:01"}, {"10:05:26", "10:08:11"}} {
			pc.around(f.Stages[i].Name, f.Stages[i].BeganLocal, f.Stages[i].EndedLocal, want[0], want[1])
			if f.Stages[i].Inexact || f.Stages[i].Late {
				t.Errorf("stage %+v", f.Stages[i])
			}
		}
	})
}

// around compares times that a file gives with what truly happened: they are those of the read that saw it.
func (c *client) around(what string, began, ended evt.Local, trueBegan, trueEnded string) {
	c.t.Helper()
	for _, at := range []struct {
		got  evt.Local
		want string
	}{{began, trueBegan}, {ended, trueEnded}} {
		late := time.Duration(jobmon.WallTime(at.got)-clock(at.want)) * time.Millisecond
		if late < 0 || late > settle {
			c.t.Errorf("%s: %v for what happened at %s", what, jobmon.WallTime(at.got), at.want)
		}
	}
}

// Without markers every job is a line of its own, and only the build job brings the file.
func TestNoMarkersAtAll(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc, bare := s.watch().pc("PC-0001"), s.pc("PC-0002")
		s.at("10:00")
		pc.drop(monitor, drivers, office, visio)
		bare.drop(office, visio)

		pc.shows("10:01", "#1 open 0% | > Install drivers running 0/1 | Install Office waiting 0/1 | Install Visio "+
			"waiting 0/1")
		pc.shows("10:02", "#1 open 33% | Install drivers succeeded 1/1 | Install Office waiting 0/1 | Install Visio "+
			"waiting 0/1 | waits: agent offline")
		bare.shows("10:02", "no file") // two jobs are no deployment
		bare.drop("Install fonts")     // but three are
		bare.shows("10:02:08", "#1 open 33% | Install Office succeeded 1/1 | > Install Visio running 0/1 | Install "+
			"fonts waiting 0/1 late")
		pc.shows("10:04", "#1 open 33% | Install drivers succeeded 1/1 | > Install Office running 0/1 | Install "+
			"Visio waiting 0/1")
		pc.shows("10:05", "#1 open 66% | Install drivers succeeded 1/1 | Install Office succeeded 1/1 | > Install "+
			"Visio running 0/1")
		pc.shows("10:06", "#1 complete 100% ready | Install drivers succeeded 1/1 | Install Office succeeded 1/1 | "+
			"Install Visio succeeded 1/1")

		pc.given(monitor + ": #1 open 0% | Install drivers waiting 0/1 | Install Office waiting 0/1 | Install Visio " +
			"waiting 0/1 | waits: behind " + monitor)
		bare.given()
	})
}

// A technician drags one job after the other. The first marker is all there is when it brings its file; it closes
// nothing, so no empty PC shows "ready".
func TestAPiecemealTechnician(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(monitor)
		s.at("10:00:04")
		pc.drop(mDrivers)
		pc.shows("10:00:30", "#1 open 0% | > Drivers running 0/0")
		s.at("10:00:45") // well within session.late, whenever the daemon reads
		pc.drop(drivers)
		pc.shows("10:01:30", "#1 open 0% | > Drivers running 0/1")
		pc.drop(mOffice)
		pc.drop(office)
		pc.drop(mReady)
		pc.shows("10:02:40", "#1 open 50% | Drivers succeeded 1/1 | Office waiting 0/1 late | waits: agent offline")
		pc.shows("10:07", "#1 complete 100% ready | Drivers succeeded 1/1 | Office succeeded 1/1 late")
		pc.given(
			monitor+": #1 open 0% | Drivers waiting 0/0 | waits: behind "+monitor,
			mDrivers+": #1 open 0% | > Drivers running 0/0",
			mOffice+": #1 open 50% | Drivers succeeded 1/1 | > Office running 0/1 late",
			mReady+": #1 complete 100% ready | Drivers succeeded 1/1 | Office succeeded 1/1 late",
		)
	})
}

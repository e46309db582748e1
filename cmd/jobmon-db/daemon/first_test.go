package daemon_test

import (
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const lastYear = jobmon.WallTime(365 * 24 * 3600 * 1000)

// The daemon is installed and started for the first time while computers are being built. What finished since the
// build job counts as done; rows of last year are stuck, and nobody's deployment.
func TestFirstStartInMidDeployment(t *testing.T) {
	play(t, "08:59", func(s *site) {
		pc, old, waiting, done := s.pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003"), s.pc("PC-0004")
		put := func(id jobmon.ScheduleID, on *client, job string, status jobmon.Status) {
			s.ds.PutRow(jobmon.Row{ID: id, Job: s.job(job), Computer: on.id, Start: clock("10:00") - lastYear,
				Status: status})
		}
		for i, on := range []*client{pc, old} {
			id := jobmon.ScheduleID(1000 * (i + 1))
			put(id, on, "Forgotten", jobmon.StatusNull)
			put(id+1, on, "Broken off", jobmon.StatusRunning)
			put(id+2, on, "Long done", jobmon.StatusOf(0))
			put(id+3, on, "Long failed", jobmon.StatusOf(1603))
		}
		s.at("09:00")
		done.drop(folder()...)
		pc.drop("Install browser") // an hour before: not part of the build
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:03")
		waiting.dropFor("10:06", folder()...)
		pc.shows("10:04:10", "no file") // the computer joins the domain
		pc.fresh, done.fresh = nil, nil

		s.watch()
		pc.shows("10:04:10", "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2 | "+
			"stuck: Forgotten 10:00 | stuck: Broken off 10:00")
		f := pc.file()
		if f.Session.WatchedSince != 0 || jobmon.WallTime(f.Session.BeganLocal) != clock("10:00") ||
			f.Counts.Late != 0 {
			t.Errorf("session %+v, counts %+v", f.Session, f.Counts)
		}
		if st := f.Stages[0]; st.Began != 0 || !st.Inexact {
			t.Errorf("nobody saw this stage begin: %+v", st)
		}
		for _, c := range []*client{old, done} {
			c.shows("10:04:10", "no file")
		}
		waiting.shows("10:04:10", "planned | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2 | waits: "+
			"due")

		pc.shows("10:05", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | waits: "+
			"agent offline | stuck: Forgotten 10:00 | stuck: Broken off 10:00")
		pc.shows("10:07", "#1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2 | "+
			"stuck: Forgotten 10:00 | stuck: Broken off 10:00")
		pc.shows("10:09:10 to 10:12:10",
			"#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | stuck: "+
				"Forgotten 10:00 | stuck: Broken off 10:00")
		pc.given(
			monitor+": #1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | waits: "+
				"behind "+monitor+" | stuck: Forgotten 10:00 | stuck: Broken off 10:00",
			mOffice+": #1 open 50% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 0/2 | stuck: "+
				"Forgotten 10:00 | stuck: Broken off 10:00",
			mReady+": #1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2 | "+
				"stuck: Forgotten 10:00 | stuck: Broken off 10:00",
		)
		waiting.shows("10:16", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
		old.shows("10:16", "no file")

		// A computer with nothing but zombies is deployed like any other.
		old.drop(folder()...)
		old.shows("10:17", "#1 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2 | stuck: "+
			"Forgotten 10:00 | stuck: Broken off 10:00")
		old.shows("10:27", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded "+
			"2/2 | stuck: Forgotten 10:00 | stuck: Broken off 10:00")
	})
}

// Without a build job nothing says where the deployment began: it is watched since the first read.
func TestFirstStartInMidDeploymentWithoutABuildJob(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.pc("PC-0001")
		s.at("10:00")
		pc.drop(mDrivers, drivers, mOffice, office, visio, mReady)
		s.at("10:03:19").watch()
		pc.shows("10:03:19", "#1 open 0% | > Office running 0/2")
		if f := pc.file(); jobmon.WallTime(f.Session.WatchedSinceLocal) != clock("10:03:19") ||
			f.Session.ElapsedS != nil {
			t.Errorf("session %+v", f.Session)
		}
		pc.shows("10:07", "#1 complete 100% ready | Office succeeded 2/2")
		pc.given(
			mDrivers+": nothing",
			mOffice+": #1 open 0% | > Office running 0/2",
			mReady+": #1 complete 100% ready | Office succeeded 2/2",
		)
	})
}

package daemon_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What was there before somebody looked, and names and settings that change, plan nothing.

// A job is renamed so that it is a marker, and the gap grows, while rows of it wait on 2,000 computers.
func TestTruth14AJobBecomesAMarker(t *testing.T) {
	tell(t, "09:50", func(s *site) {
		const pcs = 2000
		s.interval = 30 * time.Second
		s.watch().at("10:01")
		for i := range pcs {
			s.pc(fmt.Sprintf("PC-%04d", i+1)).put("10:00", "Patch")
		}
		s.pc("PC-EVE").put("13:47", "Patch")
		s.at("10:05")
		s.ds.RenameJob(s.jobs["Patch"], "(JM) Patch")
		s.at("10:15")
		if n := len(s.files()); n > 0 {
			t.Errorf("%d pictures came from a name", n)
		}
		s.stop()
		s.settings.Gap = 2 * time.Hour
		s.watch().at("10:20")
		s.stop()
		s.settings.Marker = `Patch`
		s.watch().at("10:25")
		if n := len(s.files()); n > 0 {
			t.Errorf("%d pictures came from settings", n)
		}
		if agents := s.events("agent-online", "agent-offline", "agent-unknown"); len(agents) > 0 {
			t.Errorf("agents of them are watched: %q", agents)
		}
	})
}

// The first read finds what a year has left behind, and single jobs that are due.
func TestTruth15AFirstReadOfOldRows(t *testing.T) {
	tell(t, "09:50", func(s *site) {
		const old, due = 500, 300
		s.interval = 30 * time.Second
		for i := range old {
			pc := s.pc(fmt.Sprintf("OLD-%04d", i+1))
			pc.putAt(clock("10:00")-lastYear, monitor, mOffice, office, visio, mReady, monitor, mDrivers, drivers,
				editor, fonts)
		}
		for i := range due {
			s.pc(fmt.Sprintf("PC-%04d", i+1)).put("09:00", "Patch")
		}
		s.at("10:00").watch().at("10:10")
		if n := len(s.files()); n > 0 {
			t.Errorf("%d pictures of old rows", n)
		}
		if agents := s.events("agent-online", "agent-offline", "agent-unknown"); len(agents) > 0 {
			t.Errorf("agents are watched: %q", agents)
		}
		s.told()
	})
}

// The first read comes between two jobs of a deployment whose build job has been purged.
func TestTruth16AFirstReadBetweenTwoJobs(t *testing.T) {
	for _, off := range []bool{false, true} {
		t.Run(map[bool]string{false: "on", true: "off"}[off], func(t *testing.T) {
			tell(t, "09:50", func(s *site) {
				pc := s.pc("PC-0001")
				done := pc.put("10:00", mDrivers, drivers)
				rows := pc.put("10:00", mOffice, office, mReady)
				s.set(jobmon.StatusOf(0), done...)
				s.ds.SetAgent(pc.id, !off)
				s.at("10:05").watch()
				why := map[bool]string{false: "server", true: "agent offline"}[off]
				pc.shows("10:05:30", "planned | "+awaited+" | waits: "+why)
				if f := pc.file(); jobmon.WallTime(f.Session.WatchedSinceLocal) != clock("10:05") ||
					f.Session.Number != 0 {
					t.Errorf("%+v", f.Session)
				}
				s.ds.SetAgent(pc.id, true)
				s.at("10:20").runs(rows[0])
				pc.begins("10:20:10", "#1 open 0% | > Office running 0/1")
				if f := pc.file(); jobmon.WallTime(f.Session.WatchedSinceLocal) != clock("10:05") {
					t.Errorf("%+v", f.Session)
				}
				s.ends(rows[0])
				s.turn("10:21", time.Minute, rows[1:]...)
				pc.shows("10:24", built)
				pc.went("planned", "#1 open", "#1 complete ready")
			})
		})
	}
}

// A single job due, or a folder that became due more than twelve hours ago, is no deployment to the first read.
func TestTruth16AFirstReadOfWhatIsNone(t *testing.T) {
	tell(t, "23:50", func(s *site) {
		single, old, evening := s.pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003")
		single.put("23:00", office, visio, editor)
		old.put("10:00", small()...)
		evening.put("2 12:00", small()...)
		s.at("23:55").watch()
		for _, pc := range []*client{single, old, evening} {
			pc.blank("2 01:00")
		}
		if agents := s.events("agent-online", "agent-offline", "agent-unknown"); len(agents) > 0 {
			t.Errorf("agents are watched: %q", agents)
		}
		evening.begins("2 11:30:40", "planned | "+awaited)
	})
}

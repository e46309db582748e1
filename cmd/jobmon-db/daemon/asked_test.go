package daemon_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
)

// In these stories the scripts ask before their copy tasks deliver: each marker brings its stage, however short it
// runs.

func TestEveryMarkerBringsItsStage(t *testing.T)           { everyMarker(t, 1) }
func TestEveryMarkerBringsItsStageOnFiftyPCs(t *testing.T) { everyMarker(t, 50) }

func everyMarker(t *testing.T, computers int) {
	play(t, "09:59", func(s *site) {
		standard := simulator.AddStandardBuild(s.ds)
		build := newPlan(s, standard.Chain)
		given := 0
		s.ask().copied = func(to *client, text string) {
			if given++; !build.current(to.asked, text) || !to.answer.Fresh {
				t.Errorf("%s: %s gave\n  %s", to.now(), to.asked, text)
			}
		}
		var pcs []*client
		for i := range computers {
			pcs = append(pcs, s.pc(fmt.Sprintf("PC-%04d", i+1)))
		}
		s.watch().at("10:00")
		for _, pc := range pcs {
			s.ds.Schedule(pc.id, standard.Chain, s.ds.WallNow())
		}
		for s.after(time.Minute); slices.ContainsFunc(pcs, func(c *client) bool { return s.ds.Busy(c.id) }); {
			s.after(time.Minute)
		}
		s.after(settle)
		for _, pc := range pcs {
			if got := pc.screen(); !strings.HasPrefix(got, "#1 complete 100% ready | ") {
				t.Errorf("%s: at the end the file says %s", pc.now(), got)
			}
		}
		if given != 13*computers {
			t.Errorf("%d files given", given)
		}
	})
}

// The closing marker that late jobs stand behind says what comes next; only the second one says that all is done.
func TestAskedWithJobsDroppedLate(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.ask().watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:03:30")
		pc.drop(extras, vpn, fonts, mReady)
		s.copied = func(_ *client, text string) {
			if f := s.onScreen("PC-0001"); strings.Contains(text, "behind "+mReady) &&
				(f.Next == nil || f.Stages[*f.Next].Name != "Extras") {
				t.Errorf("what comes next? %s", text)
			}
		}
		s.at("10:13")
		pc.given(
			monitor+": #1 open 0% | Drivers waiting 0/1 | Domain waiting 0/1 | Office waiting 0/2",
			mDrivers+": #1 open 0% | > Drivers running 0/1 | Domain waiting 0/1 | Office waiting 0/2",
			monitor+": #1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2",
			mDomain+": #1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2",
			monitor+": #1 open 33% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 0/2 | Extras "+
				"waiting 0/2 late",
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

// The second attempt is announced by its own marker, which opens no stage beside the first.
func TestAskedWhileAFailureIsRepaired(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.ask().watch().pc("PC-0001")
		s.at("10:00")
		rows := pc.drop(folder()...)
		s.ds.SetOutcome(rows[8], 1603)
		s.at("10:07:45")
		pc.fresh = nil
		pc.drop(mOffice, office, mReady)
		s.at("10:13")
		pc.given(
			mReady+": #1 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office waiting 1/2 attempt 2 "+
				"[Install Office 1603] | waits: behind "+mReady,
			mOffice+": #1 open 75% | Drivers succeeded 1/1 | Domain succeeded 1/1 | > Office running 1/2 attempt 2 "+
				"[Install Office 1603]",
			mReady+": #1 complete 100% ready after retries | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
				"succeeded 2/2 attempt 2 [Install Office 1603 repaired]",
		)
	})
}

func TestAskedWhenThePCIsImagedAgain(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.ask().watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		pc.shows("10:09 to 10:17", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
		pc.imagedAgain(2)
	})
}

// While the database cannot be reached a script is answered all the same: the file names the stage that the script
// said, and says that nobody could look.
func TestAskedWhileTheSourceIsLost(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.ask().watch().pc("PC-0001")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:02")
		pc.fresh = nil
		s.cutOff()
		s.at("10:06:40")
		s.letIn()
		s.at("10:10")
		pc.given(
			monitor+": #1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | source lost | "+
				"stale",
			mDomain+": #1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2 | source lost "+
				"| stale",
			monitor+": #1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | Office waiting 0/2 | source lost | "+
				"stale",
			mOffice+": #1 open 25% | Drivers succeeded 1/1 | Domain waiting 0/1 | > Office running 0/2 | source lost "+
				"| stale",
			mReady+": #1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2",
		)
	})
}

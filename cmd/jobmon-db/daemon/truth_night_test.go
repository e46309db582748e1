package daemon_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Silence is not failure.

// pause is a night, or more, in which a PC in mid-deployment is switched off.
type pause struct {
	name      string
	on        string // when it is switched on again
	lost      bool   // the database cannot be read meanwhile
	blind     bool   // there is no sessions table
	overnight []string
}

var pauses = []pause{
	{name: "a night", on: "2 08:00", overnight: []string{"20:00", "2 04:30", "2 05:30", "2 07:59"}},
	{name: "a weekend", on: "4 08:00", overnight: []string{"2 04:30", "2 12:00", "3 12:00", "4 07:59"}},
	{name: "a night without the server", on: "2 08:00", lost: true},
	{name: "a night without sessions", on: "2 08:00", blind: true, overnight: []string{"20:00", "2 04:30", "2 07:59"}},
}

const (
	half    = "#1 open 50% | Drivers succeeded 1/1 | " + awaited
	twoDone = "#1 complete 100% ready | Drivers succeeded 1/1 | Office succeeded 1/1"
)

// evening drops a build at 16:00, of which the first stage ends at 17:05, when the PC is switched off.
func (c *client) evening(p pause) []jobmon.ScheduleID {
	c.t.Helper()
	c.ds.HideSessions(p.blind)
	c.watch()
	c.at("16:00")
	rows := c.put("16:00", monitor, mDrivers, drivers, mOffice, office, mReady)
	c.turn("16:01", time.Minute, rows[:2]...)
	c.at("16:04").runs(rows[2])
	c.at("17:04").ends(rows[2])
	c.at("17:05")
	c.ds.SetAgent(c.id, false)
	if p.lost {
		c.cutOff()
	}
	return rows
}

func (c *client) morning(p pause) {
	c.t.Helper()
	for _, when := range p.overnight {
		c.overnight(p, when)
	}
	c.at(p.on)
	c.ds.SetAgent(c.id, true)
	if p.lost {
		c.letIn()
	}
}

// overnight looks at what is shown meanwhile: one deployment that waits, and says for what.
func (c *client) overnight(p pause, when string) {
	c.t.Helper()
	c.begins(when, half)
	f, s := c.file(), c.session()
	if f.NoMoreUpdates || len(f.Later) > 0 || s.Result != "" || s.State != jobmon.SessionOpen {
		c.t.Errorf("%s: %+v, beside it %+v", c.now(), s, f.Later)
	}
	if !p.blind && (s.SilentSince != 0 || f.Why == nil || f.Why.Kind != string(jobmon.WaitAgentOffline)) {
		c.t.Errorf("%s: silent since %v, waits for %+v", c.now(), s.SilentSince, f.Why)
	}
}

// A build is dropped at 16:00, the PC is switched off at 17:05 and on in the morning: one deployment.
func TestTruth17ANightsPause(t *testing.T) {
	for _, p := range pauses {
		t.Run(strings.ReplaceAll(p.name, " ", "-"), func(t *testing.T) {
			tell(t, "15:50", func(s *site) {
				pc := s.pc("PC-0001")
				rows := pc.evening(p)
				pc.morning(p)
				s.after(time.Minute)
				pc.begins(s.time(), half)
				if f := pc.file(); f.NoMoreUpdates {
					t.Errorf("%s: the closing marker does not wait", pc.now())
				}
				s.after(time.Minute).runs(rows[3])
				s.after(35 * time.Second)
				pc.begins(s.time(), "#1 open 50% | Drivers succeeded 1/1 | > Office running 0/1")
				if pc.session().SilentSince != 0 {
					t.Errorf("%s: still called abandoned", pc.now())
				}
				s.after(time.Minute).ends(rows[3])
				s.after(10 * time.Second)
				s.turn(s.time(), 2*time.Minute, rows[4:]...)
				s.after(time.Minute)
				pc.shows(s.time(), twoDone)
				pc.wentQuietly(p)
			})
		})
	}
}

// wentQuietly: the deployment was open all the time. The word abandoned is for those whose agents nobody knows.
func (c *client) wentQuietly(p pause) {
	c.t.Helper()
	course := c.course()
	if p.blind || p.lost {
		course = slices.DeleteFunc(course, func(text string) bool { return text == "#1 open silent" })
	}
	if course = slices.Compact(course); !slices.Equal(course, []string{"planned", "#1 open", "#1 complete ready"}) {
		c.t.Errorf("the picture went %q", course)
	}
	if got := c.accounts(); !slices.Equal(got, []string{"#1 complete ready"}) {
		c.t.Errorf("the deployments are %q", got)
	}
	switch {
	case p.blind:
		c.told("overdue PC-0001 idle", "moving-again PC-0001")
	case !p.lost:
		c.told()
	}
}

// The pause enters no typical duration: neither that of the stage in which it lies nor another.
func TestTruth17APauseIsInNoMedian(t *testing.T) {
	tell(t, "15:50", func(s *site) {
		pcs := []*client{s.pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003")}
		s.watch().at("16:00")
		var rows [3][]jobmon.ScheduleID
		for i, pc := range pcs {
			rows[i] = pc.put("16:00", monitor, mDrivers, drivers, mOffice, office, mReady)
		}
		all := func(turn int, lasts time.Duration) {
			for _, r := range rows {
				s.runs(r[turn])
			}
			s.after(lasts)
			for _, r := range rows {
				s.ends(r[turn])
			}
			s.after(31 * time.Second)
		}
		for turn := range 4 { // the marker of the second stage runs
			all(turn, 5*time.Minute)
		}
		for _, pc := range pcs {
			s.ds.SetAgent(pc.id, false)
		}
		s.at("2 08:00")
		for _, pc := range pcs {
			s.ds.SetAgent(pc.id, true)
		}
		s.after(time.Minute)
		all(4, 5*time.Minute)
		all(5, time.Minute)
		pcs[0].begins("2 08:20", twoDone)

		next := s.pc("PC-0004")
		s.at("2 09:00")
		row := next.put("2 09:00", monitor, mDrivers, drivers, mOffice, office, mReady)
		s.after(time.Minute).runs(row[0])
		s.after(time.Minute)
		next.begins(s.time(), "#1 open 0% | Drivers waiting 0/1 | "+awaited)
		stages := next.file().Stages
		if a := stages[0].ExpectedS; a < 600 || a > 700 || stages[0].Runs != 3 || stages[1].ExpectedS != 0 {
			t.Errorf("expected are %+v", stages)
		}
		for _, pc := range pcs {
			pc.went("#1 open", "#1 complete ready") // all of it was seen first when its first job ran
		}
	})
}

// The agent is back half a minute before DS begins.
func TestTruth18TheAgentIsBackBeforeTheStart(t *testing.T) {
	for _, on := range []string{"2 08:00", "4 08:00"} {
		t.Run(on[:1], func(t *testing.T) {
			tell(t, "15:50", func(s *site) {
				pc := s.pc("PC-0001")
				rows := pc.evening(pause{})
				s.at(on)
				s.ds.SetAgent(pc.id, true)
				s.interrupt()
				s.after(30 * time.Second).runs(rows[3])
				s.after(40 * time.Second)
				pc.begins(s.time(), "#1 open 50% | Drivers succeeded 1/1 | > Office running 0/1")
				s.after(time.Minute).ends(rows[3])
				s.after(10 * time.Second)
				s.turn(s.time(), time.Minute, rows[4:]...)
				s.after(time.Minute)
				pc.shows(s.time(), twoDone)
				pc.wentQuietly(pause{})
			})
		})
	}
}

// On Monday a new folder is dropped beside the old rows. An old one starts first, then the new build job.
func TestTruth19ANewFolderBesideTheOldRows(t *testing.T) {
	tell(t, "15:50", func(s *site) {
		pc := s.pc("PC-0001")
		old := pc.evening(pause{})
		s.at("4 08:00")
		s.ds.SetAgent(pc.id, true)
		s.at("4 08:05")
		rows := pc.put("4 08:05", monitor, mDrivers, drivers, mOffice, office, mReady)
		s.at("4 08:06").runs(old[3])
		pc.begins("4 08:06:40", "#1 open")
		s.at("4 08:07").ends(old[3])
		pc.begins("4 08:07:40", "#1 open")
		s.at("4 08:08").runs(rows[0])
		pc.begins("4 08:08:40", "#2 open")
		if f := pc.file(); f.Counts.Jobs != 3 || f.NoMoreUpdates {
			t.Errorf("%+v", f.Counts)
		}
		s.at("4 08:09").ends(rows[0])
		s.turn("4 08:10", time.Minute, append(old[4:], rows[1:]...)...)
		s.after(time.Minute)
		pc.begins(s.time(), "#2 complete 100% ready")
		pc.went("planned", "#1 open", "#2 open", "#2 complete ready")
	})
}

// The same, and the old rows are deleted in the read that brings the new ones.
func TestTruth20ANewFolderInPlaceOfTheOldRows(t *testing.T) {
	tell(t, "15:50", func(s *site) {
		pc := s.pc("PC-0001")
		old := pc.evening(pause{})
		s.at("4 08:00")
		s.ds.SetAgent(pc.id, true)
		s.at("4 08:05")
		s.deleted(old[3:]...)
		rows := pc.put("4 08:05", small()...)
		pc.begins("4 08:06:10", "planned | "+awaited)
		if n := pc.file().Session.Number; n != 0 {
			t.Errorf("it has the number %d", n)
		}
		if got := pc.accounts(); !slices.Equal(got, []string{"#1 complete ended early"}) {
			t.Errorf("the deployments are %q", got)
		}
		s.turn("4 08:08", time.Minute, rows...)
		pc.shows("4 08:14", strings.Replace(built, "#1", "#2", 1))
		pc.went("planned", "#1 open", "planned", "#2 open", "#2 complete ready")
		if got := pc.accounts(); !slices.Equal(got, []string{"#1 complete ended early", "#2 complete ready"}) {
			t.Errorf("the deployments are %q", got)
		}
	})
}

// A PC is discarded in mid-deployment. Its rows remain, or go with its record.
func TestTruth21ADiscardedPC(t *testing.T) {
	for _, remain := range []bool{true, false} {
		t.Run(map[bool]string{true: "rows remain", false: "record deleted"}[remain], func(t *testing.T) {
			tell(t, "15:50", func(s *site) {
				pc := s.pc("PC-0001")
				rows := pc.evening(pause{})
				s.stop()
				s.interval = 10 * time.Minute
				s.watch()
				pc.begins("5 12:00", half)
				if !remain {
					s.deleted(rows[3:]...)
					s.ds.DeleteComputer(pc.id)
					s.at("5 13:00")
					pc.begins("5 13:00", "#1 complete 100% ended early | Drivers succeeded 1/1 | Office cancelled 0/0")
					return
				}
				pc.begins("15 12:00", half)
				if pc.session().SilentSince != 0 {
					t.Errorf("%s: the agent is known to be away, yet it is called abandoned", pc.now())
				}
				s.at("15 17:30")
				s.ds.SetAgent(pc.id, true)
				s.at("15 18:00")
				s.ds.SetAgent(pc.id, false)
				s.at("15 19:00")
				if f := pc.file(); f.Session.Result != string(jobmon.ResultAbandoned) || f.Session.Ended == 0 {
					t.Errorf("%s: %+v", pc.now(), f.Session)
				}
				pc.went("planned", "#1 open", "#1 abandoned abandoned")
			})
		})
	}
}

package daemon_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What stands still is said once, and what is passed over holds nothing open.

// Office waits for 13 hours although the agent is there. On one PC jobs behind it ran, on another one none did.
func TestTruth22AJobThatNeverStarts(t *testing.T) {
	tell(t, "09:59", func(s *site) {
		passed, first := s.watch().pc("PC-0001"), s.pc("PC-0002")
		s.at("10:00")
		chain := []string{monitor, mDrivers, drivers, office, visio, mReady}
		p, f := passed.put("10:00", chain...), first.put("10:00", chain...)
		s.at("10:01")
		for turn := range 3 {
			s.runs(p[turn], f[turn])
			s.after(time.Minute)
			s.ends(p[turn], f[turn])
			s.after(30 * time.Second)
		}
		s.turn("10:08", time.Minute, p[4], p[5])
		passed.begins("10:12", "#1 open")
		first.begins("10:12", "#1 open")
		for _, when := range []string{"12:00", "21:50"} {
			passed.begins(when, "#1 open")
			first.begins(when, "#1 open")
		}
		s.ds.SetAgent(passed.id, false)
		s.ds.SetAgent(first.id, false)
		s.at("21:52")
		s.ds.SetAgent(passed.id, true)
		s.ds.SetAgent(first.id, true)
		s.at("22:58").ds.MoveToGroup(passed.id, "Moved")
		s.ds.MoveToGroup(first.id, "Moved")
		s.at("23:10") // the names are read every five minutes
		if file := passed.file(); file.Session.Result != string(jobmon.ResultEndedEarly) ||
			!slices.ContainsFunc(file.Stages, func(st evt.Stage) bool { return st.State == "waiting" }) {
			t.Errorf("%+v, beside it %+v", file.Session, file.Later)
		}
		first.begins("23:10", "#1 open")
		if file := first.file(); len(file.Later) > 0 || file.NoMoreUpdates {
			t.Errorf("beside it %+v", file.Later)
		}
		if still := first.session().Still; still == nil || still.Why != jobmon.StillIdle {
			t.Errorf("it stands still: %+v", still)
		}
		passed.went("planned", "#1 open", "#1 complete ended early")
		first.went("planned", "#1 open")
	})
}

// Pauses of a read between two jobs are none. Half an hour without a job is one, and is recorded once.
func TestTruth23APauseOfOneReadAndAPauseOfHalfAnHour(t *testing.T) {
	tell(t, "13:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("14:00")
		rows := pc.put("14:00", monitor, mDrivers, drivers, mOffice, office, visio, mReady)
		s.turn("14:00:20", 8*time.Minute, rows[:5]...) // up to 14:40
		pc.begins("14:41", "#1 open")
		s.told()
		s.at("15:09")
		s.told()
		s.at("15:12:30")
		s.told("overdue PC-0001 idle")
		if still := pc.session().Still; still == nil || still.Why != jobmon.StillIdle {
			t.Errorf("%s: it stands still: %+v", pc.now(), still)
		}
		s.at("15:50")
		s.told("overdue PC-0001 idle")
		s.runs(rows[5])
		s.after(10 * time.Second)
		s.told("overdue PC-0001 idle", "moving-again PC-0001")
		if pc.session().Still != nil {
			t.Errorf("%s: it stands still", pc.now())
		}
		s.after(time.Minute).ends(rows[5])
		s.after(10 * time.Second)
		s.turn(s.time(), time.Minute, rows[6])
		s.after(10 * time.Second)
		pc.begins(s.time(), "#1 complete 100% ready")
		s.told("overdue PC-0001 idle", "moving-again PC-0001")
	})
}

// A cause that goes without a start, an agent that comes back: the deployment moves again. A job that runs while its
// agent is away is the other alarm; an agent that is away while nothing runs is none.
func TestTruth23CausesThatGo(t *testing.T) {
	tell(t, "09:59", func(s *site) {
		idle, away, off := s.watch().pc("PC-IDLE"), s.pc("PC-AWAY"), s.pc("PC-OFF")
		s.at("10:00")
		i, a := idle.put("10:00", small()...), away.put("10:00", small()...)
		o := off.put("10:00", small()...)
		s.at("10:01").runs(i[0], a[0], o[0])
		s.at("10:02").ends(i[0], o[0])
		s.at("10:03")
		s.ds.SetAgent(away.id, false)
		s.ds.SetAgent(off.id, false)
		s.at("10:17")
		s.told("start-clock 3600")
		s.at("10:26") // the reads are minutes apart in this story
		s.told("start-clock 3600", "overdue PC-AWAY agent")
		away.says("agent offline", monitor)
		s.at("10:33")
		s.told("start-clock 3600", "overdue PC-AWAY agent", "overdue PC-IDLE idle")
		s.at("10:40")
		s.ds.SetAgent(away.id, true)
		s.deleted(i[1:]...)
		s.at("10:40:10")
		got := s.events(judged...)
		text := strings.Join(got, ", ")
		if len(got) != 5 || strings.Count(text, "moving-again PC-AWAY") != 1 ||
			strings.Count(text, "moving-again PC-IDLE") != 1 {
			t.Errorf("the log says %s", text)
		}
		off.says("agent offline")
	})
}

// DS begins five minutes late, as an administrator has allowed.
func TestTruth24DeferredByDS(t *testing.T) {
	tell(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		rows := pc.put("10:00", small()...)
		for _, when := range []string{"10:01", "10:03", "10:05"} {
			pc.shows(when, "planned | "+awaited+" | waits: server")
			pc.says("DS has not begun")
		}
		s.turn("10:05:10", time.Minute, rows...)
		pc.shows("10:11", built)
		s.told()
	})
}

package daemon_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// start_time may follow another clock than GETDATE() shows.

// The offsets of start_time's clock and of GETDATE() from UTC, such that the one is ahead of the other by so many hours
// and both are those of a place on Earth.
func zones(ahead float64) (start, sql float64) {
	start = max(-12, min(14, 1+ahead))
	return start, start - ahead
}

// aheads are by how many hours start_time's clock can be ahead of GETDATE().
func aheads() []float64 {
	var list []float64
	for h := -14.0; h <= 14; h++ {
		list = append(list, h)
	}
	return append(list, -9.5, -3.5, 5.5, 5.75, 12.75)
}

// elsewhere tells a story for each of those; only some of them with a daemon that is started again all the time.
func elsewhere(t *testing.T, story func(s *site)) {
	t.Helper()
	t.Parallel()
	for _, ahead := range aheads() {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			play(t, "09:50", func(s *site) {
				start, sql := zones(ahead)
				s.byHand = map[jobmon.ScheduleID]bool{}
				s.restarts = ahead == -1 || ahead == 1 || ahead == 12
				s.startAhead = time.Duration((start - 1) * float64(time.Hour))
				s.shift(sql)
				story(s)
				seconds := int(start * 3600)
				if got := s.events("start-clock"); len(got) > 1 || len(got) == 1 &&
					got[0] != fmt.Sprintf("start-clock %d", seconds) {
					t.Errorf("the log says %q, start_time's clock is %d ahead of UTC", got, seconds)
				}
			})
		})
	}
}

// honest: whatever was shown of a computer, it was never ready, and never without a marker, while the marker waited.
func (c *client) honest(markerWaits bool) {
	c.t.Helper()
	if text := c.screen(); text == "no file" {
		return
	}
	f := c.file()
	if f.Session == nil {
		return
	}
	if markerWaits && (f.NoMoreUpdates || f.Session.Ended != 0 || f.Session.Result != "") {
		c.t.Errorf("%s: no more updates %t, %+v", c.now(), f.NoMoreUpdates, f.Session)
	}
}

// The very first deployment is dropped on a PC that is off.
func TestTruth30AnotherZoneAndThePCIsOff(t *testing.T) {
	elsewhere(t, func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.ds.SetAgent(pc.id, false)
		s.at("10:00:20")
		rows := pc.put("10:00", small()...)
		pc.begins("10:00:27", "planned | "+awaited)
		pc.shows("10:10", "planned | "+awaited+" | waits: agent offline")
		pc.says("agent offline", "!result: ready")
		s.ds.SetAgent(pc.id, true)
		s.turn("10:12", time.Minute, rows[:2]...)
		s.after(time.Minute)
		pc.shows(s.time(), "#1 open 0% | "+awaited+" | waits: server")
		pc.honest(true)
		s.turn("10:20", time.Minute, rows[2:]...)
		pc.shows("10:23", built)
		pc.went("planned", "#1 open", "#1 complete ready")
	})
}

// It runs, and is repeated elsewhere: then the clock is known.
func TestTruth30AnotherZoneAndThePCRuns(t *testing.T) {
	elsewhere(t, func(s *site) {
		s.watch()
		for i, from := range []string{"09:55", "10:07", "10:19"} {
			pc := s.pc(fmt.Sprintf("PC-%04d", i+1))
			s.at(from)
			rows := pc.put(from, small()...)
			pc.begins(from+":08", "planned | "+awaited)
			for turn, row := range rows {
				s.after(20 * time.Second).runs(row)
				s.after(20 * time.Second)
				if turn < len(rows)-1 { // the closing marker brings the end to the screen
					pc.begins(s.time(), "#1 open")
				}
				pc.honest(turn < len(rows)-1)
				s.ends(row)
				s.after(10 * time.Second)
				pc.honest(turn < len(rows)-1)
			}
			pc.shows(s.after(10*time.Second).time(), built)
			pc.went("planned", "#1 open", "#1 complete ready")
		}
		start := int(s.startAhead/time.Second) + 3600
		if got := s.events("start-clock"); !slices.Equal(got, []string{fmt.Sprintf("start-clock %d", start)}) {
			t.Errorf("the log says %q, want start-clock %d", got, start)
		}
		later := s.pc("PC-LATER") // what is planned for an hour from now is later, now that the clock is known
		s.at("10:31")
		later.put("11:31", small()...)
		later.blank("10:31:20")
		later.blank("11:00")
		later.begins("11:01:20", "planned | "+awaited)
	})
}

// The daemon is started for the first time while a job runs, and while none does.
func TestTruth30AnotherZoneAndTheDaemonStartsMidway(t *testing.T) {
	elsewhere(t, func(s *site) {
		running, between := s.pc("PC-0001"), s.pc("PC-0002")
		s.at("10:00")
		chain := []string{monitor, mDrivers, drivers, mOffice, office, mReady}
		r, b := running.put("10:00", chain...), between.put("10:00", chain...)
		s.at("10:05")
		s.ends(append(slices.Clone(r[:2]), b[:3]...)...)
		s.runs(r[2])
		s.watch()
		both := []*client{running, between}
		old := start(s) <= -12 // what seems to be twelve hours past due at a first read shows only when it moves
		shows := func(when, want string) {
			s.at(when)
			if !old {
				running.begins(when, want)
			}
			for _, pc := range both {
				pc.honest(true)
			}
		}
		shows("10:05:20", "#1 open 0% | > Drivers running 0/1 | "+awaited)
		s.at("10:07").ends(r[2])
		shows("10:07:20", "#1 open 50% | Drivers succeeded 1/1 | "+awaited)
		for turn := 3; turn < 6; turn++ {
			s.after(20*time.Second).runs(r[turn], b[turn])
			s.after(20 * time.Second)
			for _, pc := range both {
				if turn < 5 {
					pc.begins(s.time(), "#1 open")
				}
				pc.honest(turn < 5)
			}
			s.ends(r[turn], b[turn])
			s.after(10 * time.Second)
			for _, pc := range both {
				pc.honest(turn < 5)
			}
		}
		for _, pc := range both {
			pc.begins(s.after(10*time.Second).time(), "#1 complete 100% ready")
			if course := pc.course(); strings.Count(strings.Join(course, ", "), "complete") != 1 {
				t.Errorf("the picture went %q", course)
			}
		}
	})
}

// start is by how many hours start_time's clock is ahead of GETDATE().
func start(s *site) float64 {
	return 1 + s.startAhead.Hours() - float64(*s.sql)/3600
}

// Summer time begins in Berlin, SQL Server's host shows UTC. A shortcut moves the chain to 03:01, which is now.
func TestTruth31SummerTimeOnOneSide(t *testing.T) {
	tell(t, "01:30", func(s *site) {
		pc := s.shift(0).watch().knows().pc("PC-0001")
		s.at("01:55")
		rows := pc.put("01:55", monitor, mDrivers, drivers, mOffice, office, mReady)
		s.turn("01:56", time.Minute, rows[:2]...)
		s.at("02:00:20").runs(rows[2])
		pc.begins("02:00:30", "#1 open 0% | > Drivers running 0/1 | "+awaited)
		s.at("02:01").moved("03:01", rows[3:]...)
		pc.shows("02:01:10", "#1 open 0% | > Drivers running 0/1 | "+awaited)
		s.told("start-clock 3600")
		s.at("02:02").ends(rows[2])
		pc.begins("02:02:10", half)
		if f := pc.file(); f.NoMoreUpdates || len(f.Later) > 0 {
			t.Errorf("beside it %+v", f.Later)
		}
		s.at("02:03").runs(rows[3])
		pc.shows("02:03:10", "#1 open 50% | Drivers succeeded 1/1 | > Office running 0/1")
		s.at("02:03:20").told("start-clock 3600", "start-clock unknown") // the read after the one that saw the start
		s.at("02:04").ends(rows[3])
		s.turn("02:04:10", time.Minute, rows[4:]...)
		pc.shows("02:07", twoDone)
		pc.went("planned", "#1 open", "#1 complete ready")
	})
}

// An hourly job shows that it runs together with the start_time of the next hour.
func TestTruth32AnHourlyJobWithTheNextHoursTime(t *testing.T) {
	tell(t, "08:50", func(s *site) {
		s.watch()
		var pcs []*client
		var rows []jobmon.ScheduleID
		for i := range 3 {
			pcs = append(pcs, s.pc(fmt.Sprintf("PC-%04d", i+1)))
		}
		s.at("09:00")
		for _, pc := range pcs {
			rows = append(rows, pc.put("09:00", inventory)...)
		}
		var folder []jobmon.ScheduleID
		for hour := 9; hour <= 12; hour++ {
			s.at(fmt.Sprintf("%d:00:20", hour))
			next := fmt.Sprintf("%d:00", hour+1)
			if hour > 9 {
				s.moved(next, rows...)
			}
			s.runs(rows...)
			pcs[0].blank(fmt.Sprintf("%d:00:30", hour))
			s.ends(rows...)
			s.at(fmt.Sprintf("%d:00:50", hour)).again(next, rows...)
			pcs[0].blank(fmt.Sprintf("%d:01:10", hour))
			if hour == 9 {
				s.at("09:07")
				folder = pcs[0].put("12:59", small()...)
			}
		}
		s.told("start-clock 3600")
		pcs[0].begins("12:29:20", "planned | "+awaited)
		s.deleted(folder...)
		pcs[0].blank("12:29:40")
	})
}

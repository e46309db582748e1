package daemon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What is no deployment, and what only moves, changes no screen.

// Three jobs recur every night. The first night may show; those after it plan and re-open nothing.
func TestTruth09ThreeRecurringJobsEveryNight(t *testing.T) {
	tell(t, "09:50", func(s *site) {
		bare, ready, late := s.watch().knows().pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003")
		var rows []jobmon.ScheduleID
		s.at("10:07")
		for _, on := range []*client{bare, ready, late} {
			rows = append(rows, on.put("22:00", inventory, defrag, firmware)...)
		}
		ready.build("10:08")
		var before string
		for night := 1; night <= 3; night++ {
			if night == 2 {
				s.at("2 21:20")
				drop := late.put("2 21:20", small()...)
				s.turn("2 21:21", time.Minute, drop...)
			}
			s.at(fmt.Sprintf("%d 22:00:10", night))
			for i := range 3 {
				s.runs(rows[i], rows[i+3], rows[i+6])
				s.after(2 * time.Minute)
				s.ends(rows[i], rows[i+3], rows[i+6])
				s.after(30 * time.Second)
			}
			s.again(fmt.Sprintf("%d 22:00", night+1), rows...)
			s.after(time.Minute)
			if night == 1 {
				before = strings.Join(append(bare.course(), ready.course()...), ", ")
			}
		}
		s.at("4 21:45")
		if now := strings.Join(append(bare.course(), ready.course()...), ", "); now != before {
			t.Errorf("the pictures went on, from %s\nto %s", before, now)
		}
		course := late.course()
		if last := course[len(course)-1]; !strings.HasSuffix(last, "complete ready") || len(course) > 6 {
			t.Errorf("the recurring jobs re-opened what ended before them: %q", course)
		}
		s.told("start-clock 3600")
	})
}

// An inventory recurs every quarter of an hour while a PC is built and after that.
func TestTruth10AnInventoryEveryQuarter(t *testing.T) {
	tell(t, "09:30", func(s *site) {
		pc := s.watch().pc("PC-0001")
		row := pc.put("09:30", inventory)
		when := []string{"09:30", "09:45", "10:00", "10:15", "10:30", "10:45", "11:00", "11:15", "11:30"}
		s.at("09:30:05").runs(row...)
		s.at("09:30:20").ends(row...)
		s.at("09:30:40").again("09:45", row...)
		s.at("09:45:05").runs(row...)
		s.at("09:45:20").ends(row...)
		s.at("09:45:40").again("10:15", row...)
		pc.build("10:00")
		pc.at("10:10:10")
		number := pc.file().Session.Number // the inventory's sessions count
		ready := strings.Replace(built, "#1", fmt.Sprintf("#%d", number), 1)
		pc.begins("10:10:10", ready)
		for i, at := range when[3:8] {
			s.at(at + ":05").runs(row...)
			pc.begins(at+":15", ready)
			s.ends(row...)
			s.at(at+":40").again(when[i+4], row...)
			pc.begins(at+":50", ready)
			if f := pc.file(); f.Counts.Late != 0 || f.Counts.Jobs != 1 {
				t.Errorf("%s: %+v", pc.now(), f.Counts)
			}
			pc.says("ready", "!added")
		}
		pc.went("planned", fmt.Sprintf("#%d open", number), fmt.Sprintf("#%d complete ready", number))
		s.told()
	})
}

// A folder is dropped on 200 PCs in the afternoon, for the night. Half of them are not woken.
func TestTruth11TwoHundredPCsForTheNight(t *testing.T) {
	tell(t, "07:50", func(s *site) {
		const pcs = 200
		s.interval = 30 * time.Second
		s.watch().knows()
		var on []*client
		for i := range pcs {
			on = append(on, s.pc(fmt.Sprintf("PC-%04d", i+1)))
			s.ds.SetAgent(on[i].id, false)
		}
		s.at("15:00")
		rows := map[*client][]jobmon.ScheduleID{}
		for _, pc := range on {
			rows[pc] = pc.put("22:00", small()...)
		}
		for _, when := range []string{"15:02", "18:00", "21:29"} {
			if s.at(when); len(s.files()) != 0 || len(s.events("due")) != 0 {
				t.Errorf("%s: %d files, %d rows are due", when, len(s.files()), len(s.events("due")))
			}
		}
		s.at("21:32")
		for _, pc := range []*client{on[0], on[1], on[pcs-1]} {
			pc.begins("21:32", "planned | "+awaited+" | waits: agent offline")
		}
		s.at("22:00")
		for i, pc := range on {
			s.ds.SetAgent(pc.id, i%2 == 0)
		}
		s.at("22:02")
		for turn := range small() {
			for i := 0; i < pcs; i += 2 {
				s.runs(rows[on[i]][turn])
			}
			s.after(5 * time.Minute)
			for i := 0; i < pcs; i += 2 {
				s.ends(rows[on[i]][turn])
			}
			s.after(time.Minute)
		}
		on[0].begins("23:59", built)
		on[1].begins("23:59", "planned | "+awaited+" | waits: agent offline")
		on[1].says("agent offline")
		s.told("start-clock 3600")
		s.dueAtOnce(pcs * len(small()))
	})
}

// dueAtOnce: so many rows became due, all in one batch.
func (s *site) dueAtOnce(want int) {
	s.t.Helper()
	times := map[jobmon.Instant]int{}
	for _, b := range s.log() {
		for _, e := range b.Events {
			if e.Kind == jobmon.KindDue {
				times[e.At]++
			}
		}
	}
	for at, n := range times {
		if n != want || len(times) != 1 {
			s.t.Errorf("%d rows became due at %v", n, at)
		}
	}
	if len(times) == 0 {
		s.t.Error("no row became due")
	}
}

// A folder for tomorrow morning is moved to the evening twenty minutes before its time.
func TestTruth12AFolderThatIsMovedToTheEvening(t *testing.T) {
	tell(t, "14:50", func(s *site) {
		fresh, ready := s.watch().knows().pc("PC-0001"), s.pc("PC-0002")
		ready.build("15:00")
		s.at("16:00")
		rows := append(fresh.put("2 08:00", small()...), ready.put("2 08:00", small()...)...)
		fresh.blank("2 07:29")
		ready.begins("2 07:29", built)
		for _, pc := range []*client{fresh, ready} {
			pc.begins("2 07:30:25", "planned | "+awaited+" | waits: due")
		}
		s.at("2 07:40").moved("2 22:00", rows...)
		fresh.blank("2 07:40:10")
		ready.begins("2 07:40:10", built)
		if f := ready.file(); f.Session.Number != 1 {
			t.Errorf("%+v", f.Session)
		}
		fresh.blank("2 21:29")
		ready.begins("2 21:29", built)
		for _, pc := range []*client{fresh, ready} {
			pc.begins("2 21:30:25", "planned | "+awaited+" | waits: due")
		}
		s.at("2 22:00:10").runs(rows[0], rows[4])
		fresh.begins("2 22:00:20", "#1 open")
		ready.begins("2 22:00:20", "#2 open")
		s.told("start-clock 3600")
	})
}

// A folder is deleted and dropped again within one read.
func TestTruth13AFolderThatIsDroppedAgain(t *testing.T) {
	tell(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("10:00")
		rows := pc.put("10:00", small()...)
		for _, when := range []string{"10:05", "10:07"} {
			pc.shows(when, "planned | "+awaited+" | waits: server")
			s.deleted(rows...)
			rows = pc.put(when, small()...)
			pc.shows(when+":10", "planned | "+awaited+" | waits: server")
		}
		s.turn("10:08", time.Minute, rows...)
		pc.shows("10:14", built)
		pc.went("planned", "#1 open", "#1 complete ready")
	})
}

package daemon_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The server's clock is a witness. What it says for a moment is not believed.

const day = 24 * time.Hour

// morningOf is a story in which the clock goes wrong four times: while a job runs, while the next one starts, while all
// is idle and while a job arrives. It returns what was shown, and what the log says, with the times.
func morningOf(t *testing.T, wrong func(s *site)) (shown []string, events []jobmon.Event) {
	t.Helper()
	playAlone(t, "09:50", func(s *site) {
		s.byHand = map[jobmon.ScheduleID]bool{}
		first, second, planned := s.watch().knows().pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003")
		looks := func(when string) {
			s.at(when)
			for _, pc := range []*client{first, second, planned} {
				text := pc.screen()
				if text != "no file" {
					text += fmt.Sprint(" ", pc.file().Session.Ended != 0, pc.file().NoMoreUpdates)
				}
				shown = append(shown, when+" "+text)
			}
		}
		s.at("10:00:07")
		f := first.put("10:00", small()...)
		week := append(first.put("8 22:07", defrag), planned.put("8 10:07", small()...)...)
		s.turn("10:00:32", 2*time.Minute, f[0], f[1])
		s.at("10:05:02").runs(f[2])
		looks("10:05:32")
		wrong(s)
		s.asked++
		if _, err := s.daemon.Refresh(s.t.Context(), control.RefreshRequest{Computer: first.id,
			Job: mOffice}); err != nil {
			t.Error(err)
		}
		looks("10:06:32")
		s.ends(f[2])
		s.turn("10:06:52", time.Minute, f[3])
		s.at("10:12:02")
		r := second.put("10:12", monitor, mDrivers, drivers, mOffice, office, mReady)
		looks("10:12:32")
		s.turn("10:13:02", time.Minute, r[0], r[1])
		wrong(s)
		s.at("10:15:22").runs(r[2])
		looks("10:15:52")
		s.at("10:17:02").ends(r[2])
		looks("10:18:02")
		s.at("10:20:02")
		wrong(s)
		looks("10:21:32")
		s.at("10:29:47")
		wrong(s)
		s.at("10:30:02")
		late := first.put("10:30", visio)
		looks("10:30:22")
		s.turn("10:31:02", time.Minute, late...)
		looks("10:33:02")
		s.turn("10:40:02", time.Minute, r[3:]...)
		looks("10:45:02")
		looks("11:45:02")
		s.deleted(week...)
		s.after(20 * time.Second)
		for _, b := range s.log() {
			events = append(events, b.Events...)
		}
	})
	return shown, events
}

// The clock is wrong for one read, or for most of a minute, by anything: nothing that anybody sees differs.
func TestTruth25AClockThatIsWrongForAMoment(t *testing.T) {
	t.Parallel()
	shown, events := morningOf(t, func(*site) {})
	for _, by := range []time.Duration{3 * time.Second, 90 * time.Second, 29 * time.Minute, time.Hour, 13 * time.Hour,
		55 * day, 4000 * day} {
		for _, by := range []time.Duration{by, -by} {
			for _, reads := range []int{1, 10} {
				t.Run(fmt.Sprintf("%v for %d reads", by, reads), func(t *testing.T) {
					t.Parallel()
					got, log := morningOf(t, func(s *site) { s.wrong(reads, by) })
					if !slices.Equal(got, shown) {
						t.Errorf("shown was\n  %s\nwithout the step\n  %s", strings.Join(got, "\n  "),
							strings.Join(shown, "\n  "))
					}
					sameEvents(t, log, events)
				})
			}
		}
	}
}

// sameEvents compares two logs of one story: the same events, a read apart at most.
func sameEvents(t *testing.T, got, want []jobmon.Event) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) {
			t.Fatalf("%d events, without the step %d; behind them %+v", len(got), len(want),
				append(got[:len(got):len(got)], want...)[min(len(got), len(want)):])
		}
		g, w := got[i], want[i]
		if apart := g.At.Sub(w.At).Abs(); apart > settle &&
			(g.Kind.OfRow() || g.Kind >= jobmon.KindAgentOnline && g.Kind <= jobmon.KindExpected) {
			t.Errorf("event %d %v is of %v, without the step of %v", g.Seq, g.Kind, g.At.Time(), w.At.Time())
		}
		g.At, w.At, g.Until, w.Until, g.Sum, w.Sum = 0, 0, 0, 0, 0, 0
		if g != w {
			t.Fatalf("event %d is %+v, without the step %+v", i+1, g, w)
		}
	}
}

// The clock jumps by 55 days for good, as Windows can do, and somebody corrects it two hours later.
func TestTruth26AClockThatIsWrongForTwoHours(t *testing.T) {
	for _, by := range []time.Duration{55 * day, -55 * day, 13 * time.Hour, -3 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			tell(t, "09:20", func(s *site) {
				ready, running, waiting, week := s.watch().knows().pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003"), s.pc("PC-0004")
				ready.put("8 10:07", defrag)
				ready.build("09:35")
				s.at("09:50")
				r, w := running.put("09:50", small()...), waiting.put("09:50", small()...)
				week.put("8 10:07", small()...)
				s.ds.SetAgent(week.id, false)
				s.turn("09:51", time.Minute, r[0], r[1])
				s.at("09:55").runs(r[2], w[0])
				s.at("09:56").ends(w[0])
				s.ds.SetAgent(waiting.id, false)
				s.at("10:05").leap(by)
				step := "clock step " + by.String()
				s.at("10:08")
				s.told("start-clock 3600", step)
				s.at("12:05").ends(r[2])
				s.leap(0)
				s.at("12:08")
				s.told("start-clock 3600", step, "clock step "+(-by).String())
				for _, pc := range []*client{running, waiting} {
					pc.begins("12:08:20", "#1 open")
				}
				ready.begins("12:08:20", built)
				week.blank("12:08:20")
				s.turn("12:10", time.Minute, r[3])
				running.begins("12:12", built)
				running.went("planned", "#1 open", "#1 complete ready")
				waiting.went("planned", "#1 open")
				ready.went("planned", "#1 open", "#1 complete ready")
			})
		})
	}
}

// The daemon is started again in the very minute in which the clock is doubted, with and without what it wrote down.
func TestTruth27ARestartInTheDoubtedMinute(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{55 * day, -55 * day, 3 * time.Hour} {
		for _, forgets := range []bool{false, true} {
			for _, stays := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v, hint lost %t, for good %t", by, forgets, stays), func(t *testing.T) {
					play(t, "09:50", func(s *site) {
						s.byHand = map[jobmon.ScheduleID]bool{}
						pc := s.watch().pc("PC-0001")
						s.at("10:00")
						rows := pc.put("10:00", small()...)
						s.turn("10:01", time.Minute, rows[0], rows[1])
						s.at("10:05").runs(rows[2])
						s.at("10:06").leap(by)
						s.at("10:06:20").stop()
						if forgets {
							s.forget()
						}
						s.watch().at("10:06:40")
						s.inTime(0)
						if !stays {
							s.leap(0)
						}
						s.at("10:10").ends(rows[2])
						s.turn("10:11", time.Minute, rows[3])
						pc.shows("10:13", built)
						if stays {
							s.told("clock step " + by.String())
							s.inTime(by)
						} else {
							s.told()
							s.inTime(0)
						}
						pc.went("planned", "#1 open", "#1 complete ready")
					})
				})
			}
		}
	}
}

// inTime: no event is of a time before the one ahead of it, or of the future, but for the step.
func (s *site) inTime(step time.Duration) {
	s.t.Helper()
	var ahead time.Duration
	var last jobmon.Instant
	for _, b := range s.log() {
		for _, e := range b.Events {
			if e.Kind == jobmon.KindClock && e.Step != 0 {
				ahead, last = step, 0
			}
		}
		if b.At < last || b.At.Time().After(s.present().Add(ahead+time.Second)) ||
			b.At.Time().Before(s.present().Add(ahead-3*time.Hour)) {
			s.t.Errorf("%s: event %d is of %v, after %v", s.time(), b.First(), b.At.Time(), last.Time())
		}
		last = b.At
	}
}

// This machine is paused for eight hours, or sleeps, while the world goes on. What happened meanwhile is inexact, and
// the nightly job of 01:06 does not re-open the deployment of 17:00.
func TestTruth28APausedMachine(t *testing.T) {
	t.Parallel()
	for _, how := range []struct {
		name           string
		local, counted bool
		step           []string
	}{
		{name: "paused, SQL Server elsewhere"},
		{name: "asleep, SQL Server elsewhere", counted: true},
		{name: "asleep with its SQL Server", local: true, counted: true},
		{name: "paused with its SQL Server", local: true, step: []string{"clock step 8h0m0s"}},
	} {
		t.Run(how.name, func(t *testing.T) {
			play(t, "16:50", func(s *site) {
				s.byHand, s.local = map[jobmon.ScheduleID]bool{}, how.local
				ready, running := s.watch().pc("PC-0001"), s.pc("PC-0002")
				second := strings.Replace(built, "#1", "#2", 1) // the nightly job's is the first session
				nightly := ready.put("16:50", inventory)
				s.at("16:50:10").runs(nightly...)
				s.at("16:50:30").ends(nightly...)
				s.at("16:51").again("2 01:06", nightly...)
				ready.build("17:00")
				r := running.put("17:10", small()...)
				s.turn("17:10:30", 20*time.Second, r[0], r[1])
				s.at("17:11:30").runs(r[2])
				s.at("17:12").sleep(8*time.Hour, how.counted)
				s.runs(nightly...)
				s.ends(r[2])
				if len(how.step) == 0 {
					other := ready.put("2 01:06", "Patch")
					s.after(20 * time.Second)
					ready.begins(s.time(), second)
					s.runs(other...)
					s.after(20 * time.Second)
					ready.begins(s.time(), second)
					s.ends(other...)
				}
				s.after(2 * time.Minute)
				ready.begins(s.time(), second)
				s.ends(nightly...)
				s.after(10 * time.Second)
				ready.begins(s.time(), second)
				running.begins(s.time(), "#1 open")
				s.turn("2 01:20", time.Minute, r[3])
				running.begins("2 01:22", built)
				ready.went("planned", "#2 open", "#2 complete ready")
				running.went("planned", "#1 open", "#1 complete ready")
				if got := s.events("clock"); !slices.Equal(got, how.step) {
					t.Errorf("the log says %q", got)
				}
				s.inexact(r[2], jobmon.KindFinished, len(how.step) == 0)
			})
		})
	}
}

// inexact: the time of this event of the row is exact or is not.
func (s *site) inexact(row jobmon.ScheduleID, kind jobmon.Kind, want bool) {
	s.t.Helper()
	for _, b := range s.log() {
		for _, e := range b.Events {
			if e.Schedule == row && e.Kind == kind && e.Flags.Has(jobmon.Inexact) != want {
				s.t.Errorf("event %d: inexact is %t, want %t", e.Seq, !want, want)
			}
		}
	}
}

// The night ends summer time: GETDATE() falls back by an hour, UTC goes on.
func TestTruth29TheServersOffsetFallsBack(t *testing.T) {
	tell(t, "01:20", func(s *site) {
		s.startAhead = time.Hour // all clocks are an hour ahead of winter's
		off, running := s.shift(2).watch().pc("PC-0001"), s.pc("PC-0002")
		s.ds.SetAgent(off.id, false)
		s.at("01:50:10")
		o, r := off.put("01:50", small()...), running.put("01:50", small()...)
		s.at("01:51").runs(r[0])
		off.shows("01:59:30", "planned | "+awaited+" | waits: agent offline")
		running.begins("01:59:30", "#1 open")
		s.at("02:00").ends(r[0])
		s.shift(1)
		s.startAhead = 0
		for _, when := range []string{"02:00:10", "02:01:30", "02:03", "02:20"} {
			off.shows(when, "planned | "+awaited+" | waits: agent offline")
			running.begins(when, "#1 open 0% | "+awaited)
			if f := running.file(); f.NoMoreUpdates || len(f.Later) > 0 {
				t.Errorf("%s: beside it %+v", when, f.Later)
			}
		}
		s.told("clock 3600")
		s.turn("02:21", time.Minute, r[1:]...)
		running.shows("02:26", built)
		s.ds.SetAgent(off.id, true)
		s.turn("02:27", time.Minute, o...)
		off.shows("02:33", built)
		off.went("planned", "#1 open", "#1 complete ready")
		running.went("planned", "#1 open", "#1 complete ready")
		s.told("clock 3600")
	})
}

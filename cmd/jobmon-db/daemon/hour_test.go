package daemon_test

import (
	"os"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const allReady = "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office succeeded 2/2"

// The share is away for an hour, in which one deployment ends and another begins and ends. Nothing of it is lost, and
// that the share is away, and is back, is said once.
func TestTheShareIsAwayForAnHour(t *testing.T) {
	play(t, "09:59", func(s *site) {
		s.requests = true // which looks for a folder in the one that is away
		pc, other, later := s.watch().pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:02")
		away := s.evtDir + "-away"
		if err := os.Rename(s.evtDir, away); err != nil {
			t.Fatal(err)
		}
		s.at("10:20")
		other.drop(folder()...)
		s.at("10:59")
		later.drop(folder()...)
		s.at("11:02")
		if _, err := os.Stat(s.evtDir); err == nil {
			t.Error("a folder was made in the place of the share")
		}
		if err := os.Rename(away, s.evtDir); err != nil {
			t.Fatal(err)
		}
		pc.shows("11:03", allReady)
		other.shows("11:03", allReady)
		later.shows("11:20", allReady)
		s.saidOnce("the evt folder cannot be reached", "the evt folder is back")
	})
}

// Somebody sets the server's clock three hours forward while a PC is built, and back while another one is. Each step is
// an event, once; the pictures are those of what happened, and what comes later is recorded as ever.
func TestTheServersClockIsSetByHours(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc, other, later := s.watch().pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003")
		s.at("10:00")
		pc.drop(folder()...)
		s.at("10:04:03").leap(3 * time.Hour)
		s.at("10:15")
		other.drop(folder()...)
		s.at("10:18:03").leap(-2 * time.Hour)
		pc.shows("10:30", allReady)
		other.shows("10:30", allReady)
		later.schedule(clock("08:30"), folder()...) // now, by the server's clock
		later.shows("10:45", allReady)
		s.requireSteps(3*time.Hour, -5*time.Hour)
	})
}

// requireSteps stops the daemon and looks for these jumps of the server's clock against ours, and no others.
func (s *site) requireSteps(want ...time.Duration) {
	s.t.Helper()
	for _, b := range s.stop().batches() {
		for _, e := range b.Events {
			if e.Kind != jobmon.KindClock || e.Step == 0 {
				continue
			}
			step := time.Duration(e.Step) * time.Millisecond
			if len(want) == 0 || (step-want[0]).Abs() > settle {
				s.t.Fatalf("event %d: the clock jumped by %v, want %v", e.Seq, step, want)
			}
			want = want[1:]
		}
	}
	if len(want) > 0 {
		s.t.Errorf("no event records the jumps %v", want)
	}
}

// Our clock is set by hours, either way, while the daemon does not run: what it remembers of how far the server's is
// ahead is wrong, and the first thing that it has to tell is that the source is lost. The first read sets it right.
func TestOurClockIsSetWhileTheDaemonIsAway(t *testing.T) {
	for _, by := range []time.Duration{5 * time.Hour, -5 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			play(t, "09:59", func(s *site) {
				pc, later := s.watch().pc("PC-0001"), s.pc("PC-0002")
				s.at("10:00")
				pc.drop(folder()...)
				s.at("10:20").stop()
				covered := daemon.ReadCoverage(s.dataDir)
				covered.AheadMS += by.Milliseconds()
				if err := daemon.WriteCoverage(s.dataDir, covered); err != nil {
					t.Fatal(err)
				}
				s.leapt = true // for the events of the time before the first read
				s.cutOff()
				s.watch().at("10:25")
				s.letIn()
				s.at("10:27")
				later.drop(folder()...)
				pc.shows("10:45", allReady)
				later.shows("10:45", allReady)
				s.requireSteps()
				s.saidOnce("the source is lost", "the source is back")
			})
		})
	}
}

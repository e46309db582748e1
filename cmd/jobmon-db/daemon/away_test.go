package daemon_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestDaemonStoppedForAnHour(t *testing.T) { away(t, false) }
func TestDaemonKilledForAnHour(t *testing.T)  { away(t, true) }

// The daemon is away for an hour. One computer is built all the while, one gets ready without it, one is begun without
// it, and one had been ready before.
func away(t *testing.T, killed bool) {
	play(t, "09:40", func(s *site) {
		const image = "Apply image"
		s.makeJob(image, simulator.Behaviour{Min: 70 * time.Minute, Max: 70 * time.Minute})
		slow, swift, begun, ready := s.watch().pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003"), s.pc("PC-0004")
		ready.drop(folder()...)
		s.at("09:48")
		older := map[*client][]byte{ready: ready.content()}
		s.at("10:00")
		slow.drop(monitor, mOffice, image, visio, mReady)
		swift.drop(folder()...)
		s.at("10:02")
		slow.drop(vpn) // seen to be late
		older[slow] = slow.content()
		slow.shows("10:03:30", "#1 open 0% | > Office running 0/2 | Install VPN waiting 0/1 late")
		swift.shows("10:03:40", "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2")
		ready.shows("10:03:40", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
		untouched := ready.file().Seq
		swift.fresh = nil

		if killed {
			s.kill()
			for on, content := range older { // it had written the log, and these files not yet
				if err := os.WriteFile(on.path(), content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			s.stop()
		}
		s.at("10:05")
		swift.drop(extras, fonts, mReady) // nobody sees when these arrive
		s.at("10:50")
		slow.drop(labels)
		s.at("11:00")
		begun.drop(folder()...)
		begun.shows("11:03:40", "no file")
		// The markers had only the old file to bring.
		const old = ": #1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2"
		swift.given(monitor+old, mOffice+old, mReady+old, extras+old, mReady+old)

		s.watch()
		slow.shows("11:03:40", "#1 open 0% | > Office running 0/2 | Ready waiting 0/1 | Install VPN waiting 0/1 late")
		swift.shows("11:03:40", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2 | Ready succeeded 0/0 | Extras succeeded 1/1")
		begun.shows("11:03:50", "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2")
		ready.shows("11:03:50", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")
		if now := ready.file().Seq; now != untouched {
			t.Errorf("the file of a computer that was ready was written again: %d, before %d", now, untouched)
		}
		if st := swift.file().Stages[2]; !st.Inexact {
			t.Errorf("nobody saw when this was: %+v", st)
		}

		slow.shows("11:11", "#1 open 25% | > Office running 1/2 | Ready waiting 0/1 | Install VPN waiting 0/1 late")
		slow.shows("11:20", "#1 complete 100% ready | Office succeeded 2/2 | Ready succeeded 1/1 | Install VPN "+
			"succeeded 1/1 late")
		begun.shows("11:20", "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | Office "+
			"succeeded 2/2")

		s.requireAbsence(killed)
	})
}

// requireAbsence: the log says until when the first run watched, and what the second found at its first read is
// inexact.
func (s *site) requireAbsence(killed bool) {
	s.t.Helper()
	var kinds []jobmon.Kind
	for _, b := range s.stop().batches() {
		for _, e := range b.Events {
			switch e.Kind {
			case jobmon.KindDaemonStarted, jobmon.KindDaemonStopped:
				kinds = append(kinds, e.Kind)
			}
			returned := e.Kind == jobmon.KindDaemonStarted && len(kinds) > 1
			if before := clock("10:03:40").Instant(winter).Sub(e.Until); returned && (before < 0 || before > 2*settle) {
				s.t.Errorf("back, and watched before until %v", e.Until)
			}
			if missed := b.At == clock("11:03:40").Instant(winter); missed && !e.Flags.Has(jobmon.Inexact) &&
				(e.Kind == jobmon.KindScheduled || e.Kind == jobmon.KindStarted || e.Kind == jobmon.KindFinished) {
				s.t.Errorf("event %d: %v is recorded as exact", e.Seq, e.Kind)
			}
		}
	}
	want := []jobmon.Kind{jobmon.KindDaemonStarted, jobmon.KindDaemonStopped, jobmon.KindDaemonStarted,
		jobmon.KindDaemonStopped}
	if killed {
		want = []jobmon.Kind{jobmon.KindDaemonStarted, jobmon.KindDaemonStarted, jobmon.KindDaemonStopped}
	}
	if !slices.Equal(kinds, want) {
		s.t.Errorf("the log has %v, want %v", kinds, want)
	}
}

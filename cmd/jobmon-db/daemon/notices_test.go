package daemon_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// hear is what the daemon of every story hands its durable batches to.
func (s *site) hear(b *jobmon.Batch, found func() []*notices.Notice) {
	list := found()
	if len(b.Events) == 0 {
		s.diskFulls = append(s.diskFulls, list...)
		return
	}
	if s.heard == nil {
		s.heard, s.heardIn = map[uint64]uint64{}, s.dataDir
	}
	s.otherLog = s.otherLog || s.heardIn != s.dataDir
	s.heard[b.First()] = b.Last()
	s.noticed = append(s.noticed, list...)
}

// requireNotices: what the daemon handed on when it committed is what the log, folded from its beginning, is worth, and
// it handed on every batch. What a crash took from the log may be missing there, and what the store records when it
// moves a log aside stands in the log alone.
func (s *site) requireNotices(batches []jobmon.Batch) {
	s.t.Helper()
	if s.otherLog {
		return // one that was brought back, or is of another folder
	}
	state, replayed, damaged := history.New(), map[string]*notices.Notice{}, false
	for _, b := range batches {
		if err := state.Apply(&b); err != nil {
			s.t.Fatal(err)
		}
		if history.IsCut(&b) {
			damaged = true // what was cut off is missing too
			continue
		}
		damaged = damaged || b.Events[0].Kind == jobmon.KindDamaged
		switch last, heard := s.heard[b.First()]; {
		case !heard && b.Events[0].Kind == jobmon.KindDamaged:
			continue
		case last != b.Last():
			s.t.Errorf("events %d to %d were not handed on", b.First(), b.Last())
		}
		for _, n := range state.Projection.Notices(&b, func(id jobmon.ComputerID) *jobmon.Progress {
			picture, _ := state.Projection.Progress(id)
			return picture
		}, func(id jobmon.JobID) string { return state.Mirror.Jobs[id].Folder }) {
			replayed[n.ID("log")] = n
		}
	}
	for _, n := range s.noticed {
		id := n.ID("log")
		if again := replayed[id]; again == nil && !damaged || again != nil && !reflect.DeepEqual(n, again) {
			s.t.Errorf("handed on was\n  %+v\nreplayed\n  %+v", n, again)
		}
		delete(replayed, id)
	}
	for id := range replayed {
		s.t.Errorf("%s was not handed on", id)
	}
}

// notes compares what was worth a message so far with its short form.
func (s *site) notes(want ...string) {
	s.t.Helper()
	var got []string
	for _, n := range s.noticed {
		text := string(n.Topic)
		if n.Healed {
			text += " healed"
		}
		if n.Picture != nil {
			text += " " + n.Picture.Computer.Name
		}
		got = append(got, text+map[bool]string{true: " " + n.Job}[n.Job != ""])
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("%s: noticed\n  %q\nwant\n  %q", s.time(), got, want)
	}
}

// A job fails and is repaired, the database is away for a while, and the PC is ready.
func TestWhatIsWorthAMessage(t *testing.T) {
	play(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.notes()
		s.at("10:00")
		rows := pc.drop(folder()...)
		s.ds.SetOutcome(rows[5], 1603)
		s.at("10:30")
		s.notes("failed PC-0001 Join domain", "ready PC-0001")
		pc.drop(domain)
		s.at("10:50")
		s.notes("failed PC-0001 Join domain", "ready PC-0001", "repaired healed PC-0001 Join domain", "ready PC-0001")
		if n := s.noticed[2]; n.Problem != s.noticed[0].Problem || n.Since != s.noticed[0].Event.At || n.Again != 1 ||
			n.Event.At.Sub(n.Since) < 10*time.Minute {
			t.Errorf("%+v", n)
		}
	})
}

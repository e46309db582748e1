package daemon_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// requireCuts holds every story to two laws: a fold that goes on from a checkpoint at some batch, and a fold of the log
// that was cut behind it, lead to the state and the files of the whole log. Long logs are cut in some places.
func (s *site) requireCuts(batches []jobmon.Batch) {
	s.t.Helper()
	const places = 16
	whole, resumed := history.New(), history.New()
	states := map[string]*history.State{"resumed": resumed}
	for i := range batches {
		b := &batches[i]
		for _, state := range states {
			s.fold(state, b)
		}
		s.fold(whole, b)
		if i%(1+len(batches)/places) != 0 && i != len(batches)-1 {
			continue
		}
		s.sameState(states, whole)
		projection, err := projector.Decode(resumed.Projection.Encode())
		if err != nil {
			s.t.Fatal(err)
		}
		resumed.Projection = projection
		if standIn, err := history.StandIn(whole, 1); err == nil { // the first batches leave too few numbers for it
			cut := history.New()
			s.fold(cut, &standIn)
			states[fmt.Sprintf("cut behind event %d", b.Last())] = cut
		}
	}
}

func (s *site) fold(state *history.State, b *jobmon.Batch) {
	s.t.Helper()
	if err := state.Apply(b); err != nil {
		s.t.Fatal(err)
	}
}

// sameState compares folds that began elsewhere with that of the whole log.
func (s *site) sameState(states map[string]*history.State, whole *history.State) {
	s.t.Helper()
	want := whole.Projection.Encode()
	for how, state := range states {
		if !bytes.Equal(state.Projection.Encode(), want) {
			s.t.Errorf("%s, after event %d the state is not that of the whole log", how, whole.Seq)
		}
		for _, id := range whole.Projection.Pictures() {
			if got, want := s.picture(state, id), s.picture(whole, id); got != want {
				s.t.Errorf("%s, after event %d\n  %s\nof the whole log\n  %s", how, whole.Seq, got, want)
			}
		}
	}
}

// A log is cut while a deployment is planned, while a PC has been silent, while the clock is doubted, and before
// start_time's clock is known: each story is held to that at its end, this one has all of it.
func TestTruth33ALogThatIsCutAtAnyMoment(t *testing.T) {
	tell(t, "15:50", func(s *site) {
		quiet, planned := s.pc("PC-0001"), s.pc("PC-0002")
		rows := quiet.evening(pause{blind: true})
		s.at("2 05:00")
		s.ds.MoveToGroup(quiet.id, "Moved") // an event of the silent PC
		s.at("2 07:00")
		folder := planned.put("2 07:00", small()...)
		planned.begins("2 07:01", "planned")
		if !s.restarts {
			s.wrong(1, 55*day)
		}
		s.at("2 07:10")
		other := s.pc("PC-0003").put("2 07:10", inventory)
		s.at("2 07:12").runs(other...)
		s.turn("2 07:20", time.Minute, folder...)
		s.runs(rows[3])
		s.after(time.Minute)
		planned.begins(s.time(), built)
		quiet.begins(s.time(), "#1 open 50% | Drivers succeeded 1/1 | > Office running 0/1")
		if got := s.events("start-clock", "clock"); !slices.Equal(got, []string{"start-clock 3600"}) {
			t.Errorf("the log says %q", got)
		}
	})
}

// A log in which each reading of the clock was believed at once, written by the version before: a night's pause, then a
// step by 55 days that lasted for one read. It gives the tables that it always gave, and truer pictures. Nothing is
// added to it but what the daemon says of itself.
func TestTruth33AnOldLog(t *testing.T) {
	play(t, "09:59", func(s *site) {
		s.byHand, s.foreign = map[jobmon.ScheduleID]bool{}, true
		s.takeUp(filepath.Join("testdata", "unconfirmed-step.db.gz"))
		s.cutOff()
		s.watch().at("10:10")
		mirror, added := jobmon.NewMirror(), []string{}
		state := history.New()
		for _, b := range s.log() {
			s.fold(state, &b)
			for _, e := range b.Events {
				mirror.Apply(&e)
				if e.Kind == jobmon.KindDaemonStarted && e.Seq > 1 || len(added) > 0 {
					added = append(added, e.Kind.String())
				}
				if slices.Contains([]string{"start-clock", "overdue", "moving-again"}, e.Kind.String()) {
					t.Errorf("event %d is new: %v", e.Seq, e.Kind)
				}
			}
		}
		added = slices.DeleteFunc(added, func(kind string) bool { return kind == "configured" })
		if !slices.Equal(added, []string{"daemon-started", "source-lost"}) {
			t.Errorf("added is %s", strings.Join(added, ", "))
		}
		if got, want := slices.Collect(state.Mirror.Rows.All()), slices.Collect(mirror.Rows.All()); len(want) != 15 ||
			!slices.Equal(got, want) {
			t.Errorf("%d rows, want %d", len(got), len(want))
		}
		for _, id := range []jobmon.ComputerID{5000001, 5000002} {
			s.known(id).went("planned", "#1 open", "#1 complete ready")
		}
		s.known(5000003).went()
	})
}

// takeUp makes a log of another day that of the next daemon.
func (s *site) takeUp(path string) {
	s.t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		s.t.Fatal(err)
	}
	content, err := io.ReadAll(unpacked)
	if err = errors.Join(err, os.MkdirAll(s.dataDir, 0o750)); err != nil {
		s.t.Fatal(err)
	}
	for name, content := range map[string][]byte{"log-000001.db": content, "CURRENT": []byte("log-000001.db\n")} {
		if err := os.WriteFile(filepath.Join(s.dataDir, name), content, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

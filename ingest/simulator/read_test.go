package simulator_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestSnapshotHoldsEverythingNormalized(t *testing.T) {
	s := newServer()
	away := s.AddComputer("PC-0002")
	s.SetAgent(away, false)
	ids := s.drop(s.a, s.b)
	s.RenameJob(s.b, "B2")
	s.RenameComputer(away, "PC-0002b", "OS-2")
	s.Advance(30 * time.Second)

	got := s.Snapshot([]jobmon.ComputerID{away, s.pc, 77})
	start := jobmon.WallTimeOf(time.Date(2026, 3, 4, 10, 7, 0, 0, time.UTC))
	want := &jobmon.Snapshot{
		Now: tenPast().Add(30 * time.Second), Offset: berlin,
		Rows: []jobmon.Row{
			{ID: ids[0], Job: s.a, Computer: s.pc, Start: start, Status: jobmon.StatusRunning},
			{ID: ids[1], Job: s.b, Computer: s.pc, Start: start},
		},
		Jobs: []jobmon.Job{
			{ID: s.a, Name: "A", Folder: "Test"}, {ID: s.b, Name: "B2", Folder: "Test"},
			{ID: s.c, Name: "C", Folder: "Test"},
			{ID: s.instant, Name: "instant", Folder: "Test"}, {ID: s.fails, Name: "fails", Folder: "Test"},
			{ID: s.reboots, Name: "reboots", Folder: "Test"},
		},
		AllJobs: true,
		Computers: []jobmon.Computer{
			{ID: 5_000_001, Name: "PC-0001", OSName: "PC-0001", Group: "All Computers"},
			{ID: 5_000_002, Name: "PC-0002b", OSName: "OS-2", Group: "All Computers"},
		},
		AllComputers: true,
		Agents: []jobmon.Agent{{Computer: 77, State: jobmon.AgentOffline},
			{Computer: s.pc, State: jobmon.AgentOnline}, {Computer: away, State: jobmon.AgentOffline}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got, want)
	}

	s.HideSessions(true)
	for _, a := range s.Snapshot([]jobmon.ComputerID{s.pc, away}).Agents {
		if a.State != jobmon.AgentUnknown {
			t.Errorf("without a sessions table the agent of %d is %v", a.Computer, a.State)
		}
	}
}

func TestLookupFindsWhatIsThereAscending(t *testing.T) {
	s := newServer()
	ids := s.drop(s.a, s.b, s.c)
	s.DeleteRow(ids[1])
	found, err := s.Source().Lookup(
		t.Context(), ingest.IDs{Rows: []jobmon.ScheduleID{ids[2], 4711, ids[1], ids[0], ids[2]}})
	if err != nil || len(found.Rows) != 2 || found.Rows[0].ID != ids[0] || found.Rows[1].ID != ids[2] {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestUnreachableUntilClearedWhileTheEngineGoesOn(t *testing.T) {
	s := newServer()
	id := s.drop(s.a)[0]
	down := errors.New("no route to host")
	s.Fail(down)
	if _, err := s.Source().Read(t.Context(), ingest.Query{}); !errors.Is(err, down) {
		t.Errorf("Read: %v", err)
	}
	if _, err := s.Source().Lookup(t.Context(), ingest.IDs{}); !errors.Is(err, down) {
		t.Errorf("Lookup: %v", err)
	}
	s.Advance(5 * time.Minute)
	s.Fail(nil)
	snap, err := s.Source().Read(t.Context(), ingest.Query{})
	if err != nil || snap.Rows[0].ID != id || !snap.Rows[0].Status.Finished() {
		t.Errorf("after the outage: %+v, %v", snap, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Source().Read(ended, ingest.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Read with an ended context: %v", err)
	}
}

func TestAbsurdValuesStayAsTheyWerePut(t *testing.T) {
	s := newServer()
	live := s.drop(s.a, s.b)
	rows := []jobmon.Row{
		{ID: -9, Job: -5, Computer: -1, Status: jobmon.StatusOf(-7)},
		{ID: 1 << 30, Job: 4242, Computer: 4343, Start: jobmon.NoStart},
		{ID: live[1], Job: s.b, Computer: s.pc, Start: s.WallNow() - 365*24*60*minute}, // a zombie now
	}
	for _, r := range rows {
		s.PutRow(r)
	}
	s.Advance(time.Hour)
	snap := s.Snapshot(nil)
	for _, r := range rows {
		if !slices.Contains(snap.Rows, r) {
			t.Errorf("row %+v is not as it was put", r)
		}
	}
	if !slices.IsSortedFunc(snap.Rows, func(a, b jobmon.Row) int { return int(a.ID) - int(b.ID) }) {
		t.Error("rows are not ascending")
	}
	s.wantOrder(t, s.a) // nothing that was put ran
}

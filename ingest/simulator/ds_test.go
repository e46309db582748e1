package simulator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var _ ingest.Source = (*simulator.Reader)(nil)

const (
	berlin = jobmon.Offset(3600)
	minute = jobmon.WallTime(60_000)
)

// tenPast is 10:07:30 on the server's wall clock.
func tenPast() jobmon.Instant {
	return jobmon.InstantOf(time.Date(2026, 3, 4, 10, 7, 30, 0, berlin.Zone()))
}

// server is a DS with one computer and a few jobs.
type server struct {
	*simulator.DS
	pc             jobmon.ComputerID
	a, b, c        jobmon.JobID // a minute each
	instant, fails jobmon.JobID
	reboots        jobmon.JobID
}

func newServer() *server {
	ds := simulator.NewDS(tenPast(), berlin, 1)
	job := func(name string, b simulator.Behaviour) jobmon.JobID { return ds.AddJob(name, "Test", b) }
	long := simulator.Behaviour{Min: time.Minute, Max: time.Minute}
	return &server{
		DS: ds, pc: ds.AddComputer("PC-0001"),
		a: job("A", long), b: job("B", long), c: job("C", long),
		instant: job("instant", simulator.Behaviour{Script: 2 * time.Second}),
		fails:   job("fails", simulator.Behaviour{Min: time.Minute, Max: time.Minute, Code: 1603}),
		reboots: job("reboots", simulator.Behaviour{Min: time.Minute, Max: time.Minute, Reboots: true}),
	}
}

func (s *server) drop(jobs ...jobmon.JobID) []jobmon.ScheduleID {
	return s.Schedule(s.pc, jobs, s.WallNow())
}

// status is the status_code of a row, "gone" when there is none.
func (s *server) status(id jobmon.ScheduleID) string {
	r, ok := s.Row(id)
	if !ok {
		return "gone"
	}
	return r.Status.String()
}

func (s *server) wantStatus(t *testing.T, id jobmon.ScheduleID, want string) {
	t.Helper()
	if got := s.status(id); got != want {
		t.Fatalf("at %v row %d has status %s, want %s", s.Now(), id, got, want)
	}
}

// order lists the jobs in the order in which they started.
func (s *server) order() []jobmon.JobID {
	var jobs []jobmon.JobID
	for _, e := range s.History() {
		if e.Kind == jobmon.KindStarted {
			jobs = append(jobs, e.Row.Job)
		}
	}
	return jobs
}

func (s *server) wantOrder(t *testing.T, want ...jobmon.JobID) {
	t.Helper()
	if got := s.order(); !slices.Equal(got, want) {
		t.Fatalf("jobs started in order %v, want %v", got, want)
	}
}

// when is the moment of the first such entry for the row.
func (s *server) when(t *testing.T, kind jobmon.Kind, id jobmon.ScheduleID) jobmon.Instant {
	t.Helper()
	for _, e := range s.History() {
		if e.Kind == kind && e.Row.ID == id {
			return e.At
		}
	}
	t.Fatalf("row %d was never %v", id, kind)
	return 0
}

func (s *server) agent(t *testing.T) jobmon.AgentState {
	t.Helper()
	snap, err := s.Source().Read(t.Context(), ingest.Query{Watch: []jobmon.ComputerID{s.pc}})
	if err != nil {
		t.Fatal(err)
	}
	return snap.Agents[0].State
}

func TestJobsDroppedTogetherShareTheMinute(t *testing.T) {
	s := newServer()
	for _, id := range s.drop(s.a, s.b) {
		if r, _ := s.Row(id); r.Start.String() != "2026-03-04T10:07:00" {
			t.Errorf("row %d has start_time %v", id, r.Start)
		}
	}
}

func TestOneJobAtATimeInOrder(t *testing.T) {
	s := newServer()
	later := s.Schedule(s.pc, []jobmon.JobID{s.c}, s.WallNow()+minute)
	ids := s.drop(s.a, s.b)
	s.Advance(30 * time.Second)
	s.wantStatus(t, ids[0], "-1")
	s.wantStatus(t, ids[1], "NULL")
	s.Advance(20 * time.Minute)
	s.wantOrder(t, s.a, s.b, s.c) // start_time first, then schedule_id
	if s.when(t, jobmon.KindStarted, later[0]) < s.when(t, jobmon.KindFinished, ids[1]) {
		t.Error("a job started while another one ran")
	}
}

func TestNothingStartsBeforeItsTime(t *testing.T) {
	s := newServer()
	ids := s.Schedule(s.pc, []jobmon.JobID{s.a}, s.WallNow()+10*minute)
	unscheduled := s.Schedule(s.pc, []jobmon.JobID{s.b}, jobmon.NoStart)
	s.Advance(24 * time.Hour)
	due := tenPast().Add(10*time.Minute - 30*time.Second)
	if at := s.when(t, jobmon.KindStarted, ids[0]); at < due || at > due.Add(5*time.Second) {
		t.Errorf("due at %v, started at %v", due, at)
	}
	s.wantStatus(t, unscheduled[0], "NULL")
}

func TestStatusIsNullWhileTheServersScriptRuns(t *testing.T) {
	s := newServer()
	job := s.AddJob("scripted", "", simulator.Behaviour{Script: time.Minute, Min: time.Minute, Max: time.Minute})
	ids := s.drop(job, s.a)
	s.Advance(50 * time.Second)
	s.wantStatus(t, ids[0], "NULL")
	s.Advance(30 * time.Second)
	s.wantStatus(t, ids[0], "-1")
	s.Advance(time.Minute)
	s.wantStatus(t, ids[0], "0")
	s.wantStatus(t, ids[1], "-1")
}

// However often one reads, a job of no duration is never seen running.
func TestShortJobJumpsFromNullToItsCode(t *testing.T) {
	s := newServer()
	id := s.drop(s.instant)[0]
	var seen []string
	for range 1000 {
		s.Advance(10 * time.Millisecond)
		seen = append(seen, s.status(id))
	}
	if got := slices.Compact(seen); !slices.Equal(got, []string{"NULL", "0"}) {
		t.Errorf("reads saw %v", got)
	}
	if s.when(t, jobmon.KindStarted, id) != s.when(t, jobmon.KindFinished, id) {
		t.Error("the truth does not tell that it started and finished at once")
	}
}

func TestFailureStopsNobody(t *testing.T) {
	s := newServer()
	ids := s.drop(s.fails, s.a)
	s.SetOutcome(ids[1], 3010)
	s.Advance(5 * time.Minute)
	s.wantStatus(t, ids[0], "1603")
	s.wantStatus(t, ids[1], "3010")
}

func TestRebootTakesTheAgentAwayForAWhile(t *testing.T) {
	s := newServer()
	ids := s.drop(s.reboots, s.a)
	s.Advance(75 * time.Second)
	s.wantStatus(t, ids[0], "0")
	if got := s.agent(t); got != jobmon.AgentOffline {
		t.Errorf("the agent is %v while its computer restarts", got)
	}
	s.Advance(10 * time.Minute)
	if got := s.agent(t); got != jobmon.AgentOnline {
		t.Errorf("the agent is %v after the restart", got)
	}
	if pause := s.when(t, jobmon.KindStarted, ids[1]).Sub(
		s.when(t, jobmon.KindFinished, ids[0])); pause < time.Minute || pause > 2*time.Minute+5*time.Second {
		t.Errorf("the next job started after %v", pause)
	}
}

func TestAgentAwayHoldsJobsAndTheirEnd(t *testing.T) {
	s := newServer()
	ids := s.drop(s.a, s.b)
	s.Advance(30 * time.Second)
	s.SetAgent(s.pc, false)
	s.Advance(time.Hour)
	s.wantStatus(t, ids[0], "-1") // it ended long ago, but nobody could say so
	s.wantStatus(t, ids[1], "NULL")
	s.SetAgent(s.pc, true)
	s.Advance(20 * time.Second)
	s.wantStatus(t, ids[0], "0")
	s.wantStatus(t, ids[1], "-1")
}

func TestShortcutInjectsAndMovesTheOthers(t *testing.T) {
	s := newServer()
	shortcut := s.AddJob("shortcut", "", simulator.Behaviour{Min: 10 * time.Second, Max: 10 * time.Second,
		Targets: []jobmon.JobID{s.c, s.fails}})
	ids := s.drop(s.a, shortcut, s.b, s.a)
	soon := s.Schedule(s.pc, []jobmon.JobID{s.instant}, s.WallNow()+minute)[0]
	tonight := s.Schedule(s.pc, []jobmon.JobID{s.reboots}, s.WallNow()+12*60*minute)[0]
	unscheduled := s.Schedule(s.pc, []jobmon.JobID{s.a}, jobmon.NoStart)[0]
	before := s.Snapshot(nil)
	s.Advance(70 * time.Second) // a is done, the shortcut runs
	s.wantStatus(t, ids[1], "-1")

	start := func(id jobmon.ScheduleID) string { r, _ := s.Row(id); return r.Start.String() }
	if got := s.Snapshot(nil).Rows[len(before.Rows):]; len(got) != 2 || got[0].Job != s.c || got[1].Job != s.fails ||
		got[0].Start.String() != "2026-03-04T10:07:00" || got[1].Start != got[0].Start {
		t.Errorf("the shortcut made %v, want its targets at its own minute", got)
	}
	for id, want := range map[jobmon.ScheduleID]string{
		ids[0]: "2026-03-04T10:07:00", ids[1]: "2026-03-04T10:07:00", // begun before
		ids[2]: "2026-03-04T10:08:00", ids[3]: "2026-03-04T10:08:00", // moved
		soon:        "2026-03-04T10:09:00", // else those would have overtaken it
		tonight:     "2026-03-04T22:07:00",
		unscheduled: "",
	} {
		if got := start(id); got != want {
			t.Errorf("row %d has start_time %s, want %s", id, got, want)
		}
	}
	s.Advance(time.Hour)
	s.wantOrder(t, s.a, shortcut, s.c, s.fails, s.b, s.a, s.instant)
}

func TestDeletedRowsLeaveNothing(t *testing.T) {
	s := newServer()
	ids := s.drop(s.a, s.b, s.c, s.a)
	s.Advance(30 * time.Second)
	s.DeleteRow(ids[0]) // broken off
	s.Advance(10 * time.Second)
	s.wantStatus(t, ids[0], "gone")
	s.wantStatus(t, ids[1], "-1")
	if got := s.DeleteRemaining(s.pc); !slices.Equal(got, ids[2:]) {
		t.Errorf("deleted %v, want %v", got, ids[2:])
	}
	s.Advance(10 * time.Minute)
	s.wantStatus(t, ids[1], "0")
	if got := s.Purge(s.Now()); !slices.Equal(got, ids[1:2]) {
		t.Errorf("purged %v, want %v", got, ids[1:2])
	}
	if rows := s.Snapshot(nil).Rows; len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
	if again := s.drop(s.a); again[0] <= ids[3] {
		t.Errorf("id %d was given again", again[0])
	}
}

func TestRequeuedRowRunsAgain(t *testing.T) {
	s := newServer()
	ids := s.drop(s.fails, s.a)
	s.Advance(5 * time.Minute)
	s.Requeue(ids[0])
	s.wantStatus(t, ids[0], "NULL")
	s.Advance(30 * time.Second)
	s.wantStatus(t, ids[0], "-1")
	s.Requeue(ids[0]) // in the middle of it: what was planned for the broken run counts for nothing
	s.Advance(10 * time.Second)
	started := s.Now()
	s.Advance(40 * time.Second)
	s.wantStatus(t, ids[0], "-1")
	s.Advance(40 * time.Second)
	s.wantStatus(t, ids[0], "1603")
	if at := s.when(t, jobmon.KindRequeued, ids[0]); at != tenPast().Add(5*time.Minute) || at > started {
		t.Errorf("requeued at %v", at)
	}
}

func TestGhostNeverRunsUntilItIsShownAgain(t *testing.T) {
	s := newServer()
	s.MakeGhost(s.pc)
	ids := s.drop(s.a)
	s.Advance(time.Hour)
	s.wantStatus(t, ids[0], "NULL")
	if c := s.Computers()[0]; !c.Ghost || c.Group != "" {
		t.Errorf("ghost: %+v", c)
	}
	s.MoveToGroup(s.pc, "Rescued")
	s.Advance(10 * time.Second)
	s.wantStatus(t, ids[0], "-1")
}

func TestRedeployLeavesAGhostOfTheSameName(t *testing.T) {
	s := newServer()
	ids := s.drop(s.a, s.b)
	anew := s.Redeploy(s.pc)
	onNew := s.Schedule(anew, []jobmon.JobID{s.a}, s.WallNow())
	s.Advance(time.Hour)
	s.wantStatus(t, ids[0], "NULL")
	s.wantStatus(t, onNew[0], "0")
	want := []jobmon.Computer{
		{ID: 5_000_001, Name: "PC-0001", OSName: "PC-0001", Ghost: true},
		{ID: 5_000_002, Name: "PC-0001", OSName: "PC-0001", Group: "All Computers"},
	}
	if got := s.Computers(); !slices.Equal(got, want) {
		t.Errorf("computers %+v, want %+v", got, want)
	}
}

func TestOffsetMovesWhatIsPlanned(t *testing.T) {
	s := newServer()
	ids := s.Schedule(s.pc, []jobmon.JobID{s.a}, s.WallNow()+10*minute)
	s.SetOffset(berlin + 3600) // summer time: the wall clock is past it at once
	s.Advance(10 * time.Second)
	s.wantStatus(t, ids[0], "-1")
	if got := s.Snapshot(nil).Offset; got != 7200 {
		t.Errorf("offset %d", got)
	}
}

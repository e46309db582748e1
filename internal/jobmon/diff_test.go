package jobmon

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// drawRow draws one row out of a small world, so that ids, jobs, computers and start times are often shared.
func drawRow(t *rapid.T, id ScheduleID) Row {
	r := Row{
		ID:       id,
		Job:      JobID(rapid.Int32Range(-1, 4).Draw(t, "job")),
		Computer: ComputerID(rapid.Int32Range(5000001, 5000003).Draw(t, "computer")),
		Start:    rapid.SampledFrom([]WallTime{NoStart, 0, 60_000, 120_000, 86_400_000, -5}).Draw(t, "start"),
	}
	if code := rapid.SampledFrom([]Code{
		99, -1, 0, 1603, 3010, -7, -1 << 31, 1 << 40, -1 << 62,
	}).Draw(t, "code"); code != 99 {
		r.Status = StatusOf(code)
	}
	return r
}

func drawRows(t *rapid.T, label string) map[ScheduleID]Row {
	rows := map[ScheduleID]Row{}
	for _, id := range rapid.SliceOfDistinct(rapid.Int32Range(-3, 12), rapid.ID[int32]).Draw(t, label) {
		rows[ScheduleID(id)] = drawRow(t, ScheduleID(id))
	}
	return rows
}

func drawSnapshot(t *rapid.T, label string) *Snapshot {
	s := &Snapshot{AllJobs: true, AllComputers: true, Rows: slices.Collect(maps.Values(drawRows(t, label)))}
	name := rapid.SampledFrom([]string{"", "Office", "(JM) Office", "0. Build Job Monitor"})
	for id := range rapid.Int32Range(0, 4).Draw(t, "jobs") {
		s.Jobs = append(s.Jobs, Job{ID: JobID(id), Name: name.Draw(t, "name"), Folder: name.Draw(t, "folder")})
	}
	for id := range rapid.Int32Range(0, 3).Draw(t, "computers") {
		s.Computers = append(s.Computers, Computer{ID: 5000001 +
			ComputerID(id), Name: name.Draw(t, "pc"), Group: name.Draw(t, "group"),
			Ghost: rapid.Bool().Draw(t, "ghost")})
		s.Agents = append(s.Agents, Agent{Computer: 5000001 +
			ComputerID(id), State: AgentState(rapid.IntRange(0, 2).Draw(t, "agent"))})
	}
	s.Normalize()
	return s
}

func mirrorOf(s *Snapshot) *Mirror {
	m := NewMirror()
	for _, r := range s.Rows {
		m.Rows.Put(r)
	}
	for _, j := range s.Jobs {
		m.Jobs[j.ID] = j
	}
	for _, c := range s.Computers {
		m.Computers[c.ID] = c
	}
	for _, a := range s.Agents {
		if a.State != AgentUnknown {
			m.Agents[a.Computer] = a.State
		}
	}
	return m
}

func requireSame(t *rapid.T, what string, got, want *Mirror) {
	t.Helper()
	gotRows, wantRows := slices.Collect(got.Rows.All()), slices.Collect(want.Rows.All())
	if !slices.Equal(gotRows, wantRows) || !maps.Equal(got.Jobs, want.Jobs) ||
		!maps.Equal(got.Computers, want.Computers) || !maps.Equal(got.Agents, want.Agents) {
		t.Fatalf("%s:\n got %v %v\nwant %v %v", what, gotRows, got, wantRows, want)
	}
}

// TestLaw1 is the diff/fold law of design section 3, with the rules on the order and the form of a row's events.
func TestLaw1(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		before, after := drawSnapshot(t, "before"), drawSnapshot(t, "after")
		m := mirrorOf(before)
		after.Gone = m.Missing(after.Rows)
		options := DiffOptions{
			Baseline: rapid.Bool().Draw(t, "baseline"), Inexact: rapid.Bool().Draw(t, "inexact"),
			InferredInexact: rapid.Bool().Draw(t, "inferred"),
		}
		events := Diff(m, after, options)
		var each []Event
		applied := mirrorOf(before)
		DiffEach(applied, after, options, func(e *Event) {
			each = append(each, *e)
			applied.Apply(e)
		})
		if !slices.Equal(each, events) {
			t.Fatalf("while the mirror follows, it says\n%v\nand not\n%v", each, events)
		}

		want := mirrorOf(after)
		for id, state := range m.Agents { // agents that were not asked about stay as they were
			if !slices.ContainsFunc(after.Agents, func(a Agent) bool { return a.Computer == id }) {
				want.Agents[id] = state
			}
		}
		for i := range events {
			e := &events[i]
			if e.Kind.OfRow() {
				old, known := m.Rows.Get(e.Schedule)
				if (e.Kind == KindScheduled) == known && !options.Baseline {
					t.Fatalf("%v of a row that is known: %v", e, known)
				}
				if e.Kind == KindScheduled {
					known = false // or a part of the first read told it before
				}
				if known && e.Kind != KindRemoved && (old.Job != e.Job || old.Computer != e.Computer) {
					t.Fatalf("%v changes job or computer of %v", e, old)
				}
				if known && old.Status.Finished() && e.Kind != KindRequeued && e.Kind != KindRemoved &&
					e.Status != old.Status {
					t.Fatalf("%v leaves a finished status without requeued (was %v)", e, old)
				}
				if e.Kind == KindFinished && !old.Status.Running() {
					t.Fatalf("%v without started (was %v)", e, old)
				}
				if e.Kind == KindScheduled && !options.Baseline && e.Status.Set {
					t.Fatalf("%v carries a status", e)
				}
			}
			m.Apply(e)
		}
		requireSame(t, "folded difference", m, want)
		if options.Baseline {
			after.Rows = nil // the mirror has them all by now
		}
		if again := Diff(m, after, options); len(again) != 0 {
			t.Fatalf("nothing changed, yet: %v", again)
		}
	})
}

// TestDiffOfPartialReads: what a read did not look at stays as it was.
func TestDiffOfPartialReads(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		before, after := drawSnapshot(t, "before"), drawSnapshot(t, "after")
		m, want := mirrorOf(before), mirrorOf(before)
		for _, r := range after.Rows {
			want.Rows.Put(r)
		}
		part := &Snapshot{Rows: after.Rows}
		for _, e := range Diff(m, part, DiffOptions{}) {
			m.Apply(&e)
		}
		requireSame(t, "rows only", m, want)
	})
}

func TestNewRowsReadInOrderAfterAnOutage(t *testing.T) {
	code := func(c Code) Status { return StatusOf(c) }
	s := &Snapshot{Rows: []Row{
		{ID: 1, Start: 600_000, Status: StatusRunning}, // the second group runs now
		{ID: 2, Start: 0, Status: code(0)},
		{ID: 3, Start: 600_000, Status: code(0)},
		{ID: 4, Start: 0, Status: code(1603)},
		{ID: 5, Start: NoStart},
	}}
	var got []string
	for _, e := range Diff(NewMirror(), s, DiffOptions{Inexact: true}) {
		got = append(got, e.Kind.String()+" "+string('0'+rune(e.Schedule)))
		if !e.Flags.Has(Inexact) {
			t.Errorf("%v should be inexact", e)
		}
	}
	want := []string{
		"scheduled 2", "scheduled 4", "started 2", "finished 2", "started 4", "finished 4",
		"scheduled 1", "scheduled 3", "started 3", "finished 3", "started 1", // what runs began last
		"scheduled 5",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestNormalizeKeepsTheLastOfARowReadTwice(t *testing.T) {
	s := &Snapshot{Rows: []Row{{ID: 3}, {ID: 1}, {ID: 3, Status: StatusRunning}, {ID: 2}}}
	s.Normalize()
	want := []Row{{ID: 1}, {ID: 2}, {ID: 3, Status: StatusRunning}}
	if !slices.Equal(s.Rows, want) {
		t.Errorf("got %v", s.Rows)
	}
}

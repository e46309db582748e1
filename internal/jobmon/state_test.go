package jobmon

import (
	"testing"

	"pgregory.net/rapid"
)

// TestTransitions: whatever a source tells, a row's state moves along the table only.
func TestTransitions(t *testing.T) {
	rules, err := NewRules(DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		m, states := NewMirror(), map[ScheduleID]RowState{}
		now := WallTime(0)
		for range rapid.IntRange(1, 12).Draw(t, "reads") {
			now += WallTime(rapid.Int64Range(0, 3_600_000).Draw(t, "passes"))
			after := drawSnapshot(t, "read")
			after.Gone = m.Missing(after.Rows)
			for _, e := range Diff(m, after, DiffOptions{}) {
				m.Apply(&e)
				if !e.Kind.OfRow() {
					continue
				}
				old := states[e.Schedule]
				next := rules.Next(old, &e, now)
				if e.Kind != KindScheduled && !old.CanBecome(next) {
					t.Fatalf("%s -> %s by %v", old, next, e)
				}
				states[e.Schedule] = next
				if e.Kind == KindRemoved {
					delete(states, e.Schedule)
				}
			}
		}
	})
}

func TestEveryTransitionLeadsToAKnownState(t *testing.T) {
	for _, s := range RowStates() {
		if _, listed := transitions[s]; !listed {
			t.Errorf("%s has no line in the table", s)
		}
		if back, ok := ParseRowState(s.String()); !ok || back != s {
			t.Errorf("%s does not read back", s)
		}
	}
}

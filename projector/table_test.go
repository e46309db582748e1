package projector

import (
	"maps"
	"slices"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"pgregory.net/rapid"
)

// TestTable compares a table with a map of the same rows.
func TestTable(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		var rows table
		want := map[jobmon.ScheduleID]*row{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			id := jobmon.ScheduleID(rapid.IntRange(-5, 20).Draw(t, "id"))
			if rapid.IntRange(0, 2).Draw(t, "step") > 0 {
				r := &row{id: id}
				rows.put(r)
				want[id] = r
			} else {
				rows.remove(id)
				delete(want, id)
			}
			if rows.get(id) != want[id] {
				t.Fatalf("row %d is %p, want %p", id, rows.get(id), want[id])
			}
		}
		var sorted table
		for _, id := range slices.Sorted(maps.Keys(want)) {
			sorted = append(sorted, want[id])
		}
		if !slices.Equal(rows, sorted) {
			t.Fatalf("%d rows are not those of the map in order", len(rows))
		}
	})
}

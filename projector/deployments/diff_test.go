package deployments

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/projector"
)

// between is what changed after the first n batches up to the first m.
func (d *desk) between(n, m int) (changed []*Changed, quiet int) {
	f, diff := New(projector.New(), nil, 0), NewDiff()
	for i := range d.log[:m] {
		if i == n {
			diff.Begin(f)
		}
		f.Apply(&d.log[i], diff.Tell)
		diff.Note(&d.log[i])
	}
	if n == m {
		diff.Begin(f)
	}
	return diff.End(f)
}

func TestWhatChanged(t *testing.T) {
	d := started(t).folder(1, "10:00").read("10:00").run("10:00 10:01 10:02", 1, 2).set(-1, 3).read("10:03")
	n := len(d.log)
	d.names[pc+1] = "PC-0002 (old)"
	d.set(0, 3).read("10:05").drop(20, "10:06", "Printer").read("10:06").run("10:07 10:08", 20)
	d.set(-1, 4).read("10:09").set(0, 4).set(-1, 5).read("10:10").set(1603, 5).remove(6).read("10:12")
	d.names[pc+2] = "PC-0003"
	d.dropOn(pc+2, 50, "10:13", "Inventory").read("10:13").set(-1, 50).read("10:14")
	var got strings.Builder
	changed, quiet := d.between(n, len(d.log))
	for _, c := range changed {
		fmt.Fprintf(&got, "%s, %d scheduled, %d removed\n", c.Name, c.Scheduled, c.Removed)
		for _, one := range c.Changes {
			fmt.Fprintf(&got, "%+v\n", one)
		}
	}
	fmt.Fprintf(&got, "%d quiet\n", quiet)
	golden(t, got.String())
}

// TestChangesAreWhatIsDifferent: between a moment and itself nothing changed; all that failed and all that began in
// between is listed once, and every computer is listed or counted.
func TestChangesAreWhatIsDifferent(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		d := site(t, true)
		n := rapid.IntRange(0, len(d.log)).Draw(t, "from")
		m := rapid.IntRange(n, len(d.log)).Draw(t, "to")
		if changed, _ := d.between(m, m); len(changed) > 0 {
			t.Fatalf("between a moment and itself: %+v", changed[0])
		}
		changed, quiet := d.between(n, m)
		began := map[string]int{}
		for _, c := range changed {
			for _, one := range c.Changes {
				if (one.What == OfDeployment || one.What == OfSession) && one.To == "began" {
					began[fmt.Sprint(c.ID, one.Session)]++
				}
			}
		}
		cut := &desk{log: d.log[:m]}
		before := map[string]bool{}
		for _, one := range (&desk{log: d.log[:n]}).all() {
			before[fmt.Sprint(one.Computer.ID, one.Session.Number)] = true
		}
		computers := map[jobmon.ComputerID]bool{}
		for i := range cut.log {
			for _, e := range cut.log[i].Events {
				if e.Kind == jobmon.KindComputer {
					computers[e.Computer] = true
				}
			}
		}
		for _, one := range cut.all() {
			key := fmt.Sprint(one.Computer.ID, one.Session.Number)
			want := 1
			if before[key] {
				want = 0
			}
			if began[key] != want {
				t.Fatalf("%s began %d times, want %d", key, began[key], want)
			}
		}
		if len(changed)+quiet != len(computers) {
			t.Fatalf("%d changed and %d quiet of %d computers", len(changed), quiet, len(computers))
		}
	})
}

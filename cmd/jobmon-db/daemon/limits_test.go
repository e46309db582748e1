package daemon

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// TestLimits: whatever is asked for and however fast, no more is admitted than the rates give, and who asks as seldom
// as a deployment does is admitted as long as the others leave room.
func TestLimits(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		l := newLimits()
		begin := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		now := begin
		admitted, strangers, of := 0, 0, map[jobmon.ComputerID]int{}
		for range rapid.IntRange(1, 3000).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 30, 4000}).Draw(t, "ms")) * time.Millisecond)
			id := jobmon.ComputerID(rapid.IntRange(-1, 40).Draw(t, "id"))
			known := id > 20
			switch err := l.check(id, known, now); {
			case err == nil && id <= 0:
				t.Fatalf("computer %d is admitted", id)
			case err == nil:
				admitted++
				of[id]++
				if !known {
					strangers++
				}
			case known && !errors.Is(err, errTooOften):
				t.Fatalf("a known computer: %v", err)
			}
		}
		in := now.Sub(begin)
		fits := func(n, burst int, every time.Duration) bool { return n <= burst+int(in/every)+1 }
		if !fits(admitted, allBurst, allEvery) || !fits(strangers, unknownBurst, unknownEvery) {
			t.Fatalf("%d admitted, %d of them unknown, in %v", admitted, strangers, in)
		}
		for id, n := range of {
			if !fits(n, eachBurst, eachEvery) {
				t.Fatalf("%d admitted for computer %d in %v", n, id, in)
			}
		}
		if err := l.check(99, true, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFewAreCounted: what is remembered of those who asked long ago is dropped.
func TestFewAreCounted(t *testing.T) {
	t.Parallel()
	l := newLimits()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for id := range jobmon.ComputerID(10 * mostCounted) {
		now = now.Add(time.Second)
		if err := l.check(id+1, true, now); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.each) > mostCounted {
		t.Errorf("%d are remembered", len(l.each))
	}
}

package simulator_test

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func played(seed uint64, computers int) (*simulator.DS, *simulator.Build) {
	ds := simulator.NewDS(tenPast(), berlin, seed)
	return ds, simulator.Play(ds, computers)
}

func TestWorldIsTheSameWhateverTheSteps(t *testing.T) {
	const days = 3 * 24 * time.Hour
	leap, _ := played(1, 8)
	leap.Advance(days)
	walk, _ := played(1, 8)
	for i := 0; walk.Now() < leap.Now(); i++ {
		walk.AdvanceTo(min(walk.Now().Add(time.Duration(i*7919%300_000)*time.Millisecond), leap.Now()))
	}
	if !reflect.DeepEqual(leap.History(), walk.History()) ||
		!reflect.DeepEqual(leap.Snapshot(nil), walk.Snapshot(nil)) {
		t.Error("one leap and many steps make different worlds")
	}
	other, _ := played(2, 8)
	other.Advance(days)
	if reflect.DeepEqual(leap.History(), other.History()) {
		t.Error("another seed makes the same world")
	}
}

// A world that an older version of the program began must go on as that one would have.
func TestSeedMakesTheSameWorldForEver(t *testing.T) {
	const want = "1a2c6309cb9604a9"
	ds, _ := played(1, 8)
	ds.Advance(24 * time.Hour)
	sum := sha256.New()
	for _, e := range ds.History() {
		fmt.Fprintln(sum, e.At, e.Kind, e.Row.ID, e.Row.Job, e.Row.Computer, e.Row.Start, e.Row.Status)
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)[:8]); got != want {
		t.Errorf("the same seed makes another world (%s) than before (%s): raise worldVersion in state.go with it", got,
			want)
	}
}

func TestWorldKeepsTheRulesOfTheEngine(t *testing.T) {
	for _, computers := range []int{1, 8, 40} {
		// Rows that were put in, last year's, never change; the history tells them as scheduled.
		ds, _ := played(3, computers)
		ds.Advance(36 * time.Hour)
		checkTruth(t, ds, berlin)
	}
}

// A demo is short: whatever the number of computers, the seed and the time of day, 20 seconds at speed 120 show a
// late job, a failure, and every computer in deployment from early on.
func TestTwentySecondsAtSpeed120ShowWhatMatters(t *testing.T) {
	for _, computers := range []int{1, 8, 40} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%d computers, seed %d", computers, seed), func(t *testing.T) {
				real := time.Date(2026, 11, 22, int(seed)*4, 40, 0, 0, time.UTC)
				source, err := simulator.New(simulator.Options{
					Seed: seed, Speed: 120, Computers: computers, History: true, Now: func() time.Time { return real },
				})
				if err != nil {
					t.Fatal(err)
				}
				real = real.Add(20 * time.Second)
				if _, err := source.Read(t.Context(), ingest.Query{}); err != nil {
					t.Fatal(err)
				}
				checkPromise(t, source.DS(), computers)
			})
		}
	}
}

func checkPromise(t *testing.T, ds *simulator.DS, computers int) {
	t.Helper()
	rules, err := jobmon.NewRules(jobmon.DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	history := ds.History()
	begin := history[0].At
	var late, failed, repaired bool
	first := map[jobmon.ComputerID]jobmon.Instant{} // a build job began the deployment
	for _, e := range history {
		job, _ := ds.Job(e.Row.Job)
		on := first[e.Row.Computer]
		switch {
		case e.Kind == jobmon.KindStarted && rules.Class(job.Name) == jobmon.BuildJob && on == 0:
			first[e.Row.Computer] = e.At
			if e.At > begin.Add(7*time.Minute) {
				t.Errorf("computer %d is deployed only from %v on", e.Row.Computer, e.At.Sub(begin))
			}
		case e.Kind == jobmon.KindScheduled && on != 0 && e.At > on.Add(2*time.Minute) && job.Folder != "Maintenance":
			late = true
		case e.Kind == jobmon.KindFinished && e.Row.Status.Code == 1603:
			failed = true
		}
		repaired = repaired || failed && e.Kind == jobmon.KindScheduled && job.Name == simulator.AntiVirus
	}
	if len(first) != computers || !late || !failed || !repaired {
		t.Errorf("%d of %d computers deployed, late job: %v, failure: %v, repaired: %v", len(first), computers, late,
			failed, repaired)
	}
}

func TestDeploymentsTakeTwentyToSixtyMinutes(t *testing.T) {
	for seed := range uint64(5) {
		ds, build := played(seed, 40)
		ds.Advance(70 * time.Minute) // no second deployment is over before
		began, ready := map[jobmon.ComputerID]jobmon.Instant{}, map[jobmon.ComputerID]jobmon.Instant{}
		for _, e := range ds.History() {
			switch c := e.Row.Computer; {
			case e.Kind == jobmon.KindStarted && e.Row.Job == build.Monitor && began[c] == 0:
				began[c] = e.At
			case e.Kind == jobmon.KindFinished && e.Row.Job == build.Ready && ready[c] == 0:
				ready[c] = e.At
			}
		}
		if len(ready) != 40 {
			t.Errorf("seed %d: %d computers are ready", seed, len(ready))
		}
		for c, at := range ready {
			if took := at.Sub(began[c]); took < 20*time.Minute || took > time.Hour {
				t.Errorf("seed %d: computer %d took %v", seed, c, took)
			}
		}
	}
}

// In the first two hours eight computers show all that a Deployment Server does to a daemon.
func TestEightComputersShowEverything(t *testing.T) {
	ds, build := played(1, 8)
	seen := map[string]bool{}
	for range 2 * 60 {
		ds.Advance(time.Minute)
		wall := ds.WallNow()
		names := map[string]int{}
		ghosts := map[jobmon.ComputerID]bool{}
		snap := ds.Snapshot([]jobmon.ComputerID{5_000_004})
		for _, c := range snap.Computers {
			names[c.Name]++
			ghosts[c.ID] = c.Ghost
			if names[c.Name] > 1 {
				seen["two computers of one name"] = true
			}
		}
		for _, r := range snap.Rows {
			job, _ := ds.Job(r.Job)
			waits := r.Status.Waiting()
			seen["a row on a ghost"] = seen["a row on a ghost"] || waits && ghosts[r.Computer]
			seen["a row of last year"] = seen["a row of last year"] || waits && r.Start != jobmon.NoStart &&
				r.Start < wall-300*24*60*minute
			seen["a recurring row"] = seen["a recurring row"] || waits && r.Start == jobmon.NoStart
			seen["a job for 22:00"] = seen["a job for 22:00"] || waits && r.Start.Time().Format("15:04") == "22:00"
			seen["a nightly job"] = seen["a nightly job"] || waits && job.Name == "Nightly inventory" &&
				r.Start.Time().Hour() == 3
		}
		seen["an agent away"] = seen["an agent away"] || snap.Agents[0].State == jobmon.AgentOffline
	}
	batches := map[jobmon.ComputerID]map[jobmon.Instant]bool{}
	ready := map[jobmon.ComputerID]jobmon.Instant{}
	builds := map[jobmon.ComputerID]int{}
	for _, e := range ds.History() {
		c := e.Row.Computer
		switch e.Kind {
		case jobmon.KindScheduled:
			if batches[c] == nil {
				batches[c] = map[jobmon.Instant]bool{}
			}
			batches[c][e.At] = true
			seen["a piecemeal technician"] = seen["a piecemeal technician"] || len(batches[c]) > 25
			if ready[c] != 0 && e.Row.Job == build.Monitor {
				seen["a re-deployment"] = true
			}
			if ready[c] != 0 && e.At > ready[c].Add(5*time.Minute) && e.Row.Job != build.Monitor &&
				e.At < ready[c].Add(15*time.Minute) {
				seen["a job after the end"] = true
			}
		case jobmon.KindRescheduled:
			seen["a shortcut that moves others"] = true
		case jobmon.KindRemoved:
			seen["a removed job"] = seen["a removed job"] || e.Row.Status.Waiting()
		case jobmon.KindStarted:
			if e.Row.Job == build.Monitor {
				builds[c]++
				seen["a build job after each reboot"] = seen["a build job after each reboot"] || builds[c] >= 4
			}
		case jobmon.KindFinished:
			seen[fmt.Sprint("code ", e.Row.Status)] = true
			if e.Row.Job == build.Ready {
				ready[c] = e.At
			}
		}
	}
	for _, what := range []string{
		"two computers of one name", "a row on a ghost", "a row of last year", "a recurring row", "a job for 22:00",
		"a nightly job",
		"an agent away", "a piecemeal technician", "a re-deployment", "a job after the end",
		"a shortcut that moves others",
		"a removed job", "a build job after each reboot", "code 0", "code 1603", "code 3010",
	} {
		if !seen[what] {
			t.Errorf("not seen: %s", what)
		}
	}
}

// A world that lives for weeks stays interesting and does not grow.
func TestWorldGoesOnWithoutGrowing(t *testing.T) {
	ds, build := played(1, 3)
	var before int
	for day := range 30 {
		from := len(ds.History())
		ds.Advance(24 * time.Hour)
		builds, inventories := 0, 0
		for _, e := range ds.History()[from:] {
			if job, _ := ds.Job(e.Row.Job); e.Kind == jobmon.KindStarted && job.Name == "Nightly inventory" {
				inventories++
			} else if e.Kind == jobmon.KindStarted && job.ID == build.Ready {
				builds++
			}
		}
		if builds < 6 || inventories < 1 || inventories > 6 {
			t.Errorf("day %d: %d deployments, %d inventories", day, builds, inventories)
		}
		snap := ds.Snapshot(nil)
		if day == 2 {
			before = len(snap.Rows)
		}
		if day > 2 && (len(snap.Rows) > 3*before || len(snap.Computers) > 12) {
			t.Fatalf("day %d: %d rows, %d computers", day, len(snap.Rows), len(snap.Computers))
		}
	}
}

func BenchmarkThousandComputersForAnHour(b *testing.B) {
	for b.Loop() {
		ds, _ := played(1, 1000)
		ds.Advance(45 * time.Minute)
	}
}

func BenchmarkSnapshotOfThousandComputers(b *testing.B) {
	ds, _ := played(1, 1000)
	ds.Advance(30 * time.Minute)
	b.ReportAllocs()
	for b.Loop() {
		ds.Snapshot(nil)
	}
}

// Each name is one computer's until DS does not know a computer again, which takes longer than anybody's first look.
func TestNamesAreUniqueAtFirst(t *testing.T) {
	for seed := range uint64(3) {
		ds, _ := played(seed, 16)
		ds.Advance(45 * time.Minute)
		seen := map[string]bool{}
		for _, c := range ds.Computers() {
			if seen[c.Name] {
				t.Errorf("seed %d: two computers are called %s", seed, c.Name)
			}
			seen[c.Name] = true
		}
		ds.Advance(12 * time.Hour)
		if len(ds.Computers()) == len(seen) {
			t.Errorf("seed %d: every computer was known again", seed)
		}
	}
}

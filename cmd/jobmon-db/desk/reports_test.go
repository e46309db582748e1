package desk

import (
	"fmt"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// TestABoundTakesNoRankFromAMeasuredJob: a job of which only the most that it can have taken is known is not among the
// slowest before one that was measured, has no bar, and makes no other bar shorter.
func TestABoundTakesNoRankFromAMeasuredJob(t *testing.T) {
	t.Parallel()
	r := report{Stats: deployments.NewStats(deployments.Period{Since: 1, Until: 1000}, nil)}
	var d deployments.Deployment
	d.Session.Began = 1
	run := func(name string, took, most time.Duration) {
		j := deployments.Job{Took: took, Most: most, Run: projector.Run{
			Job: jobmon.JobID(len(d.Jobs) + 1), Name: name, Class: jobmon.RealJob, StartedSeq: 1, Started: 1,
		}}
		d.Jobs = append(d.Jobs, j)
	}
	for i := range mostJobs + 5 {
		run(fmt.Sprint("bound ", i), 0, 10*time.Minute)
	}
	run("short", 2*time.Second, 0)
	run("long", 4*time.Second, 0)
	run("greatest bound", 0, time.Hour)
	r.Add(&d)
	rows := r.slowest().Rows
	if len(rows) != mostJobs {
		t.Fatalf("%d rows", len(rows))
	}
	for i, want := range []struct {
		name  string
		share float64
	}{{"long", 1}, {"short", 0.5}, {"greatest bound", 0}, {"bound 0", 0}} {
		name, median := rows[i][0], rows[i][1]
		if name.Text != want.name || median.Share != want.share || median.Worst != want.share {
			t.Errorf("row %d: %s %+v, want %+v", i, name.Text, median, want)
		}
	}
}

// TestADayIsNamedByItsNoon: a clock that was changed since for summer time shows the same day.
func TestADayIsNamedByItsNoon(t *testing.T) {
	t.Parallel()
	r := report{Stats: deployments.NewStats(deployments.Period{Since: 1, Until: 1 << 50}, nil)}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, berlin)
	r.clock = past.Machine(berlin, 2, 1, jobmon.InstantOf(now)).Clock()
	var d deployments.Deployment
	d.Session.Began = jobmon.InstantOf(time.Date(2026, 9, 3, 23, 0, 0, 0, berlin))
	r.Add(&d)
	days := r.days()
	if len(days) != 1 || days[0].Noon.Wall(3600).Time().Day() != 3 {
		t.Errorf("%+v", days)
	}
}

package check_test

import (
	"context"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestStartClock: how long a row has been due is judged by the clock that start_time follows, and a chain that runs
// ahead of that clock contradicts it.
func TestStartClock(t *testing.T) {
	t.Parallel()
	utc := func() *database { // the server of the database is at UTC, the Deployment Server at UTC+08:00
		d := healthy()
		d.snap.Offset = 0
		for i := range d.snap.Rows {
			d.snap.Rows[i].Start = noon.Add(8*time.Hour - 40*time.Minute).Wall(0)
		}
		d.snap.Rows = append(d.snap.Rows, jobmon.Row{ID: 90, Job: 7, Computer: 5000002,
			Start: noon.Add(-5 * time.Hour).Wall(0)})
		return d
	}
	s := newSite(t).watching(utc())
	lines := s.run()
	s.expect(lines, "start_time", check.Warn, "by the server's clock", "4 jobs of a chain", "7 h 20 min ahead",
		"UTC+07:30 or further east",
		"set source.start_time_zone", "Europe/Berlin")
	s.expect(lines, "stuck rows", check.OK) // for 5 h by the server's clock

	s = newSite(t, "JOBMON_SOURCE_START_TIME_ZONE=Asia/Singapore").watching(utc())
	lines = s.run()
	s.expect(lines, "start_time", check.OK, "UTC+08:00 by Asia/Singapore, as source.start_time_zone says")
	s.expect(lines, "stuck rows", check.Warn, "1 row on 1 computer", "PC-0002 (1, ghost)") // for 13 h

	s = newSite(t, "JOBMON_SOURCE_START_TIME_ZONE=+01:00").watching(utc())
	s.expect(s.run(), "start_time", check.Warn, "as source.start_time_zone says", "UTC+07:30 or further east",
		"correct source.start_time_zone")

	s = newSite(t).watching(utc())
	s.options.StartClock = func(context.Context) (jobmon.Offset, bool) { return 8 * 3600, true }
	lines = s.run()
	s.expect(lines, "start_time", check.Warn, "UTC+08:00 by the clock that the log has found out",
		"not the server's (UTC+00:00)", "set source.start_time_zone")
	s.expect(lines, "stuck rows", check.Warn, "PC-0002 (1, ghost)")

	over := utc() // the chain is over
	for i := range over.snap.Rows[:6] {
		over.snap.Rows[i].Status = jobmon.StatusOf(0)
	}
	s = newSite(t).watching(over)
	s.expect(s.run(), "start_time", check.Warn, "6 jobs of a chain", "7 h 20 min ahead", "UTC+07:30 or further east",
		"set source.start_time_zone")

	d := healthy() // a job that recurs shows its next time while it runs, and so does one of next week
	d.schedule(5000003, time.Hour, 7)
	d.schedule(5000004, 7*24*time.Hour, 7, 7)
	for i := len(d.snap.Rows) - 3; i < len(d.snap.Rows); i++ {
		d.snap.Rows[i].Status = jobmon.StatusRunning
	}
	s = newSite(t).watching(d)
	s.expect(s.run(), "start_time", check.OK, "by the server's clock")
}

package check_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestRows(t *testing.T) {
	s := newSite(t)
	d := healthy()
	d.snap.Rows = append(d.snap.Rows, jobmon.Row{ID: 100, Job: 7, Computer: 5000001, Start: jobmon.NoStart})
	s.expect(s.watching(d).run(), "rows", check.OK, "1 not scheduled")

	d = healthy()
	for id := range jobmon.ScheduleID(100_001) {
		d.snap.Rows = append(d.snap.Rows, jobmon.Row{ID: 1000 + id, Job: 7, Computer: 5000001,
			Status: jobmon.StatusOf(0), Start: jobmon.NoStart})
	}
	s.expect(s.watching(d).run(), "rows", check.Warn, "100004 finished", "delete old finished rows")

	d = &database{}
	d.in = healthy().in
	s.expect(s.watching(d).run(), "rows", check.OK, "0 unfinished", "0 finished; 0 jobs, 0 computers")

	synctest.Test(t, func(t *testing.T) {
		d := healthy()
		d.slow = 7 * time.Second
		s.options.Source = d
		s.expect(check.Run(t.Context(), s.options), "rows", check.Warn, "one read took 7s", "source.poll_interval")
	})
}

// TestRestartsThatCountAsFailures: a code that means a restart is proposed for jobs.success, in the form in which the
// table holds it, until it is there; another failure is not.
func TestRestartsThatCountAsFailures(t *testing.T) {
	t.Parallel()
	ended := func(codes ...jobmon.Code) *database {
		d := healthy()
		for i, code := range codes {
			d.snap.Rows[i].Status = jobmon.StatusOf(code)
		}
		return d
	}
	s := newSite(t)
	s.expect(s.watching(ended(3010, 3010, 1603)).run(), "rows", check.Warn,
		"2 rows ended with 3010 restart required, which counts as a failure", "add 3010 to jobs.success if DS takes "+
			"it for a success")
	s.expect(s.watching(ended(-2147021886, 1641)).run(), "rows", check.Warn,
		"1 row ended with -2147021886 (0x80070BC2) restart required",
		"1 row ended with 1641 restart begun", "add -2147021886 to jobs.success", "add 1641 to jobs.success")
	s.expect(s.watching(ended(1603)).run(), "rows", check.OK)
	s = newSite(t, "JOBMON_JOBS_SUCCESS=0, 3010")
	s.expect(s.watching(ended(3010)).run(), "rows", check.OK)
}

func TestStuckRows(t *testing.T) {
	s := newSite(t)
	d := healthy()
	d.schedule(5000001, -12*time.Hour, 7)        // not a moment longer
	d.schedule(5000001, -13*time.Hour, 7)        //
	d.schedule(5000002, -400*24*time.Hour, 7, 7) // the ghost
	d.schedule(5000009, -14*time.Hour, 7)        // whose computer is gone
	d.schedule(5000003, -15*time.Hour, 7)        //
	d.schedule(5000004, -16*time.Hour, 7)        // finished
	d.schedule(5000005, 400*24*time.Hour, 7)     // due later
	d.snap.Rows[len(d.snap.Rows)-2].Status = jobmon.StatusOf(1)
	d.snap.Rows[len(d.snap.Rows)-3].Status = jobmon.StatusRunning // for 15 hours
	d.snap.Rows = append(d.snap.Rows, jobmon.Row{ID: 100, Job: 7, Computer: 5000001, Start: jobmon.NoStart})
	s.expect(s.watching(d).run(), "stuck rows", check.Warn, "5 rows on 4 computers", "longer than 12h and",
		"the oldest since 2025-10-18",
		": PC-0002 (2, ghost), PC-0001 (1), (computer 5000003) (1) and 1 more", "delete")

	strict := newSite(t, "JOBMON_SESSION_STUCK=14h30m").watching(d)
	strict.expect(strict.run(), "stuck rows", check.Warn, "3 rows on 2 computers")
}

func TestMarkers(t *testing.T) {
	s := newSite(t)
	d := healthy()
	d.snap.Jobs = []jobmon.Job{{ID: 1, Name: "Office"}}
	lines := s.watching(d).run()
	s.expect(lines, "markers", check.Warn, "no job carries the tag", "no build job", "(JM)", "jobs.marker",
		"jobs.build")
	s.expect(lines, "closing marker", check.Skip)

	d = healthy()
	d.snap.Jobs = d.snap.Jobs[1:]
	s.expect(s.watching(d).run(), "markers", check.Warn, "3 markers", "no build job", "jobs.build")

	// an empty variable counts as not set, so a file says it
	without := newSite(t)
	without.options.Config.Jobs.Marker = ""
	lines = without.watching(healthy()).run()
	without.expect(lines, "markers", check.Skip, "jobs.marker is empty")
	without.expect(lines, "closing marker", check.Skip)
}

func TestClosingMarker(t *testing.T) {
	const marker1, chipset, marker2, office, ready, inventory = 2, 3, 4, 5, 6, 7
	for name, c := range map[string]struct {
		change func(d *database)
		state  check.State
		words  []string
	}{
		"of another name": {func(d *database) {
			d.snap.Rows = nil
			d.schedule(5000001, 0, chipset, marker1)
		}, check.OK, []string{`"01. (JM) Drivers" at the end of 1 of 1 deployment`}},
		"of some": {func(d *database) {
			d.schedule(5000002, 0, marker1, chipset)
			d.schedule(5000003, 0, marker1, chipset, ready)
		}, check.OK, []string{`"(JM) Ready" at the end of 2 of 3 deployments`}},
		"scheduled before the others, for later": {func(d *database) {
			d.snap.Rows = nil
			d.schedule(5000001, time.Minute, ready)
			d.schedule(5000001, 0, marker1, chipset)
		}, check.OK, []string{"1 of 1 deployment"}},
		"before the nightly inventory": {func(d *database) { d.schedule(5000001, 20*time.Hour, inventory) }, check.OK,
			[]string{"1 of 1 deployment"}},
		"before the build job": {func(d *database) { d.schedule(5000001, -time.Hour, 1) }, check.OK,
			[]string{"1 of 1 deployment"}},
		"never scheduled": {func(d *database) {
			d.snap.Rows = nil
			d.schedule(5000001, 0, marker1, chipset, marker2, office)
		}, check.Warn, []string{`"(JM) Ready" exists, and ends 0 of 1 deployment`, "never reaches the screen",
			"schedule"}},
		"none": {func(d *database) {
			d.snap.Jobs[ready-1].Name = "Cleanup"
			d.schedule(5000002, 0, marker1, chipset)
		}, check.Warn, []string{"0 of 2 deployments in the table end with a marker", "never reaches the screen"}},
		"nothing scheduled": {func(d *database) { d.snap.Rows = nil }, check.OK,
			[]string{`"(JM) Ready" exists`, "no deployment"}},
		"nothing scheduled and none by name": {func(d *database) {
			d.snap.Rows = nil
			d.snap.Jobs[ready-1].Name = "(JM) Ready-made desk"
		}, check.Warn, []string{"no marker is named like one", "never reaches the screen"}},
		"rows without markers say nothing": {func(d *database) {
			d.snap.Rows = nil
			d.schedule(5000001, 0, chipset, office)
			d.schedule(5000002, 0, marker1)
		}, check.OK, []string{`"(JM) Ready" exists`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			d := healthy()
			c.change(d)
			s.expect(s.watching(d).run(), "closing marker", c.state, c.words...)
		})
	}
	for name, closing := range map[string]bool{"99. (JM) Ready!": true, "(JM) ready for use": true,
		"(jm) Finished": true, "(JM) Done.": true,
		"(JM) Complete": true, "(JM) Complete Office": false, "(JM) Readings": false, "(JM)": false} {
		s := newSite(t)
		d := healthy()
		d.snap.Rows, d.snap.Jobs = nil, []jobmon.Job{{ID: 1, Name: name}}
		state := check.Warn
		if closing {
			state = check.OK
		}
		s.expect(s.watching(d).run(), "closing marker", state)
	}
}

package board

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/waterfall"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const testOffset = jobmon.Offset(3600)

// testNow is a little behind the samples' time.
func testNow() jobmon.Instant {
	return jobmon.InstantOf(time.Date(2026, 11, 22, 14, 12, 30, 0, testOffset.Zone()))
}

func testFrame() Frame {
	now := testNow()
	return Frame{Site: "Brightwater Logistics", Lang: "en", Now: now, Offset: testOffset, Seq: 4720, ReadAge: 2 * time.Second,
		From: now.Add(-30 * 24 * time.Hour), Until: now, Support: "Service desk: 12345"}
}

// fleet makes computers from the samples that a site would have: mostly running and ready.
func fleet(n int) []jobmon.Progress {
	wanted := []string{"running", "ready", "running", "ready-after-retries", "due-later", "ready", "failed-late", "overdue",
		"agent-offline", "standing-still", "ready", "planned", "running", "repaired", "ready", "agent-away",
		"ready-with-failures", "ended-early"}
	byName := map[string]*jobmon.Progress{}
	for _, s := range samples.Pictures() {
		byName[s.Name] = s.Progress
	}
	groups := []string{"Warehouse", "Finance", "Sales", "Design", "Front desk"}
	list := make([]jobmon.Progress, n)
	for i := range list {
		c := *byName[wanted[i%len(wanted)]]
		c.Computer.ID = jobmon.ComputerID(5000001 + i)
		c.Computer.Name = fmt.Sprintf("BWL-%d", 1101+i)
		c.Computer.Group = groups[i%len(groups)]
		c.At = min(c.At, testNow().Add(-time.Duration(1+i%9)*time.Second))
		if c.Session != nil {
			s := *c.Session
			if s.ETA != 0 {
				s.ETA = s.ETA.Add(time.Duration(i*7%120) * time.Minute)
			}
			c.Session = &s
		}
		list[i] = c
	}
	return list
}

func testTimeline() *Timeline {
	now := testNow()
	t := &Timeline{From: now.Add(-7 * 24 * time.Hour), To: now, Step: time.Hour}
	for i := range 168 {
		hour := t.From.Add(time.Duration(i) * time.Hour).Wall(testOffset).Time()
		b := Bucket{Events: 1 + i%3}
		if h := hour.Hour(); h > 7 && h < 18 && hour.Weekday() != time.Sunday && hour.Weekday() != time.Saturday {
			b.Events = 20 + (i*37)%60
		}
		t.Buckets = append(t.Buckets, b)
	}
	for _, h := range []int{5, 20, 21, 50, 90, 92, 130, 165} {
		t.Failures = append(t.Failures, Mark{Seq: uint64(h), At: t.From.Add(time.Duration(h) * time.Hour), Computer: "BWL-1107", Job: "Office"})
	}
	t.Unwatched = []Span{{t.From.Add(62 * time.Hour), t.From.Add(70 * time.Hour)}}
	return t
}

// testComputer is a computer's page with all that it can show.
func testComputer() *Computer {
	f := testFrame()
	f.Seq = 4720
	pictures := samples.Pictures()
	c := &Computer{Frame: f, Key: jobmon.ComputerKey{ID: 5000123}, Chart: testChart()}
	for _, s := range pictures {
		if s.Name == "failed-late" {
			c.Picture = s.Progress
		}
	}
	began := testNow().Add(-66 * time.Minute)
	c.Deployments = []Deployment{
		{Number: 3, Began: began, Took: jobmon.Length{Took: 66 * time.Minute}, Result: jobmon.Outcome{Word: "open", Failed: 1}},
		{Number: 2, Began: began.Add(-400 * time.Hour), Ended: began.Add(-399 * time.Hour),
			Took: jobmon.Length{Took: 84 * time.Minute}, Result: jobmon.Outcome{Word: "ready"}, Good: true},
		{Number: 1, Began: began.Add(-900 * time.Hour), Ended: began.Add(-899 * time.Hour),
			Took: jobmon.Length{Took: 111 * time.Minute}, Result: jobmon.Outcome{Word: "ready with failures"}, Bad: true},
	}
	c.Events = testEvents()
	c.Timeline = testTimeline()
	return c
}

// testEvents are events of every kind that a computer's page lists, the newest first.
func testEvents() (list []replay.Facts) {
	add := func(e jobmon.Event, state jobmon.RowState) *replay.Facts {
		n := len(list)
		e.Seq, e.At = uint64(4720-n), testNow().Add(-time.Duration(n*97)*time.Second)
		f := replay.Facts{Event: &e, Offset: testOffset, State: state}
		if e.Kind.OfRow() {
			f.Subject = "Java plug-in"
		}
		list = append(list, f)
		return &list[n]
	}
	start, code := jobmon.InstantOf(testNow().Add(time.Hour).Time()).Wall(testOffset), func(n int64) jobmon.Status {
		return jobmon.Status{Set: true, Code: jobmon.Code(n)}
	}
	for _, state := range jobmon.RowStates() {
		add(jobmon.Event{Kind: jobmon.KindScheduled, Start: start}, state)
		add(jobmon.Event{Kind: jobmon.KindScheduled, Flags: jobmon.Baseline, Start: start}, state)
		add(jobmon.Event{Kind: jobmon.KindRequeued, Start: start}, state)
		add(jobmon.Event{Kind: jobmon.KindRequeued, Start: start}, state).Ran = true
		add(jobmon.Event{Kind: jobmon.KindRemoved}, state)
	}
	add(jobmon.Event{Kind: jobmon.KindRescheduled, Start: start}, jobmon.StateLater)
	add(jobmon.Event{Kind: jobmon.KindRescheduled, Start: jobmon.NoStart}, jobmon.StateUnscheduled)
	add(jobmon.Event{Kind: jobmon.KindStarted, Flags: jobmon.Inferred | jobmon.Inexact}, jobmon.StateRunning)
	add(jobmon.Event{Kind: jobmon.KindFinished, Status: code(1603)}, jobmon.StateFailed)
	add(jobmon.Event{Kind: jobmon.KindFinished, Status: code(3010)}, jobmon.StateSucceeded)
	add(jobmon.Event{Kind: jobmon.KindDue}, jobmon.StateWaiting)
	for _, flags := range []jobmon.Flags{0, jobmon.Gone, jobmon.Ghost} {
		add(jobmon.Event{Kind: jobmon.KindComputer, Flags: flags, Place: "Sales"}, 0)
	}
	add(jobmon.Event{Kind: jobmon.KindComputer, Place: "Sales"}, 0).Was = []replay.Was{
		{Field: "renamed_from", Text: "BWL-1"}, {Field: "moved_from", Text: "Design"}, {Field: "os_name_was", Text: "BWL-2"}}
	for _, why := range []string{jobmon.StillStage, jobmon.StillAgent, jobmon.StillIdle, ""} {
		add(jobmon.Event{Kind: jobmon.KindOverdue, Text: why, Until: testNow()}, 0).Subject = "Office 2024"
	}
	for _, kind := range []jobmon.Kind{jobmon.KindAgentOnline, jobmon.KindAgentOffline, jobmon.KindAgentUnknown,
		jobmon.KindRefreshed, jobmon.KindExpected, jobmon.KindMovingAgain, jobmon.KindCut} {
		add(jobmon.Event{Kind: kind}, 0)
	}
	return list
}

func testChart() *waterfall.Chart {
	p := testComputerStages()
	at := testNow().Add(-32 * time.Minute)
	c := &waterfall.Chart{Computer: "CXNRD02", ID: 5000123, Site: "DS01", Number: 3, Result: jobmon.Outcome{Word: "open", Failed: 1},
		Began: at, End: testNow(), Running: true, Took: 32 * time.Minute, Working: 26 * time.Minute,
		Waiting: 4 * time.Minute, Unseen: 2 * time.Minute,
		Clock: func(i jobmon.Instant) time.Time { return i.Time().In(testOffset.Zone()) }}
	for i, name := range p {
		state := jobmon.StateSucceeded
		kind := waterfall.Working
		if i == 4 {
			state, kind = jobmon.StateFailed, waterfall.Failed
		}
		if i >= 7 {
			c.Lines = append(c.Lines, waterfall.Line{Name: name, State: jobmon.StateWaiting})
			continue
		}
		to := at.Add(time.Duration(2+i) * time.Minute)
		l := waterfall.Line{Name: name, Job: i%2 == 1, State: state, Began: at, Ended: to, Known: true,
			Took: jobmon.Length{Took: to.Sub(at)}, Bars: []waterfall.Bar{{From: at, To: to, Kind: kind}}}
		if i == 6 {
			l.State, l.Running, l.Ended = jobmon.StateRunning, true, 0
		}
		c.Lines = append(c.Lines, l)
		at = to
	}
	return c
}

func testComputerStages() []string {
	return []string{"Configuring computer", "Set name and place", "Joining the domain", "Partition and image check",
		"Install Plugins", "Java plug-in", "Installing Anti-virus", "Office 2024", "Security updates", "Final checks"}
}

// testReports are figures of a fortnight.
func testReports() *Reports {
	r := &Reports{Frame: testFrame(), Since: "-14d"}
	r.Last = testNow()
	r.First = r.Last.Add(-14 * 24 * time.Hour)
	minutes := func(n int) jobmon.Length { return jobmon.Length{Took: time.Duration(n) * time.Minute} }
	r.Figures = []Figure{
		{Name: "ended", Value: 217, Before: 208},
		{Name: "first_time_right", Value: Percent(88), Before: Percent(89.9), Trend: -1},
		{Name: "median", Value: minutes(84), Before: minutes(90), Trend: 1},
		{Name: "worst", Value: minutes(221), Detail: "BWL-1066", At: r.First, Href: "/c/5000066?deployment=2"},
		{Name: "unwatched", Value: 8 * time.Hour},
	}
	for i := range 14 {
		d := Day{Noon: r.First.Add(time.Duration(i) * 24 * time.Hour)}
		if i%7 != 5 && i%7 != 6 {
			d.First, d.Retries, d.Failed, d.Early = 12+(i*7)%13, i%3, (i+1)%3, i%4/3
		}
		r.Days = append(r.Days, d)
	}
	stages := Table{Name: TableStages, Columns: []string{"stage", "median_s", "worst_s", "trend", "runs", "failed", "share_failed"}}
	for i, name := range testComputerStages() {
		stages.Rows = append(stages.Rows, []Cell{{Text: name}, {Text: minutes(17 - i), Value: "1020", Share: 0.3 - float64(i)/50,
			Worst: 0.7 - float64(i)/20}, {Text: minutes(41 + i), Href: "/c/5000066?deployment=2"},
			{Text: Change(2 - i), Trend: 1 - i%3, Line: []float64{3, 4, 3.5, float64(i), 6, 5.5}}, {Text: 190}, {Text: 6}, {Text: Percent(3.2)}})
	}
	failing := Table{Name: TableFailing, Columns: []string{"job", "code", "runs", "failed", "share_failed"}}
	slowest := Table{Name: TableSlowest, Columns: []string{"job", "stage", "median_s", "worst_s"}}
	for i := range 5 {
		failing.Rows = append(failing.Rows, []Cell{{Text: "Microsoft 365 Apps"}, {Text: jobmon.Code(1603)},
			{Text: 190}, {Text: 6}, {Text: Percent(3.2), Share: 0.5 - float64(i)/10}})
		slowest.Rows = append(slowest.Rows, []Cell{{Text: "CAD suite"}, {Text: "Business apps"}, {Text: minutes(9), Share: 0.2, Worst: 0.6},
			{Text: minutes(41), Href: "/c/5000066"}})
	}
	days := Table{Name: TableDays, Columns: []string{"day", "ended", "first_time_right"}, Rows: [][]Cell{
		{{Text: "2026-11-20"}, {Text: 21}, {Text: 18}}, {{Text: "2026-11-21"}, {Text: 0}, {Text: 0}}}}
	left := Table{Name: TableLeftOut, Columns: []string{"count", "reason"}, Rows: [][]Cell{
		{{Text: 11}, {Text: Word{"reason", "goes on"}}}, {{Text: 38}, {Text: Word{"reason", "across a gap"}}}}}
	r.Tables = []Table{stages, failing, slowest, days, left}
	return r
}

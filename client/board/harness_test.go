package board

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
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
	c := &Computer{Frame: f, ID: 5000123, Chart: testChart()}
	for _, s := range pictures {
		if s.Name == "failed-late" {
			c.Picture = s.Progress
		}
	}
	began := testNow().Add(-66 * time.Minute)
	c.Deployments = []Deployment{
		{Number: 3, Began: began, Took: jobmon.Length{Took: 66 * time.Minute}, Result: "open, 1 failed"},
		{Number: 2, Began: began.Add(-400 * time.Hour), Ended: began.Add(-399 * time.Hour),
			Took: jobmon.Length{Took: 84 * time.Minute}, Result: "ready", Good: true},
		{Number: 1, Began: began.Add(-900 * time.Hour), Ended: began.Add(-899 * time.Hour),
			Took: jobmon.Length{Took: 111 * time.Minute}, Result: "ready with failures", Bad: true},
	}
	for i := range 30 {
		c.Events = append(c.Events, Event{Seq: uint64(4720 - i), At: testNow().Add(-time.Duration(i*97) * time.Second),
			Offset: testOffset, What: "Sensor and policy started", Detail: "Anti-virus"})
	}
	c.Events[9].Bad, c.Events[9].What = true, "Java plug-in failed, code 1603"
	c.Timeline = testTimeline()
	return c
}

func testChart() *waterfall.Chart {
	p := testComputerStages()
	at := testNow().Add(-32 * time.Minute)
	c := &waterfall.Chart{Computer: "CXNRD02", ID: 5000123, Site: "DS01", Number: 3, Result: "running, 1 failed",
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
	r.Figures = []Figure{
		{Name: "ended", Value: "217", Detail: "14 days before: 208"},
		{Name: "first_time_right", Value: "88.0 %", Detail: "1.9 points less than before", Trend: -1},
		{Name: "median", Value: "1 h 24 min", Detail: "6 min faster", Trend: 1},
		{Name: "worst", Value: "3 h 41 min", Detail: "BWL-1066, Mon 16 Nov", Href: "/c/5000066?deployment=2"},
		{Name: "unwatched", Value: "8 h", Detail: "Sun 22 Nov 04:30 to 12:30"},
	}
	for i := range 14 {
		d := Day{Began: r.First.Add(time.Duration(i) * 24 * time.Hour)}
		if i%7 != 5 && i%7 != 6 {
			d.First, d.Retries, d.Failed, d.Early = 12+(i*7)%13, i%3, (i+1)%3, i%4/3
		}
		r.Days = append(r.Days, d)
	}
	stages := Table{Name: TableStages, Columns: []string{"stage", "median_s", "worst_s", "trend", "runs", "failed", "share_failed"}}
	for i, name := range testComputerStages() {
		stages.Rows = append(stages.Rows, []Cell{{Text: name}, {Text: fmt.Sprintf("%d min", 17-i), Value: "1020", Share: 0.3 - float64(i)/50,
			Worst: 0.7 - float64(i)/20}, {Text: fmt.Sprintf("%d min", 41+i), Href: "/c/5000066?deployment=2"},
			{Text: "+2 min", Trend: 1 - i%3, Line: []float64{3, 4, 3.5, float64(i), 6, 5.5}}, {Text: "190"}, {Text: "6"}, {Text: "3.2 %"}})
	}
	failing := Table{Name: TableFailing, Columns: []string{"job", "code", "runs", "failed", "share_failed"}}
	slowest := Table{Name: TableSlowest, Columns: []string{"job", "stage", "median_s", "worst_s"}}
	for i := range 5 {
		failing.Rows = append(failing.Rows, []Cell{{Text: "Microsoft 365 Apps"}, {Text: "1603 fatal error during installation"},
			{Text: "190"}, {Text: "6"}, {Text: "3.2 %", Share: 0.5 - float64(i)/10}})
		slowest.Rows = append(slowest.Rows, []Cell{{Text: "CAD suite"}, {Text: "Business apps"}, {Text: "9 min", Share: 0.2, Worst: 0.6},
			{Text: "41 min", Href: "/c/5000066"}})
	}
	days := Table{Name: TableDays, Columns: []string{"day", "ended", "first_time_right"}, Rows: [][]Cell{
		{{Text: "2026-11-20"}, {Text: "21"}, {Text: "18"}}, {{Text: "2026-11-21"}, {Text: "0"}, {Text: "0"}}}}
	left := Table{Name: TableLeftOut, Columns: []string{"count", "reason"}, Rows: [][]Cell{
		{{Text: "11 deployments"}, {Text: "have not ended yet"}},
		{{Text: "38 durations"}, {Text: "run across the time in which nobody watched"}}}}
	r.Tables = []Table{stages, failing, slowest, days, left}
	return r
}

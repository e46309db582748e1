package board

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
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

package check

import (
	"context"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

const (
	clearlyAhead = 5 * time.Minute  // a job that has started and whose start_time is so far ahead contradicts the clock
	mostAhead    = 26 * time.Hour   // the zones of the world are no further apart; what is further ahead recurs
	zoneStep     = 15 * time.Minute // zones differ from UTC by whole quarters of an hour
)

// startClock says which clock start_time follows, as configured, as the log knows, or else the server's, and whether
// jobs that have started contradict that. Now is what that clock shows.
func (c *checker) startClock(ctx context.Context, snap *jobmon.Snapshot) (line Line, now jobmon.WallTime) {
	line = Line{Check: checkStart, State: OK}
	const set = "set source.start_time_zone to the zone of the Deployment Server, such as Europe/Berlin"
	offset, whose := snap.Offset, "the server's clock"
	zone, _ := jobmon.ParseZone(c.Config.Source.StartZone) // which is known to be one
	if zone != nil {
		_, seconds := snap.Now.Time().In(zone).Zone()
		offset, whose = jobmon.Offset(seconds), c.Config.Source.StartZone+", as source.start_time_zone says"
	} else if learned, known := c.learned(ctx); known {
		offset, whose = learned, "the clock that the log has found out"
		if learned != snap.Offset {
			line.State, line.Next = Warn, set+", so that nothing has to be found out"
			whose += fmt.Sprintf(", which is not the server's (UTC%s)", snap.Offset)
		}
	}
	now = snap.Now.Wall(offset)
	line.Found = fmt.Sprintf("%s UTC%s by %s", now.Time().Format(time.DateTime), offset, whose)
	rows, most := ahead(snap, now)
	if rows == 0 {
		return line, now
	}
	line.State = Warn
	line.Found += fmt.Sprintf("; %s of a chain that has begun with a start_time up to %s ahead: it seems to be on "+
		"another clock, "+
		"at UTC%s or further east", words.Count(rows,
		"job"), jobmon.Span(most), offset+jobmon.Offset(nextQuarter(most)/time.Second))
	line.Next = set
	if zone != nil {
		line.Next = "correct source.start_time_zone: it must be the zone of the Deployment Server"
	}
	return line, now
}

func (c *checker) learned(ctx context.Context) (offset jobmon.Offset, known bool) {
	if c.StartClock == nil {
		return 0, false
	}
	return c.StartClock(ctx)
}

// nextQuarter is the smallest difference between zones that explains that a job which has started is so far ahead.
func nextQuarter(ahead time.Duration) time.Duration {
	return (ahead + zoneStep - time.Minute).Truncate(zoneStep)
}

// ahead counts the jobs that run or ran and whose start_time is clearly to come, and says how far the furthest is. A
// job that recurs shows its next time while it runs, so only those count that have another job of the same computer and
// time beside them.
func ahead(snap *jobmon.Snapshot, now jobmon.WallTime) (rows int, most time.Duration) {
	type drop struct {
		computer jobmon.ComputerID
		start    jobmon.WallTime
	}
	together := map[drop]int{}
	for _, r := range snap.Rows {
		together[drop{r.Computer, r.Start}]++
	}
	for _, r := range snap.Rows {
		by := time.Duration(r.Start-now) * time.Millisecond
		if r.Status.Waiting() || r.Start == jobmon.NoStart || by <= clearlyAhead || by > mostAhead ||
			together[drop{r.Computer, r.Start}] < 2 {
			continue
		}
		rows++
		most = max(most, by)
	}
	return rows, most
}

package past

import (
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// TestFollowingBeginsInThePresent: "replay -f --since $(date +%T)" shows what comes, however old the log is, and
// although the clock of the one who asks is ahead of the server's.
func TestFollowingBeginsInThePresent(t *testing.T) {
	t.Parallel()
	covered := time.Date(2026, 11, 26, 13, 45, 0, 0, time.UTC) // 14:45
	for _, c := range []struct {
		age         time.Duration
		live        bool
		since, want string
	}{
		{2 * time.Second, true, "14:45:02", "11-26 14:45:02"},
		{2 * time.Second, true, "14:45:30", "11-26 14:45:30"},
		{2 * time.Second, true, "14:00", "11-26 14:00:00"},
		{2 * time.Second, true, "22:00", "11-25 22:00:00"},
		{2 * time.Second, true, "-2h", "11-26 12:45:00"},
		{75 * time.Hour, false, "17:45:02", "11-29 17:45:02"},
		{75 * time.Hour, false, "18:00", "11-28 18:00:00"},
		{75 * time.Hour, false, "saturday", "11-28 00:00:00"},
	} {
		p := &Log{
			Live: c.live, First: 1, Last: 100, Covered: jobmon.InstantOf(covered), Offset: 3600,
			AgeMS:  c.age.Milliseconds(),
			Shifts: []history.Shift{{From: 1, Offset: 3600}},
		}
		since, _, err := p.Bounds(c.since, "", true)
		if got := p.Clock().In(since.Time).Format("01-02 15:04:05"); err != nil || got != c.want {
			t.Errorf("since %s, %v after the last read: %s, %v; want %s", c.since, c.age, got, err, c.want)
		}
		if _, _, err := p.Bounds("2027-01-01", "", true); err == nil {
			t.Error("following may begin in the future")
		}
	}
}

package evt

import (
	"fmt"
	"math"
)

// The bounds of the numbers in a file, in both directions: what is beyond them is not written, and a file that goes beyond
// them is refused. No reader may do anything as often as a number says without one.
const (
	MaxSeq     = 1<<53 - 1     // the largest whole number that every reader of JSON takes exactly
	MaxCount   = 1_000_000     // of anything that is counted
	MaxSeconds = math.MaxInt32 // of a duration
	MaxOffset  = 14 * 3600     // seconds between a wall clock and UTC, in either direction
)

// bound is a number of a file with its bounds.
type bound struct {
	name               string
	value, least, most int64
}

func counted(name string, n int) bound         { return bound{name, int64(n), 0, MaxCount} }
func lasting(name string, seconds int64) bound { return bound{name, seconds, 0, MaxSeconds} }

// measured is a duration that may be absent.
func measured(name string, seconds *int64) bound {
	if seconds == nil {
		return lasting(name, 0)
	}
	return lasting(name, *seconds)
}

// bounded says which number is beyond its bounds.
func (f *File) bounded() error {
	all := []bound{
		{"seq", int64(min(f.Seq, math.MaxInt64)), 0, MaxSeq}, {"utc_offset_s", int64(f.UTCOffsetS), -MaxOffset, MaxOffset},
		lasting("settle_s", f.SettleS), lasting("quiet_s", f.QuietS), measured("eta_s", f.ETAS),
		measured("eta_holds_s", f.ETAHoldsS), lasting("to_come_s", f.ToComeS), lasting("takes_s", f.TakesS),
	}
	if f.Percent != nil {
		all = append(all, bound{"percent", int64(*f.Percent), 0, 100})
	}
	if s := f.Session; s != nil {
		all = append(all, counted("session.number", s.Number), measured("session.elapsed_s", s.ElapsedS))
	}
	if c := f.Counts; c != nil {
		all = append(all, counted("counts.stages", c.Stages), counted("counts.stages_done", c.StagesDone), counted("counts.jobs", c.Jobs),
			counted("counts.jobs_done", c.JobsDone), counted("counts.failed", c.Failed), counted("counts.cancelled", c.Cancelled),
			counted("counts.late", c.Late))
	}
	for _, s := range f.Stages {
		all = append(all, measured("elapsed_s", s.ElapsedS), lasting("expected_s", s.ExpectedS), lasting("at_most_s", s.AtMostS), counted("runs", s.Runs), counted("jobs", s.Jobs),
			counted("jobs_done", s.JobsDone), counted("failed", s.Failed), counted("attempt", s.Attempt))
	}
	if l := f.LeftOut; l != nil {
		all = append(all, counted("left_out.finished", l.Finished), counted("left_out.unfinished", l.Unfinished),
			counted("left_out.failures", l.Failures), counted("left_out.later", l.Later))
	}
	for _, b := range all {
		if b.value < b.least || b.value > b.most {
			return fmt.Errorf("%s is %d, and can be from %d to %d", b.name, b.value, b.least, b.most)
		}
	}
	return nil
}

// count keeps a number of things within its bounds.
func count(n int) int { return min(max(0, n), MaxCount) }

package past

import (
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Stat is a line of figures as programs get it; others script against the names.
type Stat struct {
	Site           string         `json:"site,omitempty"` // in a fleet
	By             string         `json:"by"`             // job, stage, folder or day
	Name           string         `json:"name"`
	JobID          *jobmon.JobID  `json:"job_id,omitempty"`
	Runs           int            `json:"runs"`
	Failures       int            `json:"failures"`
	FailurePercent int            `json:"failure_percent"`
	Results        map[string]int `json:"results,omitempty"` // by day or site: how the deployments ended
	Counted        int            `json:"durations"`         // how many the next figures rest on
	Median         *float64       `json:"median_s"`
	// it took no longer: it came and went between two reads
	MedianAtMost    bool                       `json:"median_at_most,omitempty"`
	P90             *float64                   `json:"p90_s"`
	Worst           *float64                   `json:"worst_s"`
	WorstComputer   string                     `json:"worst_computer,omitempty"`
	WorstComputerID *jobmon.ComputerID         `json:"worst_computer_id,omitempty"`
	WorstSite       string                     `json:"worst_site,omitempty"` // over several sites
	WorstAt         *string                    `json:"worst_at,omitempty"`   // UTC
	Trend           deployments.Trend          `json:"trend,omitempty"`
	Change          *int                       `json:"change_percent,omitempty"`
	RunsBefore      int                        `json:"runs_before"`
	FailuresBefore  int                        `json:"failures_before"`
	MedianBefore    *float64                   `json:"median_before_s"`
	Left            map[deployments.Reason]int `json:"left_out,omitempty"` // runs without an honest duration, by reason

	WorstWhen jobmon.Instant `json:"-"`
}

// NewStat makes it of a line of figures, which are by jobs, stages, folders or days.
func NewStat(by string, l *deployments.Line) Stat {
	f, counted := &l.Now, l.Now.Counted() > 0
	r := Stat{
		By: by, Name: l.Name, Runs: f.Runs, Failures: f.Failures, FailurePercent: Percent(f.Failures, f.Runs),
		Counted: f.Counted(),
		Median:  seconds(f.Median().Took, counted), MedianAtMost: f.Median().Most > 0,
		P90: seconds(f.P90().Took, counted), Worst: seconds(f.Worst.Took, counted),
		RunsBefore: l.Before.Runs, FailuresBefore: l.Before.Failures,
		MedianBefore: seconds(l.Before.Median().Took, l.Before.Counted() > 0), Left: f.Left,
	}
	if by == "job" && l.Job != 0 {
		r.JobID = &l.Job
	}
	if counted {
		r.WorstComputer, r.WorstComputerID = jobmon.ComputerName(f.Worst.Computer.ID,
			f.Worst.Computer.Name), &f.Worst.Computer.ID
		r.WorstSite = f.Worst.Computer.Site
		r.WorstAt, r.WorstWhen = Stamp(f.Worst.At), f.Worst.At
	}
	if by == "day" || by == "site" {
		r.Results = map[string]int{}
		for result, n := range f.Results {
			if result == jobmon.ResultNone {
				result = "open"
			}
			r.Results[string(result)] = n
		}
	}
	if by == "day" {
		return r
	}
	trend, change := l.Trend()
	if r.Trend = trend; trend == deployments.Slower || trend == deployments.Faster || trend == deployments.AsBefore {
		r.Change = &change
	}
	return r
}

// Percent is a part in whole percent, rounded; 0 of nothing.
func Percent(part, of int) int {
	if of == 0 {
		return 0
	}
	return (200*part/of + 1) / 2
}

// statsPeriod is how much of the log's end figures are of where nothing else is said.
const statsPeriod = 30 * 24 * time.Hour

// Period reads a range of which figures are wanted: without an end up to the last batch, without a beginning 30 days.
func (s *Stretch) Period(p *Log) (period deployments.Period, err error) {
	if s.Since, s.Until, err = p.Bounds(s.SinceText, s.UntilText, false); err != nil {
		return period, err
	}
	period.Until = p.Covered + 1 // the last batch included
	if s.UntilText != "" {
		until, err := p.TimeOf(s.Until)
		if err != nil {
			return period, err
		}
		period.Until = min(period.Until, until) // nothing is compared with time still to come
	}
	period.Since = period.Until.Add(-statsPeriod)
	if s.SinceText != "" {
		if period.Since, err = p.TimeOf(s.Since); err != nil {
			return period, err
		}
	}
	if period.Since >= period.Until {
		return period, emptyPeriod("nothing lies between --since (%s) and --until (%s)", p.Local(period.Since),
			p.Local(period.Until))
	}
	return period, nil
}

// Figures gathers figures of these computers (nil: all) and of the runs that wants says (nil: all), and counts the
// sessions with a part in the period. All counts sessions that are no deployments, too. It calls tell, if set, with
// what is counted, and show as Deployments does.
func (p *Log) Figures(period deployments.Period, only []jobmon.ComputerID, wants func(*deployments.Job) bool, all bool,
	tell func(*deployments.Deployment), show func(done, total uint64)) (s *deployments.Stats, looked int, err error) {
	s = deployments.NewStats(period, wants)
	looked, err = p.Gather(s, only, all, tell, show)
	return s, looked, err
}

// Gather adds to figures what this log knows of their period, as Figures says.
func (p *Log) Gather(s *deployments.Stats, only []jobmon.ComputerID, all bool, tell func(*deployments.Deployment),
	show func(done, total uint64)) (looked int, err error) {
	from, err := p.Before(replay.Point{Time: s.Before().Since.Time()})
	if err != nil {
		return 0, err
	}
	err = p.Deployments(from, only, func(d *deployments.Deployment) {
		if s.Touches(d) {
			looked++
		}
		if !d.Deployment && !all {
			return
		}
		if s.Add(d); tell != nil {
			tell(d)
		}
	}, show)
	return looked, err
}

// Stats are the records of figures by "job", "stage", "folder", "day" or, for "", by job and by stage.
func Stats(s *deployments.Stats, by string) []Stat {
	list := []Stat{}
	for _, one := range []struct {
		by    string
		lines func() []*deployments.Line
	}{{"job", s.ByJob}, {"stage", s.ByStage}, {"folder", s.ByFolder}, {"day", s.ByDay}, {"site", s.BySite}} {
		if by != one.by && (by != "" || one.by != "job" && one.by != "stage") {
			continue
		}
		for _, l := range one.lines() {
			list = append(list, NewStat(one.by, l))
		}
	}
	return list
}

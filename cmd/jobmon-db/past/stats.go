package past

import (
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Stat is a line of figures as programs get it; others script against the names.
type Stat struct {
	By             string         `json:"by"` // job, stage, folder or day
	Name           string         `json:"name"`
	JobID          *jobmon.JobID  `json:"job_id,omitempty"`
	Runs           int            `json:"runs"`
	Failures       int            `json:"failures"`
	FailurePercent int            `json:"failure_percent"`
	Results        map[string]int `json:"results,omitempty"` // by day: how the deployments ended
	Counted        int            `json:"durations"`         // how many the next figures rest on
	Median         *float64       `json:"median_s"`
	// it took no longer: it came and went between two reads
	MedianAtMost    bool                       `json:"median_at_most,omitempty"`
	P90             *float64                   `json:"p90_s"`
	Worst           *float64                   `json:"worst_s"`
	WorstComputer   string                     `json:"worst_computer,omitempty"`
	WorstComputerID *jobmon.ComputerID         `json:"worst_computer_id,omitempty"`
	WorstAt         *string                    `json:"worst_at,omitempty"` // UTC
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
	if by == "job" {
		r.JobID = &l.Job
	}
	if counted {
		r.WorstComputer, r.WorstComputerID = jobmon.ComputerName(f.Worst.Computer.ID,
			f.Worst.Computer.Name), &f.Worst.Computer.ID
		r.WorstAt, r.WorstWhen = Stamp(f.Worst.At), f.Worst.At
	}
	if by == "day" {
		r.Results = map[string]int{}
		for result, n := range f.Results {
			if result == jobmon.ResultNone {
				result = "open"
			}
			r.Results[string(result)] = n
		}
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

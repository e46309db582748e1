package command

import (
	"io"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// statsRecord is a line of figures as programs get it; others script against the names.
type statsRecord struct {
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
	worstAt         jobmon.Instant
}

func newStatsRecord(by string, l *deployments.Line) statsRecord {
	f, counted := &l.Now, l.Now.Counted() > 0
	r := statsRecord{
		By: by, Name: l.Name, Runs: f.Runs, Failures: f.Failures, FailurePercent: percent(f.Failures, f.Runs),
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
		r.WorstAt, r.worstAt = stamp(f.Worst.At), f.Worst.At
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

// records prints the figures for programs.
func (o *statsOptions) records(out io.Writer, p *opened, s *deployments.Stats) error {
	var list []statsRecord
	for _, one := range []struct {
		by    string
		lines func() []*deployments.Line
	}{{"job", s.ByJob}, {"stage", s.ByStage}, {"folder", s.ByFolder}, {"day", s.ByDay}} {
		if o.by != one.by && (o.by != "" || one.by != "job" && one.by != "stage") {
			continue
		}
		for _, l := range one.lines() {
			list = append(list, newStatsRecord(one.by, l))
		}
	}
	columns := []string{
		"by", "name", "job_id", "runs", "failures", "failure_percent", "durations", "median_s", "p90_s", "worst_s",
		"worst_computer", "worst_computer_id",
		"worst_at", "utc_offset", "trend", "change_percent", "runs_before", "failures_before", "median_before_s",
	}
	results := []string{"ready", "ready after retries", "ready with failures", "ended early", "abandoned", "open"}
	if o.by == "day" {
		for _, r := range results {
			columns = append(columns, strings.ReplaceAll(r, " ", "_"))
		}
	}
	for _, why := range deployments.Reasons() {
		columns = append(columns, "left_"+strings.ReplaceAll(string(why), " ", "_"))
	}
	return printer(out, o.output, list, columns, func(r *statsRecord) []any {
		row := []any{
			r.By, r.Name, cell(r.JobID), r.Runs, r.Failures, r.FailurePercent, r.Counted,
			cell(r.Median), cell(r.P90), cell(r.Worst), r.WorstComputer, cell(r.WorstComputerID),
			sheetTime(r.worstAt, p.Clock()), zoneText(r.worstAt, p.Clock()), string(r.Trend), cell(r.Change),
			r.RunsBefore, r.FailuresBefore, cell(r.MedianBefore),
		}
		if o.by == "day" {
			for _, result := range results {
				row = append(row, r.Results[result])
			}
		}
		for _, why := range deployments.Reasons() {
			row = append(row, r.Left[why])
		}
		return row
	})
}

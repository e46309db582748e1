package command

import (
	"io"
	"strings"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// records prints the figures for programs.
func (o *statsOptions) records(out io.Writer, p *opened, s *deployments.Stats) error {
	list := past.Stats(s, o.by)
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
	return printer(out, o.output, list, columns, func(r *past.Stat) []any {
		row := []any{
			r.By, r.Name, cell(r.JobID), r.Runs, r.Failures, r.FailurePercent, r.Counted,
			cell(r.Median), cell(r.P90), cell(r.Worst), r.WorstComputer, cell(r.WorstComputerID),
			sheetTime(r.WorstWhen, p.Clock()), zoneText(r.WorstWhen, p.Clock()), string(r.Trend), cell(r.Change),
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

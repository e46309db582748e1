package command

import (
	"io"
	"strings"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// records prints the figures for programs.
func (o *statsOptions) records(out io.Writer, p *sites, s *deployments.Stats) error {
	list := past.Stats(s, o.by)
	columns := []string{
		"by", "name", "job_id", "runs", "failures", "failure_percent", "durations", "median_s", "p90_s", "worst_s",
		"worst_computer", "worst_computer_id",
		"worst_at", "utc_offset", "trend", "change_percent", "runs_before", "failures_before", "median_before_s",
	}
	results := []string{"ready", "ready after retries", "ready with failures", "ended early", "abandoned", "open"}
	ends := o.by == "day" || o.by == "site"
	if ends {
		for _, r := range results {
			columns = append(columns, strings.ReplaceAll(r, " ", "_"))
		}
	}
	for _, why := range deployments.Reasons() {
		columns = append(columns, "left_"+strings.ReplaceAll(string(why), " ", "_"))
	}
	if p.several() {
		columns = append(columns, "worst_site")
	}
	return printer(out, o.output, list, columns, func(r *past.Stat) []any {
		clock := p.log(r.WorstSite).Clock()
		row := []any{
			r.By, r.Name, cell(r.JobID), r.Runs, r.Failures, r.FailurePercent, r.Counted,
			cell(r.Median), cell(r.P90), cell(r.Worst), r.WorstComputer, cell(r.WorstComputerID),
			sheetTime(r.WorstWhen, clock), zoneText(r.WorstWhen, clock), string(r.Trend), cell(r.Change),
			r.RunsBefore, r.FailuresBefore, cell(r.MedianBefore),
		}
		if ends {
			for _, result := range results {
				row = append(row, r.Results[result])
			}
		}
		for _, why := range deployments.Reasons() {
			row = append(row, r.Left[why])
		}
		if p.several() {
			row = append(row, r.WorstSite)
		}
		return row
	})
}

package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

type sessionsOptions struct {
	past.Stretch
	computers, results []string
	all                bool
	output, out        string
}

func (a *app) replaySessions() *cobra.Command {
	var o sessionsOptions
	c := &cobra.Command{
		Use:   "sessions [COMPUTER...]",
		Short: "List the deployments: when they began, how they ended, what went wrong",
		Long: `List the deployments, a line each: when it began and ended, its result, how many of its stages and jobs
were done, how many jobs were added late, how many jobs failed without being repaired, and how many runs were
tries again. A deployment is in the range [since, until) when it began in it.

COMPUTER is a name, one with * and ? (PC-00*), or an id; id:N and name:N say which.
A time is written as ` + replay.Forms + `.` + sitesHelp,
		Example: `  jobmon-db replay sessions
  jobmon-db replay sessions PC-0003 --since 2026-11-01
  jobmon-db replay sessions --result "ready with failures" --since -24h
  jobmon-db replay sessions --site 'DS0*' --since -24h
  jobmon-db replay sessions --log backup.db -o csv --out deployments.csv`,
	}
	asked := a.question(c)
	stretchFlags(&o.Stretch, c, "deployments that began")
	c.Flags().StringArrayVar(&o.computers, "computer", nil,
		"only these computers: name, id:N, name:N, or a name with * and ?; may be repeated")
	c.Flags().StringArrayVar(&o.results, "result", nil,
		`only with this result: "ready", "ready with failures", "ready after retries", "ended early", "abandoned" or `+
			`"open"; may be repeated`)
	c.Flags().BoolVar(&o.all, "all", false, "also sessions that are no deployments: neither a marker nor three jobs")
	outputFlag(c, &o.output, "table", "json", "ndjson", "csv")
	outFlag(c, &o.out)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.computers = append(o.computers, args...)
		return a.answer(c.Context(), asked, o.out, func(a *app, q question, out io.Writer) error {
			return a.sessions(c.Context(), out, q, o)
		})
	}
	return c
}

// sessionRecord is a session as it is printed.
type sessionRecord struct {
	past.Session
	of *opened
}

// outcome is the result, or that there is none.
func (r *sessionRecord) outcome() string { return cmp.Or(r.Result, r.State) }

// sessions prints the deployments that the options ask for.
func (a *app) sessions(ctx context.Context, out io.Writer, q question, o sessionsOptions) error {
	wanted, err := wantedResults(o.results)
	if err != nil {
		return err
	}
	s, err := openSites(ctx, q)
	if err != nil {
		return err
	}
	defer s.done(a.stderr)
	meant, err := s.meant(o.computers, a.stderr)
	if err != nil {
		return err
	}
	if o.Stretch, err = s.stretch(o.Stretch, false); err != nil {
		return err
	}
	list, others, told, err := a.sessionsOf(s, meant, o, wanted)
	if err != nil {
		return err
	}
	if o.output == "table" {
		s.heading(a.stderr, moments(list))
	}
	left := ""
	if others > 0 {
		left = fmt.Sprintf("; %s no deployment and left out, --all shows them",
			words.Count(others, "session is", "sessions are"))
	}
	switch {
	case len(list) == 0:
		fmt.Fprintf(a.stderr, "No deployment is what you asked for: looked through %s%s; %s.\n",
			words.Count(told, "session"), left, s.Period())
	case others > 0 && o.output == "table":
		fmt.Fprintf(a.stderr, "%s%s.\n", words.Count(len(list), "deployment"), left)
	}
	if o.output == "table" {
		if len(list) == 0 {
			return nil
		}
		return a.sessionsTable(out, s, list, a.look(q))
	}
	return printer(out, o.output, list, s.columns([]string{
		"computer_id", "computer", "session", "began", "ended", "utc_offset", "duration_s", "duration_doubt", "state",
		"result",
		"stages", "stages_done", "jobs", "jobs_done", "late", "failed", "failures", "retries", "working_s", "waiting_s",
		"unseen_s", "is_deployment",
	}), func(r *sessionRecord) []any { return s.cells(r.Site, r.sheet()) })
}

// sessionsOf are the sessions that are asked for, by when they began; others counts those that are no deployments,
// and told all of the range.
func (a *app) sessionsOf(s *sites, meant []askedLog, o sessionsOptions, wanted map[string]bool) (
	list []sessionRecord, others, told int, err error,
) {
	for _, p := range meant {
		stretch := o.Stretch
		switch err := stretch.Read(p.Log); {
		case s.skip(p.opened, err):
			continue
		case err != nil:
			return nil, 0, 0, err
		}
		err = a.deployments(p.opened, stretch.After, p.only, func(d *deployments.Deployment) {
			if !stretch.Holds(d) {
				return
			}
			told++
			r := sessionRecord{past.NewSession(d), p.opened}
			switch {
			case wanted != nil && !wanted[r.outcome()] && (r.SilentSince == nil || !wanted["abandoned"]):
			case !d.Deployment && !o.all:
				others++
			default:
				list = append(list, r)
			}
		})
		if err != nil {
			return nil, 0, 0, err
		}
	}
	slices.SortFunc(list, func(a, b sessionRecord) int { return a.Compare(&b.Session) })
	return list, others, told, err
}

func (r *sessionRecord) sheet() []any {
	clock := r.of.Clock()
	return []any{
		r.ComputerID, r.Computer, r.Number, sheetTime(r.BeganAt, clock), sheetTime(r.EndedAt, clock),
		zoneText(r.BeganAt, clock), cell(r.Duration),
		string(r.NotHonest), r.State, r.Result, r.Stages, r.StagesDone, r.Jobs, r.JobsDone, r.Late, r.Failed,
		r.Failures, r.Retries,
		r.Working, r.Waiting, r.Unseen, r.IsDeployment,
	}
}

// wantedResults is the set of results that are asked for; nil for any.
func wantedResults(texts []string) (map[string]bool, error) {
	var wanted map[string]bool
	known := []string{"ready", "ready with failures", "ready after retries", "ended early", "abandoned", "open"}
	for _, text := range texts {
		text = strings.ToLower(strings.TrimSpace(text))
		if !slices.Contains(known, text) {
			return nil, &usageError{fmt.Errorf("--result %q: it can be %s", text, strings.Join(known, ", "))}
		}
		if wanted == nil {
			wanted = map[string]bool{}
		}
		wanted[text] = true
	}
	return wanted, nil
}

func (a *app) sessionsTable(out io.Writer, s *sites, list []sessionRecord, look term.Options) error {
	names := map[string]jobmon.ComputerID{}
	double := map[string]bool{}
	key := func(r *sessionRecord) string { return r.Site + "/" + r.Computer }
	for i := range list {
		r := &list[i]
		if id, known := names[key(r)]; known && id != r.ComputerID {
			double[key(r)] = true
		}
		names[key(r)] = r.ComputerID
	}
	var rows [][]term.Cell
	zone := s.zone(moments(list))
	for i := range list {
		r := &list[i]
		clock := r.of.Clock()
		name := term.Cell{Text: r.Computer, Tone: term.Strong}
		if double[key(r)] {
			name.Tail = fmt.Sprintf(" id:%d", r.ComputerID)
		}
		failures := term.Cell{Text: strconv.Itoa(r.Failed)}
		if r.Failed > 0 {
			failures.Tone = term.Badly
		}
		rows = append(rows, s.row(r.Site, []term.Cell{
			name, {Text: strconv.Itoa(r.Number)}, {Text: clock.In(r.BeganAt.Time()).Format("2006-01-02 15:04" + zone)},
			{Text: r.until(clock, zone)},
			{Text: r.length()}, r.resultCell(), {Text: fmt.Sprintf("%d/%d", r.StagesDone, r.Stages)},
			{Text: fmt.Sprintf("%d/%d", r.JobsDone, r.Jobs)},
			{Text: strconv.Itoa(r.Late)}, failures, {Text: strconv.Itoa(r.Retries)},
		}))
	}
	return term.List(out, s.titles([]term.Column{
		{Title: "COMPUTER", Least: 8}, {Title: "NO", Right: true}, {Title: "BEGAN"}, {Title: "ENDED"},
		{Title: "LASTED", Right: true},
		{Title: "RESULT", Least: 10}, {Title: "STAGES", Right: true}, {Title: "JOBS", Right: true},
		{Title: "LATE", Right: true},
		{Title: "FAIL", Right: true}, {Title: "RETRY", Right: true},
	}), rows, look)
}

// moments lists when the deployments of a log began and ended.
func moments(list []sessionRecord) func(*opened) []jobmon.Instant {
	return func(p *opened) (all []jobmon.Instant) {
		for i := range list {
			if list[i].of == p {
				all = append(all, list[i].BeganAt, list[i].EndedAt)
			}
		}
		return all
	}
}

// until is when it ended: with the date when that is another day. Zone is the layout of the UTC offset, where that is
// shown.
func (r *sessionRecord) until(clock replay.Clock, zone string) string {
	if r.EndedAt == 0 {
		return "-"
	}
	began, ended := clock.In(r.BeganAt.Time()), clock.In(r.EndedAt.Time())
	if began.Format(time.DateOnly) == ended.Format(time.DateOnly) {
		return ended.Format("15:04" + zone)
	}
	return ended.Format("01-02 15:04" + zone)
}

// length is the duration, marked when it is no honest one.
func (r *sessionRecord) length() string {
	switch {
	case r.Duration == nil:
		return "?"
	case r.NotHonest == deployments.Honest:
		return jobmon.Span(time.Duration(*r.Duration * float64(time.Second)))
	}
	return "~" + jobmon.Span(time.Duration(*r.Duration*float64(time.Second)))
}

func (r *sessionRecord) resultCell() term.Cell {
	c := term.Cell{Text: r.Outcome}
	switch {
	case r.ResultIs == jobmon.ResultReady || r.ResultIs == jobmon.ResultAfterRetries:
		c.Tone = term.Well
	case r.Failed > 0:
		c.Tone = term.Badly
	case r.State == "open":
		c.Tone = term.Busily
	}
	if !r.IsDeployment {
		c.Tail = " (no deployment)"
	}
	return c
}

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

type statsOptions struct {
	past.Stretch
	by                       string
	computers, jobs, folders []string
	all                      bool
	output, out              string
}

func (a *app) replayStats() *cobra.Command {
	var o statsOptions
	c := &cobra.Command{
		Use:   "stats",
		Short: "How often jobs, stages and folders run and fail, and how long they take",
		Long: `Say how often jobs, stages or folders ran and failed in a period, how long they took, where it took
longest, and how that compares with the period of the same length before; or, by day or by site of a hub, how
deployments ended. Without --by it is jobs and stages.

Durations are those of runs that succeeded and whose start and end were both seen, exactly, with nobody
looking away in between; how many are left out, and why, is said. A run counts in the period in which it
began. The period is [since, until); without them the last 30 days that the log covers.
A time is written as ` + replay.Forms + `.

--job takes a name, id:N, or a name with * and ?; --folder the path or name of a folder, which means all below
it, too, or either with * and ?. Both may be repeated.` + sitesHelp + `

Figures are of all sites together; jobs of one name count as one there. --site narrows, --by site compares.`,
		Example: `  jobmon-db replay stats
  jobmon-db replay stats --by job --since -7d --job "*Office*"
  jobmon-db replay stats --by day --since 2026-11-01
  jobmon-db replay stats --site 'DS0*' --by site
  jobmon-db replay stats --by folder -o csv --out folders.csv`,
		Args: noArgs,
	}
	asked := a.question(c)
	stretchFlags(&o.Stretch, c, "what began")
	by := &oneOf{&o.by, []string{"job", "stage", "folder", "day", "site"}}
	c.Flags().Var(by, "by", words.Or(by.words...))
	c.Flags().StringArrayVar(&o.computers, "computer", nil,
		"only these computers: name, id:N, name:N, or a name with * and ?; may be repeated")
	c.Flags().StringArrayVar(&o.jobs, "job", nil, "only these jobs; may be repeated")
	c.Flags().StringArrayVar(&o.folders, "folder", nil, "only jobs in these folders; may be repeated")
	c.Flags().BoolVar(&o.all, "all", false, "count sessions that are no deployments, too")
	outputFlag(c, &o.output, "table", "json", "ndjson", "csv")
	outFlag(c, &o.out)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.answer(c.Context(), asked, o.out, func(a *app, q question, out io.Writer) error {
			return a.stats(c.Context(), out, q, o)
		})
	}
	return c
}

func (o *statsOptions) check() error {
	narrowed := len(o.jobs)+len(o.folders) > 0
	switch {
	case narrowed && (o.by == "stage" || o.by == "day" || o.by == "site"):
		return &usageError{fmt.Errorf("--job and --folder choose runs of jobs, and --by %s is about whole stages and "+
			"deployments: leave one of them out", o.by)}
	case o.by == "" && (narrowed || o.output == "csv"):
		o.by = "job"
	}
	return nil
}

// wants says which runs count; nil for all.
func (o *statsOptions) wants() func(*deployments.Job) bool {
	if len(o.jobs)+len(o.folders) == 0 {
		return nil
	}
	var jobs, folders []names.Pattern
	for _, text := range o.jobs {
		jobs = append(jobs, names.NewPattern(strings.TrimPrefix(text, "name:")))
	}
	for _, text := range o.folders {
		folders = append(folders, names.NewFolderPattern(text))
	}
	return func(j *deployments.Job) bool {
		job := len(jobs) == 0 || slices.Contains(o.jobs, fmt.Sprintf("id:%d", j.Job)) ||
			slices.ContainsFunc(jobs, func(p names.Pattern) bool { return p.Fits(j.Name) })
		return job && (len(folders) == 0 || slices.ContainsFunc(folders,
			func(p names.Pattern) bool { return p.Holds(j.Folder) }))
	}
}

// stats prints the figures that the options ask for.
func (a *app) stats(ctx context.Context, out io.Writer, q question, o statsOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	p, err := openSites(ctx, q)
	if err != nil {
		return err
	}
	defer p.done(a.stderr)
	if o.by == "site" && !p.several() {
		return &usageError{errors.New("--by site compares the sites of a hub, and one is asked: leave it out")}
	}
	meant, err := p.meant(o.computers, a.stderr)
	if err != nil {
		return err
	}
	period, err := o.Period(p.Log)
	if err != nil {
		return err
	}
	s, looked := deployments.NewStats(period, o.wants()), 0
	s.ByNames = p.several()
	show, done := a.progress("reading the log")
	for _, one := range meant {
		n, err := one.Gather(s, one.only, o.all, nil, show)
		if err != nil {
			done()
			return err
		}
		looked += n
		if p.several() && one.Present() < period.Since {
			p.later = add(p.later, one.Member)
		}
	}
	done()
	if o.output == "table" {
		p.heading(a.stderr, func(*opened) []jobmon.Instant {
			return []jobmon.Instant{period.Before().Since, period.Until}
		})
	}
	before := period.Before()
	if s.Told() == 0 {
		fmt.Fprintf(a.stderr, "Nothing of what you asked for began from %s to %s: looked through %s with %s; %s.\n",
			p.Local(period.Since), p.Local(period.Until-1), words.Count(looked, "session"), words.Count(s.Runs(),
				"run"), p.Period())
	} else if o.output == "table" {
		fmt.Fprintf(a.stderr, "%s from %s to %s, compared with %s to %s", words.Count(s.Told(), "deployment"),
			p.Local(period.Since), p.Local(period.Until-1), p.Local(before.Since), p.Local(before.Until-1))
		if before.Since < p.First {
			fmt.Fprint(a.stderr, ", of which the log does not cover all")
		}
		fmt.Fprint(a.stderr, ".\n")
	}
	if o.output == "table" {
		if s.Told() == 0 {
			return nil
		}
		return o.tables(out, p, s, a.look(q))
	}
	return o.records(out, p, s)
}

// tables prints the figures for people.
func (o *statsOptions) tables(out io.Writer, p *sites, s *deployments.Stats, look term.Options) error {
	t := statsTables{out: out, past: p, look: look, zone: p.zone(func(*opened) []jobmon.Instant {
		return []jobmon.Instant{s.Before().Since, s.Until}
	})}
	switch o.by {
	case "job":
		t.lines("JOB", s.ByJob())
	case "stage":
		t.lines("STAGE", s.ByStage())
	case "folder":
		t.lines("FOLDER", s.ByFolder())
	case "day":
		t.days("DAY", s.ByDay())
	case "site":
		t.days("SITE", s.BySite())
	default:
		t.lines("JOB", s.ByJob())
		fmt.Fprintln(out)
		t.lines("STAGE", s.ByStage())
	}
	return t.err
}

// statsTables prints tables; err is the first that went wrong.
type statsTables struct {
	out  io.Writer
	past *sites
	look term.Options
	err  error
	zone string // layout of the UTC offset behind times, "" when there is one only
}

func (t *statsTables) list(columns []term.Column, rows [][]term.Cell) {
	if t.err == nil {
		t.err = term.List(t.out, columns, rows, t.look)
	}
}

func (t *statsTables) lines(title string, lines []*deployments.Line) {
	double := doubleNames(lines)
	var rows [][]term.Cell
	for _, l := range lines {
		f := &l.Now
		name := term.Cell{Text: called(title, l.Name), Tone: term.Strong}
		if double[l.Name] {
			name.Tail = fmt.Sprintf(" id:%d", l.Job)
		}
		rows = append(rows, []term.Cell{
			name, {Text: strconv.Itoa(f.Runs)}, failures(f), duration(f.Median(), f), duration(f.P90(), f),
			duration(f.Worst.Length, f), t.where(f), trend(l),
		})
	}
	t.list([]term.Column{
		{Title: title, Least: 10}, {Title: "RUNS", Right: true}, {Title: "FAILED RUNS", Right: true},
		{Title: "MEDIAN", Right: true}, {Title: "P90", Right: true},
		{Title: "WORST", Right: true}, {Title: "ON, AT", Least: 8}, {Title: "TREND", Least: 8},
	}, rows)
	t.left(lines)
}

// days says how deployments ended, by day or by site.
func (t *statsTables) days(title string, lines []*deployments.Line) {
	results := []jobmon.Result{
		jobmon.ResultReady, jobmon.ResultAfterRetries, jobmon.ResultWithFailures, jobmon.ResultEndedEarly,
		jobmon.ResultAbandoned, jobmon.ResultNone,
	}
	var rows [][]term.Cell
	for _, l := range lines {
		f := &l.Now
		row := []term.Cell{{Text: l.Name, Tone: term.Strong}, {Text: strconv.Itoa(f.Runs)}}
		for _, r := range results {
			c := term.Cell{Text: strconv.Itoa(f.Results[r])}
			switch {
			case f.Results[r] == 0:
				c.Tone = term.Faintly
			case r == jobmon.ResultWithFailures:
				c.Tone = term.Badly
			}
			row = append(row, c)
		}
		rows = append(rows, append(row, duration(f.Median(), f), duration(f.Worst.Length, f), t.where(f)))
	}
	t.list([]term.Column{
		{Title: title}, {Title: "BEGUN", Right: true}, {Title: "READY", Right: true}, {Title: "RETRIED", Right: true},
		{Title: "FAILURES", Right: true},
		{Title: "EARLY", Right: true}, {Title: "ABANDONED", Right: true}, {Title: "OPEN", Right: true},
		{Title: "MEDIAN", Right: true},
		{Title: "WORST", Right: true}, {Title: "ON, AT", Least: 8},
	}, rows)
	t.left(lines)
}

// left says how many durations the figures leave out, and why.
func (t *statsTables) left(lines []*deployments.Line) {
	runs, out := 0, 0
	why := map[deployments.Reason]int{}
	for _, l := range lines {
		runs += l.Now.Runs
		for r, n := range l.Now.Left {
			why[r] += n
			out += n
		}
	}
	if t.err != nil || out == 0 {
		return
	}
	var parts []string
	for _, r := range deployments.Reasons() {
		if why[r] > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", r, why[r]))
		}
	}
	_, t.err = fmt.Fprintf(t.out, "Durations leave out %d of %d (%s).\n", out, runs, strings.Join(parts, ", "))
}

// where is the computer and the time of the longest run.
func (t *statsTables) where(f *deployments.Figures) term.Cell {
	if f.Counted() == 0 {
		return term.Cell{}
	}
	w := &f.Worst
	name := jobmon.ComputerName(w.Computer.ID, w.Computer.Name)
	if w.Computer.Site != "" {
		name = w.Computer.Site + "/" + name
	}
	clock := t.past.log(w.Computer.Site).Clock()
	return term.Cell{Text: name, Tail: " " + clock.In(w.At.Time()).Format("01-02 15:04"+t.zone)}
}

// called is what stands for a name that is empty.
func called(title, name string) string {
	if name == "" && title == "FOLDER" {
		return "(no folder)"
	}
	return name
}

// doubleNames are the names that several jobs have.
func doubleNames(lines []*deployments.Line) map[string]bool {
	ids, double := map[string]jobmon.JobID{}, map[string]bool{}
	for _, l := range lines {
		if id, known := ids[l.Name]; known && id != l.Job {
			double[l.Name] = true
		}
		ids[l.Name] = l.Job
	}
	return double
}

func failures(f *deployments.Figures) term.Cell {
	if f.Failures == 0 {
		return term.Cell{Text: "0"}
	}
	return term.Cell{Text: fmt.Sprintf("%d (%d%%)", f.Failures, past.Percent(f.Failures, f.Runs)), Tone: term.Badly}
}

func duration(d jobmon.Length, f *deployments.Figures) term.Cell {
	if f.Counted() == 0 {
		return term.Cell{Text: "-", Tone: term.Faintly}
	}
	return term.Cell{Text: d.String()}
}

func trend(l *deployments.Line) term.Cell {
	word, change := l.Trend()
	switch word {
	case deployments.Slower:
		return term.Cell{Text: fmt.Sprintf("%+d%% %s", change, word), Tone: term.Badly}
	case deployments.Faster:
		return term.Cell{Text: fmt.Sprintf("%+d%% %s", change, word), Tone: term.Well}
	case deployments.AsBefore:
		return term.Cell{Text: fmt.Sprintf("%+d%% %s", change, word)}
	}
	return term.Cell{Text: string(word), Tone: term.Faintly}
}

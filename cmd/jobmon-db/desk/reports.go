package desk

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// mostJobs is how many jobs the tables of the slowest and of the most failing ones have.
const mostJobs = 20

// Reports implements http.Web.
func (d *Desk) Reports(ctx context.Context, _, since, until string) (board.Reports, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return board.Reports{}, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		return board.Reports{}, said(err, p)
	}
	asked := past.Stretch{SinceText: since, UntilText: until}
	period, err := asked.Period(p)
	if err != nil {
		return board.Reports{}, said(err, p)
	}
	r := report{past: p, Period: period, codes: map[jobmon.JobID]map[jobmon.Code]int{}}
	if r.Stats, _, err = p.Figures(period, nil, nil, false, r.failures, nil); err != nil {
		return board.Reports{}, said(err, p)
	}
	f := frame(p, p.Present(), p.Last)
	f.ReadAge = readAge(p.AgeMS)
	return board.Reports{
		Frame: f, Since: since, Until: until, First: period.Since, Last: period.Until,
		Figures: r.figures(), Days: r.days(),
		Tables: []board.Table{r.stages(), r.failing(), r.slowest(), r.byDay(), r.left()},
	}, nil
}

// report makes the figures of a page.
type report struct {
	*deployments.Stats
	Period deployments.Period
	past   *past.Log
	codes  map[jobmon.JobID]map[jobmon.Code]int // with which runs of the period failed
}

// failures counts the codes of a deployment's failed runs.
func (r *report) failures(d *deployments.Deployment) {
	for i := range d.Jobs {
		j := &d.Jobs[i]
		began := cmp.Or(j.Started, d.Session.Began)
		if j.State != jobmon.StateFailed || j.Class != jobmon.RealJob || !r.Period.Holds(began) {
			continue
		}
		if r.codes[j.Job] == nil {
			r.codes[j.Job] = map[jobmon.Code]int{}
		}
		r.codes[j.Job][j.Code]++
	}
}

// figures are those at the top, each with its value of the period before where there was one.
func (r *report) figures() []board.Figure {
	whole := r.Whole()
	now, before := &whole.Now, &whole.Before
	list := []board.Figure{{Name: "ended", Value: ended(now)}}
	if before.Runs > 0 {
		list[0].Before = ended(before)
	}
	if ended(now) == 0 {
		return list
	}
	right := board.Figure{Name: "first_time_right", Value: share(now.Results[jobmon.ResultReady], ended(now))}
	if ended(before) > 0 {
		was := part(before.Results[jobmon.ResultReady], ended(before))
		is := part(now.Results[jobmon.ResultReady], ended(now))
		right.Before = share(before.Results[jobmon.ResultReady], ended(before))
		right.Trend = cmp.Compare(is, was)
	}
	list = append(list, right)
	if now.Counted() > 0 {
		median := board.Figure{Name: "median", Value: now.Median()}
		if before.Counted() > 0 {
			median.Before, median.Trend = before.Median(), way(whole)
		}
		w := &now.Worst
		list = append(list, median, board.Figure{
			Name: "worst", Value: w.Length, Href: r.moment(w), At: w.At,
			Detail: jobmon.ComputerName(w.Computer.ID, w.Computer.Name),
		})
	}
	var away time.Duration
	for _, g := range replay.NewChronicle(r.past.Chronicle).Gaps() {
		if g.To == 0 {
			g.To = r.past.Present()
		}
		away += max(0, min(g.To, r.Until).Sub(max(g.From, r.Since)))
	}
	return append(list, board.Figure{Name: "unwatched", Value: away})
}

// ended counts the deployments that have ended.
func ended(f *deployments.Figures) int { return f.Runs - f.Results[jobmon.ResultNone] }

func part(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

// share is a part in percent.
func share(n, of int) board.Percent { return board.Percent(100 * part(n, of)) }

// way is 1 where a line got faster, -1 where it got slower.
func way(l *deployments.Line) int {
	switch trend, _ := l.Trend(); trend {
	case deployments.Faster:
		return 1
	case deployments.Slower:
		return -1
	}
	return 0
}

// moment leads to the computer at the time when the longest run began.
func (r *report) moment(w *deployments.Worst) string {
	return fmt.Sprintf("/c/%d?at=%s", w.Computer.ID, w.At)
}

// days are the columns of the chart of results.
func (r *report) days() (list []board.Day) {
	for _, l := range r.ByDay() {
		results := l.Now.Results
		day := board.Day{
			First: results[jobmon.ResultReady], Retries: results[jobmon.ResultAfterRetries],
			Failed: results[jobmon.ResultWithFailures],
			Early:  results[jobmon.ResultEndedEarly] + results[jobmon.ResultAbandoned],
		}
		if point, err := r.past.Clock().Parse(l.Name, r.Until.Time()); err == nil {
			day.Began = jobmon.InstantOf(point.Time)
		}
		list = append(list, day)
	}
	return list
}

// longest is the longest measured duration of lines, against which others are drawn.
func longest(lines []*deployments.Line) (d time.Duration) {
	for _, l := range lines {
		for _, length := range []jobmon.Length{l.Now.Median(), l.Now.Worst.Length} {
			if length.Most == 0 {
				d = max(d, length.Took)
			}
		}
	}
	return max(d, 1)
}

// lengths are the cells of a line's median and longest duration.
func (r *report) lengths(l *deployments.Line, longest time.Duration) (median, worst board.Cell) {
	if l.Now.Counted() == 0 {
		return board.Cell{Text: "–"}, board.Cell{Text: "–"}
	}
	m, w := l.Now.Median(), &l.Now.Worst
	median = board.Cell{Text: m, Value: seconds(m.Took)}
	if m.Most == 0 { // a bound has no bar
		median.Share = part(int(m.Took), int(longest))
		if w.Most == 0 {
			median.Worst = part(int(w.Took), int(longest))
		}
	}
	return median, board.Cell{Text: w.Length, Value: seconds(w.Took), Href: r.moment(w)}
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

func number(n int) board.Cell { return board.Cell{Text: n} }

// trend is the cell that compares with the period before.
func trend(l *deployments.Line) board.Cell {
	word, change := l.Trend()
	switch word {
	case deployments.NoRunsBefore, deployments.TooFewRuns:
		return board.Cell{Text: "–", Value: string(word)}
	}
	return board.Cell{Text: board.Change(change), Value: strconv.Itoa(change), Trend: way(l)}
}

func (r *report) stages() board.Table {
	t := board.Table{Name: board.TableStages, Columns: []string{
		"stage", "median_s", "worst_s", "trend", "runs", "failed", "share_failed",
	}}
	lines := r.ByStage()
	for _, l := range lines {
		median, worst := r.lengths(l, longest(lines))
		t.Rows = append(t.Rows, []board.Cell{
			{Text: l.Name}, median, worst, trend(l), number(l.Now.Runs), number(l.Now.Failures),
			{Text: share(l.Now.Failures, l.Now.Runs)},
		})
	}
	return t
}

// failing are the jobs that failed most often.
func (r *report) failing() board.Table {
	t := board.Table{Name: board.TableFailing, Columns: []string{
		"job", "code", "runs", "failed", "share_failed", "trend",
	}}
	lines := slices.DeleteFunc(r.ByJob(), func(l *deployments.Line) bool { return l.Now.Failures == 0 })
	slices.SortStableFunc(lines, func(a, b *deployments.Line) int {
		return cmp.Compare(b.Now.Failures, a.Now.Failures)
	})
	for _, l := range lines[:min(len(lines), mostJobs)] {
		f := &l.Now
		codes := r.codes[l.Job]
		var code any
		if len(codes) > 0 {
			code = slices.MaxFunc(slices.Sorted(maps.Keys(codes)), func(a, b jobmon.Code) int {
				return cmp.Compare(codes[a], codes[b])
			})
		}
		t.Rows = append(t.Rows, []board.Cell{
			{Text: l.Name}, {Text: code}, number(f.Runs), number(f.Failures),
			{Text: share(f.Failures, f.Runs), Share: part(f.Failures, f.Runs)}, trend(l),
		})
	}
	return t
}

// slowest are the jobs with the longest medians. Medians that are only bounds come last, so that none of them takes the
// place of a measured one.
func (r *report) slowest() board.Table {
	t := board.Table{Name: board.TableSlowest, Columns: []string{"job", "median_s", "worst_s", "trend", "runs"}}
	lines := slices.DeleteFunc(r.ByJob(), func(l *deployments.Line) bool { return l.Now.Counted() == 0 })
	slices.SortStableFunc(lines, func(a, b *deployments.Line) int {
		m, n := a.Now.Median(), b.Now.Median()
		if m.Most == 0 && n.Most == 0 {
			return cmp.Compare(n.Took, m.Took)
		}
		return cmp.Or(cmp.Compare(min(m.Most, 1), min(n.Most, 1)), cmp.Compare(n.Most, m.Most))
	})
	lines = lines[:min(len(lines), mostJobs)]
	for _, l := range lines {
		median, worst := r.lengths(l, longest(lines))
		t.Rows = append(t.Rows, []board.Cell{{Text: l.Name}, median, worst, trend(l), number(l.Now.Runs)})
	}
	return t
}

func (r *report) byDay() board.Table {
	t := board.Table{Name: board.TableDays, Columns: []string{
		"day", "ended", "first_time_right", "retries", "failed", "early", "median_s", "worst_s",
	}}
	days := r.days()
	lines := r.ByDay()
	for i, l := range lines {
		median, worst := r.lengths(l, longest(lines))
		t.Rows = append(t.Rows, []board.Cell{
			{Text: l.Name}, number(ended(&l.Now)), number(days[i].First), number(days[i].Retries),
			number(days[i].Failed), number(days[i].Early), median, worst,
		})
	}
	return t
}

// left is how many durations no figure counts, and why.
func (r *report) left() board.Table {
	t := board.Table{Name: board.TableLeftOut, Columns: []string{"count", "reason"}}
	why := map[deployments.Reason]int{}
	for _, l := range r.ByJob() {
		for reason, n := range l.Now.Left {
			why[reason] += n
		}
	}
	for _, reason := range deployments.Reasons() {
		if why[reason] > 0 {
			word := board.Word{Kind: "reason", Word: string(reason)}
			t.Rows = append(t.Rows, []board.Cell{number(why[reason]), {Text: word}})
		}
	}
	return t
}

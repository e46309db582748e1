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
	r := newReport(period, p.Clock())
	if r.Stats, _, err = p.Figures(period, nil, nil, false, r.failures, nil); err != nil {
		return board.Reports{}, said(err, p)
	}
	r.away = unwatched(p, period)
	f := frame(p, p.Present(), p.Last)
	f.ReadAge = readAge(p.AgeMS)
	return r.page(f, since, until, r.stages(), r.failing(), r.slowest(), r.byDay(), r.left()), nil
}

// report makes the figures of a page.
type report struct {
	*deployments.Stats
	Period deployments.Period
	clock  replay.Clock
	away   time.Duration                           // nobody watched; -1 where there are several sites
	codes  map[deployments.Key]map[jobmon.Code]int // with which runs of the period failed
}

func newReport(period deployments.Period, clock replay.Clock) *report {
	s := deployments.NewStats(period, nil)
	return &report{Stats: s, Period: period, clock: clock, codes: map[deployments.Key]map[jobmon.Code]int{}}
}

// page is the page with these tables.
func (r *report) page(f board.Frame, since, until string, tables ...board.Table) board.Reports {
	return board.Reports{
		Frame: f, Since: since, Until: until, First: r.Period.Since, Last: r.Period.Until,
		Figures: r.figures(), Days: r.days(), Tables: tables,
	}
}

// unwatched is for how long of a period nobody watched.
func unwatched(p *past.Log, period deployments.Period) (away time.Duration) {
	for _, g := range replay.NewChronicle(p.Chronicle).Gaps() {
		if g.To == 0 {
			g.To = p.Present()
		}
		away += max(0, min(g.To, period.Until).Sub(max(g.From, period.Since)))
	}
	return away
}

// failures counts the codes of a deployment's failed runs.
func (r *report) failures(d *deployments.Deployment) {
	for i := range d.Jobs {
		j := &d.Jobs[i]
		began := cmp.Or(j.Started, d.Session.Began)
		if j.State != jobmon.StateFailed || j.Class != jobmon.RealJob || !r.Period.Holds(began) {
			continue
		}
		key := r.KeyOf(j)
		if r.codes[key] == nil {
			r.codes[key] = map[jobmon.Code]int{}
		}
		r.codes[key][j.Code]++
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
			Detail: named(&w.Computer),
		})
	}
	if r.away < 0 {
		return list
	}
	return append(list, board.Figure{Name: "unwatched", Value: r.away})
}

// named is a computer's name, in a fleet with its site.
func named(c *jobmon.Computer) string {
	if name := jobmon.ComputerName(c.ID, c.Name); c.Site == "" {
		return name
	} else {
		return c.Site + "/" + name
	}
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

// moment leads to the computer when the longest run began. It names the event: the server's clock may have been set
// since.
func (r *report) moment(w *deployments.Worst) string {
	return fmt.Sprintf("/c/%s?at=seq:%d", w.Computer.Key(), w.Seq)
}

// days are the columns of the chart of results.
func (r *report) days() (list []board.Day) {
	for _, l := range r.ByDay() {
		day := resultsOf(l)
		if point, err := r.clock.Parse(l.Name+" 12:00", r.Until.Time()); err == nil {
			day.Noon = jobmon.InstantOf(point.Time)
		}
		list = append(list, day)
	}
	return list
}

// resultsOf are how the deployments of a line ended.
func resultsOf(l *deployments.Line) board.Day {
	results := l.Now.Results
	return board.Day{
		First: results[jobmon.ResultReady], Retries: results[jobmon.ResultAfterRetries],
		Failed: results[jobmon.ResultWithFailures],
		Early:  results[jobmon.ResultEndedEarly] + results[jobmon.ResultAbandoned],
	}
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
		codes := r.codes[l.Key]
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
	r.results(&t, r.ByDay())
	return t
}

// results adds how the deployments of each line ended.
func (r *report) results(t *board.Table, lines []*deployments.Line) {
	for _, l := range lines {
		median, worst := r.lengths(l, longest(lines))
		day := resultsOf(l)
		t.Rows = append(t.Rows, []board.Cell{
			{Text: l.Name}, number(ended(&l.Now)), number(day.First), number(day.Retries), number(day.Failed),
			number(day.Early), median, worst,
		})
	}
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

package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// The bounds of a timeline: into how many buckets it is cut, how many marks it has of a kind, and how many events are
// read for one instead of taking the counts of the tally, which are less exact.
const (
	mostBuckets = 2000
	mostMarks   = 500
	mostRead    = 50_000
)

// Range implements http.Web.
func (d *Desk) Range(ctx context.Context, _, since, until string) (from, to jobmon.Instant, err error) {
	if since == "" && until == "" {
		return 0, 0, nil
	}
	leave, err := d.enter(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		return 0, 0, said(err, p)
	}
	begin, end, err := p.Bounds(since, until, false)
	if err == nil && since != "" {
		from, err = timeOf(p, begin)
	}
	if err == nil && until != "" {
		to, err = timeOf(p, end)
	}
	return from, to, said(err, p)
}

// timeOf is the time of one end of a range, within what a year of four digits says in UTC.
func timeOf(p *past.Log, point replay.Point) (jobmon.Instant, error) {
	if point.Seq > 0 {
		point.Seq = min(max(point.Seq, p.Oldest), p.Last)
		return p.TimeOf(point)
	}
	if year := point.Time.UTC().Year(); year < 1970 || year > 9999 {
		return 0, &past.Wrong{Err: errors.New("the time must be of a year from 1970 to 9999 (UTC)")}
	}
	return p.TimeOf(point)
}

// Timeline implements http.Web. From 0 is where the log begins, to 0 is the present.
func (d *Desk) Timeline(ctx context.Context, from, to jobmon.Instant, buckets int, of jobmon.ComputerKey) (
	board.Timeline, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return board.Timeline{}, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		return board.Timeline{}, said(err, p)
	}
	if from == 0 {
		from = p.First
	}
	if to == 0 {
		to = p.Present()
	}
	if from >= to {
		to = from + 1
	}
	buckets = min(max(buckets, 1), mostBuckets)
	step := (to - from + jobmon.Instant(buckets) - 1) / jobmon.Instant(buckets)
	l := line{
		past: p, known: replay.NewChronicle(p.Chronicle), of: of.ID,
		Timeline: board.Timeline{From: from, To: to, Step: time.Duration(step) * time.Millisecond},
		cells:    make([]cell, (to-from+step-1)/step), step: step,
	}
	if err = d.fill(&l); err == nil && of.ID != 0 {
		err = l.stages()
	}
	l.unwatched()
	return l.done(), said(err, p)
}

// line is a timeline that is made.
type line struct {
	board.Timeline
	past  *past.Log
	known *replay.Chronicle
	of    jobmon.ComputerID // 0 for all
	step  jobmon.Instant
	cells []cell    // the buckets
	fails []failure // up to one more than there may be marks
}

// fill counts the events: by reading them where they are few or of one computer, else by the tally.
func (d *Desk) fill(l *line) error {
	before, err := l.past.Before(replay.Point{Time: l.From.Time()})
	if err != nil {
		return err
	}
	m, _, err := l.past.Moment(l.To - 1)
	if err != nil {
		return fmt.Errorf("look for the end of the timeline: %w", err)
	}
	if l.of != 0 || m.Seq < before+mostRead {
		return l.read(before+1, m.Seq)
	}
	d.counting.Lock()
	defer d.counting.Unlock()
	if d.tally == nil || d.tally.oldest != l.past.Oldest {
		d.tally = newTally(l.past.Oldest, d.cells)
	}
	if err := d.tally.follow(l.past, l.known); err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	if d.tally.length > l.step {
		return l.read(before+1, m.Seq)
	}
	for i := range d.tally.cells {
		c := &d.tally.cells[i]
		l.add(jobmon.Instant(c.number)*d.tally.length, c)
	}
	return nil
}

// read counts the events between two.
func (l *line) read(from, to uint64) error {
	batches := l.past.Scan(from)
	if l.of != 0 {
		batches = l.past.Computer(l.of, from)
	}
	for b, err := range batches {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if b.First() > to {
			break
		}
		for i := range b.Events {
			var c cell
			c.count(&b.Events[i], l.known)
			l.add(b.At, &c)
		}
	}
	return nil
}

// add counts a cell that begins at that time.
func (l *line) add(at jobmon.Instant, c *cell) {
	if at < l.From || at >= l.To {
		return
	}
	l.cells[(at-l.From)/l.step].add(c)
	if c.failed > 0 && len(l.fails) <= mostMarks {
		l.fails = append(l.fails, c.first)
	}
}

// unwatched adds the times in which nobody watched.
func (l *line) unwatched() {
	for _, g := range l.known.Gaps() {
		if g.To == 0 {
			g.To = l.past.Present()
		}
		if s := (board.Span{From: max(g.From, l.From), To: min(g.To, l.To)}); s.From < s.To {
			l.Unwatched = append(l.Unwatched, s)
		}
	}
}

// stages adds where the computer's stages began.
func (l *line) stages() error {
	before, err := l.past.Before(replay.Point{Time: l.From.Time()})
	if err != nil {
		return err
	}
	return l.past.Deployments(before, []jobmon.ComputerID{l.of}, func(d *deployments.Deployment) {
		for i := range d.Stages {
			st := &d.Stages[i]
			if d.Deployment && st.Began >= l.From && st.Began < l.To && len(l.Stages) < mostMarks {
				l.Stages = append(l.Stages, board.Mark{
					At: st.Began, Computer: jobmon.ComputerName(d.Computer.ID, d.Computer.Name), Job: st.Name,
				})
			}
		}
	}, nil)
}

// done is the timeline. Where it has too many failures, each bucket has one mark, of its first.
func (l *line) done() board.Timeline {
	several := len(l.fails) > mostMarks
	if several {
		l.fails = l.fails[:0]
	}
	for i := range l.cells {
		c := &l.cells[i]
		l.Buckets = append(l.Buckets, board.Bucket{Started: c.started, Failed: c.failed, Events: c.events})
		if several && c.failed > 0 && len(l.fails) < mostMarks {
			l.fails = append(l.fails, c.first)
		}
	}
	for _, f := range l.fails {
		l.Failures = append(l.Failures, board.Mark{
			Seq: f.seq, At: f.at,
			Computer: jobmon.ComputerName(f.computer, l.known.Computer(f.computer, f.seq).Name),
			Job:      jobmon.JobName(f.job, l.known.Job(f.job, f.seq).Name),
		})
	}
	slices.SortFunc(l.Failures, func(a, b board.Mark) int { return int(a.At - b.At) })
	slices.SortFunc(l.Stages, func(a, b board.Mark) int { return int(a.At - b.At) })
	return l.Timeline
}

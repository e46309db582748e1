package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// lag is by how much a server's clock and what is known of it may be behind this machine's without being named.
const lag = time.Minute

// At implements http.Web. The moment is one instant for all sites, whatever site was asked for: that one says only
// whose sequence number is meant.
func (f *Fleet) At(ctx context.Context, site, text string) (http.Moment, error) {
	members := f.all()
	frame := board.Frame{At: text, ReadAge: -1, Until: f.now()}
	frame.From = f.first(members, frame.Until)
	var err error
	if frame.Now, frame.Said, frame.Seq, err = f.instant(ctx, members, site, text); err != nil {
		return http.Moment{}, err
	}
	frame.Offset = f.offset(frame.Now)
	frame.Sites = make([]board.SiteState, len(members))
	parts := make([][]jobmon.Progress, len(members))
	errs := each(ctx, members, func(i int, m *member) (err error) {
		state := &frame.Sites[i]
		*state = board.SiteState{
			Name: m.Name, Server: m.State().Server, Now: frame.Now, From: f.begin(m), Age: -1, Offset: frame.Offset,
		}
		seq := uint64(0)
		if m.Name == site {
			seq = frame.Seq
		}
		parts[i], err = m.then(ctx, state, seq)
		var outside *http.Outside
		state.Unread = m.State().Unread || err != nil && !errors.As(err, &outside) && !errors.Is(err, http.ErrBusy)
		return err
	})
	if err := answered(ctx, errs); err != nil {
		return http.Moment{}, f.outside(err, &frame)
	}
	return http.Moment{Frame: frame, Pictures: slices.Concat(parts...)}, nil
}

// outside says what all logs together cover, by this machine's clock.
func (f *Fleet) outside(err error, frame *board.Frame) error {
	if o := (*http.Outside)(nil); errors.As(err, &o) {
		return &http.Outside{From: frame.From, Until: frame.Until, Offset: f.offset(frame.Until)}
	}
	return err
}

// then are a site's pictures at a moment, or after an event of its log. Where the log ends before it, they are the last
// ones.
func (m *member) then(ctx context.Context, state *board.SiteState, seq uint64) (list []jobmon.Progress, err error) {
	err = m.ask(ctx, func(p *past.Log) error {
		_, offset := p.Clock().In(state.Now.Time()).Zone()
		state.Offset, state.From, state.Known = jobmon.Offset(offset), p.First, p.Covered
		remark := func(said words.Phrase) { state.Said = append(state.Said, said) }
		ahead, err := p.AheadAt(replay.Point{Time: state.Now.Time()})
		if err != nil {
			return err
		}
		switch {
		case seq != 0:
		case ahead != 0:
			seq = ahead
		case state.Now+999 < p.First:
			state.Coverage = "before"
			return p.Covers(replay.Point{Time: state.Now.Time()})
		case state.Now > p.Present(), state.Now.Sub(heard(p)) > lag:
			if state.Now.Sub(heard(p)) > lag {
				state.Coverage = "after"
			}
			seq, state.Now = p.Last, min(state.Now, p.Present())
		default:
			if seq, _, err = p.Place(state.Now.String(), remark); err != nil {
				return err
			}
		}
		then, err := m.past.at(p, seq)
		if err != nil {
			return err
		}
		if p.LostAt(then.seq) != 0 {
			state.Away = "source"
		}
		list = ofSite(m.Name, then.pictures)
		state.Computers = len(list)
		return nil
	})
	return list, err
}

// heard is until when the log says what happened at the site. Of a source that could not be read it says that it could
// not be read.
func heard(p *past.Log) jobmon.Instant {
	if p.LostAt(p.Last) != 0 {
		return p.Present()
	}
	return p.Covered
}

// instant is the moment that a text names for all sites. seq is not 0 where it is an event of the site's log.
func (f *Fleet) instant(ctx context.Context, members []*member, site, text string) (
	at jobmon.Instant, remarks []words.Phrase, seq uint64, err error) {
	p := f.machine(members)
	if isSeq(text) {
		return f.event(ctx, site, text)
	}
	point, err := p.Parse(text)
	if past.IsOutside(err) && covered(ctx, members, point) {
		err = nil
	}
	if err != nil {
		return 0, nil, 0, said(err, p)
	}
	if point.First.Before(point.Time) {
		first, last := point.First.Format(time.RFC3339), point.Time.Format(time.RFC3339)
		remarks = append(remarks, words.Phrase{
			English: "This machine's clock showed that twice, " + first + " and " + last + "; this is the later one.",
			Key:     "said.twice.here", Places: []any{"first", first, "last", last},
		})
	}
	return jobmon.InstantOf(point.Time), remarks, 0, nil
}

// covered reports whether the log of a site covers a moment: its server's clock may have shown it wrongly.
func covered(ctx context.Context, members []*member, point replay.Point) bool {
	return slices.ContainsFunc(members, func(m *member) bool {
		return m.ask(ctx, func(p *past.Log) error { return p.Covers(point) }) == nil
	})
}

// isSeq says that a text names an event by its number.
func isSeq(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "seq:") || strings.HasPrefix(text, "seq ")
}

// event is the moment of an event of a site's log.
func (f *Fleet) event(ctx context.Context, site, text string) (
	at jobmon.Instant, remarks []words.Phrase, seq uint64, err error) {
	if !one(site) {
		return 0, nil, 0, needsSite(text, f.all())
	}
	members, err := f.those(site)
	if err != nil {
		return 0, nil, 0, err
	}
	err = members[0].ask(ctx, func(p *past.Log) error {
		seq, at, err = p.Place(text, func(said words.Phrase) { remarks = append(remarks, said) })
		return err
	})
	return at, remarks, seq, err
}

// needsSite is the error for a sequence number without a site.
func needsSite(text string, all []*member) error {
	list := strings.Join(namesOf(all), ", ")
	if list == "" {
		return &http.Wrong{
			Text: "each site counts its own events, and the hub follows no site yet",
			Say:  words.Phrase{Key: "sites.none"},
		}
	}
	return &http.Wrong{
		Text: "each site counts its own events, so " + text + " needs site=; the sites are " + list,
		Say:  words.Phrase{Key: "problem.site.text", Places: []any{"text", text, "list", list}},
	}
}

// Range implements http.Web.
func (f *Fleet) Range(ctx context.Context, site, since, until string) (from, to jobmon.Instant, err error) {
	members, err := f.those(site)
	if err != nil {
		return 0, 0, err
	}
	if isSeq(since) || isSeq(until) {
		if !one(site) {
			return 0, 0, needsSite("seq:", f.all())
		}
		return members[0].Desk.Range(ctx, "", since, until)
	}
	p := f.machine(members)
	begin, end, err := p.Bounds(since, until, false)
	if err == nil && since != "" {
		from, err = timeOf(p, begin)
	}
	if err == nil && until != "" {
		to, err = timeOf(p, end)
	}
	return from, to, said(err, p)
}

// Timeline implements http.Web: the sum of the sites'.
func (f *Fleet) Timeline(ctx context.Context, from, to jobmon.Instant, buckets int, of jobmon.ComputerKey) (
	board.Timeline, error) {
	members, err := f.those(of.Site)
	if err != nil {
		return board.Timeline{}, err
	}
	now := f.now()
	if from == 0 {
		from = f.first(members, now)
	}
	if to == 0 {
		to = now
	}
	of.Site = ""
	lines := make([]board.Timeline, len(members))
	errs := each(ctx, members, func(i int, m *member) (err error) {
		lines[i], err = m.Desk.Timeline(ctx, from, to, buckets, of)
		return err
	})
	if err := answered(ctx, errs); err != nil {
		return board.Timeline{}, err
	}
	var sum board.Timeline
	for i, m := range members {
		if errs[i] == nil {
			add(&sum, &lines[i], m.Name, f.begin(m), quiet(m.Site.Daemon.Info()))
		}
	}
	several := func(a, b board.Mark) int { return int(a.At - b.At) }
	slices.SortStableFunc(sum.Failures, several)
	sum.Failures = thinned(sum.Failures)
	return sum, nil
}

// quiet is since when nothing was heard of a site, 0 for one that reports.
func quiet(info control.Info) jobmon.Instant {
	if age := time.Duration(info.AgeMS) * time.Millisecond; age >= 0 && age <= lag {
		return 0
	}
	return info.Covered
}

// add adds the timeline of a site, whose log begins then and of which nothing was heard since quiet, to those of other
// sites.
func add(sum, line *board.Timeline, site string, begins, quiet jobmon.Instant) {
	blind := line.Unwatched
	if n := len(blind); n > 0 && quiet != 0 {
		quiet = max(quiet, blind[n-1].To)
	}
	if quiet != 0 && quiet < line.To {
		blind = append(blind, board.Span{From: max(quiet, line.From), To: line.To})
	}
	if begins > line.From { // nobody watched it before
		blind = append([]board.Span{{From: line.From, To: min(begins, line.To)}}, blind...)
	}
	for _, list := range [][]board.Mark{line.Failures, line.Stages} {
		for i := range list {
			list[i].Computer = site + "/" + list[i].Computer
		}
	}
	if sum.Step == 0 {
		*sum, sum.Unwatched = *line, blind
		return
	}
	for i := range min(len(sum.Buckets), len(line.Buckets)) {
		a, b := &sum.Buckets[i], &line.Buckets[i]
		a.Started, a.Failed, a.Events = a.Started+b.Started, a.Failed+b.Failed, a.Events+b.Events
	}
	sum.Failures = append(sum.Failures, line.Failures...)
	sum.Unwatched = both(sum.Unwatched, blind)
}

// both are the times that lie in spans of both lists, each of which is in order: nobody watched any of the sites then.
func both(a, b []board.Span) (list []board.Span) {
	for i, k := 0, 0; i < len(a) && k < len(b); {
		if s := (board.Span{From: max(a[i].From, b[k].From), To: min(a[i].To, b[k].To)}); s.From < s.To {
			list = append(list, s)
		}
		if a[i].To < b[k].To {
			i++
		} else {
			k++
		}
	}
	return list
}

// thinned leaves so many marks as a timeline may have, spread over it.
func thinned(marks []board.Mark) []board.Mark {
	n := len(marks)
	if n <= mostMarks {
		return marks
	}
	kept := make([]board.Mark, mostMarks)
	for i := range kept {
		kept[i] = marks[i*n/mostMarks]
	}
	return kept
}

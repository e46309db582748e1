package desk

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Reports implements http.Web: one set of figures of all deployments. Jobs of several sites count together by their
// names.
func (f *Fleet) Reports(ctx context.Context, site, since, until string) (board.Reports, error) {
	members, err := f.those(site)
	if err != nil {
		return board.Reports{}, err
	}
	period, clock, err := f.period(ctx, members, site, since, until)
	if err != nil {
		return board.Reports{}, err
	}
	r := newReport(period, clock)
	r.ByNames, r.away = len(members) > 1, -1
	away := make([]time.Duration, len(members))
	errs := deploymentsOf(ctx, members, period, func(d *deployments.Deployment) {
		r.Add(d)
		r.failures(d)
	}, func(i int, p *past.Log) { away[i] = unwatched(p, period) })
	if err := answered(ctx, errs); err != nil {
		return board.Reports{}, err
	}
	now, err := f.Now(ctx)
	if err != nil {
		return board.Reports{}, err
	}
	if len(members) == 1 {
		r.away = away[0]
	}
	sites := r.bySite(members, away, errs)
	return r.page(now.Frame, since, until, sites, r.stages(), r.failing(), r.slowest(), r.byDay(), r.left()), nil
}

// period is the range that a question is about, with the clock by which its days are named.
func (f *Fleet) period(ctx context.Context, members []*member, site, since, until string) (
	period deployments.Period, clock replay.Clock, err error) {
	asked := past.Stretch{SinceText: since, UntilText: until}
	machine := f.machine(members)
	switch seq := isSeq(since) || isSeq(until); {
	case seq && !one(site):
		return period, clock, needsSite("seq:", f.all())
	case seq:
		err = members[0].ask(ctx, func(p *past.Log) (err error) {
			period, err = asked.Period(p)
			return err
		})
	default:
		period, err = asked.Period(machine)
		err = said(err, machine)
		for _, m := range members { // what a server whose clock is ahead has recorded counts, too
			if until == "" {
				period.Until = max(period.Until, m.Site.Daemon.Info().Covered+1)
			}
		}
	}
	return period, machine.Clock(), err
}

// deploymentsOf calls tell with the deployments of sites that may count in a period or in the one before it, one at a
// time, and seen with each site's log.
func deploymentsOf(ctx context.Context, members []*member, period deployments.Period,
	tell func(*deployments.Deployment), seen func(i int, p *past.Log)) []error {
	var telling sync.Mutex
	return each(ctx, members, func(i int, m *member) error {
		return m.ask(ctx, func(p *past.Log) error {
			p.Member = m.Name
			from, err := p.Before(replay.Point{Time: period.Before().Since.Time()})
			if err != nil {
				return err
			}
			seen(i, p)
			return p.Deployments(from, nil, func(d *deployments.Deployment) {
				telling.Lock()
				defer telling.Unlock()
				if d.Deployment {
					tell(d)
				}
			}, nil)
		})
	})
}

// bySite has a line for each site, also where nothing is known of it.
func (r *report) bySite(members []*member, away []time.Duration, errs []error) board.Table {
	t := board.Table{Name: board.TableSites, Columns: []string{
		"site", "ended", "first_time_right", "retries", "failed", "early", "median_s", "worst_s", "unwatched_s",
	}}
	lines := map[string]*deployments.Line{}
	for _, l := range r.BySite() {
		lines[l.Name] = l
	}
	var all []*deployments.Line
	for _, m := range members {
		l := lines[m.Name]
		if l == nil {
			l = &deployments.Line{Key: deployments.Key{Name: m.Name}, Name: m.Name}
		}
		all = append(all, l)
	}
	r.results(&t, all)
	for i, m := range members {
		t.Rows[i][0].Href = "/?" + url.Values{"site": {m.Name}}.Encode()
		if errs[i] != nil {
			for k := range t.Rows[i][1:] {
				t.Rows[i][k+1] = board.Cell{Text: "–"}
			}
			t.Rows[i] = append(t.Rows[i], board.Cell{Text: "–"})
			continue
		}
		t.Rows[i] = append(t.Rows[i], board.Cell{Text: away[i], Value: seconds(away[i])})
	}
	return t
}

package desk

import (
	"context"
	"slices"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Events implements http.Web. Each site counts its own events, so the question names one.
func (f *Fleet) Events(ctx context.Context, after uint64, limit int, of jobmon.ComputerKey) ([]byte, error) {
	if !one(of.Site) {
		return nil, needsSite("the number of an event", f.all())
	}
	members, err := f.those(of.Site)
	if err != nil {
		return nil, err
	}
	return members[0].Desk.Events(ctx, after, limit, jobmon.ComputerKey{ID: of.ID})
}

// Deployments implements http.Web.
func (f *Fleet) Deployments(ctx context.Context, site, since, until, computer string) ([]past.Session, error) {
	if computer != "" {
		found, err := f.find(ctx, site, computer)
		if err != nil {
			return nil, err
		}
		site, computer = found.site, found.name
	}
	members, since, until, err := f.within(site, since, until)
	if err != nil {
		return nil, err
	}
	lists := make([][]past.Session, len(members))
	errs := each(ctx, members, func(i int, m *member) (err error) {
		lists[i], err = m.Desk.Deployments(ctx, "", since, until, computer)
		for k := range lists[i] {
			lists[i][k].Site = m.Name
		}
		return m.sited(err)
	})
	if err := answered(ctx, errs); err != nil {
		return nil, err
	}
	list := slices.Concat([]past.Session{}, slices.Concat(lists...))
	slices.SortStableFunc(list, func(a, b past.Session) int { return a.Compare(&b) })
	return list, nil
}

// Stats implements http.Web: one set of figures, also by "site".
func (f *Fleet) Stats(ctx context.Context, site, by, since, until string) ([]past.Stat, error) {
	if err := known(by, "job", "stage", "folder", "day", "site"); err != nil {
		return nil, err
	}
	members, err := f.those(site)
	if err != nil {
		return nil, err
	}
	period, _, err := f.period(ctx, members, site, since, until)
	if err != nil {
		return nil, err
	}
	s := deployments.NewStats(period, nil)
	s.ByNames = len(members) > 1
	if err := answered(ctx, deploymentsOf(ctx, members, period, s.Add, func(int, *past.Log) {})); err != nil {
		return nil, err
	}
	list := past.Stats(s, by)
	for i := range list {
		if one(site) {
			list[i].Site = site
		}
	}
	return list, nil
}

// within are the sites that a question is about, and the ends of its range as each of them takes them: as moments.
func (f *Fleet) within(site, since, until string) (members []*member, from, to string, err error) {
	if members, err = f.those(site); err != nil {
		return nil, "", "", err
	}
	if isSeq(since) || isSeq(until) {
		if !one(site) {
			return nil, "", "", needsSite("seq:", f.all())
		}
		return members, since, until, nil
	}
	p := f.machine(members)
	begin, end, err := p.Bounds(since, until, false)
	if err != nil {
		return nil, "", "", said(err, p)
	}
	if since != "" {
		from = jobmon.InstantOf(begin.Time).String()
	}
	if until != "" {
		to = jobmon.InstantOf(end.Time).String()
	}
	return members, from, to, nil
}

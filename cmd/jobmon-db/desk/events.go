package desk

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Events implements http.Web: the lines are those of "replay -o ndjson".
func (d *Desk) Events(ctx context.Context, after uint64, limit int, of jobmon.ComputerKey) ([]byte, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		return nil, said(err, p)
	}
	var ask replay.Ask
	last := p.Last // up to where pages make a text that can be imported
	if of.ID != 0 {
		last = 0
		ask.Computers = []string{fmt.Sprintf("id:%d", of.ID)}
	}
	known := replay.NewChronicle(p.Chronicle)
	filter, err := replay.NewFilter(ask, p.Names, known)
	if err != nil {
		return nil, said(err, p)
	}
	var lines bytes.Buffer
	printer, err := replay.NewPrinter(&lines, replay.Layout{
		Shape:  "ndjson",
		Header: ndjson.Header{LogID: p.LogID, Site: p.Site, Program: d.daemon.Info().Version, Last: last},
	}, known)
	if err != nil {
		return nil, err
	}
	telling := &replay.Telling{Log: p, Chronicle: known, Filter: filter}
	limit = min(max(limit, 0), http.MostLines)
	for r, err := range telling.Forward(replay.Range{From: max(after+1, p.Oldest), To: p.Last}) {
		if err != nil {
			return nil, said(err, p)
		}
		if limit--; limit < 0 {
			break
		}
		if err := printer.Print(r); err != nil {
			return nil, err
		}
	}
	return lines.Bytes(), printer.Flush()
}

// Deployments implements http.Web.
func (d *Desk) Deployments(ctx context.Context, _, since, until, computer string) ([]past.Session, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		return nil, said(err, p)
	}
	asked := past.Stretch{SinceText: since, UntilText: until}
	if err := asked.Read(p); err != nil {
		return nil, said(err, p)
	}
	var only []jobmon.ComputerID
	if computer != "" {
		id, err := p.Names.Find(computer)
		if err != nil {
			return nil, said(err, p)
		}
		only = append(only, id)
	}
	list := []past.Session{}
	err = p.Deployments(asked.After, only, func(d *deployments.Deployment) {
		if d.Deployment && asked.Holds(d) {
			list = append(list, past.NewSession(d))
		}
	}, nil)
	slices.SortFunc(list, func(a, b past.Session) int { return a.Compare(&b) })
	return list, said(err, p)
}

// known makes sure that figures are asked by something that there is.
func known(by string, list ...string) error {
	if by == "" || slices.Contains(list, by) {
		return nil
	}
	return &http.Wrong{Text: "by must be " + words.Or(list...)}
}

// Stats implements http.Web.
func (d *Desk) Stats(ctx context.Context, _, by, since, until string) ([]past.Stat, error) {
	if err := known(by, "job", "stage", "folder", "day"); err != nil {
		return nil, err
	}
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		return nil, said(err, p)
	}
	asked := past.Stretch{SinceText: since, UntilText: until}
	period, err := asked.Period(p)
	if err != nil {
		return nil, said(err, p)
	}
	s, _, err := p.Figures(period, nil, nil, false, nil, nil)
	if err != nil {
		return nil, said(err, p)
	}
	return past.Stats(s, by), nil
}

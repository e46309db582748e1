package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// mostEvents is how many events a computer's page lists.
const mostEvents = 500

// Computer implements http.Web.
func (d *Desk) Computer(ctx context.Context, _, id, at string, deployment int) (http.Computer, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return http.Computer{}, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		if at == "" && unreadable(ctx, err) {
			return d.pictured(id, err)
		}
		return http.Computer{}, said(err, p)
	}
	c, err := d.computer(p, id, at)
	if err != nil {
		return http.Computer{}, said(err, p)
	}
	then := p.Until(c.Seq, c.Now)
	if err = listDeployments(then, &c, deployment); err == nil {
		err = listEvents(then, &c)
	}
	if at == "" && unreadable(ctx, err) {
		return d.pictured(id, err)
	}
	return http.Computer{Computer: c}, said(err, p)
}

// pictured is the page in the present where the log cannot be read: the daemon's own picture.
func (d *Desk) pictured(id string, why error) (c http.Computer, err error) {
	m, err := d.unread(why)
	if err != nil {
		return c, err
	}
	known := names.Computers{}
	for i := range m.Pictures {
		is := &m.Pictures[i].Computer
		known.Add(&jobmon.Event{Kind: jobmon.KindComputer, Computer: is.ID, Name: is.Name, Text: is.OSName})
	}
	if c.Key.ID, err = known.Find(id); err != nil {
		return c, said(err, &past.Log{Names: known})
	}
	c.Frame, c.Trouble, c.Picture = m.Frame, m.Trouble, pictureOf(m.Pictures, c.Key.ID)
	return c, nil
}

// computer is the computer's page with its picture.
func (d *Desk) computer(p *past.Log, id, at string) (c board.Computer, err error) {
	var list []jobmon.Progress
	if at == "" {
		var m http.Moment
		if m, err = d.present(p); err != nil {
			return c, err
		}
		c.Frame, list = m.Frame, m.Pictures
		c.Key.ID, err = p.Names.Find(id)
	} else {
		f, m, placed := d.at(p, at)
		if placed != nil {
			return c, placed
		}
		c.Frame, list = f, m.pictures
		c.Key.ID, err = p.Find(id, func(id jobmon.ComputerID) bool {
			return pictureOf(list, id) != nil
		})
	}
	c.Picture = pictureOf(list, c.Key.ID)
	return c, err
}

// pictureOf finds a computer's picture among those of one site, whether or not they name it; nil for none.
func pictureOf(list []jobmon.Progress, id jobmon.ComputerID) *jobmon.Progress {
	if len(list) == 0 {
		return nil
	}
	return past.PictureOf(list, jobmon.ComputerKey{Site: list[0].Computer.Site, ID: id})
}

// listDeployments adds the computer's deployments, and the chart of the one with that number, 0 for the latest.
func listDeployments(p *past.Log, c *board.Computer, number int) error {
	var shown *deployments.Deployment
	var numbers []string
	err := p.Deployments(0, []jobmon.ComputerID{c.Key.ID}, func(d *deployments.Deployment) {
		s := &d.Session
		if pic := c.Picture; pic != nil && pic.Session != nil && pic.Session.Number == s.Number {
			c.Failed = failedWith(p, pic.Session, d)
		}
		if !d.Deployment {
			return
		}
		numbers = append(numbers, fmt.Sprint(s.Number))
		if s.Number == number || number == 0 {
			shown = d
		}
		good, bad := past.Verdict(s.Result)
		c.Deployments = append(c.Deployments, board.Deployment{
			Number: s.Number, Began: s.Began, Ended: s.Ended, EndSeq: within(p, d.EndSeq),
			Took:   jobmon.Length{Took: d.Took},
			Result: s.Outcome(), Good: good, Bad: bad,
		})
	}, nil)
	if err != nil {
		return err
	}
	slices.Reverse(c.Deployments)
	switch {
	case shown != nil:
		c.Shown, c.Chart = number, p.Chart(shown)
	case number != 0 && len(numbers) > 0:
		list := strings.Join(numbers, ", ")
		return &past.Wrong{Err: fmt.Errorf("there is no deployment %d; this computer's are %s", number, list),
			Say: words.Phrase{Key: "problem.deployment.text", Places: []any{"n", number, "list", list}}}
	case number != 0:
		return &past.Wrong{Err: fmt.Errorf("there is no deployment %d: none of this computer was seen", number),
			Say: words.Phrase{Key: "problem.deployment.none", Places: []any{"n", number}}}
	}
	return nil
}

// within is an event that can be asked about: where it was cut off the one with which the log begins now.
func within(p *past.Log, seq uint64) uint64 {
	if seq == 0 {
		return 0
	}
	return max(seq, p.Oldest)
}

// failedWith finds the events with which the jobs of a picture's session failed.
func failedWith(p *past.Log, s *jobmon.SessionProgress, d *deployments.Deployment) map[board.Failed]uint64 {
	runs := map[int][]*projector.Run{}
	for i := range d.Runs {
		if r := &d.Runs[i]; r.State == jobmon.StateFailed && r.Class == jobmon.RealJob {
			runs[r.Stage] = append(runs[r.Stage], r)
		}
	}
	found := map[board.Failed]uint64{}
	for i := range s.Stages {
		list := s.Stages[i].Failures
		for n := range list {
			if len(runs[i]) == len(list) && runs[i][n].Code == list[n].Code {
				found[board.Failed{Stage: i, N: n}] = within(p, runs[i][n].EndedSeq)
			}
		}
	}
	return found
}

// listEvents adds the computer's last events, the newest first.
func listEvents(p *past.Log, c *board.Computer) error {
	var last []uint64 // a ring
	seen := 0
	for b, err := range p.Computer(c.Key.ID, 0) {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if b.First() > p.Last {
			break
		}
		for i := range b.Events {
			if seen++; len(last) < mostEvents {
				last = append(last, b.Events[i].Seq)
				continue
			}
			last[(seen-1)%mostEvents] = b.Events[i].Seq
		}
	}
	if seen == 0 {
		return nil
	}
	known := replay.NewChronicle(p.Chronicle)
	filter, err := replay.NewFilter(replay.Ask{Computers: []string{fmt.Sprintf("id:%d", c.Key.ID)}}, p.Names, known)
	if err != nil {
		return err
	}
	telling := &replay.Telling{Log: p, Chronicle: known, Filter: filter}
	for r, err := range telling.Forward(replay.Range{From: slices.Min(last), To: p.Last}) {
		if err != nil {
			return err
		}
		c.Events = append(c.Events, r.Facts())
	}
	slices.Reverse(c.Events)
	c.MoreEvents = seen - len(c.Events)
	return nil
}

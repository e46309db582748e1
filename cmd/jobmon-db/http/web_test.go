package http_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/jobmon-db/jobmon-db/client/board"
	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// shown is a Web whose pictures a test changes.
type shown struct {
	changed chan struct{}

	mu       sync.Mutex
	asked    atomic.Int64 // how often for the present
	seq      uint64
	now      jobmon.Instant
	pictures []jobmon.Progress
	lost     bool
	fails    error
	trouble  error              // with the log alone
	began    []board.Deployment // the computers' deployments, the newest first
	lines    []jobmon.Instant   // the ends of the timeline that was asked for last
}

func newShown(ids ...jobmon.ComputerID) *shown {
	s := &shown{changed: make(chan struct{}, 1), now: 1_800_000_000_000}
	for _, id := range ids {
		s.commit(id, "Imaging")
	}
	return s
}

// commit has a computer run a stage, by a new event.
func (s *shown) commit(id jobmon.ComputerID, stage string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	i := slices.IndexFunc(s.pictures, func(p jobmon.Progress) bool { return p.Computer.ID == id })
	if i < 0 {
		i = len(s.pictures)
		s.pictures = append(s.pictures, jobmon.Progress{Computer: jobmon.Computer{ID: id, Name: "PC-" + strconv.Itoa(int(id))}})
	}
	s.pictures[i].Seq, s.pictures[i].At = s.seq, s.now
	s.pictures[i].Session = &jobmon.SessionProgress{
		Number: 1, State: jobmon.SessionOpen, Began: s.now - 60_000, Jobs: 2,
		Stages: []jobmon.Stage{{Name: stage, Began: s.now - 60_000}}, Next: -1,
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *shown) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *shown) Now(context.Context) (web.Moment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked.Add(1)
	frame := board.Frame{Site: "DS01", Now: s.now, Seq: s.seq, Until: s.now, From: s.now - 3_600_000, SourceLost: s.lost}
	if s.trouble != nil {
		frame.Said = web.SaidUnreadable()
	}
	return web.Moment{Frame: frame, Pictures: slices.Clone(s.pictures), Trouble: s.trouble}, s.fails
}

func (s *shown) At(ctx context.Context, _, text string) (web.Moment, error) {
	switch text {
	case "rubbish":
		return web.Moment{}, &web.Wrong{Text: "invalid time \"rubbish\""}
	case "1999":
		return web.Moment{}, &web.Outside{From: s.now - 3_600_000, Until: s.now}
	case "busy":
		return web.Moment{}, web.ErrBusy
	case "never":
		<-ctx.Done()
		return web.Moment{}, ctx.Err()
	}
	m, err := s.Now(ctx)
	m.At = text
	return m, err
}

func (s *shown) Computer(ctx context.Context, _, id, at string, deployment int) (c web.Computer, err error) {
	m, err := s.Now(ctx)
	if at != "" {
		m, err = s.At(ctx, "", at)
	}
	if err != nil {
		return c, err
	}
	for i := range m.Pictures {
		if p := &m.Pictures[i]; strconv.Itoa(int(p.Computer.ID)) == id {
			c = web.Computer{Trouble: m.Trouble}
			c.Computer = board.Computer{Frame: m.Frame, Key: p.Computer.Key(), Picture: p, Shown: deployment}
			c.Deployments = slices.Clone(s.began)
			if at != "" && len(s.began) > 0 {
				c.Deployments[0].Ended = 0
			}
			return c, nil
		}
	}
	return c, &web.Unknown{Text: "no computer " + id, Closest: []jobmon.Computer{m.Pictures[0].Computer}}
}

func (s *shown) Range(context.Context, string, string, string) (from, to jobmon.Instant, err error) {
	return 0, 0, nil
}

func (s *shown) Timeline(_ context.Context, from, to jobmon.Instant, _ int, _ jobmon.ComputerKey) (board.Timeline, error) {
	s.set(func() { s.lines = []jobmon.Instant{from, to} })
	return board.Timeline{From: from, To: to}, nil
}

func (s *shown) Reports(ctx context.Context, _, _, until string) (board.Reports, error) {
	if until != "" {
		if _, err := s.At(ctx, "", until); err != nil {
			return board.Reports{}, err
		}
	}
	return board.Reports{Tables: []board.Table{{
		Name: board.TableStages, Columns: []string{"stage", "median_s"},
		Rows: [][]board.Cell{{{Text: "=cmd()"}, {Text: "1 min", Value: "60"}}},
	}}}, nil
}

func (s *shown) Events(context.Context, uint64, int, jobmon.ComputerKey) ([]byte, error) {
	return nil, nil
}

func (s *shown) Deployments(context.Context, string, string, string, string) ([]past.Session, error) {
	return nil, nil
}

func (s *shown) Stats(context.Context, string, string, string, string) ([]past.Stat, error) {
	return nil, nil
}

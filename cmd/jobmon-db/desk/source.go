package desk

import (
	"context"
	"iter"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// Daemon is the part of the daemon that is asked; its methods are safe for concurrent use. The log behind it may be
// compacted at any time: its pages say so, and reading goes on in the new generation.
type Daemon interface {
	Info() control.Info
	// Durable returns the newest pictures, by id, and the last event that they show. Nobody changes them.
	Durable() (list []jobmon.Progress, seq uint64, err error)
	Moment(at jobmon.Instant) (m store.Moment, ok bool, err error)
	store.PageSource
}

// source is the daemon's log, read for one question: reading ends when the question's context does.
type source struct {
	store.Remote
	daemon Daemon
	ctx    context.Context
}

// NewSource is the log of that id of a running daemon, for one question: reading ends when ctx does.
func NewSource(ctx context.Context, d Daemon, id string) past.Source { return newSource(ctx, d, id) }

func newSource(ctx context.Context, d Daemon, id string) *source {
	return &source{Remote: store.Remote{Pages: d, Name: "the log", ID: id}, daemon: d, ctx: ctx}
}

// Moment finds a place in the log by time.
func (s *source) Moment(at jobmon.Instant) (store.Moment, bool, error) {
	if err := s.ctx.Err(); err != nil {
		return store.Moment{}, false, err
	}
	return s.daemon.Moment(at)
}

// Read, Scan and Computer are those of the log.
func (s *source) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return s.within(s.Remote.Read(from))
}

func (s *source) Scan(from uint64) iter.Seq2[jobmon.Batch, error] {
	return s.within(s.Remote.Scan(from))
}

func (s *source) Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error] {
	return s.within(s.Remote.Computer(id, from))
}

func (s *source) within(batches iter.Seq2[jobmon.Batch, error]) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for b, err := range batches {
			if ended := s.ctx.Err(); ended != nil {
				yield(jobmon.Batch{}, ended)
				return
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

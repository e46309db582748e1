// Package history folds the log for those who ask it: the daemon when it starts, and the commands that show the past.
package history

import (
	"fmt"
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// Reader is the part of the log that a fold needs: the batches in order, from the one that holds sequence number from.
type Reader interface {
	Read(from uint64) iter.Seq2[jobmon.Batch, error]
}

// State is what the log says after some batch: the tables, the pictures, and the last word on everything else. It is
// not safe for concurrent use.
type State struct {
	Mirror     *jobmon.Mirror
	Projection *projector.Projection
	Settings   string // as last recorded, "" for never
	Read       bool   // a read of the source was ever recorded
	SourceLost bool   // the source was lost at the end
	Seq        uint64
	At         jobmon.Instant
	Names      Names // all names that computers ever had
}

// New is the state of an empty log.
func New() *State {
	return &State{Mirror: jobmon.NewMirror(), Projection: projector.New(), Names: Names{}}
}

// Apply folds a batch of the log.
func (s *State) Apply(b *jobmon.Batch) {
	s.Projection.Apply(b)
	s.Note(b)
}

// Note folds a batch that the projection has folded already (projector.Projection.Extend).
func (s *State) Note(b *jobmon.Batch) {
	for i := range b.Events {
		e := &b.Events[i]
		s.Mirror.Apply(e)
		switch e.Kind {
		case jobmon.KindConfigured:
			s.Settings = e.Text
		case jobmon.KindClock:
			s.Read = true
		case jobmon.KindDaemonStarted, jobmon.KindSourceRestored:
			s.SourceLost = false
		case jobmon.KindSourceLost:
			s.SourceLost = true
		}
		s.Names.Add(e)
	}
	s.Seq, s.At = b.Last(), b.At
}

// Fold folds the log from its beginning as long as within says yes; nil means to the end.
func Fold(log Reader, within func(*jobmon.Batch) bool) (*State, error) {
	s := New()
	for b, err := range log.Read(0) {
		if err != nil {
			return nil, fmt.Errorf("read the log after event %d: %w", s.Seq, err)
		}
		if within != nil && !within(&b) {
			break
		}
		s.Apply(&b)
	}
	return s, nil
}

// Package history is the state after any event of the log: the newest one, with which the daemon starts, and those of
// the past. It is folded from the log's caches and the events behind them.
package history

import (
	"fmt"
	"iter"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
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
	Facts
}

// Facts is what the log says beside tables and pictures.
type Facts struct {
	Settings   string // as last recorded, "" for never
	Read       bool   // a read of the source was ever recorded
	SourceLost bool   // the source was lost at the end
	Seq        uint64
	At         jobmon.Instant
	Names      names.Computers // all names that computers ever had
	Chronicle  []jobmon.Event  // all that changed how events are shown, in order: see Beside, and Shed

	shed   uint64  // the last event that was taken out of Chronicle, 0 for none
	shifts []Shift // up to that event
}

// New is the state of an empty log.
func New() *State {
	return &State{Mirror: jobmon.NewMirror(), Projection: projector.New(), Facts: Facts{Names: names.Computers{}}}
}

// Apply folds a batch of the log. Only one that stands for history that was cut off can fail: it replaces the state.
func (s *State) Apply(b *jobmon.Batch) error {
	if !IsCut(b) {
		s.Projection.Apply(b)
		s.Note(b)
		return nil
	}
	w := wanted{
		mirror:     func(m *jobmon.Mirror) { s.Mirror = m },
		facts:      func(f *Facts) { s.Facts = *f },
		projection: func(p *projector.Projection) { s.Projection = p },
	}
	return w.takeUp(b)
}

// Apply folds a batch of the log; see State.Apply.
func (f *Facts) Apply(b *jobmon.Batch) error {
	if !IsCut(b) {
		f.Note(b)
		return nil
	}
	w := wanted{facts: func(kept *Facts) { *f = *kept }}
	return w.takeUp(b)
}

// Note folds a batch that the projection has folded already (projector.Projection.Extend).
func (s *State) Note(b *jobmon.Batch) {
	for i := range b.Events {
		s.Mirror.Apply(&b.Events[i])
	}
	s.Facts.Note(b)
}

// Note folds a batch.
func (f *Facts) Note(b *jobmon.Batch) {
	gap, unrecorded := jobmon.Unrecorded(b, f.At)
	for i := range b.Events {
		e := &b.Events[i]
		if unrecorded && e.Seq == gap.Seq {
			f.Chronicle = append(f.Chronicle, gap)
		}
		switch e.Kind {
		case jobmon.KindConfigured:
			f.Settings = e.Text
		case jobmon.KindClock:
			f.Read = !e.Flags.Has(jobmon.Baseline) // or else more of the first read follows
		case jobmon.KindDaemonStarted, jobmon.KindSourceRestored:
			f.SourceLost = false
		case jobmon.KindSourceLost:
			f.SourceLost = true
		}
		f.Names.Add(e)
		if shapes(e.Kind) {
			f.Chronicle = append(f.Chronicle, *e)
		}
	}
	f.Seq, f.At = b.Last(), b.At
}

// LostSince is when the source was lost, where it still is; 0 while it is read.
func (f *Facts) LostSince() jobmon.Instant {
	if !f.SourceLost {
		return 0
	}
	for i := range slices.Backward(f.Chronicle) {
		if e := &f.Chronicle[i]; e.Kind == jobmon.KindSourceLost {
			return e.At
		}
	}
	return f.At
}

// shapes says whether events of that kind belong to the chronicle.
func shapes(kind jobmon.Kind) bool {
	return kind == jobmon.KindJob || kind == jobmon.KindComputer || kind.OfDaemon()
}

// Offset is the DS server's UTC offset as last recorded.
func (f *Facts) Offset() jobmon.Offset {
	if shifts := f.Shifts(); len(shifts) > 0 {
		return shifts[len(shifts)-1].Offset
	}
	return 0
}

// Shift is a change of the DS server's UTC offset.
type Shift struct {
	From   jobmon.Instant `json:"from_ms"` // UTC, when it was seen
	Offset jobmon.Offset  `json:"utc_offset_s"`
}

// Shifts lists how the DS server's UTC offset changed, its first value included.
func (f *Facts) Shifts() []Shift {
	shifts := slices.Clone(f.shifts)
	for i := range f.Chronicle {
		e := &f.Chronicle[i]
		if n := len(shifts); e.Kind == jobmon.KindClock && (n == 0 || shifts[n-1].Offset != jobmon.Offset(e.Seconds)) {
			shifts = append(shifts, Shift{e.At, jobmon.Offset(e.Seconds)})
		}
	}
	return shifts
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
		if err := s.Apply(&b); err != nil {
			return nil, err
		}
	}
	return s, nil
}

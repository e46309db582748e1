package past

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// Deployments reads the log and calls tell with every session of these computers (nil: all), in the order in which they
// ended for good. Sessions that may still continue come last; their times reach to the log's last batch. It begins at a
// checkpoint, so sessions that ended for good before that event may be left out. It calls show, if set, with the event
// that it has reached.
func (p *Log) Deployments(before uint64, only []jobmon.ComputerID, tell func(*deployments.Deployment),
	show func(done, total uint64)) error {
	if p.Member != "" {
		plainly := tell
		tell = func(d *deployments.Deployment) {
			d.Computer.Site = p.Member
			plainly(d)
		}
	}
	f, err := p.fold(before, only)
	if err != nil {
		return err
	}
	end, err := p.timeAt(p.Last)
	if err != nil {
		return err
	}
	for b, err := range f.behind(p, only) {
		if err != nil {
			return err
		}
		f.Apply(&b, tell)
		if show != nil {
			show(b.Last(), p.Last)
		}
	}
	if f.alone {
		f.Reach(end) // the time of what was left out passes
	}
	f.Rest(tell)
	return nil
}

// folding is a fold that begins somewhere in a log.
type folding struct {
	*deployments.Fold
	last  uint64 // event that the fold begins behind
	alone bool   // one computer's part of the log is enough
}

// fold begins at the newest checkpoint not behind that event.
func (p *Log) fold(seq uint64, only []jobmon.ComputerID) (*folding, error) {
	cut := uint64(0)
	projection := history.Nearest(p, deployments.Told(p.Chronicle, seq))
	if p.Cut {
		cut = p.Begun
	}
	if projection.Seq() < cut {
		var err error
		if projection, err = p.standIn(); err != nil {
			return nil, err
		}
	}
	return &folding{
		Fold: deployments.New(projection, p.Chronicle, cut, only...), last: projection.Seq(),
		alone: len(only) == 1 && deployments.Told(p.Chronicle, p.Last) == p.Last,
	}, nil
}

// behind is what the fold still needs: all of the log, or one computer's part of it. A batch is valid until the next
// one.
func (f *folding) behind(p *Log, only []jobmon.ComputerID) iter.Seq2[jobmon.Batch, error] {
	from := f.last + 1
	if !f.alone {
		return whole(until(p.Last, p.Scan(from)))
	}
	shaping := slices.DeleteFunc(slices.Clone(p.Chronicle),
		func(e jobmon.Event) bool { return e.Seq < from || e.Seq > p.Last })
	return whole(history.Beside(until(p.Last, p.Computer(only[0], from)), shaping))
}

// until leaves out batches behind an event.
func until(last uint64, batches iter.Seq2[jobmon.Batch, error]) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for b, err := range batches {
			if err == nil && b.First() > last || !yield(b, err) {
				return
			}
		}
	}
}

// whole makes sure that no history is cut off while it is read.
func whole(batches iter.Seq2[jobmon.Batch, error]) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for b, err := range batches {
			switch {
			case err != nil:
				err = fmt.Errorf("read the log: %w", err)
			case history.IsCut(&b):
				err = errors.New("old history was cut off the log while it was read: ask again")
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// standIn is the projection that stands for history that was cut off.
func (p *Log) standIn() (*projector.Projection, error) {
	for b, err := range p.Read(0) {
		if err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		s := history.New()
		err := s.Apply(&b)
		return s.Projection, err
	}
	return projector.New(), nil
}

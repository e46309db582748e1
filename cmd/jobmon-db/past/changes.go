package past

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Changes are what changed between two batches, each named by its last event, and when these were. It calls show with
// the event that it has reached.
func (p *Log) Changes(only []jobmon.ComputerID, from, to uint64, show func(done, total uint64)) (
	changed []*deployments.Changed, quiet int, begun, ended jobmon.Instant, err error,
) {
	if begun, err = p.timeAt(from); err != nil {
		return nil, 0, 0, 0, err
	}
	if ended, err = p.timeAt(to); err != nil {
		return nil, 0, 0, 0, err
	}
	f, err := p.fold(from, only)
	if err != nil {
		return nil, 0, 0, 0, err
	}
	known := slices.DeleteFunc(slices.Clone(p.Chronicle), func(e jobmon.Event) bool { return e.Seq > f.last })
	d := deployments.NewDiff()
	d.Note(&jobmon.Batch{Events: known})
	before := true
	for b, err := range whole(p.Read(f.last + 1)) {
		if err != nil {
			return nil, 0, 0, 0, err
		}
		if before && b.First() > from {
			before = false
			d.Begin(f.Fold)
		}
		if b.First() > to {
			break
		}
		f.Apply(&b, d.Tell)
		d.Note(&b)
		show(b.Last(), to)
	}
	if before {
		d.Begin(f.Fold)
	}
	changed, quiet = d.End(f.Fold)
	return changed, quiet, begun, ended, nil
}

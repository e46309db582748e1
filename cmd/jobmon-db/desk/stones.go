package desk

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// Where many computers are at work the log's checkpoints are large and therefore far apart. A question that folds far
// leaves a stone behind every so many events, from which the next ones go on; all of them have at most so many bytes.
const (
	stoneEvery = 1 << 15
	stoneBytes = 16 << 20
)

// stone is a packed projection.
type stone struct {
	seq  uint64
	data []byte
}

// nearest is the projection of the last stone not behind seq, nil where there is none behind an event.
func (k *moments) nearest(seq, behind uint64) *projector.Projection {
	k.mu.Lock()
	var best *stone
	for i := range k.stones {
		if s := &k.stones[i]; s.seq <= seq && s.seq > behind && (best == nil || s.seq > best.seq) {
			best = new(*s)
		}
	}
	k.mu.Unlock()
	if best == nil {
		return nil
	}
	p, _ := history.Unpack(best.data)
	return p
}

// lay keeps a stone. The oldest ones go when there are too many.
func (k *moments) lay(p *projector.Projection) {
	s := stone{p.Seq(), history.Pack(p)}
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.ContainsFunc(k.stones, func(old stone) bool { return old.seq == s.seq }) {
		return
	}
	k.stones = append(k.stones, s)
	size := 0
	for _, s := range k.stones {
		size += len(s.data)
	}
	for size > stoneBytes {
		size -= len(k.stones[0].data)
		k.stones = slices.Delete(k.stones, 0, 1)
	}
}

// fold folds up to the batch that holds seq, and leaves stones behind.
func (k *moments) fold(p *projector.Projection, log history.Log, seq uint64) (*projector.Projection, error) {
	every := k.every
	if every == 0 {
		every = stoneEvery
	}
	for p.Seq()/every < seq/every {
		was := p.Seq()
		var err error
		if p, err = history.GoOn(p, log, (p.Seq()/every+1)*every); err != nil {
			return p, err
		}
		if p.Seq() <= was {
			break // the log ends there
		}
		k.lay(p)
	}
	return history.GoOn(p, log, seq)
}

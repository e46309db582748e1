package desk

import (
	"slices"
	"sync"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// mostKept is how many moments of the past are kept for the next questions. A reader who drags the slider or steps
// through the events mostly asks for one of them again, or for one close behind.
const mostKept = 4

// moments keeps moments of the past, so that a question about one close behind another folds only the events between
// them. It is safe for concurrent use.
type moments struct {
	most int // how many are kept

	mu   sync.Mutex
	kept []*moment // the one that was asked for last comes last
}

// moment is what was seen after a batch. Only its projection ever changes hands.
type moment struct {
	seq        uint64            // the last event of the batch
	pictures   []jobmon.Progress // by id, nil as long as they are not drawn; nobody changes them
	projection *projector.Projection
}

// at returns the moment of the batch that holds that event, with its pictures.
func (k *moments) at(log history.Log, seq uint64) (*moment, error) {
	m, p := k.take(seq, history.NearestSeq(log, seq))
	if m != nil {
		return m, nil
	}
	if p == nil {
		p = history.Nearest(log, seq)
	}
	p, err := history.GoOn(p, log, seq)
	m = &moment{seq: p.Seq(), projection: p}
	if err == nil {
		m.pictures = append([]jobmon.Progress{}, history.Pictures(p)...)
	}
	k.keep(m)
	return m, err
}

// take returns the moment where it is kept. Else it hands out the projection of the newest one before it, unless the
// log keeps one that is newer: nil for none.
func (k *moments) take(seq, nearest uint64) (*moment, *projector.Projection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var before *moment
	for _, m := range k.kept {
		if m.seq == seq && m.pictures != nil {
			return m, nil
		}
		if m.projection != nil && m.seq <= seq && m.seq >= nearest && (before == nil || m.seq > before.seq) {
			before = m
		}
	}
	if before == nil {
		return nil, nil
	}
	p := before.projection
	before.projection = nil
	return nil, p
}

// keep keeps a moment in place of the one that nobody has asked for the longest.
func (k *moments) keep(m *moment) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = slices.DeleteFunc(k.kept, func(old *moment) bool {
		return old.seq == m.seq || old.pictures == nil && old.projection == nil
	})
	k.kept = append(k.kept, m)
	if len(k.kept) > k.most {
		k.kept = slices.Delete(k.kept, 0, 1)
	}
}

// limit sets how many are kept.
func (k *moments) limit(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.most = n
}

// forget drops all of them.
func (k *moments) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = nil
}

package history

import (
	"iter"
	"math"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Beside merges the chronicle into one computer's batches, for callers that fold them: each event of the chronicle
// comes at its place, and none is left out. Events of the chronicle with the time of a batch become part of that batch.
func Beside(batches iter.Seq2[jobmon.Batch, error], chronicle []jobmon.Event) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		m := merger{rest: chronicle, yield: yield}
		for b, err := range batches {
			if err != nil {
				yield(b, err)
				return
			}
			if !m.until(b.First()) || !m.add(b) {
				return
			}
		}
		if m.until(math.MaxUint64) {
			m.flush()
		}
	}
}

// merger puts the events of the chronicle among a computer's batches.
type merger struct {
	rest    []jobmon.Event // of the chronicle, not yet merged
	pending jobmon.Batch   // not yet yielded
	yield   func(jobmon.Batch, error) bool
}

// flush yields the pending batch; false when the caller wants no more.
func (m *merger) flush() bool {
	b := m.pending
	m.pending = jobmon.Batch{}
	return len(b.Events) == 0 || m.yield(b, nil)
}

// until makes batches of the chronicle's events before that number. The last one stays pending.
func (m *merger) until(seq uint64) bool {
	for len(m.rest) > 0 && m.rest[0].Seq < seq {
		e := m.rest[0]
		m.rest = m.rest[1:]
		if e.At != m.pending.At && !m.flush() {
			return false
		}
		m.pending.At, m.pending.Events = e.At, append(m.pending.Events, e)
	}
	return true
}

// add yields a batch of the computer, with the chronicle's events among its own, each once.
func (m *merger) add(b jobmon.Batch) bool {
	if m.pending.At != b.At && !m.flush() {
		return false
	}
	for _, e := range b.Events {
		for len(m.rest) > 0 && m.rest[0].Seq <= e.Seq {
			if m.rest[0].Seq < e.Seq {
				m.pending.Events = append(m.pending.Events, m.rest[0])
			}
			m.rest = m.rest[1:]
		}
		m.pending.Events = append(m.pending.Events, e)
	}
	m.pending.At = b.At
	return m.flush()
}

package store_test

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// memory is an event log in memory, the model that the log on disk is held to. It may be used from several goroutines
// at once; its zero value is an empty log.
type memory struct {
	SiteName string

	mu      sync.Mutex
	batches []jobmon.Batch
	caches  map[string]store.Cache
	skipTo  uint64
	closed  bool
}

// Reopen is what opening the log again gives: the same events in a log that is not closed.
func (m *memory) Reopen() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{SiteName: m.SiteName, batches: slices.Clone(m.batches), caches: maps.Clone(m.caches)}
}

// Append is store.Log.Append; a batch is kept until the process ends and no longer.
func (m *memory) Append(at jobmon.Instant, events []jobmon.Event) (jobmon.Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return jobmon.Batch{}, closedMemory()
	case len(events) == 0:
		return jobmon.Batch{}, refused(store.ErrInvalid, "a batch without events cannot be appended")
	case len(events) > store.MaxEvents:
		return jobmon.Batch{}, refused(store.ErrTooLarge, "a batch of %d events cannot be appended", len(events))
	}
	for i := range events {
		e := &events[i]
		if e.Kind == 0 {
			return jobmon.Batch{}, refused(store.ErrInvalid, "event %d of the batch has no kind", i)
		}
		if max(len(e.Name), len(e.Place), len(e.Text)) > store.MaxString {
			return jobmon.Batch{}, refused(store.ErrTooLarge, "a text in event %d of the batch is too long", i)
		}
	}
	next := m.next()
	for i := range events {
		events[i].Seq, events[i].At = next+uint64(i), at
	}
	m.batches = append(m.batches, jobmon.Batch{At: at, Events: slices.Clone(events)})
	return jobmon.Batch{At: at, Events: events}, nil
}

func (m *memory) next() uint64 {
	next := uint64(1)
	if n := len(m.batches); n > 0 {
		next = m.batches[n-1].Last() + 1
	}
	return max(next, m.skipTo)
}

// Next is store.Log.Next.
func (m *memory) Next() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next()
}

// Read is store.Log.Read.
func (m *memory) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		m.mu.Lock()
		i, _ := slices.BinarySearchFunc(m.batches, from, func(b jobmon.Batch, seq uint64) int {
			if b.Last() < seq {
				return -1
			}
			return 1
		})
		m.mu.Unlock()
		for ; ; i++ {
			batch, ok, err := m.batch(i)
			if err != nil {
				yield(jobmon.Batch{}, err)
				return
			}
			if !ok || !yield(batch, nil) {
				return
			}
		}
	}
}

// Scan is store.Log.Scan; it too overwrites the events of the batch before, so that a test notices who keeps them.
func (m *memory) Scan(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		var space []jobmon.Event
		for batch, err := range m.Read(from) {
			clear(space)
			space = append(space[:0], batch.Events...)
			batch.Events = space
			if !yield(batch, err) {
				return
			}
		}
	}
}

func (m *memory) batch(i int) (jobmon.Batch, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return jobmon.Batch{}, false, closedMemory()
	}
	if i >= len(m.batches) {
		return jobmon.Batch{}, false, nil
	}
	b := m.batches[i]
	return jobmon.Batch{At: b.At, Events: slices.Clone(b.Events)}, true, nil
}

// First is store.Log.First.
func (m *memory) First() (seq uint64, at jobmon.Instant, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.batches) == 0 {
		return 0, 0, false
	}
	return m.batches[0].First(), m.batches[0].At, true
}

// Last is store.Log.Last.
func (m *memory) Last() (seq uint64, at jobmon.Instant, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.batches) == 0 {
		return 0, 0, false
	}
	b := m.batches[len(m.batches)-1]
	return b.Last(), b.At, true
}

// ID is the same for all logs in memory.
func (m *memory) ID() string { return "00000000000000000000000000000000" }

// Site is SiteName.
func (m *memory) Site() string { return m.SiteName }

// Path names no file.
func (m *memory) Path() string { return "memory" }

// Close is store.Log.Close.
func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

func closedMemory() error { return refused(store.ErrClosed, "the log in memory has been closed") }

func refused(kind error, format string, args ...any) error {
	return &store.Error{Kind: kind, Offset: -1, Text: fmt.Sprintf(format, args...)}
}

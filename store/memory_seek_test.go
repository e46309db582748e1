package store_test

import (
	"iter"
	"maps"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// SkipTo is store.Log.SkipTo.
func (m *memory) SkipTo(seq uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	skipTo := m.skipTo
	if m.skipTo = 0; m.closed || seq < m.next() {
		m.skipTo = skipTo
		if m.closed {
			return closedMemory()
		}
		return refused(store.ErrInvalid, "the sequence number %d has been given", seq)
	}
	m.skipTo = seq
	return nil
}

// Gaps is store.Log.Gaps.
func (m *memory) Gaps() ([]store.Gap, error) {
	var gaps []store.Gap
	next := uint64(1)
	for batch, err := range m.Read(0) {
		if err != nil {
			return nil, err
		}
		if batch.First() > next {
			gaps = append(gaps, store.Gap{From: next, To: batch.First() - 1})
		}
		next = batch.Last() + 1
	}
	return gaps, nil
}

// Computer is store.Log.Computer.
func (m *memory) Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for batch, err := range m.Read(from) {
			batch.Events = slices.DeleteFunc(batch.Events, func(e jobmon.Event) bool { return e.Computer != id })
			if (err != nil || len(batch.Events) > 0) && !yield(batch, err) {
				return
			}
		}
	}
}

// Moment is store.Log.Moment.
func (m *memory) Moment(at jobmon.Instant) (moment store.Moment, ok bool, err error) {
	later, passed := true, false
	for batch, err := range m.Read(0) {
		if err != nil {
			return store.Moment{}, false, err
		}
		passed = passed || batch.At > at
		if !passed {
			moment.First = batch.Last()
		}
		if batch.At <= at {
			if moment.Seq, moment.At = batch.Last(), batch.At; later {
				moment.Times++
			}
		}
		later = batch.At > at
	}
	return moment, moment.Times > 0, nil
}

// KeepCaches is store.Log.KeepCaches.
func (m *memory) KeepCaches(caches ...store.Cache) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return closedMemory()
	}
	last := uint64(0)
	if n := len(m.batches); n > 0 {
		last = m.batches[n-1].Last()
	}
	return m.keep(caches, last)
}

func (m *memory) keep(caches []store.Cache, last uint64) error {
	for _, c := range caches {
		if c.Name == "" || len(c.Name) > 64 || c.Seq > last {
			return refused(store.ErrInvalid, "the cache %q of event %d cannot be kept", c.Name, c.Seq)
		}
	}
	if m.caches == nil {
		m.caches = map[string]store.Cache{}
	}
	for _, c := range caches {
		c.Data = slices.Clone(c.Data)
		m.caches[c.Name] = c
	}
	return nil
}

// DropCaches is store.Log.DropCaches.
func (m *memory) DropCaches() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return closedMemory()
	}
	m.caches = nil
	return nil
}

// Caches is store.Log.Caches.
func (m *memory) Caches() ([]store.Cache, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, closedMemory()
	}
	var list []store.Cache
	for _, name := range slices.Sorted(maps.Keys(m.caches)) {
		c := m.caches[name]
		c.Data = nil
		list = append(list, c)
	}
	return list, nil
}

// Cache is store.Log.Cache.
func (m *memory) Cache(name string, version uint32) (store.Cache, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.caches[name]
	if m.closed || !ok || c.Version != version {
		return store.Cache{}, false
	}
	c.Data = slices.Clone(c.Data)
	return c, true
}

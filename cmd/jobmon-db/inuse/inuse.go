// Package inuse is a log that another may take the place of while it is asked: a new generation, or a log of another
// history.
package inuse

import (
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// Log is the log in use. It may be asked from several goroutines. The zero value has none.
type Log struct {
	exchanging sync.RWMutex // held for writing while log is exchanged
	log        *store.Log
}

// InUse returns the log in use, nil for none. Calls of a log that another has replaced fail with store.ErrClosed.
func (l *Log) InUse() *store.Log {
	l.exchanging.RLock()
	defer l.exchanging.RUnlock()
	return l.log
}

// Exchange replaces the log with what by returns; a nil log changes nothing. Who asks meanwhile waits.
func (l *Log) Exchange(by func() (*store.Log, error)) error {
	l.exchanging.Lock()
	defer l.exchanging.Unlock()
	log, err := by()
	if log != nil {
		l.log = log
	}
	return err
}

// Ask queries the log in use, and queries again if another has replaced it meanwhile.
func Ask[T any](l *Log, ask func(log *store.Log) (T, error)) (T, error) {
	for {
		log := l.InUse()
		if log == nil {
			var none T
			return none, fmt.Errorf("%w: nothing has arrived yet", store.ErrNoLog)
		}
		v, err := ask(log)
		if errors.Is(err, store.ErrClosed) && l.InUse() != log {
			continue
		}
		return v, err
	}
}

// Extract implements store.PageSource.
func (l *Log) Extract(from uint64) (store.Extract, error) {
	return Ask(l, func(log *store.Log) (store.Extract, error) { return log.Extract(from) })
}

// ExtractComputer implements store.PageSource.
func (l *Log) ExtractComputer(id jobmon.ComputerID, from uint64) (store.Extract, error) {
	return Ask(l, func(log *store.Log) (store.Extract, error) { return log.ExtractComputer(id, from) })
}

// Caches implements store.PageSource.
func (l *Log) Caches() ([]store.Cache, error) { return Ask(l, (*store.Log).Caches) }

// CachePage implements store.PageSource.
func (l *Log) CachePage(name string, at int) (store.CachePage, error) {
	return Ask(l, func(log *store.Log) (store.CachePage, error) { return log.CachePage(name, at) })
}

// Moment is store.Log.Moment.
func (l *Log) Moment(at jobmon.Instant) (m store.Moment, ok bool, err error) {
	m, err = Ask(l, func(log *store.Log) (m store.Moment, err error) {
		m, ok, err = log.Moment(at)
		return m, err
	})
	return m, ok, err
}

// ID is store.Log.ID.
func (l *Log) ID() string { return l.InUse().ID() }

// Last is store.Log.Last.
func (l *Log) Last() (seq uint64, at jobmon.Instant, ok bool) { return l.InUse().Last() }

// SumAt is store.Log.SumAt.
func (l *Log) SumAt(seq uint64) (sum uint32, ok bool, err error) {
	sum, err = Ask(l, func(log *store.Log) (sum uint32, err error) {
		sum, ok, err = log.SumAt(seq)
		return sum, err
	})
	return sum, ok, err
}

// Links is store.Log.Links. Where another log takes the place of the one that is read, it goes on with that.
func (l *Log) Links(from uint64) iter.Seq2[jobmon.Link, error] {
	return func(yield func(jobmon.Link, error) bool) {
		for l.links(&from, yield) {
		}
	}
}

// links yields what the log in use has from that event on. It returns true when another log has replaced it meanwhile.
func (l *Log) links(from *uint64, yield func(jobmon.Link, error) bool) (replaced bool) {
	log := l.InUse()
	for k, err := range log.Links(*from) {
		if errors.Is(err, store.ErrClosed) && l.InUse() != log {
			return true
		}
		if !yield(k, err) || err != nil {
			return false
		}
		*from = k.Last() + 1
	}
	return false
}

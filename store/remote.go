package store

import (
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// PageSource hands out a log's pages as they are stored: an open Log, or a daemon that is asked for them.
type PageSource interface {
	Source
	ExtractComputer(id jobmon.ComputerID, from uint64) (Extract, error) // see Log.ExtractComputer
}

// Remote reads a log of which pages are handed out, and checks them as Log.Read does. It may be used from several
// goroutines at once if its Pages may.
type Remote struct {
	Pages PageSource
	Name  string // of the log, for errors
	ID    string // of the log: pages of another one are refused; "" for any
}

// Read yields the batches like Log.Read, up to the end as it is when the reader gets there. When the log is compacted
// meanwhile nothing is lost and nothing yielded twice. Damaged events are left out, as the log that a daemon works on
// records them. A batch belongs to the caller. Errors: those of the source, ErrNewer, and ErrCorrupt where it cannot go
// on behind the damage.
func (r *Remote) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) { r.reader(from, false, r.Pages.Extract).each(yield) }
}

// Scan is Read for callers that keep nothing, see Log.Scan.
func (r *Remote) Scan(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) { r.reader(from, true, r.Pages.Extract).each(yield) }
}

// Caches lists the caches like Log.Caches.
func (r *Remote) Caches() ([]Cache, error) { return r.Pages.Caches() }

// Cache copies a cache, see Log.Cache.
func (r *Remote) Cache(name string, version uint32) (Cache, bool) {
	_, c, ok := copyCache(r.Pages, name)
	return c, ok && c.Version == version
}

// Computer yields one computer's history like Log.Computer; all else is as with Read.
func (r *Remote) Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		reading := r.reader(from, true, func(from uint64) (Extract, error) { return r.Pages.ExtractComputer(id, from) })
		reading.one = true
		reading.each(partOf(id, yield))
	}
}

func (r *Remote) reader(from uint64, reuse bool, pages func(from uint64) (Extract, error)) *reader {
	return &reader{
		pages: pages, path: r.Name, id: r.ID, from: from, reuse: reuse, blocks: blockReader{reuse: reuse},
		over: func(err error, from uint64) (uint64, bool) {
			next := behind(err, from)
			return next, next > 0
		},
	}
}

package store

import (
	"bytes"
	"errors"
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

// errRenewed says that the log was compacted since the page before: its parts need not follow those that were read.
var errRenewed = errors.New("the log was written anew")

// Read yields the batches like Log.Read, up to the end as it is when the reader gets there. When the log is compacted
// meanwhile nothing is lost and nothing yielded twice. Damaged events are left out, as the log that a daemon works on
// records them. A batch belongs to the caller. Errors: those of the source, ErrNewer, and ErrCorrupt where it cannot go
// on behind the damage.
func (r *Remote) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) { r.reader(from, false).each(yield) }
}

// Computer yields one computer's history like Log.Computer; all else is as with Read.
func (r *Remote) Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		reading := r.reader(from, true)
		reading.one = &id
		reading.each(partOf(id, yield))
	}
}

func (r *Remote) reader(from uint64, reuse bool) *reader {
	return &reader{
		origin: &remotePages{remote: r}, path: r.Name, from: from, reuse: reuse, blocks: blockReader{reuse: reuse},
		over: func(err error, from uint64) (uint64, bool) {
			next := behind(err, from)
			return next, next > 0 || err == errRenewed
		},
	}
}

// remotePages are the pages of one reading.
type remotePages struct {
	remote *Remote
	record []byte // the meta record that came with the page before
	meta   meta
	from   uint64 // what that page was asked from
}

func (r *remotePages) next(p *page, from uint64, one *jobmon.ComputerID) (*meta, uint64, error) {
	var x Extract
	var err error
	if one == nil {
		x, err = r.remote.Pages.Extract(from)
	} else {
		x, err = r.remote.Pages.ExtractComputer(*one, from)
	}
	if err != nil {
		return nil, 0, err
	}
	renewed, err := r.take(p, &x)
	switch {
	case err != nil:
		return nil, 0, err
	case renewed:
		return nil, 0, errRenewed
	case one != nil && len(x.Parts) > 0 && from == r.from && from > 0:
		return nil, 0, missing(r.remote.Name, from, x.Last, "the same page comes again and again")
	}
	r.from = from
	return &r.meta, x.Last, nil
}

// take takes a page over; it returns true when the log was compacted since the one before.
func (r *remotePages) take(p *page, x *Extract) (renewed bool, err error) {
	if renewed = !bytes.Equal(x.Meta, r.record); renewed {
		m, err := decodeMeta(x.Meta, r.remote.Name)
		if err != nil {
			return false, err
		}
		if is := r.remote.ID; is != "" && is != m.ID || r.record != nil && r.meta.ID != m.ID {
			return false, sentence(ErrNotOurs, r.remote.Name, "%s has become another log: start the program again",
				r.remote.Name)
		}
		renewed = r.record != nil
		r.record, r.meta = x.Meta, m
	}
	p.clear()
	for i := range x.Parts {
		of := &x.Parts[i]
		begin := len(p.data)
		p.data = append(p.data, of.Data...)
		p.pieces = append(p.pieces, piece{key: of.Seq, until: of.Until, sealed: of.Sealed, begin: begin, end: len(p.data)})
	}
	return renewed, nil
}

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

// Remote reads a log of which pages are handed out, and checks them as Log.Read does. It may be used from several goroutines at
// once if its Pages may.
type Remote struct {
	Pages PageSource
	Name  string // of the log, for errors
	ID    string // of the log: pages of another one are refused; "" for any
}

// errRenewed says that the log was written anew since the page before, so that what follows is chained to nothing that was read.
var errRenewed = errors.New("the log was written anew")

// Read yields the batches like Log.Read, up to the end as it is when the reader gets there. When the log is compacted
// meanwhile nothing is lost and nothing told twice. Damaged events are left out, as the log that a daemon works on tells of them.
// A batch belongs to the caller. Errors: those of the source, ErrNewer, and ErrCorrupt where it cannot go on behind the damage.
func (r *Remote) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		pages := &remotePages{remote: r}
		for {
			reading := reader{origin: pages, path: r.Name, from: from}
			err := reading.readOn(yield)
			switch next := behind(err, from); {
			case err == nil, err == errEnough:
				return
			case err == errRenewed:
				from = max(from, reading.next)
			case next > 0:
				from = max(next, reading.next)
			default:
				yield(jobmon.Batch{}, err)
				return
			}
		}
	}
}

// Computer yields one computer's history like Log.Computer; all else is as with Read.
func (r *Remote) Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		part := partOf(id, yield)
		tail, err := r.blocks(id, from, part)
		switch {
		case err == errEnough:
			return
		case err != nil:
			yield(jobmon.Batch{}, err)
			return
		}
		for batch, err := range r.Read(tail) {
			if !part(batch, err) {
				return
			}
		}
	}
}

// blocks tells what is in those blocks that list the computer, from sequence number from on, and says where to read on.
func (r *Remote) blocks(id jobmon.ComputerID, from uint64, tell func(jobmon.Batch, error) bool) (tail uint64, err error) {
	pages := &remotePages{remote: r}
	reading := reader{path: r.Name, reuse: true, blocks: blockReader{reuse: true}}
	for {
		x, err := r.Pages.ExtractComputer(id, from)
		if err != nil {
			return 0, err
		}
		if _, err := pages.take(&reading.page, &x); err != nil {
			return 0, err
		}
		reading.last = x.Last
		before := from
		for i := range reading.page.pieces {
			p := &reading.page.pieces[i]
			if !p.sealed {
				return max(from, p.key), nil
			}
			if err := reading.block(p, from, tell); err != nil {
				return 0, err
			}
			from = max(from, p.until+1, reading.next)
		}
		switch {
		case len(x.Parts) == 0 || from > x.Last:
			return from, nil
		case from == before:
			return 0, missing(r.Name, from, x.Last, "the same page comes again and again")
		}
	}
}

// block tells a block by itself, from sequence number from on; damage is left out.
func (r *reader) block(p *piece, from uint64, tell func(jobmon.Batch, error) bool) error {
	for next := max(from, p.key); ; {
		r.from, r.chained = next, false
		err := r.piece(p, tell)
		if err == nil {
			return nil
		}
		if next = behind(err, next); next == 0 {
			return err
		}
		if next > p.until {
			return nil
		}
	}
}

// remotePages are the pages of one reading.
type remotePages struct {
	remote *Remote
	record []byte // what the log said of itself with the page before
	meta   meta
}

func (r *remotePages) next(p *page, from uint64) (first, last uint64, err error) {
	x, err := r.remote.Pages.Extract(from)
	if err != nil {
		return 0, 0, err
	}
	renewed, err := r.take(p, &x)
	if err == nil && renewed {
		err = errRenewed
	}
	return r.meta.First, x.Last, err
}

// take takes a page over, and says whether the log was written anew since the one before.
func (r *remotePages) take(p *page, x *Extract) (renewed bool, err error) {
	if renewed = !bytes.Equal(x.Meta, r.record); renewed {
		m, err := decodeMeta(x.Meta, r.remote.Name)
		if err != nil {
			return false, err
		}
		if is := r.remote.ID; is != "" && is != m.ID || r.record != nil && r.meta.ID != m.ID {
			return false, sentence(ErrNotOurs, r.remote.Name, "%s has become another log: start the program again", r.remote.Name)
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

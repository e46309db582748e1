package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Read yields the batches in order, beginning with the one that contains sequence number from, up to Last as it is
// when the reader gets there; with from beyond Last it yields nothing, with from before First it begins there. A
// batch belongs to the caller.
//
// What is read is checked: frame by frame, and that they follow one another without a gap. The first failure is
// yielded, with an empty batch, and ends the reading: ErrCorrupt, ErrTruncated, ErrNewer, ErrClosed. What comes
// behind a damaged place can be read from Error.Last + 1 on. A log that is open for reading only can also fail with
// ErrLocked when a writer has opened it meanwhile.
//
// Numbers that were skipped (SkipTo) are no failure: a batch begins behind the one before by so many more. Gaps lists
// them.
//
// No transaction and no lock is held while the caller's code runs: it may take its time, append, or close the log.
func (l *Log) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) { l.reader(from, false).each(yield) }
}

// Scan is Read for callers that keep nothing: a batch's events are overwritten when the next batch is asked for, and
// must not be changed. Strings may be kept.
func (l *Log) Scan(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) { l.reader(from, true).each(yield) }
}

// Computer yields the history of one computer from sequence number from on: the batches in which it has a part, in
// order, each with the events of that computer alone. It reads the blocks that list the computer and the tail. Events
// that concern all computers are not among them. Failures, and all else, are as with Read; a batch belongs to the
// caller.
func (l *Log) Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		r := l.reader(from, true)
		r.one = true
		r.pages = func(from uint64) (Extract, error) { return l.extract(from, &id) }
		r.each(partOf(id, yield))
	}
}

func (l *Log) reader(from uint64, reuse bool) *reader {
	m := l.meta()
	return &reader{
		pages: l.Extract, path: l.path, id: m.ID, record: m.record, meta: m.meta, from: from,
		reuse: reuse, blocks: blockReader{reuse: reuse}, over: l.over,
	}
}

// partOf passes on of each batch the events of one computer, copied, and no batch without any.
func partOf(id jobmon.ComputerID, yield func(jobmon.Batch, error) bool) func(jobmon.Batch, error) bool {
	return func(batch jobmon.Batch, err error) bool {
		var of []jobmon.Event
		for i := range batch.Events {
			if batch.Events[i].Computer == id {
				of = append(of, batch.Events[i])
			}
		}
		if batch.Events = of; err == nil && len(of) == 0 {
			return true
		}
		return yield(batch, err)
	}
}

// errEnough says that the reading code wants no more.
var errEnough = errors.New("enough was read")

// reader goes through the frames and blocks of a log, page by page.
type reader struct {
	pages   func(from uint64) (Extract, error) // of the log; see Log.Extract
	path    string                             // for errors
	id      string                             // of the log; "" for any
	record  []byte                             // the meta record of the last page, which says
	meta    meta
	one     bool      // the pages hold only blocks that list one computer
	from    uint64    // batches that end before it are not yielded,
	last    uint64    // nor those that begin behind it
	asked   uint64    // where the last page was asked from
	next    uint64    // sequence number that comes next
	crc     uint32    // of the frame before it; both
	chained bool      // once there was one
	tail    bool      // the last part was a frame of the tail
	head    head      // of the last part
	batch   *batchEnd // that is yielded,
	opens   bool      // and whether its part begins with it
	parts   []Part    // of the last page
	decoder decoder
	blocks  blockReader
	reuse   bool
	proving bool           // also that blocks hold the frames that were sealed
	events  []jobmon.Event // of the last frame, to be overwritten if reuse

	pause func() error // called before each page; nil for never

	// over says whether reading goes on after an error, and from which sequence number on; nil for never.
	over func(err error, from uint64) (next uint64, ok bool)
}

// each yields everything up to the end, and goes on behind damage where the reader may.
func (r *reader) each(yield func(jobmon.Batch, error) bool) {
	for {
		began := r.from
		err := r.readOn(yield)
		if err == nil || err == errEnough {
			return
		}
		next, ok := uint64(0), false
		if r.over != nil {
			next, ok = r.over(err, began)
		}
		if !ok {
			yield(jobmon.Batch{}, err)
			return
		}
		// No batch is yielded twice, wherever the damage is said to end.
		r.from, r.chained = max(next, r.next), false
	}
}

// readOn reads up to the end or to the first failure.
func (r *reader) readOn(yield func(jobmon.Batch, error) bool) error {
	for {
		more, err := r.nextPage()
		for i := 0; err == nil && i < len(r.parts); i++ {
			err = r.part(&r.parts[i], yield)
		}
		if err != nil || !more {
			return err
		}
	}
}

// nextPage asks for the next page; it returns false when everything is read.
func (r *reader) nextPage() (bool, error) {
	from := max(r.from, r.next)
	r.parts = nil
	if r.pause != nil {
		if err := r.pause(); err != nil {
			return false, err
		}
	}
	x, err := r.pages(from)
	if err == nil {
		err = r.identify(x.Meta)
	}
	if err != nil {
		return false, err
	}
	r.last, r.from, r.parts = x.Last, max(r.from, r.meta.First), x.Parts
	if r.one && len(r.parts) > 0 && from == r.asked && from > 0 {
		return false, missing(r.path, from, x.Last, "the same page comes again and again")
	}
	r.asked = from
	if len(r.parts) > 0 && r.chained && !r.parts[0].Sealed && r.parts[0].Seq < r.next {
		r.parts = r.parts[1:] // the frame that was read last: what comes next is not behind it
	}
	if len(r.parts) > 0 {
		return true, nil
	}
	if max(from, r.meta.First) > r.last || r.one {
		return false, nil
	}
	why := fmt.Sprintf("there is nothing, yet events up to %d had been written", r.last)
	return false, missing(r.path, from, r.last, why)
}

// identify makes sure that a page is of the log that is read. When that was compacted since the page before, its parts
// need not follow those that were read.
func (r *reader) identify(record []byte) error {
	if bytes.Equal(record, r.record) {
		return nil
	}
	m, err := decodeMeta(record, r.path)
	switch {
	case err != nil:
		return err
	case r.id != "" && r.id != m.ID:
		return sentence(ErrNotOurs, r.path, "%s has become another log: start the program again", r.path)
	case r.record != nil:
		r.from, r.chained = max(r.from, r.next), false
	}
	r.record, r.meta, r.id = record, m, m.ID
	return nil
}

// part yields the batches of a frame or of a block.
func (r *reader) part(p *Part, yield func(jobmon.Batch, error) bool) error {
	if r.one && (p.Sealed || !r.tail) { // blocks between it and the part before were left out
		r.from, r.chained = max(r.from, r.next, cmp.Or(p.Since, p.Seq)), false
	}
	r.tail = !p.Sealed
	b, bad := parsePart(p.Data)
	if bad != nil {
		return r.damage(p, bad)
	}
	entered := r.chained && p.Sealed && p.Seq < r.next && p.Seq == b.first // it was sealed since the last page
	if entered && b.last < r.next {
		return missing(r.path, r.next, r.untilOf(p), "nothing is stored that holds it")
	}
	if !entered {
		if err := r.follows(p, &b.head); err != nil {
			return err
		}
	}
	events, bad := r.decode(&b)
	if bad != nil {
		return r.damage(p, bad)
	}
	wanted := r.from
	if entered {
		wanted = r.next
	}
	r.next, r.crc, r.chained, r.head = b.last+1, b.crc, true, b.head
	begin := 0
	for i := range r.blocks.batches {
		batch := &r.blocks.batches[i]
		of := events[begin:batch.end:batch.end]
		if of[0].Seq > r.last {
			r.next = of[0].Seq - batch.skipped // the block holds more than was acknowledged when the page was copied
			return nil
		}
		r.batch, r.opens = batch, i == 0
		if of[len(of)-1].Seq >= wanted && !yield(jobmon.Batch{At: batch.at, Events: of}, nil) {
			return errEnough
		}
		begin = batch.end
	}
	return nil
}

// decode decodes the events of a frame or a block. Its batches are in r.blocks until the next call.
func (r *reader) decode(b *part) (events []jobmon.Event, bad *frameError) {
	if b.block {
		events, bad = r.blocks.events(b, &r.decoder)
		if bad == nil && r.proving {
			bad = r.prove(b, events)
		}
		return events, bad
	}
	f := frame{first: b.first, count: b.events, at: b.firstAt, events: b.body, eventsAt: b.bodyAt}
	if events, bad = r.decoder.events(r.events, &f); bad != nil {
		return nil, bad
	}
	if r.reuse {
		r.events = events
	}
	r.blocks.batches = append(r.blocks.batches[:0], batchEnd{
		at: f.at, end: f.count, skipped: b.skippedBefore(), previous: b.previous, crc: b.crc,
	})
	return events, nil
}

// prove checks that what was decoded from a block gives, encoded again, frames with the very checksums by which the
// batches were chained when they were appended: so no block is exchanged for another one that is well made.
func (r *reader) prove(b *part, events []jobmon.Event) *frameError {
	crc, bad := r.blocks.frames(b, events, func([]byte) bool { return true })
	if bad == nil && crc != b.crc {
		return broken(b.bodyAt, "its batches are not those that were appended")
	}
	return bad
}

// follows checks that what is stored under a key is what its head says, and that it follows what was read before.
func (r *reader) follows(p *Part, h *head) error {
	lost, seamed := r.meta.seam(h.begin())
	begin := h.begin() - lost
	path := r.path
	switch {
	case h.first != p.Seq:
		holds := fmt.Sprintf("what is stored there holds %d to %d", h.first, h.last)
		return missing(path, r.sinceOf(p), r.untilOf(p), holds)
	case !r.chained && begin > r.from:
		return missing(path, r.from, begin-1, fmt.Sprintf("what follows holds %d to %d", h.first, h.last))
	case r.chained && begin > r.next:
		return missing(path, r.next, begin-1, fmt.Sprintf("what follows holds %d to %d", h.first, h.last))
	case r.chained && begin < r.next:
		return missing(path, p.Seq, r.untilOf(p),
			fmt.Sprintf("what is stored there holds %d to %d again", h.first, h.last))
	case r.chained && !seamed && h.previous != r.crc:
		return r.damage(p, broken(4, "it does not follow what comes before it"))
	}
	return nil
}

// sinceOf is the first sequence number that is lost with a frame or block. Its key may be what is damaged: nothing
// between what was read and that key is anywhere else.
func (r *reader) sinceOf(p *Part) uint64 {
	if r.chained {
		return min(p.Seq, r.next)
	}
	return min(p.Seq, r.from)
}

// untilOf is the last sequence number that is lost with a frame or block.
func (r *reader) untilOf(p *Part) uint64 { return min(p.Until, max(r.last, p.Seq)) }

func (r *reader) damage(p *Part, bad *frameError) error {
	return damage(r.path, r.sinceOf(p), r.untilOf(p), bad)
}

func (l *Log) usable() error {
	l.handle.RLock()
	defer l.handle.RUnlock()
	if l.closed {
		return errClosed(l.path)
	}
	return nil
}

// view runs fn in a read transaction that ends with it. fn copies what it needs.
func (l *Log) view(fn func(*bolt.Tx) error) error {
	l.handle.RLock()
	defer l.handle.RUnlock()
	if !l.options.ReadOnly {
		return l.use(func(db *bolt.DB) error { return db.View(fn) })
	}
	if l.closed {
		return errClosed(l.path)
	}
	db, err := openFile(l.path, true, l.options.LockWait, false)
	if err != nil {
		return err
	}
	err = guarded(l.path, func() error {
		return db.View(func(tx *bolt.Tx) error {
			m, err := readMeta(tx, l.path)
			if err != nil {
				return err
			}
			if m.ID != l.meta().ID {
				return sentence(ErrNotOurs, l.path, "%s has become another log: start the program again", l.path)
			}
			return fn(tx)
		})
	})
	return closeAfter(db, err)
}

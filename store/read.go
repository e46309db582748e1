package store

import (
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
// yielded, with an empty batch, and ends the reading: ErrCorrupt, ErrTruncated, ErrNewer, ErrClosed. What comes behind a
// damaged place can be read from Error.Last + 1 on. A log that is open for reading only can also fail with ErrLocked
// when a writer has opened it meanwhile.
//
// Numbers that were skipped (SkipTo) are no failure: a batch begins behind the one before by so many more. Gaps lists
// them.
//
// No transaction and no lock is held while the caller's code runs: it may take its time, append, or close the log.
func (l *Log) Read(from uint64) iter.Seq2[jobmon.Batch, error] { return l.read(from, false) }

// Scan is Read for whoever goes through a long history and keeps nothing: a batch's events are overwritten when the
// next batch is asked for, and must not be changed. Strings may be kept.
func (l *Log) Scan(from uint64) iter.Seq2[jobmon.Batch, error] { return l.read(from, true) }

func (l *Log) read(from uint64, reuse bool) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for {
			r := reader{origin: l, path: l.path, from: from, reuse: reuse, blocks: blockReader{reuse: reuse}}
			err := r.readOn(yield)
			next, ok := l.over(err, from)
			if !ok {
				if err != nil && err != errEnough {
					yield(jobmon.Batch{}, err)
				}
				return
			}
			from = max(next, r.next) // what was told is not told again, wherever the damage is said to end
		}
	}
}

// readOn reads up to the end or to the first failure.
func (r *reader) readOn(yield func(jobmon.Batch, error) bool) error {
	for {
		more, err := r.nextPage()
		for i := 0; err == nil && i < len(r.page.pieces); i++ {
			err = r.piece(&r.page.pieces[i], yield)
		}
		if err != nil || !more {
			return err
		}
	}
}

// errEnough says that the reading code wants no more.
var errEnough = errors.New("enough was read")

// reader goes through the frames and blocks of a log, page by page.
type reader struct {
	origin  origin
	path    string // for errors
	from    uint64 // batches that end before it are not told,
	last    uint64 // nor those that begin behind it
	next    uint64 // sequence number that comes next
	crc     uint32 // of the frame before it; both
	chained bool   // once there was one
	page    page
	decoder decoder
	blocks  blockReader
	reuse   bool
	proving bool           // also that blocks hold the frames that were sealed
	hash    blockHash      // of the block before
	events  []jobmon.Event // of the last frame, to be overwritten if reuse
}

// origin is where a reader's pages come from.
type origin interface {
	// next copies the page that begins with what can hold sequence number from. first and last are the log's when it is
	// copied; with from behind last there is nothing on the page.
	next(p *page, from uint64) (first, last uint64, err error)
}

func (l *Log) next(p *page, from uint64) (first, last uint64, err error) {
	first, last = l.meta.First, l.ends().last
	if from = max(from, first); from > last {
		return first, last, l.usable()
	}
	return first, last, l.view(func(tx *bolt.Tx) error { return p.copy(tx, l.path, from, last) })
}

// nextPage copies the next page; it says false when everything is read.
func (r *reader) nextPage() (bool, error) {
	from := r.from
	if r.chained {
		from = r.next
	}
	r.page.clear()
	first, last, err := r.origin.next(&r.page, from)
	if err != nil || max(from, first) > last {
		return false, err
	}
	r.last, r.from = last, max(r.from, first)
	if pieces := r.page.pieces; r.chained && len(pieces) > 0 && !pieces[0].sealed && pieces[0].key < r.next {
		r.page.pieces = pieces[1:] // the frame that was read last: what comes next is not behind it
	}
	if len(r.page.pieces) == 0 {
		return false, missing(r.path, from, last, fmt.Sprintf("there is nothing, yet events up to %d had been written", last))
	}
	return true, nil
}

// piece tells the batches of a frame or of a block.
func (r *reader) piece(p *piece, yield func(jobmon.Batch, error) bool) error {
	if !p.sealed {
		return r.frame(p, yield)
	}
	b, bad := parseBlock(r.page.bytes(p))
	if bad != nil {
		return r.damage(p, bad)
	}
	entered := r.chained && b.first < r.next // it was sealed since the last page
	if entered && b.last < r.next {
		return missing(r.path, r.next, r.untilOf(p), "nothing is stored that tells of it")
	}
	if !entered {
		if err := r.follows(p, b.first, b.first-b.skippedBefore(), b.last, b.previous); err != nil {
			return err
		}
	}
	if r.proving {
		if err := r.proveHash(p, &b); err != nil {
			return err
		}
	}
	if b.encoding == asFrames {
		return r.frames(p, &b, yield)
	}
	events, bad := r.blocks.events(&b, &r.decoder)
	if bad == nil && r.proving {
		bad = r.proveFrames(&b, events)
	}
	if bad != nil {
		return r.damage(p, bad)
	}
	wanted := r.from
	if entered {
		wanted = r.next
	}
	r.next, r.crc, r.chained = b.last+1, b.crc, true
	begin := 0
	for i := range r.blocks.batches {
		batch := &r.blocks.batches[i]
		of := events[begin:batch.end:batch.end]
		if of[0].Seq > r.last {
			r.next = of[0].Seq - batch.skipped // the block holds more than was acknowledged when the page was copied
			return nil
		}
		if of[len(of)-1].Seq >= wanted && !yield(jobmon.Batch{At: batch.at, Events: of}, nil) {
			return errEnough
		}
		begin = batch.end
	}
	return nil
}

// frames tells the batches of a block of frames.
func (r *reader) frames(p *piece, b *block, yield func(jobmon.Batch, error) bool) error {
	pieces, bad := r.page.inside(p, b)
	if bad != nil {
		return r.damage(p, bad)
	}
	for i := range pieces {
		if pieces[i].until < r.from || r.chained && pieces[i].until < r.next {
			continue // not wanted, or told before it was sealed
		}
		if pieces[i].key > r.last {
			return nil // not acknowledged when the page was copied
		}
		if err := r.frame(&pieces[i], yield); err != nil {
			return err
		}
	}
	return nil
}

// frame tells the batch of a frame.
func (r *reader) frame(p *piece, yield func(jobmon.Batch, error) bool) error {
	f, bad := parseFrame(r.page.bytes(p))
	if bad != nil {
		return r.damage(p, bad)
	}
	if err := r.follows(p, f.first, f.begin(), f.last(), f.previous); err != nil {
		return err
	}
	var events []jobmon.Event
	if f.last() >= r.from {
		if events, bad = r.decoder.events(r.events, &f); bad != nil {
			return r.damage(p, bad)
		}
		if r.reuse {
			r.events = events
		}
	}
	r.next, r.crc, r.chained = f.last()+1, f.crc, true
	if len(events) > 0 && !yield(jobmon.Batch{At: f.at, Events: events}, nil) {
		return errEnough
	}
	return nil
}

// follows checks that what is stored under a key is the frame or block from first to last, and that it follows what
// was read before: begin is first without the numbers that were skipped, previous what it says of the frame before.
func (r *reader) follows(p *piece, first, begin, last uint64, previous uint32) error {
	path := r.path
	switch {
	case first != p.key:
		from := p.key // which may be what is damaged: then it begins where the one before ends
		if r.chained {
			from = min(from, r.next)
		}
		return missing(path, from, r.untilOf(p), fmt.Sprintf("what is stored there tells of %d to %d", first, last))
	case !r.chained && begin > r.from:
		return missing(path, r.from, begin-1, fmt.Sprintf("what follows tells of %d to %d", first, last))
	case r.chained && begin > r.next:
		return missing(path, r.next, begin-1, fmt.Sprintf("what follows tells of %d to %d", first, last))
	case r.chained && begin < r.next:
		return missing(path, p.key, r.untilOf(p), fmt.Sprintf("what is stored there tells of %d to %d again", first, last))
	case r.chained && previous != r.crc:
		return r.damage(p, broken(4, "it does not follow what comes before it"))
	}
	return nil
}

// untilOf is the last sequence number that is lost with a frame or block.
func (r *reader) untilOf(p *piece) uint64 { return min(p.until, max(r.last, p.key)) }

func (r *reader) damage(p *piece, bad *frameError) error {
	return damage(r.path, p.key, r.untilOf(p), bad)
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
	db, err := openFile(l.path, true, l.options.LockWait, 0)
	if err != nil {
		return err
	}
	err = guarded(l.path, func() error {
		return db.View(func(tx *bolt.Tx) error {
			m, err := readMeta(tx, l.path, false)
			if err != nil {
				return err
			}
			if m.ID != l.meta.ID {
				return sentence(ErrNotOurs, l.path, "%s has become another log: start the program again", l.path)
			}
			return fn(tx)
		})
	})
	return closeAfter(db, err)
}

package store

import (
	"fmt"
	"iter"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// pageBytes is how many bytes of frames are copied out in one transaction, unless one frame alone has more.
const pageBytes = 256 << 10

// Read yields the batches in order, beginning with the one that contains sequence number from, up to Last as it is
// when the reader gets there; with from beyond Last it yields nothing, with from before First it begins there. A
// batch belongs to the caller.
//
// What is read is checked: frame by frame, and that they follow one another without a gap. The first failure is
// yielded, with an empty batch, and ends the reading: ErrCorrupt, ErrTruncated, ErrNewer, ErrClosed. A log that is open
// for reading only can also fail with ErrLocked when a writer has opened it meanwhile.
//
// No transaction and no lock is held while the caller's code runs: it may take its time, append, or close the log.
func (l *Log) Read(from uint64) iter.Seq2[jobmon.Batch, error] { return l.read(from, false) }

// Scan is Read for whoever goes through a long history and keeps nothing: a batch's events are overwritten when the
// next batch is asked for. Strings may be kept.
func (l *Log) Scan(from uint64) iter.Seq2[jobmon.Batch, error] { return l.read(from, true) }

func (l *Log) read(from uint64, reuse bool) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		r := reader{log: l, next: max(from, l.meta.First), reuse: reuse}
		for {
			more, err := r.nextPage()
			if err != nil {
				yield(jobmon.Batch{}, err)
				return
			}
			if !more {
				return
			}
			for i := range r.page.frames {
				batch, err := r.batch(i)
				if err != nil {
					yield(jobmon.Batch{}, err)
					return
				}
				if !yield(batch, nil) {
					return
				}
			}
		}
	}
}

// reader goes through the frames of a log, page by page.
type reader struct {
	log     *Log
	next    uint64 // sequence number that comes next
	crc     uint32 // of the frame before it,
	chained bool   // once there was one
	page    page
	decoder decoder
	reuse   bool
	events  []jobmon.Event // of the last batch, to be overwritten if reuse
}

// page is some frames copied out of the file.
type page struct {
	data   []byte
	frames []pageFrame
}

type pageFrame struct {
	key uint64 // sequence number under which it is stored
	end int    // where it ends in data
}

func (p *page) frame(i int) []byte {
	if i == 0 {
		return p.data[:p.frames[0].end]
	}
	return p.data[p.frames[i-1].end:p.frames[i].end]
}

// nextPage copies the next page; it says false when everything is read.
func (r *reader) nextPage() (bool, error) {
	last := r.log.ends().last
	if r.next > last {
		return false, r.log.usable()
	}
	r.page.data, r.page.frames = r.page.data[:0], r.page.frames[:0]
	err := r.log.view(func(tx *bolt.Tx) error { return r.page.copy(tx, r.log.path, r.next, last) })
	if err != nil {
		return false, err
	}
	if len(r.page.frames) == 0 {
		return false, missing(r.log.path, r.next, fmt.Sprintf("there is nothing, yet events up to %d had been written", last))
	}
	return true, nil
}

// copy copies frames, beginning with the one that contains sequence number from, at least one if there is one.
func (p *page) copy(tx *bolt.Tx, path string, from, last uint64) error {
	c := tx.Bucket([]byte(bucketTail)).Cursor()
	key, value := c.Seek(seqKey(from))
	if seq, ok := keySeq(key); !ok || seq != from {
		if key == nil {
			key, value = c.Last()
		} else {
			key, value = c.Prev()
		}
	}
	for ; key != nil; key, value = c.Next() {
		seq, ok := keySeq(key)
		if !ok {
			return missing(path, from, "a frame is stored under a key that is no sequence number")
		}
		if seq > last || len(p.frames) > 0 && len(p.data)+len(value) > pageBytes {
			return nil
		}
		if len(value) > MaxFrame {
			return damage(path, seq, broken(MaxFrame, "a frame has at most %d bytes", MaxFrame))
		}
		p.data = append(p.data, value...)
		p.frames = append(p.frames, pageFrame{key: seq, end: len(p.data)})
	}
	return nil
}

// batch decodes the page's frame i and checks that it follows the one before.
func (r *reader) batch(i int) (jobmon.Batch, error) {
	path, key := r.log.path, r.page.frames[i].key
	f, bad := parseFrame(r.page.frame(i))
	if bad != nil {
		return jobmon.Batch{}, damage(path, key, bad)
	}
	switch {
	case f.first != key:
		return jobmon.Batch{}, missing(path, key, fmt.Sprintf("the frame of %d is stored there", f.first))
	case r.chained && f.first != r.next, f.first > r.next, f.last() < r.next:
		return jobmon.Batch{}, missing(path, r.next, fmt.Sprintf("the next frame tells of %d to %d", f.first, f.last()))
	case r.chained && f.previous != r.crc:
		return jobmon.Batch{}, damage(path, key, broken(4, "it does not follow the frame before it"))
	}
	events, bad := r.decoder.events(r.events, &f)
	if bad != nil {
		return jobmon.Batch{}, damage(path, key, bad)
	}
	if r.reuse {
		r.events = events
	}
	r.next, r.crc, r.chained = f.last()+1, f.crc, true
	return jobmon.Batch{At: f.at, Events: events}, nil
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

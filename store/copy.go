package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Part is a frame or a block as it is stored, not looked into.
type Part struct {
	Seq    uint64 `json:"seq"`              // the sequence number under which it is stored
	Until  uint64 `json:"until"`            // what comes next begins behind it
	Sealed bool   `json:"sealed,omitempty"` // a block
	Data   []byte `json:"data"`
}

// Extract is a page of a log as it is stored.
type Extract struct {
	Meta  []byte `json:"meta"` // what the log says of itself
	Last  uint64 `json:"last"` // the log's last sequence number when the page was copied
	Parts []Part `json:"parts"`
}

// Extract copies a page, 256 KiB or one part, beginning with the part that can hold sequence number from; there are no parts
// behind Last. A copy of the log is made of such pages, while others append. Damage inside a part is copied as
// well. The bytes belong to the caller. Errors: ErrClosed, ErrCorrupt, and those of the operating system.
func (l *Log) Extract(from uint64) (Extract, error) {
	last := l.ends().last
	from = max(from, l.meta.First)
	return l.extract(last, func(p *page, tx *bolt.Tx) error {
		if from > last {
			return nil
		}
		return p.copy(tx, l.path, from, last)
	})
}

// ExtractComputer is Extract for whoever wants one computer's history: blocks that do not list it are left out. Where no other block is left
// the page is of the tail, in which everything is.
func (l *Log) ExtractComputer(id jobmon.ComputerID, from uint64) (Extract, error) {
	entries, last, err := l.sealed()
	if err != nil {
		return Extract{}, err
	}
	listed, rest := listing(entries, id, from, last)
	if len(listed) == 0 {
		return l.Extract(rest)
	}
	return l.extract(last, func(p *page, tx *bolt.Tx) error {
		_, err := p.copyBlocks(tx, l.path, listed)
		return err
	})
}

func (l *Log) extract(last uint64, fill func(p *page, tx *bolt.Tx) error) (Extract, error) {
	x := Extract{Last: last}
	var p page
	err := l.view(func(tx *bolt.Tx) error {
		x.Meta = bytes.Clone(tx.Bucket([]byte(bucketMeta)).Get([]byte(keyLog)))
		return fill(&p, tx)
	})
	for i := range p.pieces {
		of := &p.pieces[i]
		x.Parts = append(x.Parts, Part{Seq: of.key, Until: min(of.until, max(x.Last, of.key)), Sealed: of.sealed, Data: p.bytes(of)})
	}
	return x, err
}

// Source is a log that is copied page by page: an open one, or that of a daemon, asked for its pages.
type Source interface {
	Extract(from uint64) (Extract, error)
	Caches() ([]Cache, error) // without their data
	CachePage(name string, at int) (CachePage, error)
}

// Progress is told how far something lasting has come: done of total, which may rise meanwhile. It may be nil.
type Progress func(done, total uint64)

func (p Progress) tell(done, total uint64) {
	if p != nil {
		p(done, total)
	}
}

// copier makes a copy of a log in a file of its own.
type copier struct {
	builder
	source Source
	next   uint64     // what is to be copied next
	marks  []partMark // of what was copied, in order
	tail   int        // how many of them are blocks, which never change any more
	caches []Cache    // that were copied
}

// partMark is what the copy is held to.
type partMark struct {
	seq  uint64
	size int
	crc  uint32
}

// copyAll copies until the end of the source, as it is when the copy gets there. reset takes out of what the source says
// of itself what is not the copy's.
func (c *copier) copyAll(ctx context.Context, told Progress, reset func(*meta)) error {
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		x, err := c.source.Extract(c.next)
		if err != nil {
			return err
		}
		if err := c.identify(x.Meta, reset); err != nil {
			return err
		}
		if c.next > x.Last {
			return nil
		}
		before := c.next
		for i := range x.Parts {
			again, err := c.take(&x.Parts[i])
			if err != nil {
				return err
			}
			if again {
				break
			}
		}
		if c.next == before {
			return missing(c.path, c.next, x.Last, "the log that is copied ends there, and says that it does not")
		}
		told.tell(min(c.next-1, x.Last), x.Last)
	}
}

// identify makes sure that all pages are of one log. The first one says which.
func (c *copier) identify(record []byte, reset func(*meta)) error {
	m, err := decodeMeta(record, c.path)
	if err != nil {
		return err
	}
	switch {
	case c.meta.ID == "":
		reset(&m)
		c.next = m.First
		return c.begin(m)
	case m.ID != c.meta.ID || m.First != c.first:
		return sentence(ErrNotOurs, c.path, "the log that is copied to %s has become another one: begin again", c.path)
	}
	return nil
}

// take copies a part. It says true when the source has sealed its tail meanwhile: the frames copied from it are
// dropped, and copying goes on with the first of them.
func (c *copier) take(p *Part) (again bool, err error) {
	n := len(c.marks)
	switch {
	case p.Sealed && c.tail < n:
		c.next = c.marks[c.tail].seq
		c.marks = c.marks[:c.tail]
		return true, c.dropTail()
	case n > 0 && p.Seq <= c.marks[n-1].seq:
		return false, nil // the last of the page before
	}
	if err := c.put(p.Sealed, p.Seq, p.Data); err != nil {
		return false, err
	}
	c.marks = append(c.marks, partMark{p.Seq, len(p.Data), checksum(0, p.Data)})
	if p.Sealed {
		c.tail = len(c.marks)
	}
	c.next = p.Until + 1
	return false, nil
}

// prove opens the finished copy, compares it with what was copied, and reads it as Prove does. It returns what cannot
// be read: that was damaged in the source, for its bytes are the same.
func (c *copier) prove(ctx context.Context, told Progress) (summary Summary, err error) {
	log, err := OpenFile(c.path)
	if err != nil {
		return summary, fmt.Errorf("look at the copy: %w", err)
	}
	defer log.Close()
	if err := c.compare(log); err != nil {
		return summary, err
	}
	return log.summary(ctx, told)
}

// compare holds the finished copy to what was copied, part by part.
func (c *copier) compare(log *Log) error {
	at := c.meta.First
	for i := 0; i < len(c.marks); {
		x, err := log.Extract(at)
		if err != nil {
			return fmt.Errorf("look at the copy: %w", err)
		}
		for j := range x.Parts {
			p := &x.Parts[j]
			if i > 0 && p.Seq <= c.marks[i-1].seq {
				continue
			}
			if i >= len(c.marks) || c.marks[i] != (partMark{p.Seq, len(p.Data), checksum(0, p.Data)}) {
				return sentence(ErrCorrupt, c.path, "the copy %s is not what was written at event %d: check the disk", c.path, p.Seq)
			}
			at = p.Until + 1
			i++
		}
		if len(x.Parts) == 0 {
			return sentence(ErrCorrupt, c.path, "the copy %s ends before event %d: check the disk", c.path, at)
		}
	}
	for i := range c.caches {
		of := &c.caches[i]
		if is, ok := log.Cache(of.Name, of.Version); !ok || is.Seq != of.Seq {
			return sentence(ErrCorrupt, c.path, "the copy %s has not got the cache %q that was written: check the disk", c.path, of.Name)
		}
	}
	return nil
}

// builder writes a log into a new file. Nothing is synced before finish.
type builder struct {
	path    string
	meta    meta
	first   uint64 // meta.First of the source
	db      *bolt.DB
	tx      *bolt.Tx
	pending int // bytes put into tx
}

const (
	buildBytes = 4 << 20 // written in one transaction
	buildAlloc = 64 << 10
)

// begin makes the file, which must not be there.
func (b *builder) begin(m meta) error {
	file, err := os.OpenFile(b.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return ioError("creating "+b.path, err)
	}
	if err := errors.Join(inherit.File(file), file.Close()); err != nil {
		return ioError("creating "+b.path, err)
	}
	b.meta, b.first = m, m.First
	return b.write(func(tx *bolt.Tx) error {
		bucket, err := tx.CreateBucket([]byte(bucketMeta))
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket([]byte(bucketTail)); err != nil {
			return err
		}
		record, err := m.encode()
		if err != nil {
			return err
		}
		return bucket.Put([]byte(keyLog), record)
	})
}

// open opens the file, a new one or one that was finished.
func (b *builder) open() error {
	options := boltOptions(false, defaultLockWait)
	options.NoSync = true
	db, err := openBolt(b.path, options)
	if err != nil {
		return err
	}
	db.AllocSize = buildAlloc
	b.db = db
	return nil
}

// write changes the file; what many calls did is committed together.
func (b *builder) write(change func(tx *bolt.Tx) error) (err error) {
	if b.db == nil {
		if err := b.open(); err != nil {
			return err
		}
	}
	if b.tx == nil {
		if b.tx, err = b.db.Begin(true); err != nil {
			return ioError("writing "+b.path, err)
		}
	}
	if err := change(b.tx); err != nil {
		return ioError("writing "+b.path, err)
	}
	if b.pending < buildBytes {
		return nil
	}
	return b.commit()
}

func (b *builder) commit() error {
	tx := b.tx
	b.tx, b.pending = nil, 0
	if tx == nil {
		return nil
	}
	if err := tx.Commit(); err != nil {
		return ioError("writing "+b.path, err)
	}
	return nil
}

// put stores a frame or block behind all others.
func (b *builder) put(sealed bool, seq uint64, data []byte) error {
	return b.write(func(tx *bolt.Tx) (err error) {
		bucket := tx.Bucket([]byte(bucketTail))
		if sealed {
			if bucket, err = tx.CreateBucketIfNotExists([]byte(bucketBlocks)); err != nil {
				return err
			}
		}
		bucket.FillPercent = fill
		b.pending += len(data)
		return bucket.Put(seqKey(seq), data)
	})
}

func (b *builder) dropTail() error {
	return b.write(func(tx *bolt.Tx) error {
		if err := tx.DeleteBucket([]byte(bucketTail)); err != nil {
			return err
		}
		_, err := tx.CreateBucket([]byte(bucketTail))
		return err
	})
}

// finish writes what is left, cuts off what the file has beyond its last page, and syncs it. The file is closed then.
func (b *builder) finish() error {
	err := b.commit()
	if b.db != nil {
		if closing := b.db.Close(); err == nil && closing != nil {
			err = ioError("writing "+b.path, closing)
		}
		b.db = nil
	}
	if err != nil {
		return err
	}
	file, err := os.OpenFile(b.path, os.O_RDWR, 0)
	if err != nil {
		return ioError("syncing "+b.path, err)
	}
	newest, err := newestMeta(file, b.path)
	if err == nil {
		err = file.Truncate(int64(newest.pages) * pageSize)
	}
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return ioError("syncing "+b.path, err)
	}
	return nil
}

// abandon removes the file, if it is there.
func (b *builder) abandon() {
	if b.tx != nil {
		_ = b.tx.Rollback()
		b.tx = nil
	}
	if b.db != nil {
		_ = b.db.Close()
		b.db = nil
	}
	_ = os.Remove(b.path)
}

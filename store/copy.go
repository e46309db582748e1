package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Source is a log that is copied page by page: an open one, or that of a daemon, asked for its pages.
type Source interface {
	pages
	Caches() ([]Cache, error) // without their data
	CachePage(name string, at int) (CachePage, error)
}

// pages are those of a log, also of one of which nothing else can be read.
type pages interface {
	Extract(from uint64) (Extract, error)
}

// Progress is called while a long task runs: done of total, which may rise meanwhile. It may be nil.
type Progress func(done, total uint64)

func (p Progress) report(done, total uint64) {
	if p != nil {
		p(done, total)
	}
}

// half is the progress of the first or the second half.
func (p Progress) half(part uint64) Progress {
	return func(done, total uint64) { p.report(part*total+done, 2*total) }
}

// copier makes a copy of a log in a file of its own: frames and blocks as they are stored.
type copier struct {
	builder
	source pages
	reset  func(*meta) // removes from the source's meta record what does not hold for the copy
	cut    *Cut        // what takes the place of old history; nil copies all of it

	origin meta // the source's meta record
	copied
	tail   *copied          // as it was before the first frame of the tail
	caches map[string]Cache // that were copied, without their data
}

// copied says how far a copy has come.
type copied struct {
	next uint64 // what is to be copied next
	last uint64 // the key of the last part
	sum  uint32 // the CRC-32C of all parts
}

// copyAll copies until the end of the source, as it is when the copy gets there.
func (c *copier) copyAll(ctx context.Context, progress Progress) error {
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		x, err := c.source.Extract(c.next)
		if err != nil {
			return err
		}
		if err := c.identify(x.Meta); err != nil {
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
		progress.report(min(c.next-1, x.Last), x.Last)
	}
}

// identify makes sure that all pages are of one log. The first one says which.
func (c *copier) identify(record []byte) error {
	m, err := decodeMeta(record, c.path)
	if err != nil {
		return err
	}
	switch {
	case c.origin.ID == "":
		c.origin = m
		if c.reset(&m); c.cut != nil {
			return c.beginCut(m)
		}
		c.next = m.First
		return c.begin(m)
	case m.ID != c.origin.ID || m.First != c.origin.First:
		return sentence(ErrNotOurs, c.path, "the log that is copied to %s has become another one: begin again", c.path)
	case len(m.Seams) > len(c.origin.Seams): // it follows another log
		more := m.Seams[len(c.origin.Seams):]
		c.origin, c.meta.Seams = m, slices.Concat(c.meta.Seams, more)
		return c.describe()
	}
	return nil
}

// take copies a part. It returns true when the source has sealed its tail meanwhile: the frames copied from it are
// dropped, and copying goes on with the first of them.
func (c *copier) take(p *Part) (again bool, err error) {
	seq, data := p.Seq, p.Data
	if c.cut != nil && seq < c.cut.At {
		if seq, data, err = c.cut.rest(p, c.path); err != nil {
			return false, err
		}
	}
	switch {
	case p.Sealed && c.tail != nil:
		c.copied, c.tail = *c.tail, nil
		return true, c.write(emptyTail)
	case c.last > 0 && seq <= c.last:
		return false, nil // the last of the page before
	case !p.Sealed && c.tail == nil:
		c.tail = &copied{next: seq, last: c.last, sum: c.sum}
	}
	c.next = p.Until + 1
	return false, c.keep(seq, p.Sealed, data)
}

// keep stores a part.
func (c *copier) keep(seq uint64, sealed bool, data []byte) error {
	c.last, c.sum = seq, checksum(c.sum, data)
	return c.put(sealed, seq, data)
}

// prove reads the finished copy, checks it, and compares it with what was copied. The summary lists what cannot be
// read: that was damaged in the source, for its bytes are the same.
func (c *copier) prove(ctx context.Context, progress Progress) (s Summary, err error) {
	last := c.next - 1
	f, err := openFileLog(ctx, c.path, func(done, _ uint64) { progress.report(min(done, last), last) })
	if err != nil {
		return s, fmt.Errorf("look at the copy: %w", err)
	}
	defer f.Close()
	switch sum, err := f.sum(); {
	case err != nil:
		return s, err
	case sum != c.sum || len(f.tree.faults) > 0 || f.report.Caches < len(c.caches):
		return s, sentence(ErrCorrupt, c.path, "the copy %s is not what was written to it: check the disk", c.path)
	}
	return f.verified().summary(), nil
}

// complete copies everything up to the end of the source, with its caches, and closes the file.
func (c *copier) complete(ctx context.Context, progress Progress) error {
	err := c.copyAll(ctx, progress)
	if err == nil {
		err = c.takeCaches()
	}
	if err == nil {
		err = c.finish()
	}
	return err
}

// copyLog makes a copy at path, closed, proven and on the disk; when it fails there is none.
func copyLog(
	ctx context.Context, source pages, path string, progress Progress, reset func(*meta),
) (summary Summary, err error) {
	c := &copier{builder: builder{path: path}, source: source, reset: reset}
	if err = c.complete(ctx, progress.half(0)); err == nil {
		summary, err = c.prove(ctx, progress.half(1))
	}
	if err != nil {
		c.abandon()
	}
	return summary, err
}

// CachePage is a piece of a cache as it is stored.
type CachePage struct {
	Seq  uint64 `json:"seq"`  // of the cache
	Size int    `json:"size"` // bytes of all of it; 0 when there is none of that name
	Data []byte `json:"data"` // from where was asked on
}

// CachePage copies up to 256 KiB of a cache, from byte at on. The bytes are not looked at. Errors are those of Read.
func (l *Log) CachePage(name string, at int) (p CachePage, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketCaches))
		if bucket == nil {
			return nil
		}
		value := bucket.Get([]byte(name))
		if c, _, ok := parseCache(name, value); ok && at >= 0 && at <= len(value) {
			p = CachePage{Seq: c.Seq, Size: len(value), Data: bytes.Clone(value[at:min(len(value), at+pageBytes)])}
		}
		return nil
	})
	return p, err
}

// takeCaches copies the caches that the copy lacks, of events that it has and none of events that were cut off. A copy
// is then asked as fast as the log. Those that cannot be had are left out: no answer depends on them.
func (c *copier) takeCaches() error {
	source, ok := c.source.(Source)
	if !ok {
		return nil
	}
	list, err := source.Caches()
	if err != nil {
		return nil
	}
	least := uint64(0)
	if c.cut != nil {
		least = c.cut.At - 1
	}
	for i := range list {
		known := &list[i]
		if known.Seq < least || known.Seq >= c.next || c.caches[known.Name].Seq == known.Seq && known.Seq > 0 {
			continue
		}
		record, copied, ok := copyCache(source, known.Name)
		if !ok || copied.Seq != known.Seq {
			continue
		}
		if err := c.putCache(record); err != nil {
			return err
		}
		if c.caches == nil {
			c.caches = map[string]Cache{}
		}
		c.caches[known.Name] = *known
	}
	return nil
}

// copyCache copies a cache page by page. It returns false when there is none, or when it was replaced meanwhile or is
// damaged.
func copyCache(source Source, name string) (record cacheRecord, c Cache, ok bool) {
	record.name = []byte(name)
	for seq := uint64(0); ; {
		p, err := source.CachePage(name, len(record.value))
		if len(record.value) == 0 {
			seq = p.Seq
		}
		if err != nil || p.Seq != seq || len(p.Data) == 0 || p.Size > MaxCache+64 {
			return record, c, false
		}
		record.value = append(record.value, p.Data...)
		if len(record.value) >= p.Size {
			c, ok = decodeCache(name, record.value)
			return record, c, ok && c.Seq == seq
		}
	}
}

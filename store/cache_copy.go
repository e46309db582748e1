package store

import (
	"bytes"
	"errors"

	bolt "go.etcd.io/bbolt"
)

// Caches go along where a log is copied as it is: the copy has the same events. So a backup is asked, and a restored or compacted log started,
// as fast as the log itself.

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

// errReplaced says that a cache has been replaced since it was listed, or is damaged.
var errReplaced = errors.New("there is no such cache any more")

// copyCache copies the cache that was listed, page by page.
func copyCache(source Source, known *Cache) (record cacheRecord, err error) {
	record.name = []byte(known.Name)
	for {
		p, err := source.CachePage(known.Name, len(record.value))
		if err != nil {
			return record, err
		}
		if p.Seq != known.Seq || len(p.Data) == 0 || p.Size > MaxCache+64 {
			return record, errReplaced
		}
		record.value = append(record.value, p.Data...)
		if len(record.value) >= p.Size {
			break
		}
	}
	if c, ok := decodeCache(known.Name, record.value); !ok || c.Seq != known.Seq {
		return record, errReplaced
	}
	return record, nil
}

// takeCaches copies the caches of events that the copy has. Those that cannot be had are left out: no answer depends on them.
func (c *copier) takeCaches() error {
	list, err := c.source.Caches()
	if err != nil {
		return nil
	}
	for i := range list {
		known := &list[i]
		if known.Seq >= c.next {
			continue
		}
		record, err := copyCache(c.source, known)
		if err != nil {
			continue
		}
		if err := c.putCache(record); err != nil {
			return err
		}
		c.caches = append(c.caches, *known)
	}
	return nil
}

// putCache stores a cache as it is.
func (b *builder) putCache(record cacheRecord) error {
	return b.write(func(tx *bolt.Tx) error {
		b.pending += len(record.value)
		return putCaches(tx, []cacheRecord{record})
	})
}

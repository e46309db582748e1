package store

import (
	"bytes"

	bolt "go.etcd.io/bbolt"
)

// Caches go over to a new generation as they are: it has the same events, and what follows from those that were cut off
// too. So a compaction makes no start and no picture of the past slower.

// takeCaches copies the caches that the new generation lacks, one at a time: those of events that it has, and none of events
// that were cut off. Damaged ones are left behind.
func (c *Compaction) takeCaches() error {
	list, err := c.old.Caches()
	if err != nil {
		return err
	}
	least := uint64(0)
	if c.options.Cut != nil {
		least = c.options.Cut.At - 1
	}
	for _, known := range list {
		if known.Seq < least || known.Seq > c.writer.done() || c.caches[known.Name] == known.Seq {
			continue
		}
		var record cacheRecord
		err := c.old.view(func(tx *bolt.Tx) error {
			if bucket := tx.Bucket([]byte(bucketCaches)); bucket != nil {
				record = cacheRecord{[]byte(known.Name), bytes.Clone(bucket.Get([]byte(known.Name)))}
			}
			return nil
		})
		if err != nil {
			return err
		}
		now, ok := decodeCache(known.Name, record.value)
		if !ok || now.Seq != known.Seq {
			continue // replaced meanwhile: the next look takes it
		}
		if err := c.writer.putCache(record); err != nil {
			return err
		}
		c.caches[known.Name] = known.Seq
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

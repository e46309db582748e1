package store

import (
	"context"
	"errors"
	"iter"
	"os"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// builder writes a log into a new file. Nothing is synced before finish.
type builder struct {
	path    string
	meta    meta
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
	m.Format = format // also in a copy of a log of fieldFormat: it can have seams and blocks of the present version
	b.meta = m
	return b.write(func(tx *bolt.Tx) error {
		bucket, err := tx.CreateBucket([]byte(bucketMeta))
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket([]byte(bucketTail)); err != nil {
			return err
		}
		return putMeta(bucket, &b.meta)
	})
}

func putMeta(bucket *bolt.Bucket, m *meta) error {
	record, err := m.encode()
	if err != nil {
		return err
	}
	return bucket.Put([]byte(keyLog), record)
}

// describe writes the meta record again.
func (b *builder) describe() error {
	return b.write(func(tx *bolt.Tx) error { return putMeta(tx.Bucket([]byte(bucketMeta)), &b.meta) })
}

// write changes the file; what many calls did is committed together.
func (b *builder) write(change func(tx *bolt.Tx) error) (err error) {
	if b.db == nil { // the file is new, or was finished
		options := boltOptions(false, defaultLockWait)
		options.NoSync = true
		if b.db, err = openBolt(b.path, options); err != nil {
			return err
		}
		b.db.AllocSize = buildAlloc
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

// putCache stores a cache as it is.
func (b *builder) putCache(record cacheRecord) error {
	return b.write(func(tx *bolt.Tx) error {
		b.pending += len(record.value)
		return putCaches(tx, []cacheRecord{record})
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
	newest, _, err := metaPages(file, b.path)
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

// Build writes a log of these batches into a new file, which Restore takes like a backup. The id is that of the log
// that they are from, 32 hex digits; their sequence numbers and times stay, numbers that are left out are gaps. When
// it fails there is no file.
//
// Errors: ErrInvalid for an id that is none, no batch, or batches that do not follow one another; ErrTooLarge; those of
// batches, the context, and the operating system.
func Build(ctx context.Context, path, id, site string, batches iter.Seq2[jobmon.Batch, error]) error {
	m := newMeta(site)
	if err := m.take(id, path); err != nil {
		return err
	}
	b, ends := &builder{path: path}, bounds{}
	for batch, err := range batches {
		if err = errors.Join(err, context.Cause(ctx)); err == nil {
			err = b.batch(&ends, &m, &batch)
		}
		if err != nil {
			b.abandon()
			return err
		}
	}
	if ends.last == 0 {
		return sentence(ErrInvalid, path, "there is no event to make a log of")
	}
	return b.finish()
}

// batch appends a batch with the numbers that it has. The first one begins the log.
func (b *builder) batch(ends *bounds, m *meta, batch *jobmon.Batch) error {
	if len(batch.Events) == 0 {
		return sentence(ErrInvalid, b.path, "a batch without events cannot follow event %d", ends.last)
	}
	if ends.last == 0 {
		m.begin(batch)
		if err := b.begin(*m); err != nil {
			return err
		}
		ends.crc = m.chain()
	}
	next := ends.next(m)
	for i := range batch.Events {
		if batch.Events[i].Seq != batch.First()+uint64(i) || batch.First() < next {
			return sentence(ErrInvalid, b.path, "event %d cannot follow event %d", batch.Events[i].Seq,
				next-1+uint64(i))
		}
	}
	f := frame{previous: ends.crc, first: batch.First(), at: batch.At, count: len(batch.Events)}
	f.skipped = f.first - next
	data, _, crc, err := appendFrame(nil, nil, &f, batch.Events)
	if err != nil {
		return err
	}
	return b.write(func(tx *bolt.Tx) error {
		tail, err := putFrame(tx, b.path, ends, &f, data)
		*ends = bounds{last: f.last(), crc: crc, tail: tail}
		b.pending += len(data)
		return err
	})
}

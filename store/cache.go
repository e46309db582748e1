package store

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Cache and MaxCache are what the log keeps for its owner.
type Cache = jobmon.Cache

// MaxCache is the most bytes that a cache can have.
const MaxCache = jobmon.MaxCache

const (
	maxCacheName = 64
	cacheVersion = 1 // of the record around the data
	cacheHeadLen = 4 + 1
)

// KeepCaches keeps caches in a commit of their own, each in place of the one of the same name. Errors: ErrInvalid (a
// name too long or empty, or a Seq beyond Last), ErrTooLarge, and those of Append.
func (l *Log) KeepCaches(caches ...Cache) error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if err := l.writable(); err != nil {
		return err
	}
	records, err := encodeCaches(caches, l.ends().last)
	if err != nil {
		return err
	}
	return l.commit("writing caches", func(tx *bolt.Tx) error { return putCaches(tx, records) })
}

// DropCaches removes all caches.
func (l *Log) DropCaches() error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if err := l.writable(); err != nil {
		return err
	}
	return l.commit("removing the caches", func(tx *bolt.Tx) error {
		if tx.Bucket([]byte(bucketCaches)) == nil {
			return nil
		}
		return tx.DeleteBucket([]byte(bucketCaches))
	})
}

// Cache is the cache of that name and version; ok is false when there is none, when it is damaged or stands for
// events that the log does not have, and when the log cannot be read. The data belongs to the caller.
func (l *Log) Cache(name string, version uint32) (cache Cache, ok bool) {
	last := l.ends().last
	err := l.view(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketCaches))
		if bucket == nil {
			return nil
		}
		cache, ok = decodeCache(name, bucket.Get([]byte(name)))
		return nil
	})
	if err != nil || !ok || cache.Version != version || cache.Seq > last {
		return Cache{}, false
	}
	return cache, true
}

// Caches lists the caches by name, without their data: what Cache gives is checked, what is listed is not. Errors are
// those of Read.
func (l *Log) Caches() ([]Cache, error) {
	last := l.ends().last
	var list []Cache
	err := l.view(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketCaches))
		if bucket == nil {
			return nil
		}
		return bucket.ForEach(func(name, value []byte) error {
			if c, _, ok := parseCache(string(name), value); ok && c.Seq <= last {
				list = append(list, c)
			}
			return nil
		})
	})
	return list, err
}

// cacheRecord is a cache as it is stored: a checksum of the rest (CRC-32C begun with that of the name, 4 bytes), the
// record's version, the cache's version and sequence number as uvarints, the data.
type cacheRecord struct{ name, value []byte }

func encodeCaches(caches []Cache, last uint64) ([]cacheRecord, error) {
	var records []cacheRecord
	for i := range caches {
		c := &caches[i]
		switch {
		case c.Name == "" || len(c.Name) > maxCacheName:
			return nil, sentence(ErrInvalid, "",
				"a cache cannot be called %.70q: this is a mistake in the program", c.Name)
		case c.Seq > last:
			return nil, sentence(ErrInvalid, "",
				"the cache %q stands for event %d, the last one is %d: this is a mistake "+
					"in the program", c.Name, c.Seq, last)
		case len(c.Data) > MaxCache:
			return nil, sentence(ErrTooLarge, "", "the cache %q has %d bytes, the most is %d: do without "+
				"it", c.Name, len(c.Data), MaxCache)
		}
		value := make([]byte, cacheHeadLen, cacheHeadLen+2*binary.MaxVarintLen64+len(c.Data))
		value[4] = cacheVersion
		value = binary.AppendUvarint(value, uint64(c.Version))
		value = binary.AppendUvarint(value, c.Seq)
		value = append(value, c.Data...)
		binary.LittleEndian.PutUint32(value, checksum(0, []byte(c.Name), value[4:]))
		records = append(records, cacheRecord{[]byte(c.Name), value})
	}
	return records, nil
}

func decodeCache(name string, value []byte) (Cache, bool) {
	c, begin, ok := parseCache(name, value)
	if !ok || binary.LittleEndian.Uint32(value) != checksum(0, []byte(name), value[4:]) {
		return Cache{}, false
	}
	c.Data = append([]byte(nil), value[begin:]...)
	return c, true
}

// parseCache reads what stands before the data, which begins at begin.
func parseCache(name string, value []byte) (cache Cache, begin int, ok bool) {
	if len(value) <= cacheHeadLen || value[4] != cacheVersion {
		return Cache{}, 0, false
	}
	c := cursor{data: value, at: cacheHeadLen}
	version, seq := c.uvarint(), c.uvarint()
	if c.bad || version > 1<<32-1 {
		return Cache{}, 0, false
	}
	return Cache{Name: name, Version: uint32(version), Seq: seq}, c.at, true
}

func putCaches(tx *bolt.Tx, records []cacheRecord) error {
	if len(records) == 0 {
		return nil
	}
	bucket, err := tx.CreateBucketIfNotExists([]byte(bucketCaches))
	for _, r := range records {
		if err == nil {
			err = bucket.Put(r.name, r.value)
		}
	}
	return err
}

package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"path/filepath"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// commits are functions of tests through which logs commit, by the path of the file.
var commits sync.Map

var _ = hookCommits()

func hookCommits() bool {
	commitTx = func(tx *bolt.Tx) error {
		if commit, ok := commits.Load(tx.DB().Path()); ok {
			return commit.(func(*bolt.Tx) error)(tx)
		}
		return tx.Commit()
	}
	return true
}

// CommitThrough makes the log in dir commit through a function of the test's.
func CommitThrough(dir string, commit func(*bolt.Tx) error) {
	commits.Store(filepath.Join(dir, logName(1)), commit)
}

// Limit lets the file of the log in dir have no more than so many bytes.
func Limit(dir string, bytes int) {
	CommitThrough(dir, func(tx *bolt.Tx) error {
		tx.DB().MaxSize = bytes
		return tx.Commit()
	})
}

// Prove checks what is behind sequence number from as Scrub does; damage is an error.
func (l *Log) Prove(ctx context.Context, from uint64) error { return l.scrubbed(ctx, from) }

// Checksum is what stands before a meta record.
func Checksum(text []byte) []byte { return binary.LittleEndian.AppendUint32(nil, checksum(0, text)) }

// Drop closes the file as reopen does.
func (l *Log) Drop() error {
	l.handle.Lock()
	defer l.handle.Unlock()
	return l.closeFile()
}

// Tail is the bucket of frames, to be damaged.
type Tail struct {
	bucket *bolt.Bucket
	err    error
}

// ChangeTail changes the frames of an open log behind its back.
func (l *Log) ChangeTail(change func(tail *Tail)) error {
	return l.db.Update(func(tx *bolt.Tx) error {
		tail := &Tail{bucket: tx.Bucket([]byte(bucketTail))}
		change(tail)
		return tail.err
	})
}

func (t *Tail) did(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *Tail) Get(seq uint64) []byte           { return bytes.Clone(t.bucket.Get(seqKey(seq))) }
func (t *Tail) Put(seq uint64, frame []byte)    { t.did(t.bucket.Put(seqKey(seq), frame)) }
func (t *Tail) PutKey(key string, frame []byte) { t.did(t.bucket.Put([]byte(key), frame)) }
func (t *Tail) Delete(seq uint64)               { t.did(t.bucket.Delete(seqKey(seq))) }
func (t *Tail) Foreign(first uint64, n int) []byte {
	var events []jobmon.Event
	for range n {
		events = append(events, jobmon.Event{Kind: jobmon.KindDaemonStopped})
	}
	frame, _, _, err := appendFrame(nil, nil, &frame{previous: 0xbad, first: first, at: 1}, events)
	t.did(err)
	return frame
}

// Newer is a frame as a newer version would write it.
func (t *Tail) Newer(seq uint64) []byte {
	frame := t.Get(seq)
	frame[3] = gapVersion + 1
	binary.LittleEndian.PutUint32(frame[8:], checksum(0, frame[:8], frame[fixedLen:]))
	return frame
}

// Blocks are the blocks of a log by their first sequence numbers.
func (l *Log) Blocks() (map[uint64][]byte, error) {
	blocks := map[uint64][]byte{}
	err := l.view(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketBlocks))
		if bucket == nil {
			return nil
		}
		return bucket.ForEach(func(key, value []byte) error {
			seq, _ := keySeq(key)
			blocks[seq] = bytes.Clone(value)
			return nil
		})
	})
	return blocks, err
}

// TailFrames is how many frames the tail has.
func (l *Log) TailFrames() (n int) {
	l.db.View(func(tx *bolt.Tx) error {
		n = tx.Bucket([]byte(bucketTail)).Stats().KeyN
		return nil
	})
	return n
}

// Forge exchanges a block for one that is well made and in which one event is another.
func (l *Log) Forge(seq uint64) error {
	return l.db.Update(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketBlocks))
		b, bad := parsePart(bytes.Clone(bucket.Get(seqKey(seq))))
		if bad != nil {
			return bad
		}
		var r blockReader
		events, bad := r.events(&b, &decoder{})
		if bad != nil {
			return bad
		}
		events[7].Job++
		var batches []jobmon.Batch
		begin := 0
		for _, batch := range r.batches {
			batches = append(batches, jobmon.Batch{At: batch.at, Events: events[begin:batch.end]})
			begin = batch.end
		}
		var body []byte
		body, b.computers = appendColumns(nil, batches)
		return bucket.Put(seqKey(seq), appendBlock(nil, &b.head, body))
	})
}

// CacheRecord is the record of a cache as it is stored; value takes its place when it is not nil.
func (l *Log) CacheRecord(name string, value []byte) (record []byte, err error) {
	err = l.db.Update(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketCaches))
		record = bytes.Clone(bucket.Get([]byte(name)))
		if value == nil {
			return nil
		}
		return bucket.Put([]byte(name), value)
	})
	return record, err
}

// VerifyBytes is Verify for a file in memory that nobody writes to.
func VerifyBytes(t context.Context, file []byte) (*Report, error) {
	f, err := examine(t, bytes.NewReader(file), "memory", nil)
	if err != nil {
		return nil, err
	}
	return f.verified(), nil
}

// SalvageBytes finds what is whole in a file in memory, without its tree.
func SalvageBytes(t context.Context, file []byte) (*Remote, error) {
	f := &fileLog{
		ctx: t, path: "memory", file: bytes.NewReader(file), size: int64(len(file)), tree: &tree{},
	}
	if err := f.salvage(); err != nil {
		return nil, err
	}
	f.join()
	return &Remote{Pages: salvaged{f}, Name: "memory"}, nil
}

type salvaged struct{ *fileLog }

func (s salvaged) Caches() ([]Cache, error) { return nil, nil }

func (s salvaged) CachePage(string, int) (CachePage, error) { return CachePage{}, nil }

func (s salvaged) ExtractComputer(jobmon.ComputerID, uint64) (Extract, error) { return Extract{}, nil }

// UnsureEnd is how many numbers are passed over when the end of a log may be lost.
const UnsureEnd = unsureEnd

// Gaps lists the numbers between the batches that can be read, from the cut on.
func (l *Log) Gaps() (gaps []Gap, err error) {
	next := l.meta().First
	for batch, err := range l.Scan(next) {
		if err != nil {
			return nil, err
		}
		if first := batch.First(); first > next && first >= l.Cut() {
			gaps = append(gaps, Gap{next, first - 1})
		}
		next = batch.Last() + 1
	}
	return gaps, nil
}

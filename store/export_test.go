package store

import (
	"bytes"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// WithCommit makes a log commit through a function of the test's.
func (o Options) WithCommit(commit func(*bolt.Tx) error) Options {
	o.commit = commit
	return o
}

// WithMaxSize lets the file have no more than so many bytes.
func (o Options) WithMaxSize(bytes int) Options {
	o.maxSize = bytes
	return o
}

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
	frame, _, _, err := appendFrame(nil, nil, 0xbad, first, 1, events)
	t.did(err)
	return frame
}

// Newer is a frame as a newer version would write it.
func (t *Tail) Newer(seq uint64) []byte {
	frame := t.Get(seq)
	frame[3]++
	binary.LittleEndian.PutUint32(frame[8:], checksum(0, frame[:8], frame[fixedLen:]))
	return frame
}

package store

import (
	"context"
	"crypto/sha256"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// blockHash is the SHA-256 of a block; ok is false when the block was not read.
type blockHash struct {
	sum [sha256.Size]byte
	ok  bool
}

// Prove reads the log from sequence number from on and checks, beyond what every reading checks, that no block was
// exchanged for another that is well made: each holds the SHA-256 of the one before, and what is decoded from it gives,
// encoded again, frames with the very checksums by which the batches were chained when they were appended. Errors are
// those of Read, and the context's.
func (l *Log) Prove(ctx context.Context, from uint64) error {
	return l.prove(ctx, from, func(*jobmon.Batch) {}, nil)
}

// prove is Prove that tells the batches, and after each page how far it is; an error of turned ends it. It may be nil.
func (l *Log) prove(ctx context.Context, from uint64, tell func(*jobmon.Batch), turned func(done, total uint64) error) error {
	r := reader{origin: l, path: l.path, from: max(from, l.meta.First), reuse: true, blocks: blockReader{reuse: true}, proving: true}
	if r.from == l.meta.First {
		r.next, r.crc, r.chained = l.meta.First, l.meta.Chain, true
		r.hash = blockHash{l.meta.blockSeed(), true}
	}
	for {
		more, err := r.nextPage()
		if err != nil || !more {
			return err
		}
		for i := range r.page.pieces {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			err := r.piece(&r.page.pieces[i], func(b jobmon.Batch, _ error) bool {
				tell(&b)
				return true
			})
			if err != nil {
				return err
			}
		}
		if turned == nil {
			continue
		}
		if err := turned(r.next-1, r.last); err != nil {
			return err
		}
	}
}

// proveHash checks that a block follows the block before it, by their bytes.
func (r *reader) proveHash(p *piece, b *block) error {
	if r.hash.ok && b.before != r.hash.sum {
		return r.damage(p, broken(fixedLen, "it gives another SHA-256 than that of the block before it"))
	}
	r.hash = blockHash{sha256.Sum256(r.page.bytes(p)), true}
	return nil
}

// proveFrames checks that the batches of a block give the frames that were sealed.
func (r *reader) proveFrames(b *block, events []jobmon.Event) *frameError {
	crc, bad := r.blocks.frames(b, events, func([]byte) bool { return true })
	if bad == nil && crc != b.crc {
		return broken(b.bodyAt, "its batches are not those that were appended")
	}
	return bad
}

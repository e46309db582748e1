package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// cutGeneration chains carried batches and those behind the cut anew.
type cutGeneration struct {
	builder
	source  *Log
	cut     *Cut
	reset   func(*meta)
	last    uint64 // what it has so far; 0 before the carried batches
	crc     uint32
	group   []tailFrame // not sealed yet
	events  int
	size    int
	stored  int               // how many of the group are in the tail
	sha     [sha256.Size]byte // of the last block
	scratch []byte
}

func newCutGeneration(l *Log, path string, cut *Cut, reset func(*meta)) *cutGeneration {
	return &cutGeneration{builder: builder{path: path}, source: l, cut: cut, reset: reset}
}

func (g *cutGeneration) done() uint64 { return g.last }

// catchUp writes what the new generation lacks.
func (g *cutGeneration) catchUp(ctx context.Context, told Progress) error {
	if g.last == 0 {
		if err := g.carry(ctx); err != nil {
			return err
		}
	}
	end := g.source.ends().last
	if g.last >= end {
		return nil
	}
	for f, err := range g.source.frames(ctx, g.last+1) {
		if err != nil {
			return err
		}
		if err := g.add(f); err != nil {
			return err
		}
		told.tell(g.last, max(end, g.last))
	}
	return nil
}

// carry writes the batches that stand for what is cut off.
func (g *cutGeneration) carry(ctx context.Context) error {
	for batch, err := range g.cut.Carried {
		if err := errors.Join(err, context.Cause(ctx)); err != nil {
			return err
		}
		first := batch.First()
		if first <= g.last || batch.Last() >= g.cut.At {
			return sentence(ErrInvalid, g.path, "the carried batch %d to %d is not between %d and %d: this is a mistake in the program", first, batch.Last(), g.last, g.cut.At)
		}
		if g.last == 0 {
			m := g.source.meta
			g.reset(&m)
			m.First = first
			m.cutAt(g.cut.At)
			if err := g.begin(m); err != nil {
				return err
			}
			g.last, g.crc, g.sha = first-1, m.Chain, m.blockSeed()
		}
		if err := g.batch(&batch); err != nil {
			return err
		}
	}
	if g.last != g.cut.At-1 {
		return sentence(ErrInvalid, g.path, "the carried batches end with %d, not before %d: this is a mistake in the program", g.last, g.cut.At)
	}
	return nil
}

// add chains a frame to what is there. It keeps data.
func (g *cutGeneration) add(data []byte) error {
	rechain(data, g.crc)
	f, bad := parseFrame(data)
	if bad != nil {
		return damage(g.path, g.last+1, g.last+1, bad)
	}
	if len(g.group) > 0 && (g.events+f.count > sealEvents || g.size+len(data) > sealBytes) {
		if err := g.seal(); err != nil {
			return err
		}
	}
	g.group = append(g.group, tailFrame{frame: f, key: f.first, data: data})
	g.events, g.size = g.events+f.count, g.size+len(data)
	g.last, g.crc = f.last(), f.crc
	return nil
}

// rechain makes a frame follow that of another checksum. Nothing in it is decoded: what a newer program wrote stays.
func rechain(data []byte, previous uint32) {
	if len(data) <= fixedLen {
		return // parsing says so
	}
	binary.LittleEndian.PutUint32(data[4:], previous)
	binary.LittleEndian.PutUint32(data[8:], checksum(0, data[:8], data[fixedLen:]))
}

// seal makes a block of the group.
func (g *cutGeneration) seal() error {
	if g.stored > 0 {
		if err := g.dropTail(); err != nil {
			return err
		}
	}
	data := makeBlock(g.group, g.last, g.sha)
	g.sha = sha256.Sum256(data)
	first := g.group[0].key
	g.group, g.events, g.size, g.stored = g.group[:0], 0, 0, 0
	return g.put(true, first, data)
}

// finish leaves the group in the tail; it may go on afterwards.
func (g *cutGeneration) finish() error {
	for ; g.stored < len(g.group); g.stored++ {
		if err := g.put(false, g.group[g.stored].key, g.group[g.stored].data); err != nil {
			return err
		}
	}
	return g.builder.finish()
}

// frames yields the frames as they were appended, sealed or not, beginning with the one whose batch has from; each
// belongs to the caller.
func (l *Log) frames(ctx context.Context, from uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r := reader{origin: l, path: l.path, from: from, reuse: true, blocks: blockReader{reuse: true}}
		for {
			more, err := r.nextPage()
			for i := 0; err == nil && i < len(r.page.pieces); i++ {
				if err = context.Cause(ctx); err == nil {
					err = r.raw(&r.page.pieces[i], yield)
				}
			}
			switch {
			case err == errEnough:
				return
			case err != nil:
				yield(nil, err)
				return
			case !more:
				return
			}
		}
	}
}

// raw tells the frames of a piece, checked as piece checks batches.
func (r *reader) raw(p *piece, yield func([]byte, error) bool) error {
	entered := r.next
	if err := r.piece(p, func(jobmon.Batch, error) bool { return true }); err != nil {
		return err
	}
	tell := func(data []byte) error {
		f, bad := parseFrame(data)
		if bad != nil {
			return r.damage(p, bad)
		}
		if f.first >= max(entered, r.from) && f.last() <= r.last && !yield(append([]byte(nil), data...), nil) {
			return errEnough
		}
		return nil
	}
	if !p.sealed {
		return tell(r.page.bytes(p))
	}
	b, bad := parseBlock(r.page.bytes(p))
	if bad != nil {
		return r.damage(p, bad)
	}
	if b.encoding == asFrames {
		pieces, bad := r.page.inside(p, &b)
		if bad != nil {
			return r.damage(p, bad)
		}
		for i := range pieces {
			if err := tell(r.page.bytes(&pieces[i])); err != nil {
				return err
			}
		}
		return nil
	}
	events, bad := r.blocks.events(&b, &r.decoder)
	if bad != nil {
		return r.damage(p, bad)
	}
	var err error
	_, bad = r.blocks.frames(&b, events, func(data []byte) bool {
		err = tell(data)
		return err == nil
	})
	if err == nil && bad != nil {
		err = r.damage(p, bad)
	}
	return err
}

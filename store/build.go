package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Build writes a log of these batches into a new file, which then is what a backup of such a log would be: see Restore.
// The id is that of the log that they are from, 32 hex digits; their sequence numbers and times stay, numbers that are left out
// are gaps. When it returns without error the file is on the disk and proven; when it fails there is none.
//
// Errors: ErrInvalid for an id that is none, no batch, or batches that do not follow one another; ErrTooLarge; fs.ErrExist; those
// of batches, the context, and the operating system.
func Build(ctx context.Context, path, id, site string, batches iter.Seq2[jobmon.Batch, error]) (summary Summary, err error) {
	m := newMeta(site)
	raw, bad := hex.DecodeString(id)
	if bad != nil || len(raw) != 16 {
		return summary, sentence(ErrInvalid, path, "%q is no id of a log, which has 32 hex digits", id)
	}
	m.ID, m.Chain = id, checksum(0, raw)
	if _, err := os.Lstat(path); err == nil {
		return summary, errThere(path, nil)
	}
	g := &cutGeneration{builder: builder{path: path}}
	defer func() {
		if err != nil {
			g.abandon()
		}
	}()
	for b, err := range batches {
		if err := errors.Join(err, context.Cause(ctx)); err != nil {
			return summary, err
		}
		if len(b.Events) == 0 {
			return summary, sentence(ErrInvalid, path, "a batch without events cannot follow event %d", g.last)
		}
		if g.last == 0 {
			m.First = b.First()
			if b.Events[0].Kind == jobmon.KindCut {
				m.cutAt(b.Last() + 1)
			}
			if err := g.begin(m); err != nil {
				return summary, err
			}
			g.last, g.crc, g.sha = m.First-1, m.Chain, m.blockSeed()
		}
		if err := g.batch(&b); err != nil {
			return summary, err
		}
	}
	if g.last == 0 {
		return summary, sentence(ErrInvalid, path, "there is no event to make a log of")
	}
	if err := g.finish(); err != nil {
		return summary, err
	}
	log, err := OpenFile(path)
	if err != nil {
		return summary, fmt.Errorf("look at what was written: %w", err)
	}
	defer log.Close()
	if summary, err = log.summary(ctx, nil); err == nil && (summary.Last != g.last || len(summary.Damaged) > 0) {
		err = sentence(ErrCorrupt, path, "%s does not hold what was written to it: check the disk", path)
	}
	return summary, err
}

// batch appends a batch with the numbers that it has.
func (g *cutGeneration) batch(b *jobmon.Batch) (err error) {
	for i := range b.Events {
		if b.Events[i].Seq != b.First()+uint64(i) || b.First() <= g.last {
			return sentence(ErrInvalid, g.path, "event %d cannot follow event %d", b.Events[i].Seq, g.last+uint64(i))
		}
	}
	f := frame{previous: g.crc, first: b.First(), skipped: b.First() - g.last - 1, at: b.At}
	var data []byte
	if data, g.scratch, _, err = appendFrame(nil, g.scratch, &f, b.Events); err != nil {
		return err
	}
	return g.add(data)
}

package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// CompactOptions choose how a log is compacted.
type CompactOptions struct {
	Cut      *Cut     // cut off old history; nil copies all frames and blocks as they are
	Progress Progress // may be nil

	// KeepOld leaves the old file to be removed by the next writer: processes that read it can then go on to its end.
	KeepOld bool
}

// Cut replaces the history before some event.
type Cut struct {
	// At is the first event of a batch. It and what comes behind it is kept as it is.
	At uint64

	// Carried is the batch that stands for what was before. Its time and numbers are kept; the last one is At - 1.
	Carried jobmon.Batch

	// Check is called with the new log before it takes the old one's place, open for reading only. An error of it
	// ends the compaction. It may be nil.
	Check func(ctx context.Context, log *Log) error
}

// Compaction is a new generation of a log that is being made.
type Compaction struct {
	old     *Log
	options CompactOptions
	copy    copier
	path    string // its name when it is finished
	proven  uint64 // up to this event
	Before  int64  // bytes of the old file
	After   int64  // bytes of the new one
}

// catchUpEvents is how far behind the new generation may be when writers are stopped for the rest.
const catchUpEvents = 2048

// Compact writes a new generation of the log beside it: without free pages, and without old history when that is
// asked for. Caches go with it. The log is used and appended to meanwhile. The caller finishes or abandons the
// Compaction, and begins no other one before.
//
// Errors: ErrNoSpace, ErrReadOnly, ErrInvalid (a cut that makes no sense), those of Read, and what the disk says. The
// log goes on as it was.
func (l *Log) Compact(ctx context.Context, o CompactOptions) (_ *Compaction, err error) {
	if l.options.ReadOnly {
		return nil, l.mayWrite()
	}
	c := &Compaction{old: l, options: o, Before: l.Size()}
	if err := requireSpace(l.dir, c.Before); err != nil {
		return nil, err
	}
	if c.path, err = nextGeneration(l.dir); err != nil {
		return nil, err
	}
	if err := l.begins(o.Cut); err != nil {
		return nil, err
	}
	c.copy = copier{builder: builder{path: c.path + tempSuffix}, source: l, reset: c.reset, cut: o.Cut}
	if o.Cut != nil {
		c.copy.next = o.Cut.At
	}
	defer func() {
		if err != nil {
			c.copy.abandon()
		}
	}()
	if err := c.copy.complete(ctx, o.Progress.half(0)); err != nil {
		return nil, err
	}
	if err := c.verify(ctx, o.Progress.half(1)); err != nil {
		return nil, err
	}
	for last, _, _ := l.Last(); last >= c.copy.next+catchUpEvents; last, _, _ = l.Last() {
		if err := c.copy.copyAll(ctx, nil); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// reset makes the old log's meta record that of the new generation.
func (c *Compaction) reset(m *meta) {
	m.Replaces = []string{filepath.Base(c.old.path)}
	for _, name := range c.old.meta().Replaces {
		if _, err := os.Stat(filepath.Join(c.old.dir, name)); err == nil { // readers may still have it open
			m.Replaces = append(m.Replaces, name)
		}
	}
}

// verify proves the new generation and lets the caller check it. Damage that is there without a cut was there before.
func (c *Compaction) verify(ctx context.Context, progress Progress) error {
	s, err := c.copy.prove(ctx, progress)
	if err != nil {
		return err
	}
	c.proven = s.Last
	cut := c.options.Cut
	if cut != nil && len(s.Damaged) > 0 {
		return fmt.Errorf("the new generation cannot be read at event %d: nothing was changed", s.Damaged[0].From)
	}
	if cut == nil || cut.Check == nil {
		return nil
	}
	log, err := OpenFile(c.copy.path)
	if err != nil {
		return fmt.Errorf("look at the new generation: %w", err)
	}
	return cut.Check(ctx, log)
}

// Abandon removes the new generation; the log goes on as it was.
func (c *Compaction) Abandon() { c.copy.abandon() }

// Finish takes over what was appended meanwhile, while writers wait, and makes the new generation the log in use. It
// returns the log, open for writing; the old one is closed then, and a waiting Append to it gets ErrClosed.
// After an error the old one goes on, and the new generation is gone.
//
// The old file is locked until the new one is locked and in use, so that no other writer slips in between; whatever
// instant this is cut off at, the folder has the old log or the new one, whole:
//
//	log-NNNNNN.db.new  complete, or nearly     cut off here: removed by the next writer
//	log-NNNNNN.db      renamed                 cut off here: the same
//	CURRENT            replaced                from here on it is the log
//	log-OOOOOO.db      removed                 cut off before: removed by the next writer
func (c *Compaction) Finish(ctx context.Context) (*Log, error) {
	l := c.old
	l.appending.Lock()
	defer l.appending.Unlock()
	next, err := c.finish(ctx)
	if err != nil {
		c.copy.abandon()
		_ = os.Remove(c.path)
		return nil, err
	}
	l.handle.Lock()
	l.closed = true
	err = l.closeFile()
	l.handle.Unlock()
	if err == nil && !c.options.KeepOld {
		_ = os.Remove(l.path) // the next writer tries again
	}
	c.After = next.Size()
	return next, err
}

// finish brings the new generation up to date and makes it the one in use. The caller holds appending of the old one.
func (c *Compaction) finish(ctx context.Context) (next *Log, err error) {
	l := c.old
	if err := l.writable(); err != nil {
		return nil, err
	}
	if err := c.copy.complete(ctx, nil); err != nil {
		return nil, err
	}
	if err := publish(c.path); err != nil {
		return nil, err
	}
	if next, err = openLog(l.dir, c.path, l.options); err != nil {
		return nil, err
	}
	if err = c.same(next); err == nil {
		err = next.scrubbed(ctx, c.proven+1)
	}
	if err == nil {
		if err = writeCurrent(l.dir, c.path); err != nil && isCurrent(l.dir, c.path) {
			// It is in use, and a loss of power may undo that: then the old file is needed.
			c.options.KeepOld, err = true, nil
		}
	}
	if err != nil {
		return nil, errors.Join(err, next.Close())
	}
	next.skipTo = max(l.skipTo, next.meta().Next)
	return next, nil
}

// same makes sure that the new generation ends as the old one does.
func (c *Compaction) same(next *Log) error {
	was, is := c.old.ends(), next.ends()
	if next.meta().ID != c.old.meta().ID || is.last != was.last || is.lastAt != was.lastAt {
		return sentence(ErrCorrupt, c.path, "the new generation ends with event %d, the log with %d: nothing was "+
			"changed", is.last, was.last)
	}
	return nil
}

// begins checks that a batch begins at the cut, right behind the batch before, and that the batch that is carried ends
// there.
func (l *Log) begins(cut *Cut) error {
	if cut == nil {
		return nil
	}
	before := uint64(0)
	for batch, err := range l.Scan(cut.At - 1) {
		if err != nil {
			return err
		}
		if before > 0 || cut.At <= l.meta().First {
			if batch.First() != cut.At || before != cut.At-1 || len(cut.Carried.Events) == 0 ||
				cut.Carried.Last() != before {
				break
			}
			return nil
		}
		before = batch.Last()
	}
	return sentence(ErrInvalid, l.path, "history cannot be cut off at event %d: no batch begins there, or nothing "+
		"is before it", cut.At)
}

// beginCut begins the copy with the batch that stands for what is cut off.
func (c *copier) beginCut(m meta) error {
	m.First, m.Cut = c.cut.Carried.First(), c.cut.At
	m.Seams = slices.DeleteFunc(slices.Clone(m.Seams), func(s seam) bool { return s.Seq <= m.Cut })
	m.Seams = slices.Insert(m.Seams, 0, seam{Seq: m.Cut})
	if err := c.begin(m); err != nil {
		return err
	}
	f := frame{previous: m.chain(), first: m.First, at: c.cut.Carried.At}
	data, _, _, err := appendFrame(nil, nil, &f, c.cut.Carried.Events)
	if err != nil {
		return err
	}
	return c.keep(m.First, true, data)
}

// rest returns the part of a block behind the cut, as a block.
func (cut *Cut) rest(p *Part, path string) (seq uint64, data []byte, err error) {
	b, bad := parsePart(p.Data)
	var r blockReader
	var events []jobmon.Event
	if bad == nil && b.block {
		events, bad = r.events(&b, &decoder{})
	}
	var group []tailFrame
	if bad == nil {
		_, bad = r.frames(&b, events, func(data []byte) bool {
			f, bad := parseFrame(data)
			if bad == nil && f.first >= cut.At {
				f, _ := newTailFrame(seqKey(f.first), bytes.Clone(data))
				group = append(group, f)
			}
			return bad == nil
		})
	}
	if bad != nil {
		return 0, nil, damage(path, p.Seq, p.Until, bad)
	}
	if data = packed(group); len(group) == 0 || data == nil {
		return 0, nil, sentence(ErrInvalid, path, "history cannot be cut off at event %d: its block cannot be "+
			"divided", cut.At)
	}
	return group[0].key, data, nil
}

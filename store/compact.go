package store

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// CompactOptions say how a log is compacted.
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

	// Carried are the batches that stand for what was before: ascending, with numbers below At, the last one At - 1. Both
	// the time and the Seq of their events are kept; numbers between the batches become gaps.
	Carried iter.Seq2[jobmon.Batch, error]

	// Check is called with the new log before it takes the old one's place, open for reading only. An error of it
	// ends the compaction. It may be nil.
	Check func(ctx context.Context, log *Log) error
}

// Compaction is a new generation of a log on its way.
type Compaction struct {
	old     *Log
	options CompactOptions
	writer  generationWriter
	path    string            // its name when it is finished
	proven  uint64            // up to this event
	caches  map[string]uint64 // that it has, and of which event
	Before  int64             // bytes of the old file
	After   int64             // bytes of the new one
}

// generationWriter brings a new generation up to date with the old one.
type generationWriter interface {
	catchUp(ctx context.Context, told Progress) error
	putCache(record cacheRecord) error
	finish() error
	abandon()
	done() uint64 // the last sequence number that it has
}

// catchUpEvents is how far behind the new generation may be when writers are stopped for the rest.
const catchUpEvents = 2048

// Compact writes a new generation of the log beside it: without free pages, and without old history when that is asked
// for. Caches go with it. The log is used and appended to meanwhile. What comes of it is a Compaction, to be finished or abandoned. One
// compaction at a time; whoever calls sees to that.
//
// Errors: ErrNoSpace, ErrReadOnly, ErrInvalid (a cut that makes no sense), those of Read, and what the disk says. The log
// goes on as it was.
func (l *Log) Compact(ctx context.Context, o CompactOptions) (_ *Compaction, err error) {
	if l.options.ReadOnly {
		return nil, l.mayWrite()
	}
	c := &Compaction{old: l, options: o, Before: l.describe().Bytes, caches: map[string]uint64{}}
	if err := requireSpace(l.dir, c.Before); err != nil {
		return nil, err
	}
	if c.path, err = nextGeneration(l.dir); err != nil {
		return nil, err
	}
	temporary := c.path + tempSuffix
	if err := l.begins(o.Cut); err != nil {
		return nil, err
	}
	if o.Cut == nil {
		c.writer = &rawGeneration{copier{builder: builder{path: temporary}, source: l}, c.reset}
	} else {
		c.writer = newCutGeneration(l, temporary, o.Cut, c.reset)
	}
	defer func() {
		if err != nil {
			c.writer.abandon()
		}
	}()
	half := func(part uint64) Progress {
		return func(done, total uint64) { o.Progress.tell(part*total+done, 2*total) }
	}
	if err := c.writer.catchUp(ctx, half(0)); err != nil {
		return nil, err
	}
	if err := c.takeCaches(); err != nil {
		return nil, err
	}
	if err := c.writer.finish(); err != nil {
		return nil, err
	}
	if err := c.verify(ctx, temporary, half(1)); err != nil {
		return nil, err
	}
	for last, _, _ := l.Last(); last > c.writer.done()+catchUpEvents; last, _, _ = l.Last() {
		if err := c.writer.catchUp(ctx, nil); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// reset makes what the old log says of itself what the new generation says.
func (c *Compaction) reset(m *meta) {
	m.raise()
	m.Replaces = []string{filepath.Base(c.old.path)}
	for _, name := range c.old.meta.Replaces {
		if _, err := os.Stat(filepath.Join(c.old.dir, name)); err == nil { // kept for those who read it
			m.Replaces = append(m.Replaces, name)
		}
	}
	m.Next = c.old.meta.Next
}

// verify proves the new generation and lets the caller check it.
func (c *Compaction) verify(ctx context.Context, path string, told Progress) error {
	log, err := OpenFile(path)
	if err != nil {
		return fmt.Errorf("look at the new generation: %w", err)
	}
	defer log.Close()
	if g, ok := c.writer.(*rawGeneration); ok {
		if err := g.compare(log); err != nil {
			return err
		}
	}
	s, err := log.summary(ctx, told)
	if err != nil {
		return fmt.Errorf("look at the new generation: %w", err)
	}
	c.proven = s.Last
	if c.options.Cut == nil { // damage was there before, and its bytes are the same
		return nil
	}
	if len(s.Damaged) > 0 {
		return fmt.Errorf("the new generation cannot be read at event %d: nothing was changed", s.Damaged[0].From)
	}
	if c.options.Cut.Check == nil {
		return nil
	}
	return c.options.Cut.Check(ctx, log)
}

// Abandon removes the new generation; the log goes on as it was.
func (c *Compaction) Abandon() { c.writer.abandon() }

// Finish takes over what was appended meanwhile, while writers wait, and makes the new generation the log in use. It returns
// the log, open for writing; the old one is closed then, and whoever waits to append to it gets ErrClosed. After an
// error the old one goes on, and the new generation is gone.
//
// The old file is locked until the new one is locked and in use, so that no other writer slips in between; whatever instant
// this is cut off at, the folder has the old log or the new one, whole:
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
		c.writer.abandon()
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
	c.After = next.describe().Bytes
	return next, err
}

// finish brings the new generation up to date and makes it the one in use. The caller holds appending of the old one.
func (c *Compaction) finish(ctx context.Context) (next *Log, err error) {
	l := c.old
	if err := l.writable(); err != nil {
		return nil, err
	}
	if err := c.writer.catchUp(ctx, nil); err != nil {
		return nil, err
	}
	if err := c.takeCaches(); err != nil {
		return nil, err
	}
	if err := c.writer.finish(); err != nil {
		return nil, err
	}
	if err := publish(c.path); err != nil {
		return nil, err
	}
	next = &Log{dir: l.dir, path: c.path, options: l.options}
	if next.db, err = openFile(c.path, false, l.options.LockWait, l.options.maxSize); err != nil {
		return nil, err
	}
	if next.meta, next.bounds, err = readState(next.db, c.path, true); err == nil {
		err = c.same(next)
	}
	if err == nil {
		err = next.prove(ctx, c.proven+1, func(*jobmon.Batch) {}, nil)
	}
	if err == nil {
		if err = writeCurrent(l.dir, c.path); err != nil && isCurrent(l.dir, c.path) {
			// It is in use, and a loss of power may undo that: then the old file is needed.
			c.options.KeepOld, err = true, nil
		}
	}
	if err != nil {
		return nil, closeAfter(next.db, err)
	}
	next.skipTo = max(l.skipTo, next.meta.Next)
	return next, nil
}

// same makes sure that the new generation ends as the old one does.
func (c *Compaction) same(next *Log) error {
	was, is := c.old.ends(), next.ends()
	if next.meta.ID != c.old.meta.ID || is.last != was.last || is.lastAt != was.lastAt {
		return sentence(ErrCorrupt, c.path, "the new generation ends with event %d, the log with %d: nothing was changed", is.last, was.last)
	}
	return nil
}

// begins makes sure that a batch begins where history is cut off.
func (l *Log) begins(cut *Cut) error {
	if cut == nil {
		return nil
	}
	for batch, err := range l.Scan(cut.At) {
		if err != nil {
			return err
		}
		if batch.First() == cut.At && cut.At > l.meta.First {
			return nil
		}
		break
	}
	return sentence(ErrInvalid, l.path, "history cannot be cut off at event %d: no batch begins there, or nothing is before it", cut.At)
}

// rawGeneration copies frames and blocks as they are.
type rawGeneration struct {
	copier
	reset func(*meta)
}

func (g *rawGeneration) catchUp(ctx context.Context, told Progress) error {
	return g.copyAll(ctx, told, g.reset)
}

func (g *rawGeneration) done() uint64 { return max(g.next, 1) - 1 }

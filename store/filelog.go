package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// fileLog is the file of a log, read without bbolt and without a lock, whatever has become of it. Extract gives
// everything that is whole.
type fileLog struct {
	ctx    context.Context // of its reads
	path   string
	file   sizedFile
	size   int64
	tree   *tree
	meta   meta
	known  bool // the meta record was found
	faults []Fault
	parts  []found // that make the log, in order
	lost   []Gap   // numbers between them that are not there and were not skipped
	loss   *Part   // comes behind them; see recordLoss

	// certain says that nothing can be missing behind the last part: the tree is whole and leads there.
	certain    bool
	incomplete bool // too much looks like frames and is none

	progress Progress
	data     []byte // working space
	report   Report // its counts
}

// openFileLog examines the file at path. The caller closes it. Errors: ErrNotOurs, ErrNewer, the disk's, and the
// context's. Damage is no error: it is in faults.
func openFileLog(ctx context.Context, path string, progress Progress) (*fileLog, error) {
	info, err := os.Stat(path) // before it is opened: a pipe would block
	if err != nil {
		return nil, ioError("looking at the log "+path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, sentence(ErrNotOurs, path, "%s is not a file: name a log", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, ioError("opening the log", err)
	}
	f, err := examine(ctx, file, path, progress)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// Close closes the file.
func (f *fileLog) Close() error { return f.file.(*os.File).Close() }

// examine looks at everything that the tree leads to and, if anything is wrong with it, through all bytes of the file.
func examine(ctx context.Context, file sizedFile, path string, progress Progress) (f *fileLog, err error) {
	f = &fileLog{ctx: ctx, path: path, file: file, progress: progress}
	if f.size, err = file.Seek(0, io.SeekEnd); err != nil {
		return nil, ioError("looking at the log "+path, err)
	}
	f.tree, err = walkTree(file, path, true)
	switch {
	case errors.Is(err, ErrNotOurs): // it may be a log whose beginning was overwritten
		foreign := err
		f.tree = &tree{}
		f.fault(Fault{Part: PartMeta, Deadly: true, Text: "both pages that say where everything is are gone"})
		if err := f.salvage(); err != nil {
			return nil, err
		}
		if len(f.parts) == 0 {
			return nil, foreign
		}
		return f, nil
	case err != nil:
		return nil, err
	}
	if err := f.followTree(); err != nil {
		return nil, err
	}
	f.faults = append(f.tree.faults, f.faults...)
	if len(f.faults) == 0 {
		f.certain = true
		return f, nil
	}
	return f, f.salvage()
}

// followTree checks what the tree leads to.
func (f *fileLog) followTree() error {
	if err := f.record(); err != nil || !f.known {
		return err
	}
	r := newChecker()
	r.path, r.meta, r.last = f.path, f.meta, math.MaxUint64
	r.next, r.crc, r.chained = f.meta.First, f.meta.chain(), true
	blocks, tail := f.tree.entries[bucketBlocks], f.tree.entries[bucketTail]
	all := slices.Concat(blocks, tail)
	for i := range all {
		until := uint64(math.MaxUint64) // not known
		if i+1 < len(all) {
			until = all[i+1].seq - 1
		}
		if err := f.part(&r, &all[i], i < len(blocks), until); err != nil {
			return err
		}
		f.progress.report(max(all[i].seq, r.next-1), all[len(all)-1].seq)
	}
	if !r.chained {
		r.next = 0 // not known
	}
	if len(blocks) > 0 && len(tail) == 0 {
		f.fault(Fault{Part: PartChain, Seq: r.next, Text: "the newest events are not there"})
	}
	return f.caches(r.next)
}

func (f *fileLog) fault(of Fault) {
	if of.Kind == nil {
		of.Kind = ErrCorrupt
	}
	if len(f.faults) < maxFaults {
		f.faults = append(f.faults, of)
	}
}

// value reads what lies at a place, nothing when it is larger than limit. The next call overwrites it.
func (f *fileLog) value(offset, size, limit int64) ([]byte, error) {
	if err := context.Cause(f.ctx); err != nil || size > limit {
		return nil, err
	}
	f.data = slices.Grow(f.data[:0], int(size))[:size]
	n, err := f.file.ReadAt(f.data, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, ioError("reading the log "+f.path, err)
	}
	return f.data[:n], nil
}

// record reads the meta record. Errors: ErrNewer, and the disk's.
func (f *fileLog) record() error {
	for _, p := range f.tree.entries[bucketMeta] {
		if p.name != keyLog {
			continue
		}
		record, err := f.value(p.offset, p.size, maxMetaLen)
		if err != nil {
			return err
		}
		m, err := decodeMeta(record, f.path)
		if errors.Is(err, ErrNewer) {
			return err
		}
		if err != nil {
			f.fault(Fault{Part: PartRecord, Offset: p.offset, Deadly: true, Text: "its meta record is damaged"})
			return nil
		}
		f.meta, f.known = m, true
		return nil
	}
	if len(f.tree.faults) == 0 {
		f.fault(Fault{Part: PartRecord, Deadly: true, Text: "it has no meta record"})
	}
	return nil
}

// part checks one block or frame, which holds events up to until, and that it follows what comes before it.
func (f *fileLog) part(r *reader, p *place, sealed bool, until uint64) error {
	data, err := f.value(p.offset, p.size, maxBlock)
	if err != nil {
		return err
	}
	at := Fault{Part: PartChain, Offset: p.offset}
	if r.chained && p.seq < r.next {
		at.Seq, at.Last, at.Text = p.seq, min(until, r.next-1), "it holds events that were there before"
		f.fault(at)
		r.chained, r.from = false, p.seq
	}
	part := Part{Seq: p.seq, Until: until, Sealed: sealed, Data: data}
	err = r.part(&part, f.note)
	if e := asDamage(err); e != nil && e.Last < p.seq {
		at.Seq, at.Last, at.Text = e.Seq, e.Last, fmt.Sprintf("the events %d to %d are not there", e.Seq, e.Last)
		f.fault(at)
		r.chained, r.from = false, p.seq
		err = r.part(&part, f.note)
	}
	var bad *Error
	if errors.As(err, &bad) {
		f.damaged(&part, at, bad)
		r.chained, r.from = false, until+1
		return nil
	}
	h := r.head
	h.computers = nil // bytes of the working space
	f.parts = append(f.parts, found{head: h, offset: p.offset, size: len(data), sealed: sealed, live: true})
	if h.frame {
		f.report.Frames++
	} else {
		f.report.Blocks++
	}
	f.report.Batches += h.batches
	f.report.Events += h.events
	return nil
}

// damaged records that a part is damaged.
func (f *fileLog) damaged(p *Part, at Fault, bad *Error) {
	at.Part, at.Kind, at.Seq, at.Last, at.Text = PartFrame, bad.Kind, bad.Seq, p.Until, bad.why
	if at.Offset += max(bad.Offset, 0); isBlock(p.Data) || p.Sealed {
		at.Part = PartBlock
	}
	if p.Until == math.MaxUint64 {
		at.Last = 0
	}
	f.fault(at)
}

// sum is the checksum of all blocks and frames that the tree leads to, in their order.
func (f *fileLog) sum() (sum uint32, err error) {
	for _, p := range slices.Concat(f.tree.entries[bucketBlocks], f.tree.entries[bucketTail]) {
		data, err := f.value(p.offset, p.size, maxBlock)
		if err != nil {
			return 0, err
		}
		sum = checksum(sum, data)
	}
	return sum, nil
}

// note notes what a batch records of the log's damage.
func (f *fileLog) note(b jobmon.Batch, _ error) bool {
	f.report.Recorded = appendRecorded(f.report.Recorded, &b)
	return true
}

// caches checks the caches. The number next comes behind the last event; it is 0 when that is not known.
func (f *fileLog) caches(next uint64) error {
	for _, p := range f.tree.entries[bucketCaches] {
		value, err := f.value(p.offset, p.size, MaxCache+1<<10)
		if err != nil {
			return err
		}
		c, ok := decodeCache(p.name, value)
		switch at := (Fault{Part: PartCache, Offset: p.offset}); {
		case !ok:
			at.Text = fmt.Sprintf("the cache %q is damaged; it is made again", p.name)
			f.fault(at)
		case next != 0 && c.Seq >= next:
			at.Text = fmt.Sprintf("the cache %q stands for event %d, which is not there; it is made again", p.name,
				c.Seq)
			f.fault(at)
		default:
			f.report.Caches++
		}
	}
	return nil
}

// salvage finds the parts that make the log in all bytes of the file, and joins what is whole.
func (f *fileLog) salvage() error {
	s, err := scanFile(f.ctx, f.file, f.size)
	if err != nil {
		return err
	}
	if s.newer {
		return sentence(ErrNewer, f.path, "%s holds what another version of jobmon-db wrote: use that version", f.path)
	}
	if !f.known && s.record {
		if err := s.meta.check(f.path); err != nil {
			return err
		}
		f.meta, f.known = s.meta, true
	}
	f.incomplete = s.gaveUp
	f.parts = chainOf(append(f.parts[:len(f.parts):len(f.parts)], s.finds...))
	tail := f.tree.entries[bucketTail]
	f.certain = f.known && f.tree.good == 2 && !f.tree.lame && (len(tail) == 0 && len(f.parts) == 0 ||
		len(tail) > 0 && len(f.parts) > 0 && f.parts[len(f.parts)-1].offset == tail[len(tail)-1].offset)
	return nil
}

// Extract gives a page of what is whole; see join.
func (f *fileLog) Extract(from uint64) (x Extract, err error) {
	if x.Meta, err = f.meta.encode(); err != nil {
		return x, err
	}
	if n := len(f.parts); n > 0 {
		x.Last = f.parts[n-1].last
	}
	if f.loss != nil {
		x.Last = f.loss.Until
	}
	size := 0
	for i := range f.parts {
		p := &f.parts[i]
		if p.last < from {
			continue
		}
		if size += p.size; len(x.Parts) > 0 && size > pageBytes {
			return x, nil
		}
		data, err := f.value(p.offset, int64(p.size), maxBlock)
		if err != nil {
			return x, err
		}
		until := p.last
		if i+1 < len(f.parts) {
			until = f.parts[i+1].first - 1
		}
		x.Parts = append(x.Parts, Part{Seq: p.first, Until: until, Sealed: p.sealed, Data: slices.Clone(data)})
	}
	if f.loss != nil && f.loss.Until >= from {
		x.Parts = append(x.Parts, *f.loss)
	}
	return x, nil
}

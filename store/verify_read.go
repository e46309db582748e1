package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// verifier checks what the tree leads to.
type verifier struct {
	ctx    context.Context
	file   io.ReaderAt
	tree   *tree
	report *Report
	meta   meta
	known  bool // what the log says of itself
	faults []Fault
	seen   []found // the good frames and blocks

	reader   reader
	expected uint64 // the number that comes next, 0 when that is not known
	endless  int    // of the fault whose end the next piece tells, plus 1
	data     []byte // working space
}

func (v *verifier) fault(f Fault) {
	if f.Kind == nil {
		f.Kind = ErrCorrupt
	}
	if len(v.faults) < maxFaults {
		v.faults = append(v.faults, f)
	}
}

// value reads what lies at a place. It is overwritten by the next call.
func (v *verifier) value(p *place, limit int64) ([]byte, error) {
	if err := context.Cause(v.ctx); err != nil {
		return nil, err
	}
	if p.size > limit {
		return nil, nil
	}
	if int64(cap(v.data)) < p.size {
		v.data = make([]byte, p.size)
	}
	n, err := v.file.ReadAt(v.data[:p.size], p.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, ioError("reading the log", err)
	}
	return v.data[:n], nil
}

// record reads what the log says of itself. Errors: ErrNewer, and the disk's.
func (v *verifier) record() error {
	for i := range v.tree.entries[bucketMeta] {
		p := &v.tree.entries[bucketMeta][i]
		if p.name != keyLog {
			continue
		}
		record, err := v.value(p, maxMetaLen)
		if err != nil {
			return err
		}
		m, why := parseMeta(record)
		if why == "" && !m.sane() {
			why = "what it says of itself makes no sense"
		}
		if why != "" {
			v.fault(Fault{Part: PartRecord, Offset: p.offset, Deadly: true, Text: why})
			return nil
		}
		return v.describe(m)
	}
	if len(v.tree.faults) == 0 {
		v.fault(Fault{Part: PartRecord, Deadly: true, Text: "it does not say whose it is"})
	}
	return nil
}

func (v *verifier) describe(m meta) error {
	if m.Reader > newestFormat {
		return sentence(ErrNewer, v.report.Path, "%s was written by a newer version of jobmon-db (format %d, this one knows %d): verify it with that version", v.report.Path, m.Format, newestFormat)
	}
	v.meta, v.known = m, true
	v.report.ID, v.report.Site, v.report.Format = m.ID, m.Site, m.Format
	return nil
}

// pieces checks all blocks and frames.
func (v *verifier) pieces() error {
	v.reader = newFileReader(v.report.Path)
	v.reader.next, v.reader.crc, v.reader.chained = v.meta.First, v.meta.Chain, true
	v.reader.hash = blockHash{v.meta.blockSeed(), true}
	v.expected = v.meta.First
	blocks, tail := v.tree.entries[bucketBlocks], v.tree.entries[bucketTail]
	until := func(list []place, i int, behind uint64) uint64 {
		if i+1 < len(list) {
			return list[i+1].seq - 1
		}
		return behind
	}
	behind := uint64(0) // 0: not known
	if len(tail) > 0 {
		behind = tail[0].seq - 1
	}
	for i := range blocks {
		if err := v.piece(&blocks[i], true, until(blocks, i, behind)); err != nil {
			return err
		}
	}
	for i := range tail {
		if err := v.piece(&tail[i], false, until(tail, i, 0)); err != nil {
			return err
		}
	}
	if len(blocks) > 0 && len(tail) == 0 {
		v.fault(Fault{Part: PartChain, Seq: v.expected, Text: "the newest events are not there"})
	}
	return nil
}

// newFileReader is a reader for pieces that are given to it one by one.
func newFileReader(path string) reader {
	return reader{
		path: path, reuse: true, blocks: blockReader{reuse: true}, proving: true, last: math.MaxUint64,
	}
}

// piece checks one block or frame, which holds events up to until, 0 when that is not known.
func (v *verifier) piece(p *place, sealed bool, until uint64) error {
	part, limit := PartFrame, int64(MaxFrame)
	if sealed {
		part, limit = PartBlock, maxBlock
	}
	data, err := v.value(p, limit)
	if err != nil {
		return err
	}
	head, bad := headOf(data, p.offset, sealed)
	if bad == nil && head.first != p.seq {
		bad = broken(0, "the events %d to %d are stored there", head.first, head.last)
	}
	if bad != nil {
		v.lost(part, p, bad, until)
		return nil
	}
	v.follow(part, p, &head)
	r := &v.reader
	r.page.data, r.page.pieces = data, nil
	piece := piece{key: p.seq, until: head.last, sealed: sealed, end: len(data)}
	if !r.chained {
		r.from = p.seq
	}
	good, begin := false, head.begin
	tell := func(b jobmon.Batch, _ error) bool {
		v.batch(&b, begin)
		good, begin = true, b.Last()+1
		return true
	}
	for {
		err := r.piece(&piece, tell)
		if err == nil {
			break
		}
		var e *Error
		if !errors.As(err, &e) {
			return err
		}
		v.fault(Fault{Part: part, Kind: e.Kind, Offset: p.offset + max(e.Offset, 0), Seq: e.Seq, Last: e.Last, Text: e.why})
		r.chained, r.hash.ok = false, false
		begin = e.Last + 1
		if e.Last < p.seq || e.Last >= head.last || e.Last < r.from {
			break
		}
		r.from = begin // a block of frames is read on behind the damaged one
	}
	v.expected = head.last + 1
	if good {
		v.seen = append(v.seen, head)
		if sealed {
			v.report.Blocks++
		} else {
			v.report.Frames++
		}
	}
	return nil
}

// headOf takes apart a frame, or the head of a block.
func headOf(data []byte, offset int64, sealed bool) (found, *frameError) {
	if !sealed {
		return take(data, offset, false)
	}
	h, _, bad := parseBlockHead(data)
	if bad != nil {
		return found{}, bad
	}
	f := foundBlock(&h, offset, len(data))
	f.live = true
	return f, nil
}

// lost takes note that nothing of a piece can be read.
func (v *verifier) lost(part string, p *place, bad *frameError, until uint64) {
	v.endless = 0
	if len(v.faults) < maxFaults {
		v.fault(Fault{Part: part, Kind: bad.kind, Offset: p.offset + int64(bad.offset), Seq: p.seq, Last: until, Text: bad.why})
		v.endless = len(v.faults)
	}
	v.expected, v.reader.chained, v.reader.hash.ok = 0, false, false
}

// follow checks that a piece follows what comes before it.
func (v *verifier) follow(part string, p *place, f *found) {
	f.live = true
	r := &v.reader
	at := Fault{Part: PartChain, Offset: p.offset}
	switch {
	case v.expected == 0:
		if i := v.endless - 1; i >= 0 && v.faults[i].Last >= f.begin {
			v.faults[i].Last = max(f.begin-1, v.faults[i].Seq) // numbers behind it were skipped
		}
		return
	case f.begin > v.expected:
		at.Seq, at.Last, at.Text = v.expected, f.begin-1, fmt.Sprintf("the events %d to %d are not there", v.expected, f.begin-1)
	case f.begin < v.expected:
		at.Seq, at.Last, at.Text = f.first, f.last, fmt.Sprintf("the %s of %d to %d tells of events that were there before", part, f.first, f.last)
	case r.chained && f.previous != r.crc:
		at.Text = fmt.Sprintf("the %s of %d to %d does not follow what comes before it", part, f.first, f.last)
	default:
		return
	}
	v.fault(at)
	r.chained, r.hash.ok = false, false
}

// batch takes note of a good batch. Numbers from begin on that it leaves out were skipped.
func (v *verifier) batch(b *jobmon.Batch, begin uint64) {
	report := v.report
	report.Batches++
	report.Events += len(b.Events)
	report.Readable = appendRange(report.Readable, b, begin)
	if b.First() > begin {
		report.Gaps = append(report.Gaps, Gap{begin, b.First() - 1})
	}
	for i := range b.Events {
		if e := &b.Events[i]; e.Kind == jobmon.KindDamaged && len(report.Recorded) < maxFaults {
			report.Recorded = append(report.Recorded, Recorded{e.Seq, e.From, e.To, e.Text})
		}
	}
}

// appendRange adds a batch that begins at begin, or later if numbers were skipped.
func appendRange(ranges []Range, b *jobmon.Batch, begin uint64) []Range {
	if n := len(ranges); n > 0 && ranges[n-1].Last+1 >= begin {
		ranges[n-1].Last, ranges[n-1].LastAt = b.Last(), b.At
		return ranges
	}
	return append(ranges, Range{First: b.First(), Last: b.Last(), FirstAt: b.At, LastAt: b.At})
}

// caches checks the caches.
func (v *verifier) caches() error {
	for i := range v.tree.entries[bucketCaches] {
		p := &v.tree.entries[bucketCaches][i]
		value, err := v.value(p, MaxCache+1<<10)
		if err != nil {
			return err
		}
		c, ok := decodeCache(p.name, value)
		switch {
		case !ok:
			v.fault(Fault{Part: PartCache, Offset: p.offset, Text: fmt.Sprintf("the cache %q is damaged; it is made again", p.name)})
		case v.expected != 0 && c.Seq >= v.expected:
			v.fault(Fault{Part: PartCache, Offset: p.offset, Text: fmt.Sprintf("the cache %q stands for event %d, which is not there; it is made again", p.name, c.Seq)})
		default:
			v.report.Caches++
		}
	}
	return nil
}

// salvage finds what can still be read of a damaged log.
func (v *verifier) salvage() error {
	s, err := salvageFile(v.ctx, v.file, v.report.Size, v.report.Path, v.seen)
	if err != nil {
		return err
	}
	if !v.known && s.scan.record {
		if err := v.describe(s.scan.meta); err != nil {
			return err
		}
	}
	r := v.report
	r.Readable, r.Gaps, r.Incomplete = nil, nil, s.scan.gaveUp
	return s.batches(v.ctx, func(b *jobmon.Batch, begin uint64) bool {
		r.Readable = appendRange(r.Readable, b, begin)
		if b.First() > begin {
			r.Gaps = append(r.Gaps, Gap{begin, b.First() - 1})
		}
		return true
	})
}

// foreign is for a file without bbolt's pages: it may be a log whose beginning was overwritten.
func (v *verifier) foreign(err error) (*Report, error) {
	v.fault(Fault{Part: PartMeta, Deadly: true, Text: "both pages that say where everything is are gone"})
	if err := v.salvage(); err != nil {
		return nil, err
	}
	if len(v.report.Readable) == 0 {
		return nil, err
	}
	v.report.Faults = v.faults
	return v.report, nil
}

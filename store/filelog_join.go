package store

import (
	"cmp"
	"slices"
)

// ranges are the events that are whole, and the numbers among them that were skipped.
func (f *fileLog) ranges() (readable []Range, gaps []Gap) {
	for i := range f.parts {
		p := &f.parts[i]
		lost, _ := f.meta.seam(p.begin())
		begin := p.begin() - lost
		if n := len(readable); n > 0 && readable[n-1].Last+1 >= begin {
			readable[n-1].Last, readable[n-1].LastAt = p.last, p.lastAt
		} else {
			readable = append(readable, Range{First: p.first, Last: p.last, FirstAt: p.firstAt, LastAt: p.lastAt})
		}
		if lost > 0 {
			gaps = append(gaps, Gap{begin, p.begin() - 1})
		}
		for _, g := range p.gaps {
			gaps = append(gaps, Gap{g.seq - g.skipped, g.seq - 1})
		}
	}
	return readable, gaps
}

// join makes the parts a log: between those that do not follow one another it has a seam. One whose meta record is lost
// gets an id of its own.
func (f *fileLog) join() {
	if !f.known {
		f.meta, f.known = newMeta(""), true
	}
	next, crc := f.meta.First, f.meta.chain()
	kept := f.parts[:0]
	for _, p := range f.parts {
		begin := p.begin()
		if begin < next {
			continue
		}
		if lost, _ := f.meta.seam(begin); begin-lost > next {
			f.lost = append(f.lost, Gap{next, begin - lost - 1})
		}
		if !f.meta.joins(&p.head, next, crc) {
			f.meta.Seams = slices.DeleteFunc(f.meta.Seams, func(s seam) bool { return s.Seq == begin })
			f.meta.Seams = append(f.meta.Seams, seam{begin, begin - next})
			slices.SortFunc(f.meta.Seams, func(a, b seam) int { return cmp.Compare(a.Seq, b.Seq) })
		}
		kept, next, crc = append(kept, p), p.last+1, p.crc
	}
	f.parts = kept
	sealed := false
	for i := range slices.Backward(f.parts) { // the tail has frames alone
		p := &f.parts[i]
		sealed = sealed || p.sealed || !p.frame
		p.sealed = sealed
	}
}

package store

import (
	"cmp"
	"slices"
)

// chainOf chooses the frames and blocks that make the log, in order and without overlap. It leaves out older copies:
// the frame of a batch that was sealed later, and a batch whose commit failed, which has the numbers of the batch that
// took its place.
//
// Each find is a step from the place in the log where it begins, given by a sequence number and the checksum before it,
// to the place where it ends. chainOf takes the way with the most batches, and among the next finds it prefers the one
// that follows by its checksum. A failed batch is never followed by another one, so the way leads past it; at the very
// end, the later of two batches is the one that replaced the other. A find that contradicts what the tree points to is
// never taken.
func chainOf(finds []found) []found {
	finds = withoutContradictions(finds)
	slices.SortFunc(finds, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.begin(), b.begin()), cmp.Compare(a.last, b.last))
	})
	ways, end := bestWays(finds)
	var chain []found
	for ; end >= 0; end = ways[end].from {
		chain = append(chain, finds[end])
	}
	slices.Reverse(chain)
	return chain
}

// bestWays returns the best way to each find, and the find where the best of all ways ends, -1 when there is none. The
// finds are in the order of their beginnings.
func bestWays(finds []found) (ways []way, end int) {
	type node struct {
		seq uint64 // of the event that comes next
		crc uint32 // of what comes before it
	}
	ways, end = make([]way, len(finds)), -1
	best := map[node]int{} // the best way that ends there
	order := byEnd(finds)
	ended, anywhere := 0, -1 // the best of the ways that end before the current find
	for i := range finds {
		f := &finds[i]
		// Predecessors begin earlier, so their ways are known.
		for ; ended < len(order) && finds[order[ended]].last < f.begin(); ended++ {
			if o := order[ended]; anywhere < 0 || ways[anywhere].less(ways[o]) {
				anywhere = o
			}
		}
		w := way{from: -1, last: f.last, at: int64(f.lastAt)}
		if before, ok := best[node{f.begin(), f.previous}]; ok && ways[before].batches >= ways[anywhere].batches {
			w.from, w.batches, w.links = before, ways[before].batches, ways[before].links+1
		} else if anywhere >= 0 {
			w.from, w.batches, w.links = anywhere, ways[anywhere].batches, ways[anywhere].links
		}
		w.batches += max(f.batches, 1)
		if ways[i] = w; end < 0 || ways[end].less(w) {
			end = i
		}
		if n := (node{f.last + 1, f.crc}); f.last+1 != 0 {
			if before, ok := best[n]; !ok || ways[before].less(w) {
				best[n] = i
			}
		}
	}
	return ways, end
}

// byEnd lists the places of the finds in the order of their last events.
func byEnd(finds []found) []int {
	order := make([]int, len(finds))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(finds[a].last, finds[b].last) })
	return order
}

// way is the best way that ends with a find.
type way struct {
	from    int // the find before it, -1 for none
	batches int // on the way
	links   int // steps that follow by their checksum
	last    uint64
	at      int64 // time of the last batch
}

func (w way) less(than way) bool {
	return cmp.Or(cmp.Compare(w.batches, than.batches), cmp.Compare(w.links, than.links),
		cmp.Compare(w.at, than.at)) < 0
}

// withoutContradictions leaves out finds that share numbers with a find to which the tree points.
func withoutContradictions(finds []found) []found {
	var live []found
	for i := range finds {
		if finds[i].live {
			live = append(live, finds[i])
		}
	}
	slices.SortFunc(live, func(a, b found) int { return cmp.Compare(a.last, b.last) })
	return slices.DeleteFunc(slices.Clone(finds), func(f found) bool {
		if f.live {
			return false
		}
		// the first one that does not end before it
		i, _ := slices.BinarySearchFunc(live, f.begin(), func(l found, begin uint64) int {
			return cmp.Compare(l.last, begin)
		})
		return i < len(live) && live[i].begin() <= f.last
	})
}

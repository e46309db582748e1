package store

import (
	"cmp"
	"slices"
)

// chainOf chooses, of all that was found, the frames and blocks that make the log, in their order and without overlap.
// Left out are older copies: the frame of a batch that was sealed since, and a batch whose commit failed, which has the
// numbers of the batch that took its place.
//
// Each find is a step from the place in the log where it begins, a sequence number and the checksum before it, to the
// place where it ends. The way with most batches is taken, stepping from one find to the next that follows it by
// its checksum where there is one. A failed batch is never followed by another one, so the way leads past it; at the
// very end the later of two batches is the one that took the other's place. Where the tree points to something, nothing
// that contradicts it is taken.
func chainOf(finds []found) []found {
	finds = withoutContradictions(finds)
	slices.SortFunc(finds, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.begin(), b.begin()), cmp.Compare(a.last, b.last))
	})
	type node struct {
		seq uint64 // that comes next
		crc uint32 // of what comes before
	}
	ways := make([]way, len(finds))
	best := map[node]int{} // the best way that ends there
	order := make([]int, len(finds))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(finds[a].last, finds[b].last) })
	ended, anywhere := 0, -1 // the best of the ways that end before the find looked at
	end := -1                // the best of all ways
	for i := range finds {
		f := &finds[i]
		// Its predecessors begin before it, so that their ways are known.
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
	var chain []found
	for ; end >= 0; end = ways[end].from {
		chain = append(chain, finds[end])
	}
	slices.Reverse(chain)
	return chain
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

// withoutContradictions leaves out what has numbers of something to which the tree points.
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

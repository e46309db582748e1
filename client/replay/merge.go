package replay

import (
	"iter"
)

// Merge yields the records of several sites as one story: each site's in their order, the earlier ones first, or the
// later ones where the parts are yielded backwards. A record is good until the next.
func Merge(backwards bool, parts ...iter.Seq2[*Record, error]) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for _, taken := range merge(backwards, parts) {
			if !yield(taken.record, taken.err) || taken.err != nil {
				return
			}
		}
	}
}

// Newest finds the newest records of several parts that are yielded backwards: from says of each part with which event
// they begin, 0 where none of them is of it.
func Newest(n uint64, parts ...iter.Seq2[*Record, error]) (from []uint64, err error) {
	from = make([]uint64, len(parts))
	for part, taken := range merge(true, parts) {
		if taken.err != nil {
			return nil, taken.err
		}
		if n == 0 {
			break
		}
		n--
		from[part] = taken.record.event.Seq
	}
	return from, nil
}

// head is the next record of a part.
type head struct {
	next   func() (*Record, error, bool)
	record *Record // nil: there is none
	err    error
}

// merge yields the next record with its part.
func merge(backwards bool, parts []iter.Seq2[*Record, error]) iter.Seq2[int, *head] {
	return func(yield func(int, *head) bool) {
		heads := make([]head, len(parts))
		for i, part := range parts {
			next, stop := iter.Pull2(part)
			defer stop()
			heads[i] = head{next: next}
			heads[i].record, heads[i].err, _ = next()
		}
		for {
			first := -1
			for i := range heads {
				switch h := &heads[i]; {
				case h.err != nil:
					yield(i, h)
					return
				case h.record == nil:
				case first < 0, h.before(&heads[first], backwards):
					first = i
				}
			}
			if first < 0 {
				return
			}
			h := &heads[first]
			if !yield(first, h) {
				return
			}
			h.record, h.err, _ = h.next()
		}
	}
}

func (h *head) before(other *head, backwards bool) bool {
	if backwards {
		return h.record.event.At > other.record.event.At
	}
	return h.record.event.At < other.record.event.At
}

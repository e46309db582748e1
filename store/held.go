package store

// losing says what is wrong with the log that costs events, "" for nothing. Caches are made again, and the list of free
// pages is of use to a writer alone.
func (r *Report) losing() string {
	return r.fault(func(part string) bool { return part != PartCache && part != PartFree })
}

// deep is losing for what bbolt would stumble over: everything but damage inside frames and blocks.
func (r *Report) deep() string {
	return r.fault(func(part string) bool {
		return part == PartFile || part == PartMeta || part == PartTree || part == PartRecord
	})
}

func (r *Report) fault(counts func(part string) bool) string {
	for _, f := range r.Faults {
		if counts(f.Part) {
			return f.Part + ": " + f.Text
		}
	}
	return ""
}

// summary describes what can be read.
func (r *Report) summary() Summary {
	s := Summary{Path: r.Path, ID: r.ID, Site: r.Site, Bytes: r.Size, Events: count(r.held())}
	if n := len(r.Readable); n > 0 {
		s.First, s.FirstAt = r.Readable[0].First, r.Readable[0].FirstAt
		s.Last, s.LastAt = r.Readable[n-1].Last, r.Readable[n-1].LastAt
	}
	return s
}

// held are the numbers of the events that can be read, ascending.
func (r *Report) held() []Gap {
	all := make([]Gap, len(r.Readable))
	for i, of := range r.Readable {
		all[i] = Gap{of.First, of.Last}
	}
	return without(all, r.Gaps)
}

// without are the numbers of all that are not among those of some. Both are ascending and do not overlap.
func without(all, some []Gap) []Gap {
	var left []Gap
	for _, a := range all {
		for len(some) > 0 && some[0].To < a.From {
			some = some[1:]
		}
		for _, s := range some {
			if s.From > a.To || a.From > a.To {
				break
			}
			if s.From > a.From {
				left = append(left, Gap{a.From, s.From - 1})
			}
			a.From = max(a.From, s.To+1)
		}
		if a.From <= a.To {
			left = append(left, a)
		}
	}
	return left
}

func count(list []Gap) (n uint64) {
	for _, g := range list {
		n += g.To - g.From + 1
	}
	return n
}

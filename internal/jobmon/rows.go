package jobmon

import (
	"iter"
	"slices"
	"sort"
)

// Rows are rows of event_schedule in the order of their ids, each id once. A DS keeps finished rows until somebody deletes
// them, and all of them are known here, so they are packed: a row takes about 10 bytes in the tables of most sites and never more
// than 30, once its neighbours are there. The zero value is an empty table. It is not safe for concurrent use, and is not to be copied.
type Rows struct {
	chunks []chunk // none of them empty, ascending by the ids in them
	count  int
	opened []Row // room for the rows of chunks that are packed anew
}

// Len is how many rows there are.
func (t *Rows) Len() int { return t.count }

// Get finds a row by its id.
func (t *Rows) Get(id ScheduleID) (Row, bool) {
	f := t.Finder()
	return f.Get(id)
}

// Put adds a row, or replaces the one with its id.
func (t *Rows) Put(r Row) {
	if len(t.chunks) == 0 {
		t.chunks = append(t.chunks, packChunk([]Row{r}))
		t.count++
		return
	}
	n := t.chunkFor(r.ID)
	c := &t.chunks[n]
	at, known := c.find(r.ID)
	if known {
		if !c.set(at, &r) {
			t.opened = c.unpack(t.opened[:0])
			t.opened[at] = r
			*c = packChunk(t.opened)
		}
		return
	}
	t.count++
	switch {
	case c.rows == chunkRows && at == chunkRows && n == len(t.chunks)-1:
		// Ids rise over time: chunks stay full where rows come to the end, and are split elsewhere.
		t.chunks = append(t.chunks, packChunk([]Row{r}))
	case c.rows == chunkRows:
		t.opened = slices.Insert(c.unpack(t.opened[:0]), at, r)
		half := len(t.opened) / 2
		*c = packChunk(t.opened[:half])
		t.chunks = slices.Insert(t.chunks, n+1, packChunk(t.opened[half:]))
	case !c.insert(at, &r):
		t.opened = slices.Insert(c.unpack(t.opened[:0]), at, r)
		*c = packChunk(t.opened)
	}
}

// PutAll is Put for each of them. It is faster than that for rows whose ids rise, behind all that are there.
func (t *Rows) PutAll(rows []Row) {
	for len(rows) > 0 {
		n := 1
		if last := len(t.chunks) - 1; last >= 0 && (t.chunks[last].rows < chunkRows || rows[0].ID <= t.chunks[last].last()) {
			t.Put(rows[0])
		} else {
			for n < min(len(rows), chunkRows) && rows[n-1].ID < rows[n].ID {
				n++
			}
			t.chunks = append(t.chunks, packChunk(rows[:n]))
			t.count += n
		}
		rows = rows[n:]
	}
}

// Delete removes a row, if there is one with that id.
func (t *Rows) Delete(id ScheduleID) {
	if len(t.chunks) == 0 {
		return
	}
	n := t.chunkFor(id)
	c := &t.chunks[n]
	at, known := c.find(id)
	if !known {
		return
	}
	t.count--
	c.remove(at)
	switch {
	case c.rows == 0:
		t.chunks = slices.Delete(t.chunks, n, n+1)
	case cap(c.data) >= 2*len(c.data):
		c.data = slices.Clone(c.data) // a purge gives back what it took
	}
}

// chunkFor is the one that has the id, or should have it; there is at least one.
func (t *Rows) chunkFor(id ScheduleID) int {
	if last := len(t.chunks) - 1; t.chunks[last].first <= id {
		return last
	}
	behind := sort.Search(len(t.chunks), func(n int) bool { return t.chunks[n].first > id })
	return max(behind-1, 0)
}

// All goes through the rows in the order of their ids; they must not change meanwhile.
func (t *Rows) All() iter.Seq[Row] { return t.between(0, 0) }

// From is All without the rows whose ids are lower than that one.
func (t *Rows) From(id ScheduleID) iter.Seq[Row] {
	if len(t.chunks) == 0 {
		return t.All()
	}
	n := t.chunkFor(id)
	at, _ := t.chunks[n].find(id)
	return t.between(n, at)
}

// between goes through the rows from the one at that place of that chunk on.
func (t *Rows) between(n, at int) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		n, at := n, at
		for ; n < len(t.chunks); n++ {
			for c := &t.chunks[n]; at < c.rows; at++ {
				if !yield(c.row(at)) {
					return
				}
			}
			at = 0
		}
	}
}

// Finder finds many rows in the order of their ids faster than Get does, and any others as fast. It is good as long as the rows do
// not change.
func (t *Rows) Finder() Finder { return Finder{table: t} }

// Finder is what Rows.Finder returns.
type Finder struct {
	table *Rows
	n, at int // the chunk and the place in it behind the row that was found last
}

// Get is Rows.Get.
func (f *Finder) Get(id ScheduleID) (Row, bool) {
	chunks := f.table.chunks
	if len(chunks) == 0 {
		return Row{}, false
	}
	if id < chunks[f.n].first || f.n+1 < len(chunks) && id >= chunks[f.n+1].first {
		f.n, f.at = f.table.chunkFor(id), 0
	}
	c := &chunks[f.n]
	if f.at >= c.rows || c.idAt(f.at) != id {
		at, known := c.find(id)
		if f.at = at; !known {
			return Row{}, false
		}
	}
	f.at++
	return c.row(f.at - 1), true
}

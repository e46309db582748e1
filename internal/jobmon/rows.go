package jobmon

import (
	"iter"
	"slices"
	"sort"
)

// Rows are rows of event_schedule by ascending id, each id once. A DS keeps finished rows until they are deleted,
// and all of them are known here, so they are packed: a row takes about 10 bytes in the tables of most sites and at
// most 31 among its neighbours. The zero value is an empty table. It is not safe for concurrent use and must not be
// copied.
type Rows struct {
	chunks []chunk // none of them empty, ascending by the ids in them
	count  int
	opened []Row // reused for the rows of chunks that are packed anew
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
		t.PutAll([]Row{r})
		return
	}
	n := t.chunkFor(r.ID)
	c := &t.chunks[n]
	at, known := c.find(r.ID)
	if !known {
		t.count++
	}
	switch {
	case known && c.set(at, &r) || !known && c.rows < chunkRows && c.insert(at, &r):
		return
	case !known && at == chunkRows && n == len(t.chunks)-1:
		// Ids rise over time: chunks stay full where rows are added at the end, and are split elsewhere.
		t.chunks = append(t.chunks, packChunk([]Row{r}))
		return
	}
	t.opened = c.unpack(t.opened[:0])
	if known {
		t.opened[at] = r
	} else {
		t.opened = slices.Insert(t.opened, at, r)
	}
	rows := t.opened
	if half := len(rows) / 2; len(rows) > chunkRows {
		t.chunks = slices.Insert(t.chunks, n+1, packChunk(rows[half:]))
		rows = rows[:half]
	}
	t.chunks[n] = packChunk(rows)
}

// PutAll is Put for each of them, and faster for rows with rising ids above all that are there.
func (t *Rows) PutAll(rows []Row) {
	for len(rows) > 0 {
		n := 1
		last := len(t.chunks) - 1
		if last >= 0 && (t.chunks[last].rows < chunkRows || rows[0].ID <= t.chunks[last].last()) {
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

// chunkFor returns which chunk has the id, or should have it; there must be one.
func (t *Rows) chunkFor(id ScheduleID) int {
	if last := len(t.chunks) - 1; t.chunks[last].first <= id {
		return last
	}
	behind := sort.Search(len(t.chunks), func(n int) bool { return t.chunks[n].first > id })
	return max(behind-1, 0)
}

// All returns the rows by ascending id; they must not change meanwhile.
func (t *Rows) All() iter.Seq[Row] { return t.starting(0, 0) }

// From returns the rows with that id and above.
func (t *Rows) From(id ScheduleID) iter.Seq[Row] {
	if len(t.chunks) == 0 {
		return t.All()
	}
	n := t.chunkFor(id)
	at, _ := t.chunks[n].find(id)
	return t.starting(n, at)
}

// starting returns the rows from the one at that place of that chunk on.
func (t *Rows) starting(n, at int) iter.Seq[Row] {
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

// Finder finds many rows by ascending id faster than Get does, and any others as fast. It is valid until the rows
// change.
func (t *Rows) Finder() Finder { return Finder{table: t} }

// Finder is what Rows.Finder returns.
type Finder struct {
	table *Rows
	n, at int // the chunk and the place in it after the row found last
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

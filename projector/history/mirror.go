package history

import (
	"fmt"
	"maps"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

// EncodeMirror packs a mirror: a row takes 7 to 24 bytes. The same mirror gives the same bytes.
func EncodeMirror(m *jobmon.Mirror) []byte {
	c := packed.NewWriter()
	codeMirror(c, m)
	return c.Bytes()
}

// DecodeMirror unpacks what EncodeMirror packed.
func DecodeMirror(data []byte) (*jobmon.Mirror, error) {
	m := jobmon.NewMirror()
	c := packed.NewReader(data)
	codeMirror(c, m)
	if err := c.End(); err != nil {
		return nil, fmt.Errorf("decode the tables of %d bytes: %w", len(data), err)
	}
	return m, nil
}

func codeMirror(c *packed.Coder, m *jobmon.Mirror) {
	codeTable(c, m.Jobs, 3, func(id jobmon.JobID, j *jobmon.Job) {
		j.ID = id
		c.Text(&j.Name)
		c.Text(&j.Folder)
	})
	codeTable(c, m.Computers, 5, func(id jobmon.ComputerID, of *jobmon.Computer) {
		of.ID = id
		c.Text(&of.Name)
		c.Text(&of.OSName)
		c.Text(&of.Group)
		c.Flags(&of.Ghost)
	})
	codeTable(c, m.Agents, 2, func(_ jobmon.ComputerID, state *jobmon.AgentState) {
		packed.Enum(c, state, jobmon.AgentOffline)
	})
	n := c.Count(m.Rows.Len(), leastRow)
	if c.Reading() {
		readRows(c, m, n)
		return
	}
	var near jobmon.Row
	for r := range m.Rows.All() {
		codeRow(c, &r, &near)
	}
}

// codeTable codes a table by ascending id.
func codeTable[K ~int32, V any](c *packed.Coder, table map[K]V, least int, code func(K, *V)) {
	ids := slices.Sorted(maps.Keys(table))
	n := c.Count(len(ids), least)
	if c.Reading() {
		ids = make([]K, n)
	}
	var near K
	for i := range ids {
		packed.Delta(c, &ids[i], near)
		if i > 0 && ids[i] <= near {
			c.Fail()
		}
		near = ids[i]
		v := table[near]
		if code(near, &v); c.Reading() {
			table[near] = v
		}
	}
}

const (
	leastRow   = 4       // bytes of a row
	rowsAtOnce = 1 << 12 // are put into the table together
)

func readRows(c *packed.Coder, m *jobmon.Mirror, n int) {
	var near jobmon.Row
	some := make([]jobmon.Row, 0, min(n, rowsAtOnce))
	for i := range n {
		before := near.ID
		var r jobmon.Row
		if codeRow(c, &r, &near); i > 0 && r.ID <= before {
			c.Fail()
			return
		}
		if some = append(some, r); len(some) == rowsAtOnce || i == n-1 {
			m.Rows.PutAll(some)
			some = some[:0]
		}
	}
}

// codeRow codes a row by its difference from near, the row before with the last start time that there was.
func codeRow(c *packed.Coder, r, near *jobmon.Row) {
	packed.Delta(c, &r.ID, near.ID)
	packed.Delta(c, &r.Computer, near.Computer)
	packed.Delta(c, &r.Job, near.Job)
	unscheduled, null := r.Start == jobmon.NoStart, !r.Status.Set
	c.Flags(&unscheduled, &null)
	start := near.Start
	if unscheduled {
		r.Start = jobmon.NoStart
	} else {
		packed.Delta(c, &r.Start, near.Start)
		start = r.Start
	}
	if r.Status.Set = !null; r.Status.Set {
		packed.Int(c, &r.Status.Code)
	}
	*near = *r
	near.Start = start
}

package store

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const mirrorVersion = 1

// startFar tells a start_time in full, within a packed mirror.
const startFar = 3

// EncodeMirror packs a mirror, to be kept as a cache: a row takes 6 to 24 bytes. The same mirror gives the same
// bytes.
func EncodeMirror(m *jobmon.Mirror) []byte {
	w := mirrorWriter{strings: map[string]uint64{}}
	var tables []byte
	w.table(&tables, len(m.Jobs))
	for _, id := range slices.Sorted(maps.Keys(m.Jobs)) {
		j := m.Jobs[id]
		tables = w.id(tables, int64(id))
		tables = w.texts(tables, j.Name, j.Folder)
	}
	w.table(&tables, len(m.Computers))
	for _, id := range slices.Sorted(maps.Keys(m.Computers)) {
		c := m.Computers[id]
		tables = w.id(tables, int64(id))
		tables = w.texts(tables, c.Name, c.OSName, c.Group)
		ghost := byte(0)
		if c.Ghost {
			ghost = 1
		}
		tables = append(tables, ghost)
	}
	w.table(&tables, len(m.Agents))
	for _, id := range slices.Sorted(maps.Keys(m.Agents)) {
		tables = append(w.id(tables, int64(id)), byte(m.Agents[id]))
	}
	w.table(&tables, m.Rows.Len())
	n := near{computer: firstComputer}
	for r := range m.Rows.All() {
		tables = n.appendPacked(tables, &r)
	}
	out := binary.AppendUvarint([]byte{mirrorVersion}, uint64(len(w.strings)))
	return append(append(out, w.text...), tables...)
}

type mirrorWriter struct {
	strings map[string]uint64
	text    []byte
	last    int64 // id in the table that is being written
}

func (w *mirrorWriter) table(dst *[]byte, n int) {
	*dst = binary.AppendUvarint(*dst, uint64(n))
	w.last = 0
}

func (w *mirrorWriter) id(dst []byte, id int64) []byte {
	return binary.AppendUvarint(dst, tell(&w.last, id))
}

func (w *mirrorWriter) texts(dst []byte, texts ...string) []byte {
	for _, s := range texts {
		n, ok := w.strings[s]
		if !ok {
			n = uint64(len(w.strings))
			w.strings[s] = n
			w.text = append(binary.AppendUvarint(w.text, uint64(len(s))), s...)
		}
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

// appendPacked appends a row, told from the one before.
func (n *near) appendPacked(dst []byte, r *jobmon.Row) []byte {
	dst = binary.AppendUvarint(dst, tell(&n.schedule, int64(r.ID)))
	dst = binary.AppendUvarint(dst, tell(&n.computer, int64(r.Computer)))
	dst = binary.AppendUvarint(dst, tell(&n.job, int64(r.Job)))
	start := int64(r.Start)
	switch far := start <= -farStart || start >= farStart; {
	case r.Start == jobmon.NoStart:
		dst = append(dst, startNull)
	case far:
		dst = binary.AppendUvarint(append(dst, startFar), zigzag(start))
	case start%minute == 0:
		dst = binary.AppendUvarint(dst, zigzag((start-n.start)/minute)<<2|startMinutes)
	default:
		dst = binary.AppendUvarint(dst, zigzag(start-n.start)<<2|startMillis)
	}
	n.startAt(start)
	return appendStatus(dst, r.Status)
}

// DecodeMirror unpacks what EncodeMirror packed. It fails with ErrNewer when a newer version packed it and with
// ErrCorrupt when it makes no sense: then the mirror is to be folded from the log.
func DecodeMirror(data []byte) (*jobmon.Mirror, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("packed mirror: %w: it is empty: fold it from the log", ErrCorrupt)
	}
	if data[0] > mirrorVersion {
		return nil, fmt.Errorf("packed mirror: %w: its version is %d, known is %d: fold it from the log", ErrNewer, data[0], mirrorVersion)
	}
	r := mirrorReader{cursor: cursor{data: data, at: 1, bad: data[0] == 0}}
	m := r.mirror()
	if r.bad || r.at != len(data) {
		return nil, fmt.Errorf("packed mirror: %w at byte %d: fold it from the log", ErrCorrupt, r.at)
	}
	return m, nil
}

// rowsAtOnce is how many rows are unpacked before they are put into the table together.
const rowsAtOnce = 1 << 12

type mirrorReader struct {
	cursor
	strings []string
	last    int64
	first   bool // of a table
}

// count reads how many entries follow, each of which has at least so many bytes.
func (r *mirrorReader) count(least int) int {
	n := r.uvarint()
	if n > uint64(len(r.data)-r.at)/uint64(least) {
		r.bad = true
		return 0
	}
	r.last, r.first = 0, true
	return int(n)
}

// id reads an id; they ascend.
func (r *mirrorReader) id() int32 {
	before := r.last
	r.last += r.zigzag()
	r.bad = r.bad || !r.first && r.last <= before
	r.first = false
	return r.int32(r.last)
}

func (r *mirrorReader) text() string {
	n := r.uvarint()
	if n >= uint64(len(r.strings)) {
		r.bad = true
		return ""
	}
	return r.strings[n]
}

func (r *mirrorReader) byte(most byte) byte {
	part := r.bytes(1)
	if part == nil || part[0] > most {
		r.bad = true
		return 0
	}
	return part[0]
}

func (r *mirrorReader) mirror() *jobmon.Mirror {
	for range r.count(1) {
		r.strings = append(r.strings, string(r.bytes(r.uvarint())))
	}
	m := jobmon.NewMirror()
	for range r.count(3) {
		j := jobmon.Job{ID: jobmon.JobID(r.id()), Name: r.text(), Folder: r.text()}
		m.Jobs[j.ID] = j
	}
	for range r.count(5) {
		c := jobmon.Computer{ID: jobmon.ComputerID(r.id()), Name: r.text(), OSName: r.text(), Group: r.text(), Ghost: r.byte(1) == 1}
		m.Computers[c.ID] = c
	}
	for range r.count(2) {
		id := jobmon.ComputerID(r.id())
		m.Agents[id] = jobmon.AgentState(r.byte(byte(jobmon.AgentOffline)))
	}
	rows := r.count(5)
	n := near{computer: firstComputer}
	some := make([]jobmon.Row, 0, min(rows, rowsAtOnce))
	for left := rows; left > 0 && !r.bad; left-- {
		row := jobmon.Row{ID: jobmon.ScheduleID(r.id())}
		row.Computer, row.Job = jobmon.ComputerID(r.cursor.id(&n.computer)), jobmon.JobID(r.cursor.id(&n.job))
		switch told := r.uvarint(); told {
		case startFar:
			row.Start = jobmon.WallTime(r.zigzag())
			n.startAt(int64(row.Start))
		default:
			row.Start = jobmon.WallTime(r.start(told, &n))
		}
		row.Status = r.status()
		if some = append(some, row); left == 1 || len(some) == rowsAtOnce {
			m.Rows.PutAll(some)
			some = some[:0]
		}
	}
	return m
}

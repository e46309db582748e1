package jobmon

import (
	"encoding/binary"
	"math"
)

// chunkRows is how many rows a chunk has at most: so many that what it has once is little, so few that packing it anew is.
const chunkRows = 512

// chunk is a run of rows in the order of their ids, each packed into the same number of bytes: the ids, jobs, computers and
// times as their distances from a base, the times in whole units where all of them allow it. Nothing is lost; a value that is out of
// a column's reach makes the whole chunk be packed anew.
type chunk struct {
	first    ScheduleID
	rows     int
	stride   int // bytes of a row
	unit     uint64
	id       column
	job      column
	computer column
	start    column // 0 is NoStart, others are one more than their distance in units
	status   column // its base is 0: see packStatus
	data     []byte
}

// column is where a chunk's values lie: from base on, as far as so many bytes reach.
type column struct {
	base  uint64
	width uint8 // 1, 2, 4 or 8
}

// units are what start times are told in, the first that fits; in milliseconds.
var units = [...]uint64{60_000, 1000, 1}

// packChunk packs rows that ascend by id, from one to chunkRows of them.
func packChunk(rows []Row) chunk {
	c := chunk{first: rows[0].ID, rows: len(rows)}
	var job, computer, start span
	var status uint64
	for i := range rows {
		r := &rows[i]
		job.add(int64(r.Job))
		computer.add(int64(r.Computer))
		if r.Start != NoStart {
			start.add(int64(r.Start))
		}
		status = max(status, packStatus(r.Status))
	}
	for _, c.unit = range units {
		if c.allIn(rows, uint64(start.low)) {
			break
		}
	}
	// The widths begin at 2 where values rise from row to row.
	c.id = span{int64(c.first), int64(rows[len(rows)-1].ID), true}.column(2, 1, 0)
	c.job, c.computer = job.column(1, 1, 0), computer.column(1, 1, 0)
	c.start = start.column(2, c.unit, 1)
	c.status = column{width: widthOf(status, 1)}
	c.stride = int(c.id.width + c.job.width + c.computer.width + c.start.width + c.status.width)
	c.data = make([]byte, 0, len(rows)*c.stride)
	for i := range rows {
		p, _ := c.pack(&rows[i])
		c.data = c.append(c.data, &p)
	}
	return c
}

// allIn says whether all start times are whole units away from the lowest one.
func (c *chunk) allIn(rows []Row, low uint64) bool {
	for i := range rows {
		if s := rows[i].Start; s != NoStart && (uint64(s)-low)%c.unit != 0 {
			return false
		}
	}
	return true
}

// span is between which values a column's lie.
type span struct {
	low, high int64
	any       bool
}

func (s *span) add(v int64) {
	if !s.any {
		*s = span{v, v, true}
	}
	s.low, s.high = min(s.low, v), max(s.high, v)
}

// column is one of at least that width, with as much room for lower values as for higher ones. Offset is added to each.
func (s span) column(least uint8, unit, offset uint64) column {
	reach := (uint64(s.high)-uint64(s.low))/unit + offset
	c := column{base: uint64(s.low), width: widthOf(reach, least)}
	if c.width < 8 {
		c.base -= (1<<(8*c.width) - 1 - reach) / 2 * unit
	}
	return c
}

func widthOf(v uint64, least uint8) uint8 {
	for least < 8 && v>>(8*least) != 0 {
		least *= 2
	}
	return least
}

// packStatus makes the codes that are usual small, and NULL 0.
func packStatus(s Status) uint64 {
	if !s.Set {
		return 0
	}
	return uint64(s.Code<<1^s.Code>>63) + 1
}

func unpackStatus(v uint64) Status {
	if v == 0 {
		return StatusNull
	}
	v--
	return StatusOf(Code(v>>1) ^ -Code(v&1))
}

// packedRow is a row as its chunk tells it.
type packedRow struct{ id, job, computer, start, status uint64 }

// pack packs a row, if it is within the reach of all columns. The arithmetic wraps around, and comes back when it is undone.
func (c *chunk) pack(r *Row) (p packedRow, ok bool) {
	p.id, p.job, p.computer = uint64(r.ID)-c.id.base, uint64(r.Job)-c.job.base, uint64(r.Computer)-c.computer.base
	p.status = packStatus(r.Status)
	if r.Start != NoStart {
		distance := uint64(r.Start) - c.start.base
		if distance%c.unit != 0 || distance == math.MaxUint64 {
			return p, false
		}
		p.start = distance/c.unit + 1
	}
	return p, c.id.reaches(p.id) && c.job.reaches(p.job) && c.computer.reaches(p.computer) && c.start.reaches(p.start) && c.status.reaches(p.status)
}

func (c column) reaches(v uint64) bool { return c.width == 8 || v>>(8*c.width) == 0 }

func (c *chunk) append(dst []byte, p *packedRow) []byte {
	dst = c.id.append(dst, p.id)
	dst = c.job.append(dst, p.job)
	dst = c.computer.append(dst, p.computer)
	dst = c.start.append(dst, p.start)
	return c.status.append(dst, p.status)
}

func (c column) append(dst []byte, v uint64) []byte {
	switch c.width {
	case 1:
		return append(dst, byte(v))
	case 2:
		return binary.LittleEndian.AppendUint16(dst, uint16(v))
	case 4:
		return binary.LittleEndian.AppendUint32(dst, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(dst, v)
}

// at reads a column's value and returns what is behind it.
func (c column) at(data []byte) (uint64, []byte) {
	switch c.width {
	case 1:
		return uint64(data[0]), data[1:]
	case 2:
		return uint64(binary.LittleEndian.Uint16(data)), data[2:]
	case 4:
		return uint64(binary.LittleEndian.Uint32(data)), data[4:]
	}
	return binary.LittleEndian.Uint64(data), data[8:]
}

func (c *chunk) row(at int) Row {
	var p packedRow
	data := c.data[at*c.stride:]
	p.id, data = c.id.at(data)
	p.job, data = c.job.at(data)
	p.computer, data = c.computer.at(data)
	p.start, data = c.start.at(data)
	p.status, _ = c.status.at(data)
	r := Row{
		ID: ScheduleID(p.id + c.id.base), Job: JobID(p.job + c.job.base), Computer: ComputerID(p.computer + c.computer.base),
		Start: NoStart, Status: unpackStatus(p.status),
	}
	if p.start != 0 {
		r.Start = WallTime((p.start-1)*c.unit + c.start.base)
	}
	return r
}

func (c *chunk) idAt(at int) ScheduleID {
	v, _ := c.id.at(c.data[at*c.stride:])
	return ScheduleID(v + c.id.base)
}

func (c *chunk) last() ScheduleID { return c.idAt(c.rows - 1) }

// find is where the id is, or should be.
func (c *chunk) find(id ScheduleID) (at int, known bool) {
	if c.last() < id { // as that of a new row mostly is
		return c.rows, false
	}
	end := c.rows
	for at < end {
		if middle := (at + end) / 2; c.idAt(middle) < id {
			at = middle + 1
		} else {
			end = middle
		}
	}
	return at, c.idAt(at) == id
}

// set replaces a row by one with the same id; it does nothing and returns false when that is out of reach.
func (c *chunk) set(at int, r *Row) bool {
	p, ok := c.pack(r)
	if ok {
		c.append(c.data[at*c.stride:at*c.stride], &p)
	}
	return ok
}

// insert puts a row there; it does nothing and returns false when that is out of reach.
func (c *chunk) insert(at int, r *Row) bool {
	p, ok := c.pack(r)
	if !ok {
		return false
	}
	size := len(c.data)
	if size+c.stride > cap(c.data) {
		grown := make([]byte, size, min(size+size/4+16*c.stride, chunkRows*c.stride))
		copy(grown, c.data)
		c.data = grown
	}
	c.data = c.data[:size+c.stride]
	place := at * c.stride
	copy(c.data[place+c.stride:], c.data[place:size])
	c.append(c.data[place:place], &p)
	c.rows++
	if at == 0 {
		c.first = r.ID
	}
	return true
}

func (c *chunk) remove(at int) {
	place := at * c.stride
	c.data = append(c.data[:place], c.data[place+c.stride:]...)
	if c.rows--; at == 0 && c.rows > 0 {
		c.first = c.idAt(0)
	}
}

func (c *chunk) unpack(dst []Row) []Row {
	for at := range c.rows {
		dst = append(dst, c.row(at))
	}
	return dst
}

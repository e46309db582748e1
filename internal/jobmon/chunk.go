package jobmon

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sort"
)

// chunkRows is the most rows a chunk has: enough that its header costs little, few enough to pack it anew quickly.
const chunkRows = 512

// chunk is a run of rows by ascending id. It takes a third of what a slice of structs would (24 bytes a row). Each row
// is packed into stride bytes: its values by column, each as its distance from the column's base. A value out of a
// column's reach makes the whole chunk be packed anew.
type chunk struct {
	first   ScheduleID
	rows    int
	stride  int
	columns [5]column
	data    []byte // rows * stride bytes and slack
}

// slack lets every value be read as 8 bytes.
const slack = 8

// column says how the values of one field are packed: 0 is NULL, any other is 1 + its distance from base in units.
type column struct {
	base  uint64
	unit  uint32
	width uint8 // bytes
}

// null stands for NULL among a row's values; no field has this value.
const null = int64(NoStart)

// values are the row's fields in the order of the columns.
func (r *Row) values() [5]int64 {
	v := [...]int64{int64(r.ID), int64(r.Job), int64(r.Computer), int64(r.Start), null}
	if r.Status.Set {
		v[4] = int64(r.Status.Code)
	}
	return v
}

// packChunk packs rows by ascending id, from 1 to chunkRows of them.
func packChunk(rows []Row) chunk {
	c := chunk{first: rows[0].ID, rows: len(rows)}
	low, high := rows[0].values(), rows[0].values()
	for i := range rows {
		for n, v := range rows[i].values() {
			switch {
			case v == null:
			case low[n] == null:
				low[n], high[n] = v, v
			default:
				low[n], high[n] = min(low[n], v), max(high[n], v)
			}
		}
	}
	least := [...]int{2, 1, 1, 2, 1} // ids and start times rise from row to row
	for n := range c.columns {
		unit := uint32(1)
		if n == 3 {
			unit = unitOf(rows, WallTime(low[n]))
		}
		c.columns[n] = newColumn(uint64(low[n]), uint64(high[n]), unit, least[n])
		c.stride += int(c.columns[n].width)
	}
	c.data = make([]byte, len(rows)*c.stride+slack)
	for i := range rows {
		c.set(i, &rows[i])
	}
	return c
}

// unitOf returns the largest unit, in milliseconds, that all start times are whole multiples of, counted from low.
func unitOf(rows []Row, low WallTime) uint32 {
	unit := uint32(60_000)
	for i := range rows {
		distance := uint64(rows[i].Start) - uint64(low)
		for rows[i].Start != NoStart && distance%uint64(unit) != 0 {
			if unit == 1000 {
				return 1
			}
			unit = 1000
		}
	}
	return unit
}

// newColumn returns a column for the values from low to high, with as much room below them as above.
func newColumn(low, high uint64, unit uint32, least int) column {
	reach := (high-low)/uint64(unit) + 1
	c := column{base: low, unit: unit, width: uint8(max(least, (bits.Len64(reach)+7)/8))}
	if c.width < 8 {
		c.base -= (1<<(8*c.width) - 1 - reach) / 2 * uint64(unit)
	}
	return c
}

// pack packs a value. Arithmetic wraps around, and unpack undoes that.
func (c *column) pack(v int64) (packed uint64, ok bool) {
	if v == null {
		return 0, true
	}
	distance := uint64(v) - c.base
	packed = distance/uint64(c.unit) + 1
	inReach := c.width == 8 || packed>>(8*c.width) == 0
	return packed, distance%uint64(c.unit) == 0 && distance != math.MaxUint64 && inReach
}

func (c *column) unpack(packed uint64) int64 {
	if packed == 0 {
		return null
	}
	return int64((packed-1)*uint64(c.unit) + c.base)
}

// set writes a row in that place; it does nothing and returns false when a value is out of reach.
func (c *chunk) set(at int, r *Row) bool {
	var packed [5]uint64
	for n, v := range r.values() {
		var ok bool
		if packed[n], ok = c.columns[n].pack(v); !ok {
			return false
		}
	}
	place := c.data[at*c.stride:]
	for n, v := range packed {
		for i := range c.columns[n].width {
			place[i] = byte(v >> (8 * i))
		}
		place = place[c.columns[n].width:]
	}
	return true
}

func (c *chunk) row(at int) Row {
	place := c.data[at*c.stride:]
	var v [5]int64
	for n := range c.columns {
		column := &c.columns[n]
		v[n] = column.unpack(binary.LittleEndian.Uint64(place) & (1<<(8*column.width) - 1))
		place = place[column.width:]
	}
	r := Row{ID: ScheduleID(v[0]), Job: JobID(v[1]), Computer: ComputerID(v[2]), Start: WallTime(v[3])}
	if v[4] != null {
		r.Status = StatusOf(Code(v[4]))
	}
	return r
}

func (c *chunk) idAt(at int) ScheduleID {
	column := &c.columns[0]
	packed := binary.LittleEndian.Uint64(c.data[at*c.stride:]) & (1<<(8*column.width) - 1)
	return ScheduleID(column.unpack(packed))
}

func (c *chunk) last() ScheduleID { return c.idAt(c.rows - 1) }

// find returns where the id is, or should be.
func (c *chunk) find(id ScheduleID) (at int, known bool) {
	if c.last() < id { // as that of a new row mostly is
		return c.rows, false
	}
	at = sort.Search(c.rows, func(i int) bool { return c.idAt(i) >= id })
	return at, c.idAt(at) == id
}

// insert puts a row there; it does nothing and returns false when a value is out of reach.
func (c *chunk) insert(at int, r *Row) bool {
	size, place := len(c.data), at*c.stride
	if size+c.stride > cap(c.data) {
		grown := make([]byte, size, min(size+size/4+16*c.stride, chunkRows*c.stride+slack))
		copy(grown, c.data)
		c.data = grown
	}
	c.data = c.data[:size+c.stride]
	copy(c.data[place+c.stride:], c.data[place:size])
	if !c.set(at, r) {
		c.data = slices.Delete(c.data, place, place+c.stride)
		return false
	}
	c.rows++
	c.first = min(c.first, r.ID)
	return true
}

func (c *chunk) remove(at int) {
	c.data = slices.Delete(c.data, at*c.stride, (at+1)*c.stride)
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

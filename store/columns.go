package store

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The columns of a block's body: a tag, a length and as many bytes each. A reader steps over a column that it does not
// know. What a tag means never changes.
const (
	columnForms     = 1 // what events have in common, see form
	columnCounts    = 2 // events of each batch
	columnTimes     = 3 // time of each batch, from the one before
	columnEvents    = 4 // form of each event
	columnComputers = 5 // computer of each event that has one, as its place in the block's list
	columnRows      = 6 // the base of each computer's first row
	columnStrings   = 7 // each text once

	// The values of a field of a tag beyond fieldName stand in the column of that tag more than columnValues.
	columnValues = 16
)

// form is all of an event that comes again and again: what kind it is, which fields it has, and how its row differs
// from the last one of the same computer. The next job of a deployment starts as that of another did,
// so most events are a form and a computer, two bytes.
type form struct {
	kind     jobmon.Kind
	flags    jobmon.Flags
	fields   uint64 // one bit for each tag
	schedule int32  // difference from the computer's last row
	job      int32  // the same; without row from the last job of an event without row
	start    int64  // milliseconds, the same
	status   jobmon.Status
}

func (f *form) has(field int) bool { return f.fields>>field&1 == 1 }

// lastRow is the base for encoding the next row of a computer.
type lastRow struct {
	start         int64 // the last one that was not NULL
	schedule, job int32
	computer      jobmon.ComputerID // whose it is, for a reader
}

// firstRow is the base for encoding a block's first row.
func firstRow(at jobmon.Instant) lastRow {
	if at <= -farStart || at >= farStart {
		return lastRow{}
	}
	return lastRow{start: wholeMinute(int64(at))}
}

// columnWriter gathers the columns of one block.
type columnWriter struct {
	rows    map[jobmon.ComputerID]*lastRow
	begun   map[jobmon.ComputerID]lastRow // the bases of the computers' first rows
	base    lastRow                       // the base of the first of those
	job     int32
	forms   map[form]int
	list    []form // in the order of their first event
	often   []int  // how many events have it
	events  []int  // form of each event
	strings map[string]uint64
	text    []byte // the strings' column
	columns [columnValues + lastField + 1][]byte
}

// appendColumns appends the body of a block of these batches. It also returns the list of computers, packed.
func appendColumns(dst []byte, batches []jobmon.Batch) (body, computers []byte) {
	ids := map[jobmon.ComputerID]uint64{}
	for _, b := range batches {
		for i := range b.Events {
			if e := &b.Events[i]; hasRow(e) || e.Computer != 0 {
				ids[e.Computer] = 0
			}
		}
	}
	list := slices.Sorted(maps.Keys(ids))
	for i, id := range list {
		ids[id] = uint64(i)
	}
	w := columnWriter{
		rows: map[jobmon.ComputerID]*lastRow{}, begun: map[jobmon.ComputerID]lastRow{},
		forms: map[form]int{}, strings: map[string]uint64{}, base: firstRow(batches[0].At),
	}
	at := int64(batches[0].At)
	for _, b := range batches {
		w.number(columnCounts, uint64(len(b.Events)))
		w.number(columnTimes, delta(&at, int64(b.At)))
		for i := range b.Events {
			e := &b.Events[i]
			f := w.form(e)
			w.events = append(w.events, w.numberOf(f))
			if f.has(fieldRow) || f.has(fieldComputer) {
				w.number(columnComputers, ids[e.Computer])
			}
		}
	}
	w.finish(list)
	for tag, column := range w.columns {
		if len(column) > 0 {
			dst = binary.AppendUvarint(dst, uint64(tag))
			dst = binary.AppendUvarint(dst, uint64(len(column)))
			dst = append(dst, column...)
		}
	}
	return dst, appendComputers(nil, list)
}

func (w *columnWriter) number(column int, v uint64) {
	w.columns[column] = binary.AppendUvarint(w.columns[column], v)
}

// form encodes an event by its difference from the last one of its computer. What is no part of a form goes into the
// columns.
func (w *columnWriter) form(e *jobmon.Event) form {
	f := form{kind: e.Kind, flags: e.Flags, fields: w.values(e)}
	switch {
	case hasRow(e):
		f.fields |= 1 << fieldRow
		last := w.rows[e.Computer]
		if last == nil {
			last = &lastRow{schedule: int32(e.Schedule), job: int32(e.Job), start: w.base.start}
			if start := int64(e.Start); start > -farStart && start < farStart {
				last.start = wholeMinute(start)
			}
			w.begun[e.Computer] = *last
			w.rows[e.Computer] = last
		}
		f.schedule, last.schedule = int32(e.Schedule)-last.schedule, int32(e.Schedule)
		f.job, last.job = int32(e.Job)-last.job, int32(e.Job)
		if e.Start != jobmon.NoStart {
			f.fields |= 1 << fieldStart
			f.start, last.start = int64(e.Start)-last.start, int64(e.Start)
		}
		f.status = e.Status
	default:
		if e.Computer != 0 {
			f.fields |= 1 << fieldComputer
		}
		if e.Job != 0 {
			f.fields |= 1 << fieldJob
			f.job, w.job = int32(e.Job)-w.job, int32(e.Job)
		}
	}
	return f
}

// numberOf gives a form its number, for now in the order of appearance.
func (w *columnWriter) numberOf(f form) int {
	n, ok := w.forms[f]
	if !ok {
		n = len(w.list)
		w.forms[f] = n
		w.list, w.often = append(w.list, f), append(w.often, 0)
	}
	w.often[n]++
	return n
}

// values writes the fields of an event that stand in columns of their own. It returns which they are.
func (w *columnWriter) values(e *jobmon.Event) (fields uint64) {
	for field := fieldName; field <= fieldText; field++ {
		if s := *text(e, field); s != "" {
			w.number(columnValues+field, w.string(s))
			fields |= 1 << field
		}
	}
	for field := fieldSeconds; field <= fieldTo; field++ {
		if v, has := numberField(e, field, int64(e.At)); has {
			w.number(columnValues+field, v)
			fields |= 1 << field
		}
	}
	if e.Sum != 0 {
		sums := &w.columns[columnValues+fieldSum]
		*sums = binary.LittleEndian.AppendUint64(*sums, e.Sum)
		fields |= 1 << fieldSum
	}
	return fields
}

// string is the number of a text.
func (w *columnWriter) string(s string) uint64 {
	n, ok := w.strings[s]
	if !ok {
		n = uint64(len(w.strings))
		w.strings[s] = n
		w.text = append(binary.AppendUvarint(w.text, uint64(len(s))), s...)
	}
	return n
}

// finish writes what is known at the end. The commonest forms get the smallest numbers.
func (w *columnWriter) finish(list []jobmon.ComputerID) {
	order := make([]int, len(w.list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(w.often[b], w.often[a]) })
	number := make([]int, len(order))
	w.number(columnForms, uint64(len(order)))
	for n, i := range order {
		number[i] = n
		w.columns[columnForms] = w.list[i].append(w.columns[columnForms])
	}
	for _, i := range w.events {
		w.number(columnEvents, uint64(number[i]))
	}
	if len(w.strings) > 0 {
		w.number(columnStrings, uint64(len(w.strings)))
		w.columns[columnStrings] = append(w.columns[columnStrings], w.text...)
	}
	w.begunRows(list)
}

// begunRows writes the base of each computer's first row, as the difference from the one before. A computer without
// rows repeats it.
func (w *columnWriter) begunRows(list []jobmon.ComputerID) {
	if len(w.begun) == 0 {
		return
	}
	last := w.base
	for _, id := range list {
		begun, ok := w.begun[id]
		if !ok {
			begun = last
		}
		w.number(columnRows, zigzag(int64(begun.schedule-last.schedule)))
		w.number(columnRows, zigzag(int64(begun.job-last.job)))
		w.number(columnRows, zigzag((begun.start-last.start)/minute))
		last = begun
	}
}

// append appends the form: a length and as many bytes.
func (f *form) append(dst []byte) []byte {
	body := binary.AppendUvarint([]byte{byte(f.kind), byte(f.flags)}, f.fields)
	if f.has(fieldRow) {
		body = binary.AppendUvarint(body, zigzag(int64(f.schedule)))
		body = binary.AppendUvarint(body, zigzag(int64(f.job)))
		if f.has(fieldStart) {
			body = binary.AppendUvarint(body, zigzag(f.start))
		}
		body = appendStatus(body, f.status)
	} else if f.has(fieldJob) {
		body = binary.AppendUvarint(body, zigzag(int64(f.job)))
	}
	return append(binary.AppendUvarint(dst, uint64(len(body))), body...)
}

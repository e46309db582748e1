package store

import (
	"math"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// blockReader decodes blocks of columns. Its space is used again for the next block.
type blockReader struct {
	columns [columnValues + lastField + 1][]byte
	forms   []form
	rows    []lastRow
	strings []string
	values  [lastField + 1]cursor
	batches []batchEnd

	space  []jobmon.Event // the last block's events, overwritten when reuse is set
	filled []int          // indexes of events with fields that decode does not always set
	reuse  bool
}

// batchEnd is one batch of a decoded block.
type batchEnd struct {
	at      jobmon.Instant
	end     int    // the index after its last event
	skipped uint64 // unused sequence numbers before its first event

	previous, crc uint32 // checksums of the frame before and of its own, once frames made them
}

// events decodes the events of a block. The batches are in r.batches until the next call, and so are the events when
// reuse is set. They share nothing with the block's bytes; names keeps one copy of each text.
func (r *blockReader) events(b *part, names *decoder) ([]jobmon.Event, *frameError) {
	if bad := r.take(b); bad != nil {
		return nil, bad
	}
	if b.events > len(r.columns[columnEvents]) {
		return nil, broken(b.bodyAt, "%d bytes cannot hold %d events", len(r.columns[columnEvents]), b.events)
	}
	events := r.make(b.events)
	if !r.batchTable(b) || !r.formTable() || !r.rowTable(b) || !r.stringTable(names) || !r.decode(events, b.first) {
		return nil, broken(b.bodyAt, "what its columns hold does not fit together")
	}
	return events, nil
}

// make makes space for n events. The fields that decode does not always set are zero.
func (r *blockReader) make(n int) []jobmon.Event {
	switch {
	case !r.reuse:
		return make([]jobmon.Event, n)
	case len(r.space) < n:
		r.space = make([]jobmon.Event, max(n, sealEvents))
	default:
		for _, i := range r.filled { // far fewer than all
			r.space[i] = jobmon.Event{}
		}
	}
	r.filled = r.filled[:0]
	return r.space[:n]
}

// take finds the columns in the body.
func (r *blockReader) take(b *part) *frameError {
	clear(r.columns[:])
	c := cursor{data: b.body}
	for c.at < len(c.data) {
		begin := c.at
		tag := c.uvarint()
		column := c.bytes(c.uvarint())
		if c.bad {
			return broken(b.bodyAt+begin, "a column has a length that makes no sense")
		}
		if tag < uint64(len(r.columns)) {
			r.columns[tag] = column
		}
	}
	for field := range r.values {
		r.values[field] = cursor{data: r.columns[columnValues+field]}
	}
	return nil
}

// batchTable decodes the sizes and times of the batches and compares them with the block's head.
func (r *blockReader) batchTable(b *part) bool {
	counts, times := r.columns[columnCounts], r.columns[columnTimes]
	if b.batches == 0 || b.batches > len(counts) {
		return false
	}
	r.batches = r.batches[:0]
	countAt, timeAt, count, passed := 0, 0, uint64(0), uint64(0)
	at, end, next, gaps := b.firstAt, uint64(0), b.first, b.gaps
	low, high := at, at
	for range b.batches {
		count, countAt = number(counts, countAt)
		passed, timeAt = number(times, timeAt)
		at += jobmon.Instant(unzigzag(passed))
		low, high = min(low, at), max(high, at)
		if end += count; count == 0 || end > uint64(b.events) {
			return false
		}
		batch := batchEnd{at: at, end: int(end)}
		if len(gaps) > 0 {
			after := next // a gap before the first event is not counted: b.first lies after it
			if next != b.first {
				after += gaps[0].skipped
			}
			if after == gaps[0].seq {
				next, batch.skipped, gaps = after, gaps[0].skipped, gaps[1:]
			}
		}
		next += count
		r.batches = append(r.batches, batch)
	}
	return countAt == len(counts) && timeAt == len(times) && len(gaps) == 0 &&
		end == uint64(b.events) && next-1 == b.last && at == b.lastAt && low == b.minAt && high == b.maxAt
}

func (r *blockReader) formTable() bool {
	c := cursor{data: r.columns[columnForms]}
	n := c.uvarint()
	if n > uint64(len(c.data)) {
		return false
	}
	r.forms = r.forms[:0]
	for range n {
		body := c.bytes(c.uvarint())
		if c.bad || len(body) < 3 || body[0] == 0 {
			return false
		}
		f := form{kind: jobmon.Kind(body[0]), flags: jobmon.Flags(body[1])}
		fields := cursor{data: body, at: 2}
		f.fields = fields.uvarint()
		if f.has(fieldRow) {
			f.schedule, f.job = fields.int32(fields.zigzag()), fields.int32(fields.zigzag())
			if f.has(fieldStart) {
				f.start = fields.zigzag()
			}
			f.status = fields.status()
		} else if f.has(fieldJob) {
			f.job = fields.int32(fields.zigzag())
		}
		if fields.bad {
			return false
		}
		r.forms = append(r.forms, f)
	}
	return !c.bad && c.at == len(c.data)
}

// status reads what appendStatus wrote.
func (c *cursor) status() jobmon.Status {
	code := c.uvarint()
	if code == 0 {
		return jobmon.StatusNull
	}
	return jobmon.StatusOf(jobmon.Code(unzigzag(code - 1)))
}

// rowTable decodes the base of each computer's first row.
func (r *blockReader) rowTable(b *part) bool {
	ids, c := cursor{data: b.computers}, cursor{data: r.columns[columnRows]}
	last, id := firstRow(b.firstAt), int64(0)
	r.rows = r.rows[:0]
	for ids.at < len(ids.data) {
		begin := id
		if id += ids.zigzag(); ids.bad || id > math.MaxInt32 || id < math.MinInt32 || id <= begin && len(r.rows) > 0 {
			return false
		}
		if len(c.data) > 0 {
			last.schedule += c.int32(c.zigzag())
			last.job += c.int32(c.zigzag())
			last.start += c.zigzag() * minute
		}
		last.computer = jobmon.ComputerID(id)
		r.rows = append(r.rows, last)
	}
	return !c.bad && c.at == len(c.data)
}

func (r *blockReader) stringTable(names *decoder) bool {
	r.strings = r.strings[:0]
	c := cursor{data: r.columns[columnStrings]}
	if len(c.data) == 0 {
		return true
	}
	n := c.uvarint()
	if n > uint64(len(c.data)) {
		return false
	}
	for range n {
		r.strings = append(r.strings, names.string(&c))
	}
	return !c.bad && c.at == len(c.data)
}

// decode fills in the events. It is the inner loop of every read: its parts stay inline for speed.
func (r *blockReader) decode(events []jobmon.Event, seq uint64) bool {
	numbers, formAt := r.columns[columnEvents], 0
	computers, computerAt := r.columns[columnComputers], 0
	forms, rows := r.forms, r.rows
	job, n, i := int32(0), uint64(0), 0
	for k := range r.batches {
		batch := &r.batches[k]
		if k > 0 {
			seq += batch.skipped
		}
		for ; i < batch.end; i++ {
			e := &events[i]
			if formAt < len(numbers) && numbers[formAt] < 0x80 { // number is not inlined
				n, formAt = uint64(numbers[formAt]), formAt+1
			} else {
				n, formAt = longNumber(numbers, formAt)
			}
			if n >= uint64(len(forms)) {
				return false
			}
			f := &forms[n]
			e.Seq, e.At, e.Kind, e.Flags = seq, batch.at, f.kind, f.flags
			e.Schedule, e.Computer, e.Job, e.Start, e.Status = 0, 0, 0, 0, f.status
			seq++
			if f.fields&(1<<fieldRow|1<<fieldComputer) != 0 {
				if computerAt < len(computers) && computers[computerAt] < 0x80 {
					n, computerAt = uint64(computers[computerAt]), computerAt+1
				} else {
					n, computerAt = longNumber(computers, computerAt)
				}
				if n >= uint64(len(rows)) {
					return false
				}
				last := &rows[n]
				e.Computer = last.computer
				if f.fields&(1<<fieldRow) != 0 {
					last.schedule += f.schedule
					last.job += f.job
					e.Schedule, e.Job = jobmon.ScheduleID(last.schedule), jobmon.JobID(last.job)
					if f.fields&(1<<fieldStart) != 0 {
						last.start += f.start
						e.Start = jobmon.WallTime(last.start)
					} else {
						e.Start = jobmon.NoStart
					}
				}
			}
			if f.fields&(1<<fieldJob) != 0 { // never with a row
				job += f.job
				e.Job = jobmon.JobID(job)
			}
			if f.fields>>fieldName != 0 {
				r.filled = append(r.filled, i)
				r.fill(e, f)
			}
		}
	}
	return formAt == len(numbers) && computerAt == len(computers) && r.spent()
}

// spent reports whether exactly all values were taken from their columns.
func (r *blockReader) spent() bool {
	for field := range r.values {
		if v := &r.values[field]; v.bad || v.at != len(v.data) {
			return false
		}
	}
	return true
}

// fill gives an event the values of its form's other fields.
func (r *blockReader) fill(e *jobmon.Event, f *form) {
	for field := fieldName; field <= fieldText; field++ {
		if f.has(field) {
			*text(e, field) = r.string(field)
		}
	}
	for field := fieldSeconds; field <= fieldTo; field++ {
		if f.has(field) {
			r.values[field].numberField(e, field, int64(e.At))
		}
	}
	if f.has(fieldSum) {
		e.Sum = r.values[fieldSum].fixed()
	}
}

func (r *blockReader) string(field int) string {
	n := r.values[field].uvarint()
	if n >= uint64(len(r.strings)) {
		r.values[field].bad = true
		return ""
	}
	return r.strings[n]
}

package store

import (
	"encoding/binary"
	"math"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// decoder decodes the events of frames and keeps one copy of a name that comes again. It is not safe for concurrent
// use; its zero value is ready.
type decoder struct {
	names map[string]string
}

const (
	maxNames   = 4096 // strings that a decoder keeps, and
	maxNameLen = 256  // how long they may be: together at most 1 MiB
)

// events decodes the events of a frame into the space of dst, if it is large enough. They share nothing with the
// frame's bytes.
func (d *decoder) events(dst []jobmon.Event, f *frame) ([]jobmon.Event, *frameError) {
	events := dst
	if cap(events) < f.count {
		events = make([]jobmon.Event, f.count)
	} else {
		events = events[:f.count]
		clear(events)
	}
	n := nearTo(f.at)
	c := cursor{data: f.events}
	for i := range events {
		e := &events[i]
		begin := c.at
		if len(c.data)-begin < minEventLen {
			return nil, broken(f.eventsAt+begin, "event %d of %d is not there", i+1, f.count)
		}
		c.at++
		body := c.bytes(c.uvarint())
		if c.bad || len(body) == 0 {
			return nil, broken(f.eventsAt+begin, "event %d has a length that makes no sense", i+1)
		}
		e.Seq, e.At = f.first+uint64(i), f.at
		e.Kind, e.Flags = jobmon.Kind(c.data[begin]), jobmon.Flags(body[0])
		fields := cursor{data: body, at: 1}
		for fields.at < len(body) && !fields.bad {
			d.field(&fields, e, &n)
		}
		if fields.bad || e.Kind == 0 {
			return nil, broken(f.eventsAt+begin, "event %d makes no sense", i+1)
		}
	}
	if c.at != len(c.data) {
		return nil, broken(f.eventsAt+c.at, "%d bytes follow the last event", len(c.data)-c.at)
	}
	return events, nil
}

// field decodes the next field into e, or steps over it.
func (d *decoder) field(c *cursor, e *jobmon.Event, n *near) {
	key := c.data[c.at]
	c.at++
	switch key {
	case keyRow:
		c.row(e, n)
	case keyComputer:
		e.Computer = jobmon.ComputerID(c.id(&n.computer))
	case keyJob:
		e.Job = jobmon.JobID(c.id(&n.job))
	case keyStart:
		e.Start = jobmon.WallTime(c.zigzag())
		n.startAt(int64(e.Start))
	case keySum:
		e.Sum = c.fixed()
	default:
		switch field, wire := int(key>>2), key&3; {
		case wire == wireString && fieldName <= field && field <= fieldText:
			*text(e, field) = d.string(c)
		case wire == wireNumber && fieldSeconds <= field && field <= fieldTo:
			c.numberField(e, field, n.at)
		default:
			c.skip(wire)
		}
	}
}

// row decodes a row. It is what a log consists of, so it is spelled out.
func (c *cursor) row(e *jobmon.Event, n *near) {
	schedule, at := number(c.data, c.at)
	computer, at := number(c.data, at)
	job, at := number(c.data, at)
	start, at := number(c.data, at)
	status, at := number(c.data, at)
	c.at, c.bad = at, at > len(c.data)

	n.schedule += unzigzag(schedule)
	n.computer += unzigzag(computer)
	n.job += unzigzag(job)
	e.Schedule = jobmon.ScheduleID(c.int32(n.schedule))
	e.Computer = jobmon.ComputerID(c.int32(n.computer))
	e.Job = jobmon.JobID(c.int32(n.job))
	e.Start = jobmon.WallTime(c.start(start, n))
	if status > 0 {
		e.Status = jobmon.StatusOf(jobmon.Code(unzigzag(status - 1)))
	}
}

// skip steps over a value that is not known.
func (c *cursor) skip(wire byte) {
	switch wire {
	case wireNumber:
		c.uvarint()
	case wireString:
		c.bytes(c.uvarint())
	case wireRow:
		for range 5 {
			c.uvarint()
		}
	case wireFixed:
		c.fixed()
	}
}

// id is a number encoded as the difference from the last one.
func (c *cursor) id(last *int64) int32 {
	v := *last + c.zigzag()
	*last = v
	return c.int32(v)
}

func (c *cursor) int32(v int64) int32 {
	if v < math.MinInt32 || v > math.MaxInt32 {
		c.bad = true
	}
	return int32(v)
}

func (c *cursor) start(code uint64, n *near) int64 {
	switch code & 3 {
	case startMinutes:
		start := n.start + unzigzag(code>>2)*minute
		if start > -farStart && start < farStart {
			n.start = start // without the division of startAt
		}
		return start
	case startMillis:
		start := n.start + unzigzag(code>>2)
		n.startAt(start)
		return start
	}
	c.bad = c.bad || code != startNull
	return int64(jobmon.NoStart)
}

func (c *cursor) fixed() uint64 {
	if part := c.bytes(8); part != nil {
		return binary.LittleEndian.Uint64(part)
	}
	return 0
}

func (d *decoder) string(c *cursor) string {
	part := c.bytes(c.uvarint())
	if len(part) > MaxString {
		c.bad = true
		return ""
	}
	if len(part) > maxNameLen {
		return string(part)
	}
	if name, ok := d.names[string(part)]; ok {
		return name
	}
	if d.names == nil {
		d.names = make(map[string]string)
	}
	name := string(part)
	if len(d.names) < maxNames {
		d.names[name] = name
	}
	return name
}

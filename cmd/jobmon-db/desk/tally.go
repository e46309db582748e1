package desk

import (
	"cmp"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// A tally starts with cells of a minute. When it has more than mostCells, cells become twice as long: a tally of any
// log takes at most a few MiB.
const (
	firstCell = time.Minute
	mostCells = 1 << 16
)

// tally counts the events of a log by time. It grows with the log.
type tally struct {
	oldest uint64 // the log's first event when counting began
	seq    uint64 // the last event that was counted
	length jobmon.Instant
	most   int    // cells
	cells  []cell // in which something happened, by time
}

// cell is what happened in a piece of time.
type cell struct {
	number                  int64 // of the cell: when it begins, in lengths
	started, failed, events int
	first                   failure // of those that failed
}

// failure is a run of a job that failed.
type failure struct {
	seq      uint64
	at       jobmon.Instant
	computer jobmon.ComputerID
	job      jobmon.JobID
}

func newTally(oldest uint64, most int) *tally {
	return &tally{oldest: oldest, most: most, length: jobmon.Instant(firstCell.Milliseconds())}
}

// follow counts what the log has got since.
func (t *tally) follow(log history.Scanner, known *replay.Chronicle) error {
	for b, err := range log.Scan(t.seq + 1) {
		if err != nil {
			return err
		}
		if b.Last() <= t.seq {
			continue
		}
		c := t.cell(int64(b.At / t.length))
		for i := range b.Events {
			c.count(&b.Events[i], known)
		}
		if t.seq = b.Last(); len(t.cells) > t.most {
			t.coarsen()
		}
	}
	return nil
}

// cell is the cell of that number.
func (t *tally) cell(number int64) *cell {
	n := len(t.cells)
	if n > 0 && t.cells[n-1].number == number {
		return &t.cells[n-1]
	}
	i, found := n, false
	if n > 0 && t.cells[n-1].number > number { // the clock was set back
		i, found = slices.BinarySearchFunc(t.cells, number, func(c cell, number int64) int {
			return cmp.Compare(c.number, number)
		})
	}
	if !found {
		t.cells = slices.Insert(t.cells, i, cell{number: number})
	}
	return &t.cells[i]
}

// coarsen makes one cell of two.
func (t *tally) coarsen() {
	t.length *= 2
	merged := t.cells[:0]
	for _, c := range t.cells {
		c.number >>= 1
		if n := len(merged); n > 0 && merged[n-1].number == c.number {
			merged[n-1].add(&c)
			continue
		}
		merged = append(merged, c)
	}
	t.cells = merged
}

// add counts another cell's events too.
func (c *cell) add(d *cell) {
	c.started, c.events = c.started+d.started, c.events+d.events
	c.failing(&d.first, d.failed)
}

func (c *cell) failing(f *failure, n int) {
	if n > 0 && (c.failed == 0 || f.seq < c.first.seq) {
		c.first = *f
	}
	c.failed += n
}

// count counts an event.
func (c *cell) count(e *jobmon.Event, known *replay.Chronicle) {
	c.events++
	switch {
	case e.Kind == jobmon.KindStarted:
		c.started++
	case failed(e, known):
		c.failing(&failure{e.Seq, e.At, e.Computer, e.Job}, 1)
	}
}

// failed says whether the event is the end of a job that failed: markers and build jobs fail nothing.
func failed(e *jobmon.Event, known *replay.Chronicle) bool {
	if e.Kind != jobmon.KindFinished {
		return false
	}
	rules := known.Rules(e.Seq)
	return !rules.Succeeded(e.Status) && rules.Class(known.Job(e.Job, e.Seq).Name) == jobmon.RealJob
}

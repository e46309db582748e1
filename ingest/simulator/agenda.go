package simulator

import (
	"container/heap"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// entryKind says what is to be done. Its order is that of entries with one time.
type entryKind uint8

const (
	agentBack    entryKind = iota // a reboot is over
	scriptEnded                   // the server-side script is done: the job starts on the client
	jobEnded                      // the client is done, the copy task aside
	rowEnded                      // all is done
	computerFree                  // a computer may begin its next row
	actionDue                     // somebody does something
)

// entry is something that will happen. Entries are ordered by what they are, not by when they were made, so that a
// world comes out the same when a hook's answer is known beforehand.
type entry struct {
	at       jobmon.Instant
	kind     entryKind
	computer jobmon.ComputerID // agentBack, computerFree
	row      jobmon.ScheduleID // scriptEnded, jobEnded, rowEnded
	run      int               // of that row
	do       func()            // actionDue
	number   uint64            // order of being made, which decides between actions
}

// agenda is a heap of entries, for container/heap.
type agenda []entry

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

func (a agenda) Less(i, j int) bool {
	x, y := &a[i], &a[j]
	switch {
	case x.at != y.at:
		return x.at < y.at
	case x.kind != y.kind:
		return x.kind < y.kind
	case x.computer != y.computer:
		return x.computer < y.computer
	case x.row != y.row:
		return x.row < y.row
	}
	return x.number < y.number
}

func (a *agenda) Push(e any) { *a = append(*a, e.(entry)) }

func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = entry{} // lets go of the action
	*a = (*a)[:last]
	return e
}

func (ds *DS) enter(e entry) {
	ds.entered++
	e.number = ds.entered
	heap.Push(&ds.agenda, e)
}

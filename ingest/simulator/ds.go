// Package simulator is a Deployment Server (DS) made up for the demo and for tests. DS is its database and the engine
// that runs the jobs, Play the administrators and technicians who use it, and Source puts both on a clock of their
// own and reads them as the real database is read: a reader sees no difference.
//
// Everything is a function of the seed and of what was done at which simulated moment. What the engine does follows
// docs/ds-database.md.
package simulator

import (
	"container/heap"
	"slices"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// DS is one Deployment Server: the tables event, event_folder, computer, computer_group, event_schedule and sessions,
// and the engine that runs the schedule. Folders and groups are kept as the paths that a Source reports.
//
// Its clock stands still until AdvanceTo moves it; in between everything that is done happens at that one moment. The
// same seed and the same calls at the same simulated moments give the same tables, however many steps the way took.
//
// All methods may be called by several goroutines at once, but only one may advance the clock.
type DS struct {
	mu     sync.Mutex
	seed   uint64
	now    jobmon.Instant
	offset jobmon.Offset

	agenda    agenda
	entered   uint64 // entries ever made in the agenda
	advancing bool

	rows      map[jobmon.ScheduleID]*row
	order     []*row // the same rows, ascending by id
	jobs      map[jobmon.JobID]*job
	computers map[jobmon.ComputerID]*computer

	nextRow      jobmon.ScheduleID
	nextJob      jobmon.JobID
	nextComputer jobmon.ComputerID

	hook    Hook
	spawn   func(call)         // not nil: runs hooks beside the clock instead of while it stands still
	replies map[replyKey]reply // what hooks answered in an earlier life of this world
	noted   func(reply)        // called with what a hook's answer changed
	history []Entry            // the truth, unless forget is set
	forget  bool

	failure    error // what a reader gets instead of the tables
	noSessions bool
}

type job struct {
	jobmon.Job
	Behaviour
}

type computer struct {
	jobmon.Computer
	away      bool // switched off, or its cable pulled
	rebooting bool
	free      jobmon.Instant // since when it could take the next job
	running   *row           // the row whose job it has now, its server-side script included
	waiting   []*row         // the rows that have not begun, in no order
}

// online says that the agent is connected: the computer has a row in the sessions table.
func (c *computer) online() bool { return !c.away && !c.rebooting && !c.Ghost }

type row struct {
	jobmon.Row
	put     bool           // put in by hand: the engine leaves it alone
	queued  jobmon.Instant // when it was scheduled or queued again
	run     int            // how often it began; what the agenda holds for an earlier run is void
	outcome jobmon.Status  // how it will end, instead of as its job says
	held    bool           // its job has ended, but the agent is not there to say so
	failed  bool           // its copy task failed
	ended   jobmon.Instant
}

// NewDS returns an empty Deployment Server whose clock shows start and whose wall clock is ahead of UTC by offset.
func NewDS(start jobmon.Instant, offset jobmon.Offset, seed uint64) *DS {
	return &DS{
		seed:         seed,
		now:          start,
		offset:       offset,
		rows:         map[jobmon.ScheduleID]*row{},
		jobs:         map[jobmon.JobID]*job{},
		computers:    map[jobmon.ComputerID]*computer{},
		nextRow:      1,
		nextJob:      1,
		nextComputer: 5_000_001,
	}
}

// Now is the simulated time, UTC.
func (ds *DS) Now() jobmon.Instant {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.now
}

// WallNow is the simulated time as the server's wall clock shows it.
func (ds *DS) WallNow() jobmon.WallTime {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.now.Wall(ds.offset)
}

// SetOffset changes the server's UTC offset, as the end of summer time does. Planned rows keep their wall time.
func (ds *DS) SetOffset(offset jobmon.Offset) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.offset = offset
	for _, c := range ds.computers {
		ds.kick(c)
	}
}

// At has do called when the clock reaches t, or with the next move of the clock if t is past. What is planned for one
// moment happens in the order in which it was planned, after what the engine does at that moment. do may use all
// methods of DS but AdvanceTo.
func (ds *DS) At(t jobmon.Instant, do func()) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.enter(entry{at: t, kind: actionDue, do: do})
}

// AdvanceTo lets everything happen that happens until t, t included, and sets the clock to t. It calls the hook where
// a job does, with the clock standing at that job's moment, and waits for its answer. It does nothing when t is past,
// or when it is called from a hook or an action.
func (ds *DS) AdvanceTo(t jobmon.Instant) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.advancing {
		return
	}
	ds.advancing = true
	defer func() { ds.advancing = false }()
	for len(ds.agenda) > 0 && ds.agenda[0].at <= t {
		e := heap.Pop(&ds.agenda).(entry)
		ds.now = max(ds.now, e.at)
		if e.kind == actionDue {
			ds.unlocked(e.do)
		} else if c := ds.step(e); c != nil {
			ds.perform(*c)
		}
	}
	ds.now = max(ds.now, t)
}

// Advance is AdvanceTo for a time from now on.
func (ds *DS) Advance(d time.Duration) { ds.AdvanceTo(ds.Now().Add(d)) }

// unlocked calls do without the lock: do comes from outside and may use ds.
func (ds *DS) unlocked(do func()) {
	ds.mu.Unlock()
	defer ds.mu.Lock()
	do()
}

// next is the moment of the next entry in the agenda.
func (ds *DS) next() (jobmon.Instant, bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if len(ds.agenda) == 0 {
		return 0, false
	}
	return ds.agenda[0].at, true
}

// Entry is one thing that truly happened, at the moment at which it did.
type Entry struct {
	At   jobmon.Instant
	Kind jobmon.Kind // scheduled, rescheduled, started, finished, requeued, removed; agent-online, agent-offline
	Row  jobmon.Row  // as it was afterwards; for the agent only its Computer is set
}

// History returns all that happened so far, in order.
func (ds *DS) History() []Entry {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return slices.Clone(ds.history)
}

func (ds *DS) record(kind jobmon.Kind, r jobmon.Row) {
	if !ds.forget {
		ds.history = append(ds.history, Entry{At: ds.now, Kind: kind, Row: r})
	}
}
